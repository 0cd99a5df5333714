"""Where mail of ours comes back to, and how it tells which mail it was.

Our Message-IDs are drawn at random and name nothing else. The same random part stands in the
envelope: as its id, which a report repeats (RFC 3461, ENVID), and, where the server that sends for
us allows it, as a tag of the sender's address (``help+b.<random>@desk.example``, known as VERP), so
that even a report without any header of ours says what it is about.
"""

import re
from collections.abc import Iterable

_OURS = re.compile(r"<(o\.[0-9a-f]{32})@([A-Za-z0-9.-]{1,253})>")
_RETURNED = re.compile(r"o\.[0-9a-f]{32}@[A-Za-z0-9.-]{1,253}")
_TAGGED = re.compile(r"[^\s<>@+]{1,64}\+b\.([0-9a-f]{32})@([A-Za-z0-9.-]{1,253})")
#: What a header with such an address holds, to be looked for before anything is read.
MARK = b"+b."


def address(sender: str, message_id: str) -> str:
    """The envelope's sender for one mail; untagged when its id is none of this kind."""
    ours = _OURS.fullmatch(message_id)
    local, _, domain = sender.rpartition("@")
    return f"{local}+b.{ours[1].removeprefix('o.')}@{domain}" if ours else sender


def envelope_id(message_id: str) -> list[str]:
    """The ENVID parameter of MAIL FROM, if the id is of this kind; it needs no escapes."""
    ours = _OURS.fullmatch(message_id)
    return [f"envid={ours[1]}@{ours[2]}"] if ours else []


def is_ours(message_id: str) -> bool:
    """Whether a mail of ours has such an id: no person has one to give a mail."""
    return _OURS.fullmatch(message_id) is not None


def by_envelope_id(reported: str) -> str:
    """The Message-ID that a report's Original-Envelope-Id stands for, or nothing."""
    found = _RETURNED.fullmatch(reported.strip())
    return f"<{found[0]}>" if found else ""


def by_address(recipients: Iterable[str]) -> str:
    """The Message-ID whose tagged address a mail came back to, or nothing."""
    found = next(filter(None, map(_TAGGED.search, recipients)), None)
    return f"<o.{found[1]}@{found[2]}>" if found else ""
