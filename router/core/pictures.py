"""Pictures by what they are, not by what their sender calls them; nothing here decodes one.

A file that says it is a picture and is none, or one that would unfold to more pixels than a screen
wall, is a file like any other: offered to be saved, never shown.
"""

from __future__ import annotations

import struct

#: More than this is a flood of pixels in a small file.
MOST_PIXELS = 40_000_000
_LONGEST_SIDE = 20_000
_JPEG_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def kind(data: bytes) -> str:
    """The picture's media type; empty when it is none that a browser may be shown."""
    found = _read(data)
    if found is None:
        return ""
    mime, width, height = found
    fits = 0 < width <= _LONGEST_SIDE and 0 < height <= _LONGEST_SIDE
    return mime if fits and width * height <= MOST_PIXELS else ""


def _read(data: bytes) -> tuple[str, int, int] | None:
    try:
        if data.startswith(b"\x89PNG\r\n\x1a\n") and data[12:16] == b"IHDR":
            return ("image/png", *struct.unpack(">II", data[16:24]))
        if data[:6] in (b"GIF87a", b"GIF89a"):
            return ("image/gif", *struct.unpack("<HH", data[6:10]))
        if data[:3] == b"\xff\xd8\xff":
            return _jpeg(data)
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return _webp(data)
    except struct.error:
        return None
    return None


def _jpeg(data: bytes) -> tuple[str, int, int] | None:
    place = 2
    while place + 9 <= len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if marker == 0xFF:
            place += 1
            continue
        if marker in _JPEG_SIZES:
            height, width = struct.unpack(">HH", data[place + 5 : place + 9])
            return "image/jpeg", width, height
        if marker in (0x01, *range(0xD0, 0xD8)):
            place += 2
            continue
        place += 2 + int(struct.unpack(">H", data[place + 2 : place + 4])[0])
    return None


def _webp(data: bytes) -> tuple[str, int, int] | None:
    form = data[12:16]
    if form == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack("<HH", data[26:30])
        return "image/webp", width & 0x3FFF, height & 0x3FFF
    if form == b"VP8L" and data[20:21] == b"\x2f":
        bits = int(struct.unpack("<I", data[21:25])[0])
        return "image/webp", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if form == b"VP8X" and len(data) >= 30:
        width = int.from_bytes(data[24:27], "little") + 1
        return "image/webp", width, int.from_bytes(data[27:30], "little") + 1
    return None
