"""Outlook's letters in RTF: unpacked (MS-OXRTFCP) and read as plain text."""

import re
import struct
from collections.abc import Iterator

#: Bytes that are unpacked of one letter, and that are unpacked and read of one mail.
MOST, _MOST_OF_A_MAIL = 2_000_000, 3_000_000
_START = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern "
    b"\\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0"
    b"\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)
_SIZE = 4096
_TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z\r\n])|([{}])|[\r\n]+"
    rb"|([^\\{}\r\n]+)|\\"
)
_UNSEEN = frozenset(
    (b"fonttbl", b"colortbl", b"stylesheet", b"info", b"pict", b"object", b"header", b"footer")
)
_BREAKS = {b"par": "\n", b"line": "\n", b"tab": "\t", b"row": "\n", b"cell": "\t"}
_MARKS = {
    b"lquote": "\u2018",
    b"rquote": "\u2019",
    b"ldblquote": "\u201c",
    b"rdblquote": "\u201d",
    b"emdash": "\u2014",
    b"endash": "\u2013",
    b"bullet": "\u2022",
}


class Room:
    """How many bytes of RTF are still unpacked and read of one mail; ``full`` once some were not.

    A small envelope unpacks to megabytes, and a mail may bring many.
    """

    def __init__(self, left: int = _MOST_OF_A_MAIL) -> None:
        self.left = left
        self.full = False

    def spend(self, wanted: int) -> int:
        """How many of so many bytes there is room for."""
        given = min(wanted, self.left)
        self.left -= given
        self.full |= given < wanted
        return given


def unpack(data: bytes, room: Room | None = None) -> bytes:
    """The RTF itself; empty when the bytes are none. Never more than ``MOST`` bytes, nor than
    there is room for."""
    room = room or Room()
    if len(data) < 16:
        return b""
    size, magic = struct.unpack_from("<4xII", data)
    if magic == 0x414C454D:  # "MELA": kept as it is
        return data[16 : 16 + room.spend(min(size, MOST, len(data)))]
    if magic != 0x75465A4C:  # "LZFu"
        return b""
    most = room.spend(min(size, MOST))
    window = _Window()
    out = bytearray()
    for chunk in _chunks(data, window):
        out += chunk
        if len(out) >= most:
            break
    return bytes(out[:most])


class _Window:
    """The last 4096 bytes that were written, beginning with words every letter has."""

    def __init__(self) -> None:
        self._bytes = bytearray(_START.ljust(_SIZE, b"\0"))
        self.end = len(_START)

    def add(self, chunk: bytes) -> bytes:
        """Remember what comes next."""
        end = self.end + len(chunk)
        if end <= _SIZE:
            self._bytes[self.end : end] = chunk
        else:
            room = _SIZE - self.end
            self._bytes[self.end :] = chunk[:room]
            self._bytes[: end - _SIZE] = chunk[room:]
        self.end = end % _SIZE
        return chunk

    def copy(self, start: int, length: int) -> bytes:
        """Bytes from there on; a copy may read what it has just written."""
        ahead = (self.end - start) % _SIZE
        end = start + min(length, ahead)
        once = bytes(self._bytes[start:end])
        if end > _SIZE:
            once += self._bytes[: end - _SIZE]
        return (once * (length // ahead + 1))[:length]


def _chunks(data: bytes, window: _Window) -> Iterator[bytes]:
    """One byte as it stands or some of the window, as each bit says; a copy of nothing ends it."""
    at = 16
    while at < len(data):
        control = data[at]
        at += 1
        for bit in range(8):
            if at >= len(data):
                return
            if not control >> bit & 1:
                yield window.add(data[at : at + 1])
                at += 1
                continue
            pair = int.from_bytes(data[at : at + 2], "big")
            at += 2
            if pair >> 4 == window.end:
                return
            yield window.add(window.copy(pair >> 4, (pair & 15) + 2))


def plain(rtf: bytes, room: Room | None = None) -> str:
    """What a reader sees of it, roughly, as far as there is room; HTML wrapped into RTF gives its
    text alike."""
    most = (room or Room()).spend(min(len(rtf), MOST))
    reader = _Reader()
    for match in _TOKEN.finditer(rtf[:most]):
        reader.take(match)
    return reader.done()


class _Reader:
    """Follows the groups of an RTF letter: whether they are seen, what stands in for a character.

    HTML wrapped into RTF stands in groups of its own and is passed over: what a reader of RTF
    sees beside it is the same letter.
    """

    def __init__(self) -> None:
        self._codec = "cp1252"
        self._out: list[str] = []
        self._held = bytearray()
        self._unseen, self._after = False, 1
        self._skip = 0
        self._stack: list[tuple[bool, int]] = []

    def take(self, match: re.Match[bytes]) -> None:
        word, number, code, symbol, brace, text = match.groups()
        if word:
            self._word(word, int(number) if number else None)
        elif brace:
            self._brace(brace)
        elif symbol == b"*":
            self._unseen = True
        elif code:
            self._bytes(bytes([int(code, 16)]))
        elif symbol:
            self._bytes({b"~": b" ", b"_": b"-", b"-": b""}.get(symbol, symbol))
        elif text:
            self._bytes(text)

    def _brace(self, brace: bytes) -> None:
        if brace == b"{":
            if len(self._stack) < 10_000:
                self._stack.append((self._unseen, self._after))
        elif self._stack:
            self._unseen, self._after = self._stack.pop()
        self._skip = 0

    def _word(self, word: bytes, number: int | None) -> None:
        if word in _UNSEEN:
            self._unseen = True
        elif word == b"uc":
            self._after = min(number or 0, 8)
        elif word == b"ansicpg" and number:
            self._codec = "gb18030" if number in (936, 54936) else f"cp{number}"
        elif word == b"u" and number is not None:
            self._say(chr(number % 65536))
            self._skip = self._after
        elif said := _BREAKS.get(word) or _MARKS.get(word):
            self._say(said)

    def _bytes(self, data: bytes) -> None:
        if self._skip:
            self._skip, data = self._skip - min(self._skip, len(data)), data[self._skip :]
        if not self._unseen:
            self._held += data

    def _say(self, text: str) -> None:
        if not self._unseen:
            self._flush()
            self._out.append(text)

    def _flush(self) -> None:
        if self._held:
            try:
                self._out.append(self._held.decode(self._codec, "replace"))
            except LookupError:
                self._out.append(self._held.decode("cp1252", "replace"))
            self._held.clear()

    def done(self) -> str:
        """All that was seen; halves of a pair are joined or dropped."""
        self._flush()
        whole = "".join(self._out).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return whole.replace("\x00", "").strip("\n")
