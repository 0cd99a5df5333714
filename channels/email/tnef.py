"""Outlook's ``winmail.dat`` (MS-OXTNEF) taken apart: its files, its letter, mails within it.

The bytes are hostile: every length is checked against what is there, nothing is copied twice
for a level, and whatever is broken ends the reading with what was found before.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from channels.email import rtf
from channels.email.characters import decode
from channels.email.charsets import codec

BEGINS = b"\x78\x9f\x3e\x22"
_DEEPEST = 4
_MOST_FILES = 500
_MOST_VALUES = 10_000

_BODY, _TITLE, _DATA, _FILE_BEGINS = 0x800C, 0x8010, 0x800F, 0x9002
_MESSAGE_PROPERTIES, _FILE_PROPERTIES, _CODEPAGE = 0x9003, 0x9005, 0x9007
_TEXT, _HTML, _RTF = 0x1000, 0x1013, 0x1009
_DISPLAY, _SHORT_NAME, _LONG_NAME = 0x3001, 0x3704, 0x3707
_OBJECT, _METHOD, _MIME, _CONTENT_ID = 0x3701, 0x3705, 0x370E, 0x3712
_EMBEDDED = 5
_STRING8, _UNICODE, _BINARY, _OBJECT_TYPE = 0x1E, 0x1F, 0x102, 0x0D
_SIZES = {2: 4, 3: 4, 4: 4, 5: 8, 6: 8, 7: 8, 0x0A: 4, 0x0B: 4, 0x14: 8, 0x40: 8, 0x48: 16}
_Value = int | str | bytes


@dataclass(slots=True)
class File:
    """One file of the envelope; ``mime`` is empty where Outlook did not say."""

    name: str = ""
    data: bytes = b""
    mime: str = ""
    content_id: str = ""


@dataclass(slots=True)
class Envelope:
    """What was inside. ``whole`` is false when the bytes ended or broke before their time."""

    text: str = ""
    html: str = ""
    rtf: bytes = b""
    files: list[File] = field(default_factory=list)
    whole: bool = True
    codepage: str = "cp1252"


def unpack(data: bytes, room: rtf.Room | None = None, depth: int = 0) -> Envelope | None:
    """Everything in it that can be read, letters in RTF as far as there is room; None when it is no
    TNEF at all. Never raises."""
    if data[:4] != BEGINS:
        return None
    envelope = Envelope()
    reading = _Reading(envelope, depth, room or rtf.Room())
    try:
        for identity, content in _attributes(data):
            reading.take(identity, content)
    except (struct.error, ValueError, IndexError, OverflowError):
        envelope.whole = False
    reading.close_file()
    _letter(envelope, reading.values, reading.room)
    return envelope


@dataclass(slots=True)
class _Reading:
    """Where the reading stands: the file whose attributes come now, and its properties."""

    envelope: Envelope
    depth: int
    room: rtf.Room
    values: dict[int, _Value] = field(default_factory=dict)
    file: File | None = None
    file_values: dict[int, _Value] = field(default_factory=dict)

    def take(self, identity: int, content: bytes) -> None:
        codepage = self.envelope.codepage
        if identity == _FILE_BEGINS:
            self.close_file()
            self.file, self.file_values = File(), {}
        elif identity == _CODEPAGE:
            self.envelope.codepage = _codec(int.from_bytes(content[:4], "little"))
        elif self.file is not None:
            _file_attribute(self.file, self.file_values, identity, content, codepage)
        elif identity == _BODY:
            self.envelope.text = decode(content.rstrip(b"\0"), codepage)[0]
        elif identity == _MESSAGE_PROPERTIES:
            self.values |= _properties(content, codepage)

    def close_file(self) -> None:
        """One file is complete; a mail within the mail is opened, its files stand beside ours."""
        if self.file is None or len(self.envelope.files) >= _MOST_FILES:
            return
        file, values = self.file, self.file_values
        _described(file, values)
        if values.get(_METHOD) == _EMBEDDED and self.depth < _DEEPEST:
            nested = unpack(file.data, self.room, self.depth + 1)
            if nested is not None:
                title = str(values.get(_DISPLAY, "")) or file.name
                self.envelope.files += [*letter_files(nested, title), *nested.files]
                self.envelope.whole &= nested.whole
                return
        if file.data or file.name:
            self.envelope.files.append(file)


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 6
    while at + 9 <= len(data):
        identity, length = struct.unpack_from("<xII", data, at)
        at += 9
        if length > len(data) - at:
            raise ValueError(length)
        yield identity & 0xFFFF, data[at : at + length]
        at += length + 2


def _file_attribute(
    file: File, values: dict[int, _Value], identity: int, content: bytes, codepage: str
) -> None:
    if identity == _TITLE:
        file.name = decode(content.rstrip(b"\0"), codepage)[0]
    elif identity == _DATA:
        file.data = content
    elif identity == _FILE_PROPERTIES:
        values |= _properties(content, codepage)


def _described(file: File, values: dict[int, _Value]) -> None:
    long_name = values.get(_LONG_NAME) or values.get(_SHORT_NAME)
    if isinstance(long_name, str) and long_name.strip():
        file.name = long_name
    file.mime = str(values.get(_MIME, "")).lower()
    file.content_id = str(values.get(_CONTENT_ID, "")).strip("<> ")
    inner = values.get(_OBJECT)
    if isinstance(inner, bytes) and not file.data:
        file.data = inner


def letter_files(envelope: Envelope, title: str) -> list[File]:
    """The letter itself as files, in the forms that Outlook gave it."""
    found = []
    if envelope.html:
        found.append(File(f"{title}.html", envelope.html.encode(), "text/html"))
    if envelope.rtf:
        found.append(File(f"{title}.rtf", envelope.rtf, "application/rtf"))
    if envelope.text and not found:
        found.append(File(f"{title}.txt", envelope.text.encode(), "text/plain"))
    return found


def _letter(envelope: Envelope, values: dict[int, _Value], room: rtf.Room) -> None:
    text, html, packed = values.get(_TEXT), values.get(_HTML), values.get(_RTF)
    if isinstance(text, str) and text.strip():
        envelope.text = text.replace("\r\n", "\n")
    if isinstance(html, bytes):
        envelope.html = decode(html.rstrip(b"\0"), envelope.codepage)[0]
    elif isinstance(html, str):
        envelope.html = html
    if isinstance(packed, bytes):
        envelope.rtf = rtf.unpack(packed, room)
    if envelope.rtf and not (envelope.text.strip() or envelope.html.strip()):
        envelope.text = rtf.plain(envelope.rtf, room)
    envelope.whole &= not room.full


def _codec(number: int) -> str:
    if number in (936, 54936):
        return "gb18030"
    return {65001: "utf-8", 950: "big5hkscs"}.get(number) or codec(f"cp{number}") or "cp1252"


# --- the properties within an attribute -------------------------------------------------------


def _properties(data: bytes, codepage: str) -> dict[int, _Value]:
    found: dict[int, _Value] = {}
    (count,) = struct.unpack_from("<I", data)
    at = 4
    for _ in range(min(count, _MOST_VALUES)):
        if at + 4 > len(data):
            break
        kind, identity = struct.unpack_from("<HH", data, at)
        at += 4
        if identity >= 0x8000:
            at = _past_name(data, at)
        value, at = _value(data, at, kind, codepage)
        if value is not None:
            found.setdefault(identity, value)
    return found


def _past_name(data: bytes, at: int) -> int:
    """A named property: its set's id, then a number or a name."""
    (kind,) = struct.unpack_from("<I", data, at + 16)
    if kind == 0:
        return at + 24
    (length,) = struct.unpack_from("<I", data, at + 20)
    return at + 24 + _padded(length)


def _value(data: bytes, at: int, kind: int, codepage: str) -> tuple[_Value | None, int]:
    """The first value of a property and where the next property begins."""
    many, kind = kind & 0x1000, kind & 0x0FFF
    size = _SIZES.get(kind)
    count = 1
    if many or size is None:
        (count,) = struct.unpack_from("<I", data, at)
        at += 4
    if size is not None:
        value = int.from_bytes(data[at : at + min(size, 4)], "little")
        return value, at + size * count
    first: _Value | None = None
    for place in range(min(count, _MOST_VALUES)):
        (length,) = struct.unpack_from("<I", data, at)
        at += 4
        if length > len(data) - at:
            raise ValueError(length)
        if place == 0:
            first = _read(data[at : at + length], kind, codepage)
        at += _padded(length)
    return first, at


def _read(content: bytes, kind: int, codepage: str) -> _Value:
    if kind == _UNICODE:
        return content.decode("utf-16-le", "replace").rstrip("\0")
    if kind == _STRING8:
        return decode(content.rstrip(b"\0"), codepage)[0]
    return content[16:] if kind == _OBJECT_TYPE else content


def _padded(length: int) -> int:
    return length + -length % 4
