"""Address lists as they are written, not as they should be."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from channels.contract import Handle
from channels.email.characters import words

MOST = 500
_LONGEST = 20_000
_LONGEST_SIMPLE = 500
_SIMPLE = re.compile(r'\s*("?)([^"<>,;:@()\\\[\]]*)\1\s*<([^\s<>",;:()\\@]+@[^\s<>",;:()\\@]+)>\s*')
_BARE = re.compile(r"\s*([^\s<>\",;:()\\@\[\]，；、]+@[^\s<>\",;:()\\@\[\]，；、]+)\s*")
#: Every length has an end, so that no mark that is never closed is looked for in all that follows.
_PIECE = re.compile(
    r'"((?:[^"\\]|\\.){0,2000}+)"'
    r"|\(((?:[^()\\]|\\.|\((?:[^()\\]|\\.){0,200}+\)){0,500}+)\)|<([^<>]*)>|([,;，；])"
    r'|(=\?[^?\s]{1,60}\?[bBqQ]\?[^?\s]{0,200}\?=|(?:(?!=\?)[^",;<>()，；])+)|(.)',
    re.DOTALL,
)
#: A local part may stand in quotes; of several "@" none is believed to be the last.
_ADDRESS = re.compile(
    r"(?:\"(?:[^\"\\]|\\.){1,80}+\"|[^\s<>\"',;:()\\@\[\]，；、]{1,320})"
    r"(?:@(?:\[[^\s\[\]@]{1,60}\]|[^\s<>\"',;:()\\@\[\]，；、]{1,255})){1,4}"
)
_ASIDE = re.compile(r"\((?:[^()\\]|\\.){0,200}+\)")
_LEFT_OPEN = re.compile(r"[<\[]\s*[>\]]?\s*\Z")
_SPACED = re.compile(r" ?([@.]) ?")
_QUOTED = re.compile(r"\\(.)")
_GROUP = re.compile(r"^\s*[^@:\"<>]*:(?!//)")
_TOKEN = re.compile(r"\+t\.([A-Za-z0-9_.~=-]{1,200})@")


def handles(text: str) -> tuple[Handle, ...]:
    """Everybody in an address header, display names read; those without an address are left."""
    if not text:
        return ()
    if len(text) > _LONGEST_SIMPLE:
        pass
    elif simple := _SIMPLE.fullmatch(text):
        return (Handle("email", _tidy(simple[3]), _name(simple[2])),)
    elif bare := _BARE.fullmatch(text):
        return (Handle("email", _tidy(bare[1]), ""),)
    found = tuple(_handles(text[:_LONGEST]))
    if not found and "=?" in text and (read := words(text)) != text:
        return tuple(_handles(read[:_LONGEST]))
    return found


def shown_name(text: str) -> str:
    """What a sender without any address calls itself: its comment, or all it wrote."""
    entry = next(_entries(text[:_LONGEST]), _Entry())
    return _name(" ".join(entry.comment or entry.words))


def _handles(text: str) -> Iterator[Handle]:
    for entry in islice(_entries(text), MOST):
        if several := entry.several():
            yield from islice((Handle("email", address, "") for address in several), MOST)
        elif found := entry.handle():
            yield found


@dataclass(slots=True)
class _Entry:
    """One entry between two commas, taken apart by its marks."""

    quoted: list[str] = field(default_factory=list)
    comment: list[str] = field(default_factory=list)
    angle: list[str] = field(default_factory=list)
    plain: list[str] = field(default_factory=list)
    #: The quoted and the plain ones in their order.
    words: list[str] = field(default_factory=list)
    #: Whether a comma may end it; before an address it belongs to an unquoted name.
    full: bool = False

    def take(self, match: re.Match[str]) -> None:
        """One piece more of it."""
        quoted, comment, angle, _, plain, odd = match.groups()
        if comment is not None:
            self.comment.append(_QUOTED.sub(r"\1", comment))
            return
        self.full |= angle is not None or "@" in match[0]
        if angle is not None:
            self.angle.append(_ASIDE.sub("", angle))
            return
        word = (plain or odd).strip() if quoted is None else _QUOTED.sub(r"\1", quoted)
        if (
            quoted is None
            and word.startswith("@")
            and self.quoted
            and self.words[-1:] == self.quoted[-1:]
        ):
            self.words.pop()  # what stood in quotes was the local part of an address
            word = f'"{self.quoted.pop()}"{word}'
        (self.plain if quoted is None else self.quoted).append(word)
        self.words.append(word)

    def several(self) -> list[str]:
        """Addresses that nothing but blanks parts, as people type them."""
        words = " ".join(self.plain).split()
        if self.angle or self.quoted or len(words) < 2 or any("@" not in word for word in words):
            return []
        found = [_ADDRESS.fullmatch(word) for word in words]
        return [_tidy(one[0]) for one in found if one] if all(found) else []

    def handle(self) -> Handle | None:
        name = " ".join(self.words)
        for within in (self.angle, self.plain, self.quoted, self.comment):
            if address := _address(" ".join(within)):
                shown = name
                if not self.angle:
                    shown = _LEFT_OPEN.sub("", _closed_up(name).replace(address, " ", 1))
                shown = shown if shown.strip() else " ".join(self.comment)
                return Handle("email", address, _name(shown))
        return None


def _entries(text: str) -> Iterator[_Entry]:
    entry = _Entry()
    for match in _PIECE.finditer(_GROUP.sub("", text)):
        mark, angle = match[4], match[3]
        if mark or (angle is not None and "@" in "".join(entry.angle)):
            if entry.full:
                yield entry
                entry = _Entry()
            elif mark == "," and entry.words:  # "Family, Given <address>"
                entry.words[-1] += ","
        if not mark:
            entry.take(match)
    yield entry


def _address(text: str) -> str:
    if "@" not in text:
        return ""
    found = _ADDRESS.search(_closed_up(text) if "<" not in text else text)
    return _tidy(found[0]) if found else ""


def _closed_up(text: str) -> str:
    """An address written with blanks around its marks, without them."""
    return _SPACED.sub(r"\1", " ".join(text.split()))


def _tidy(address: str) -> str:
    return address.removeprefix("mailto:").rstrip(".")


def _name(text: str) -> str:
    read = words(text).strip()
    if len(read) > 1 and read[0] == read[-1] and read[0] in "\"'":
        read = read[1:-1]
    elif read.count('"') == 1:  # its end never came
        read = read.strip('"')
    return " ".join(read.split())[:300]


def tokens(addresses: Iterable[str]) -> tuple[str, ...]:
    """Candidates for reply tokens: the tags of recipients like ``help+t.<token>@desk.example``."""
    found = (_TOKEN.search(address) for address in addresses if "+t." in address)
    return tuple(dict.fromkeys(match[1] for match in found if match))
