"""A ticket that the desk begins: somebody is written to who has not written."""

from __future__ import annotations

from dataclasses import dataclass

from channels.contract import Speaks
from router.assemble import Router
from router.core import identity, language
from router.core.references import ticket_number
from router.core.rights import Who, may
from router.errors import Invalid, NotAllowed
from router.store import contacts, tickets, timeline
from router.store import shapes as t
from router.store.batch import Draft, write
from router.store.promises import clocks
from router.store.unit import Unit
from router.writing import body_of, keep, send

_SNIPPET = 160


@dataclass(frozen=True, slots=True)
class Opening:
    """What is written to whom, by which channel (``kind:account``), and about what."""

    channel: str
    handle: str
    name: str
    subject: str
    text: str
    category: str
    team_id: int


def ways(router: Router) -> list[tuple[str, str, str]]:
    """(kind, account, identity) of every channel by which the desk may write first: none where
    only who is there reads it."""
    found = []
    for kind, account in router.doors:
        door = router.doors.open(kind, account)
        free = door.limits.reply_within is None and not door.limits.live
        if isinstance(door, Speaks) and free and door.identity:
            found.append((kind, account, door.identity))
    return found


def begin(router: Router, who: Who, letter: Opening, *, once: str) -> str:
    """Open a ticket with our message as its first; its number. The one who began it keeps it, and
    it waits for an answer; nobody is promised anything before there is one."""
    body, subject = body_of(router, letter.text), body_of(router, letter.subject).text
    way = next((one for one in ways(router) if f"{one[0]}:{one[1]}" == letter.channel), None)
    if way is None:
        raise Invalid("channel", "unknown_channel")
    kind, account, space = way
    handle = identity.normalise(space, letter.handle)
    if not handle or (space == "email" and "@" not in handle):
        raise Invalid("handle", "bad_email" if space == "email" else "required")
    if letter.category not in router.rules.categories:
        raise Invalid("category", "unknown_category")

    def job(unit: Unit) -> str:
        known = tickets.answered(unit, f"begin:{who.id}:{once}")
        if known:
            return known
        if tickets.team_key(unit, letter.team_id) is None:
            raise Invalid("team", "unknown_team")
        if not may(who, "begin", letter.team_id):
            raise NotAllowed("a ticket is begun in a team of one's own")
        draft = _open(router, unit, who, letter, (kind, account, space, handle, subject))
        written = keep(unit, draft, who, body, "out", router)
        send(router, unit, draft, written, body, f"begin:{who.id}:{once}")
        write(unit, [draft])
        tickets.answer(unit, f"begin:{who.id}:{once}", draft.number)
        return draft.number

    return router.store.write(job)


def _open(
    router: Router, unit: Unit, who: Who, letter: Opening, to: tuple[str, str, str, str, str]
) -> Draft:
    """The ticket, written down and waiting."""
    kind, account, space, handle, subject = to
    spoken = language.detect(letter.text) or router.settings.desk.language
    identity_id, requester_id = contacts.meet(
        unit, space, handle, identity.called(letter.name), spoken
    )
    ticket_id = unit.new_id()
    draft = Draft(
        id=ticket_id,
        number=ticket_number(ticket_id, router.keys),
        subject=subject,
        requester_id=requester_id,
        identity_id=identity_id,
        channel=kind,
        account=account,
        team_id=letter.team_id,
        assignee_id=who.id,
        category=letter.category,
        security=letter.category.startswith("security."),
        urgency="P3",
        opened_at=unit.now_us,
        updated_at=unit.now_us,
        state="waiting",
        language=spoken,
        snippet=subject[:_SNIPPET],
        new=True,
    )
    clocks.start(unit, draft, "resolution", router.policies)
    clocks.pause(unit, draft, router.policies)
    write(unit, [draft])
    unit.put(t.Participant, ticket_id=draft.id, identity_id=identity_id)
    timeline.note(unit, draft.id, "begun", agent_id=who.id, id=who.id)
    timeline.audit(unit, f"agent:{who.id}", "ticket.begin", f"ticket:{draft.id}")
    return draft
