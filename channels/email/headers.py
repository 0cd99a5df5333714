"""A mail's header lines, as raw as they came: every value kept, nothing believed yet."""

import re
from dataclasses import dataclass

from channels.email.characters import header_text, words

MOST_BYTES = 256 * 1024
MOST_LINES = 2_000
_END = re.compile(rb"\r?\n\r?\n|\r\r")
_LINE = re.compile(rb"^([!-9;-~]+)[ \t]*:[ \t]*((?:[^\r\n]*)(?:\r?\n[ \t][^\r\n]*)*)", re.MULTILINE)
_MBOX = re.compile(rb"\A(?:\s*\n)*>?From [^\r\n]*\r?\n")


@dataclass(frozen=True, slots=True)
class Headers:
    """Lower-case names, each with all its raw values in the order they stand in the mail."""

    values: dict[str, list[bytes]]
    start: int
    end: int
    cut: bool = False

    def raw(self, name: str) -> str:
        """The first value, unfolded, encoded words unread; empty when there is none."""
        found = self.values.get(name)
        return header_text(found[0]) if found else ""

    def text(self, name: str) -> str:
        """The first value as people read it."""
        return words(self.raw(name))

    def all(self, name: str) -> list[str]:
        """Every value, unfolded, encoded words unread."""
        return [header_text(value) for value in self.values.get(name, ())]


def read(data: bytes) -> Headers:
    """The headers of a mail and where its body begins. A line that is no header is passed over."""
    start = 0
    if data[:1] in b"\r\n>F ":
        start = len(data) - len(data.lstrip(b"\r\n"))
        if envelope := _MBOX.match(data, start):
            start = envelope.end()
    boundary = _END.search(data, start, start + MOST_BYTES)
    cut = boundary is None and len(data) - start > MOST_BYTES
    stop = boundary.start() if boundary else min(len(data), start + MOST_BYTES)
    values: dict[str, list[bytes]] = {}
    lines = _LINE.findall(data, start, stop)
    for name, value in lines[:MOST_LINES]:
        values.setdefault(name.decode("ascii").lower(), []).append(value)
    return Headers(
        values, start, boundary.end() if boundary else stop, cut or len(lines) > MOST_LINES
    )
