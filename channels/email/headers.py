"""A mail's header lines, as raw as they came: every value kept, nothing believed yet."""

import re
from codecs import BOM_UTF8
from collections.abc import Iterable
from dataclasses import dataclass, field

from channels.email.characters import header_text, words

MOST_BYTES = 256 * 1024
#: A mail to ten thousand people names them all: its headers are looked for this far, and of each
#: as much is kept as ``MOST_BYTES``.
_FURTHEST = 4 * 1024 * 1024
MOST_LINES = 2_000
_TWO = 2
#: What a mail cannot do without, however many others stand above it.
_NEEDED = frozenset(
    {"from", "to", "cc", "subject", "date", "message-id", "in-reply-to", "references"}
    | {"content-type", "content-transfer-encoding", "content-disposition"}
    | {"auto-submitted", "precedence", "list-id", "return-path", "sender", "reply-to"}
)
_LINE = re.compile(rb"^([!-9;-~]+)[ \t]*:[ \t]*((?:[^\r\n]*)(?:\r?\n[ \t][^\r\n]*)*)", re.MULTILINE)
#: A line of spaces ends the headers for senders that know no better, unless headers go on below.
_BLANK = re.compile(rb"\n[ \t]+\r?\n(?![ \t]|(?!--)[!-9;-~]+[ \t]*:)")
_MBOX = re.compile(rb"\A(?:\s*\n)*>?From (?![ \t]*:)[^\r\n]*\r?\n")

#: What parts the headers from the body.
_MARK = re.compile(rb"\n\r?\n")


@dataclass(frozen=True, slots=True)
class Headers:
    """Lower-case names, each with all its raw values in the order they stand in the mail."""

    values: dict[str, list[bytes]]
    start: int
    end: int
    cut: bool = False
    hint: str = ""
    _seen: dict[str, str] = field(default_factory=dict)

    def raw(self, name: str) -> str:
        """The first value that says anything, unfolded, encoded words unread; empty when none."""
        for value in self.values.get(name, ()):
            if text := header_text(value, self.hint):
                return text
        return ""

    def text(self, name: str) -> str:
        """The first value as people read it."""
        seen = self._seen.get(name)
        if seen is None:
            seen = self._seen[name] = words(self.raw(name))
        return seen

    def all(self, name: str) -> list[str]:
        """Every value, unfolded, encoded words unread."""
        return [header_text(value, self.hint) for value in self.values.get(name, ())]


def span(data: bytes, most: int = MOST_BYTES) -> tuple[int, int, int]:
    """Where the headers begin, where they end, and where the body begins."""
    start = 0
    if data[:1] in b"\r\n>F ":
        start = len(data) - len(data.lstrip(b"\r\n"))
        if envelope := _MBOX.match(data, start):
            start = envelope.end()
    limit = min(len(data), start + most)
    if mark := _MARK.search(data, start, limit):
        return start, *mark.span()
    if (at := data.find(b"\r\r", start, limit)) >= 0:
        return start, at, at + 2
    return start, limit, limit


def read(data: bytes) -> Headers:
    """The headers of a mail and where its body begins. A line that is no header is passed over."""
    if data.startswith(BOM_UTF8):  # an editor's mark; the places of all else stay
        data = b"\n" * len(BOM_UTF8) + data[len(BOM_UTF8) :]
    start, end, after = span(data, _FURTHEST)
    if end - start > MOST_BYTES and end == after:  # its end is nowhere: what is read is text
        start, end, after = span(data)
    if blank := _BLANK.search(data, start, end):
        end, after = blank.span()
    values, count = _lines(data, start, end)
    if not count:  # nothing but text
        return Headers(values, start, start)
    cut = count > MOST_LINES or end - start > MOST_BYTES or (end == after < len(data))
    if not cut and end > start:
        after = _without_empty_line(data, start, end) or after
    return Headers(values, start, after, cut)


def _lines(data: bytes, start: int, end: int) -> tuple[dict[str, list[bytes]], int]:
    """The headers' values by their names, and how many lines there were. Of those beyond the limit
    two of each needed one are kept: whether there is another matters, how many do not."""
    values: dict[str, list[bytes]] = {}
    if end - start <= MOST_BYTES:  # several times as quick, and no list without end
        lines: Iterable[tuple[bytes, bytes]] = _LINE.findall(data, start, end)
    else:
        lines = ((line[1], line[2][:MOST_BYTES]) for line in _LINE.finditer(data, start, end))
    count = 0
    for count, (written, value) in enumerate(lines, start=1):
        name = written.decode("ascii").lower()
        if count <= MOST_LINES:
            values.setdefault(name, []).append(value)
        elif name in _NEEDED and len(kept := values.setdefault(name, [])) < _TWO:
            kept.append(value)
    return values, count


def straight(data: bytes) -> bytes:
    """A mail whose lines end as no mail's do, in CR alone or in CR CR LF, with ends that parsers
    know; any other as it is."""
    at = data.find(b"\n")
    if at < 0:
        return data.replace(b"\r", b"\n") if b"\r" in data else data
    return data.replace(b"\r\r\n", b"\r\n") if data[max(at - 2, 0) : at] == b"\r\r" else data


def _without_empty_line(data: bytes, start: int, end: int) -> int:
    """Where the text begins that its sender put right below the headers; 0 when none is there."""
    end = start + len(data[start:end].rstrip(b"\r\n"))
    last = data.rfind(b"\n", start, end) + 1 or start
    if data[last : last + 1] in b" \t" or _LINE.match(data, last, end):
        return 0
    below = max((found.end() for found in _LINE.finditer(data, start, end)), default=start)
    return below + len(data[below:end]) - len(data[below:end].lstrip(b"\r\n"))
