"""The parameters behind a header's value: ``; name=value``, as RFC 2045 and 2231 have them and as
senders write them. What names a file is read here for every parser alike."""

import re
from urllib.parse import unquote_to_bytes

from channels.email.characters import decode

_LONGEST = 8_000
_PARAMETER = re.compile(
    r";\s*([A-Za-z0-9_.-]{1,40})(\*\d{1,3})?(\*)?\s*=\s*"
    r"(?:\"((?:[^\"\\]|\\.)*)\"(?=\s*(?:;|\Z))|([^;]*))",
    re.DOTALL,
)
_ESCAPED = re.compile(r"\\([\"\\])")


def file_name(disposition: str, content_type: str) -> str:
    """A file's name, encoded words unread. ``filename`` wins over ``name``, the exact form over
    the plain one (RFC 6266)."""
    for header, wanted in ((disposition, "filename"), (content_type, "name")):
        if wanted in header.lower() and (found := parameter(header, wanted)):
            return found
    return ""


def parameter(header: str, wanted: str) -> str:
    """One parameter's value, its pieces joined and its own charset undone."""
    plain = ""
    pieces: dict[int, tuple[str, bool]] = {}
    for name, number, exact, quoted, bare in _PARAMETER.findall(header[:_LONGEST]):
        if name.lower() != wanted:
            continue
        value = _ESCAPED.sub(r"\1", quoted) if quoted else bare.strip().strip('"')
        if number or exact:
            pieces.setdefault(int(number[1:]) if number else 0, (value, bool(exact)))
        elif not plain:
            plain = value
    return _joined(pieces) or plain


def _joined(pieces: dict[int, tuple[str, bool]]) -> str:
    """RFC 2231: pieces in their order; only those with a star are percent-encoded."""
    if not pieces:
        return ""
    charset = ""
    whole = b""
    for place, number in enumerate(sorted(pieces)):
        value, exact = pieces[number]
        if place == 0 and exact and value.count("'") >= 2:
            charset, _, value = value.split("'", 2)
        whole += unquote_to_bytes(value) if exact else value.encode("utf-8", "replace")
    return decode(whole, charset)[0] if charset or not whole.isascii() else whole.decode("ascii")
