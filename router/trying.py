"""Trying a channel at somebody's wish: does it read, does it send?

Nothing that is read is kept, and the duties that work the channel are not disturbed: a try has a
connection of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from channels import registry
from channels.contract import Channel, ChannelError, Handle, Outbound, Polls, Speaks
from router.assemble import NO_DOMAIN, Router
from router.core.references import message_id
from router.errors import RouterError
from router.store import journal
from router.vault import Vault

#: What can be tried.
READS, SENDS = "reads", "sends"


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of it; ``said`` is what the far side answered to a failure, in its own words."""

    what: str
    ok: bool
    said: str = ""


def ways(router: Router) -> list[tuple[str, str, tuple[str, ...]]]:
    """(kind, account, what can be tried) of every channel that is on. Only mail is sent for a try:
    elsewhere one can write only to people who have written."""
    found: list[tuple[str, str, tuple[str, ...]]] = []
    for kind, account in router.doors:
        door = router.doors.open(kind, account)
        able: tuple[str, ...] = (READS,) if isinstance(door, Polls) else ()
        if isinstance(door, Speaks) and door.identity == "email":
            able = (*able, SENDS)
        found.append((kind, account, able))
    return found


def channel(router: Router, kind: str, account: str, what: str, letter: Outbound) -> Tried:
    """Try a channel of the settings; ``letter`` is what is sent when it is asked to send."""
    try:
        door = router.doors.fresh(kind, account)
    except RouterError as fault:
        return Tried(what, ok=False, said=str(fault))
    with router.store.reading() as unit:
        cursor = journal.cursor(unit, kind, account)
    return _try(door, what, cursor, letter)


def mailbox(options: Mapping[str, Any], password: str, letter: Outbound) -> list[Tried]:
    """Try a mailbox that is not in the settings yet: log in and read where it stands, then send
    where an SMTP server was named. Nothing of it is kept, the password least of all."""
    lent = {f"channels.email.new.{one}": password for one in ("imap_password", "smtp_password")}
    kind = registry.channel("email")
    try:
        made = kind.Options(**{**options, "start": "now"})
    except ValueError as fault:
        return [Tried(READS, ok=False, said=str(fault).splitlines()[-1])]
    door = kind("new", made, Vault("email", "new", lent=lent))
    asked = [READS] if options.get("imap_host") else []
    asked += [SENDS] if options.get("smtp_host") else []
    return [_try(door, what, {}, letter) for what in asked]


def letter(router: Router, account: str, to: str, said: tuple[str, str], domain: str) -> Outbound:
    """A mail to oneself: (subject, text)."""
    return Outbound(
        account=account,
        to=Handle("email", to),
        text=said[1],
        message_id=message_id(f"try.{router.ids.next():x}", domain or NO_DOMAIN),
        created_at=router.clock.now(),
        subject=said[0],
        automatic=True,
    )


def _try(door: Channel, what: str, cursor: Mapping[str, Any], letter: Outbound) -> Tried:
    try:
        if what == READS and isinstance(door, Polls):
            next(iter(door.poll(cursor)), None)
        elif what == SENDS and isinstance(door, Speaks):
            door.speak(letter)
        else:
            return Tried(what, ok=False, said="")
    except (ChannelError, RouterError) as fault:
        return Tried(what, ok=False, said=str(fault)[:300])
    finally:
        door.close()
    return Tried(what, ok=True)
