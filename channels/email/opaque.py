"""Letters within their signature (S/MIME, RFC 8551, 3.5.2): readable by anybody, but only once they
are taken out. Whether the signature is good is not looked at, so nothing is believed for it."""

_SIGNED = bytes.fromhex("06092a864886f70d010702")
_DATA = bytes.fromhex("06092a864886f70d010701")
_NEAR_BEGINNING = 64
_NEAR = 2_000
_OCTETS, _OCTETS_IN_PIECES, _EXPLICIT = 0x04, 0x24, 0xA0
_MOST_PIECES = 100_000


def letter(data: bytes) -> bytes | None:
    """The MIME part that was signed; None when there is none in it, or none in the clear."""
    if data.find(_SIGNED, 0, _NEAR_BEGINNING) < 0 or (at := data.find(_DATA, 0, _NEAR)) < 0:
        return None
    try:
        tag, start, _ = _element(data, at + len(_DATA))
        return _octets(data, start) if tag == _EXPLICIT else None
    except IndexError:
        return None


def _octets(data: bytes, at: int) -> bytes | None:
    tag, start, length = _element(data, at)
    if tag == _OCTETS and length is not None:
        return data[start : start + length]
    if tag != _OCTETS_IN_PIECES:
        return None
    pieces: list[bytes] = []
    end = len(data) if length is None else min(start + length, len(data))
    while start < end and len(pieces) < _MOST_PIECES:
        tag, begins, size = _element(data, start)
        if tag != _OCTETS or size is None:  # two zeros end pieces of untold length
            break
        pieces.append(data[begins : begins + size])
        start = begins + size
    return b"".join(pieces)


def _element(data: bytes, at: int) -> tuple[int, int, int | None]:
    """Its tag, where its content begins, and how long that is; None when the length is untold."""
    tag, size = data[at], data[at + 1]
    if size < 0x80:
        return tag, at + 2, size
    count = size & 0x7F
    if not count:
        return tag, at + 2, None
    return tag, at + 2 + count, int.from_bytes(data[at + 2 : at + 2 + min(count, 8)], "big")
