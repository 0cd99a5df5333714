"""Address lists as they are written, not as they should be."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from channels.contract import Handle
from channels.email.characters import words

MOST = 500
_LONGEST = 20_000
_SIMPLE = re.compile(r'\s*("?)([^"<>,;:@()\\\[\]]*)\1\s*<([^\s<>",;:()\\@]+@[^\s<>",;:()\\@]+)>\s*')
_BARE = re.compile(r"\s*([^\s<>\",;:()\\@]+@[^\s<>\",;:()\\@]+)\s*")
_PIECE = re.compile(
    r'"((?:[^"\\]|\\.)*)"|\(((?:[^()\\]|\\.)*)\)|<([^<>]*)>|([,;])'
    r'|(=\?[^?\s]{1,60}\?[bBqQ]\?[^?\s]{0,200}\?=|(?:(?!=\?)[^",;<>()])+)|(.)',
    re.DOTALL,
)
_ADDRESS = re.compile(r"[^\s<>\"',;:()\\@\[\]]+@[^\s<>\"',;:()\\@]+")
_SPACED = re.compile(r"\s*([@.])\s*")
_QUOTED = re.compile(r"\\(.)")
_GROUP = re.compile(r"^\s*[^@:\"<>]*:(?!//)")
_TOKEN = re.compile(r"\+t\.([A-Za-z0-9_.~=-]{1,200})@")


def handles(text: str) -> tuple[Handle, ...]:
    """Everybody in an address header, display names read; those without an address are left."""
    if not text:
        return ()
    if simple := _SIMPLE.fullmatch(text):
        return (Handle("email", simple[3], _name(simple[2])),)
    if bare := _BARE.fullmatch(text):
        return (Handle("email", _tidy(bare[1]), ""),)
    found = tuple(_handles(text[:_LONGEST]))
    if not found and "=?" in text and (read := words(text)) != text:
        return tuple(_handles(read[:_LONGEST]))
    return found


def shown_name(text: str) -> str:
    """What a sender without any address calls itself: its comment, or all it wrote."""
    entry = next(_entries(text[:_LONGEST]), _Entry())
    return _name(" ".join(entry.comment or entry.quoted + entry.plain))


def _handles(text: str) -> Iterator[Handle]:
    for entry in islice(_entries(text), MOST):
        found = entry.handle()
        if found:
            yield found


@dataclass(slots=True)
class _Entry:
    """One entry between two commas, taken apart by its marks."""

    quoted: list[str] = field(default_factory=list)
    comment: list[str] = field(default_factory=list)
    angle: list[str] = field(default_factory=list)
    plain: list[str] = field(default_factory=list)

    def full(self) -> bool:
        """Whether a comma may end it; before an address it belongs to an unquoted name."""
        return bool(self.angle) or any("@" in word for word in (*self.plain, *self.quoted))

    def handle(self) -> Handle | None:
        name = " ".join(self.quoted + self.plain)
        for within in (self.angle, self.plain, self.quoted, self.comment):
            if address := _address(" ".join(within)):
                shown = name if self.angle else _SPACED.sub(r"\1", name).replace(address, " ")
                shown = shown if shown.strip() else " ".join(self.comment)
                return Handle("email", address, _name(shown))
        return None


def _entries(text: str) -> Iterator[_Entry]:
    entry = _Entry()
    for match in _PIECE.finditer(_GROUP.sub("", text)):
        quoted, comment, angle, comma, plain, odd = match.groups()
        if comma:
            if entry.full():
                yield entry
                entry = _Entry()
        elif quoted is not None:
            entry.quoted.append(_QUOTED.sub(r"\1", quoted))
        elif comment is not None:
            entry.comment.append(comment)
        elif angle is not None:
            entry.angle.append(angle)
        else:
            entry.plain.append((plain or odd).strip())
    yield entry


def _address(text: str) -> str:
    found = _ADDRESS.search(_SPACED.sub(r"\1", text) if "<" not in text and "@" in text else text)
    return _tidy(found[0]) if found else ""


def _tidy(address: str) -> str:
    return address.removeprefix("mailto:").rstrip(".")


def _name(text: str) -> str:
    read = words(text).strip()
    if len(read) > 1 and read[0] == read[-1] and read[0] in "\"'":
        read = read[1:-1]
    return " ".join(read.split())[:300]


def tokens(addresses: Iterable[str]) -> tuple[str, ...]:
    """Candidates for reply tokens: the tags of recipients like ``help+t.<token>@desk.example``."""
    found = (_TOKEN.search(address) for address in addresses if "+t." in address)
    return tuple(dict.fromkeys(match[1] for match in found if match))
