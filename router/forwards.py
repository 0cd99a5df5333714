"""A colleague passes a mail on: the ticket is the person's who wrote it, not the colleague's.

Only a sender our own receiver vouches for can be a colleague, and all it changes is whose ticket it
is: nobody acts on a ticket by mail. What the colleague wrote above goes to the agents alone, and
nobody is acknowledged, for that the mail within is genuine is the colleague's word only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from channels.contract import Handle, Inbound, Verification
from router.assemble import Router
from router.core import identity
from router.core.cutting import passing
from router.store import people


def colleagues(router: Router, inbounds: Iterable[Inbound]) -> Mapping[str, str]:
    """The names of those who write here by the address they sign in with: one look, and only when
    somebody our receiver vouches for seems to pass something on."""
    asked = {_address(one) for one in inbounds if _may_pass_on(one)}
    if not asked:
        return {}
    with router.store.reading() as unit:
        return people.names(unit, asked)


def pass_on(inbound: Inbound, known: Mapping[str, str]) -> Inbound:
    """The message within, when a colleague passed one on; else the message as it is."""
    if not (_may_pass_on(inbound) and _address(inbound) in known):
        return inbound
    found = passing.read(inbound.text)
    if found is None or identity.normalise("email", found.address) in known:
        return inbound
    return replace(
        inbound,
        sender=Handle("email", found.address, found.name),
        subject=found.subject or passing.unmarked(inbound.subject),
        text=found.text,
        html="",
        verification=Verification.UNVERIFIED,
        thread_ids=(),
        tokens=(),
        message_id="",
        forwarded_by=_address(inbound),
        fields={"forwarded_by": inbound.sender.value}
        | ({"remark": found.remark} if found.remark else {}),
    )


def _may_pass_on(inbound: Inbound) -> bool:
    return (
        inbound.verification is Verification.VERIFIED
        and inbound.sender.kind == "email"
        and not inbound.automatic
        and passing.is_marked(inbound.subject)
    )


def _address(inbound: Inbound) -> str:
    return identity.normalise("email", inbound.sender.value)
