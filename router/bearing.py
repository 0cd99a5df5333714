"""Which tags speak for a message before it is judged: those of the ticket it will join, or, when it
opens one, those of other tickets of its sender.

Only asked when a rule in force asks for tags. Where a message belongs is decided as it will be when
it is written, so that whoever may not join a ticket does not borrow its tags either.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from channels.contract import Inbound
from router import joining
from router.assemble import Router
from router.store import tagging
from router.store.batch import Batch, Person, Wanted
from router.store.journal import Item
from rules.contract import Tags

_STRANGER = 0


@dataclass(frozen=True, slots=True)
class _Naming:
    inbound: Inbound
    handle: tuple[str, str]
    named_tickets: tuple[int, ...]


def item(inbound: Inbound) -> Item:
    """The name a message is known by before it is written."""
    return Item(inbound.kind, inbound.account, inbound.remote_id)


def tags(router: Router, inbounds: Sequence[Inbound]) -> Mapping[Item, Tags]:
    """The tags that speak for each of these; messages without any are left out."""
    wanted = Wanted()
    messages = [
        _Naming(one, joining.handle_of(one), joining.named_by(router, one)) for one in inbounds
    ]
    for message in messages:
        joining.want(wanted, message)
    joins: dict[Item, int] = {}
    opens: dict[Item, int] = {}
    with router.store.reading() as unit:
        batch = Batch(unit, wanted)
        for message in messages:
            person = batch.people.get(message.handle, _stranger(message))
            decision = joining.decide(router, batch, message, person)
            if decision.kind in joining.JOINS and decision.ticket_id is not None:
                joins[item(message.inbound)] = decision.ticket_id
            else:
                opens[item(message.inbound)] = person.requester_id
        on_tickets = tagging.of_tickets(unit, set(joins.values()))
        on_people = tagging.of_requesters(unit, set(opens.values()) - {_STRANGER})
    return {
        one: Tags(words, borne_by)
        for borne_by, where, found in (
            ("ticket", joins, on_tickets),
            ("sender", opens, on_people),
        )
        for one, place in where.items()
        if (words := found.get(place))
    }


def _stranger(message: _Naming) -> Person:
    return Person(_STRANGER, _STRANGER, *message.handle)
