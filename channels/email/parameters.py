"""The parameters behind a header's value: ``; name=value``, as RFC 2045 and 2231 have them and as
senders write them. What names a file is read here for every parser alike."""

import re
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from channels.email.characters import decode, words

_LONGEST = 8_000
_PARAMETER = re.compile(
    r"(?:;|\A)\s*([A-Za-z0-9_.-]{1,40})(\*\d{1,3})?(\*)?\s*=\s*"
    r"(?:\"((?:[^\"\\]|\\.)*)\"(?=\s*(?:[;(]|\Z))|([^;]*))",
    re.DOTALL,
)
_EXACT = re.compile(r"([A-Za-z0-9_-]{3,20})'[A-Za-z-]{0,10}'(?=.*%[0-9A-Fa-f]{2})")
_ESCAPED = re.compile(r"\\([\"\\])")


def file_name(disposition: str, content_type: str) -> str:
    """A file's name, encoded words unread. ``filename`` wins over ``name``, the exact form over
    the plain one (RFC 6266), and over both what a charset too small did not spoil."""
    lower = disposition.lower(), content_type.lower()
    found = [
        value
        for header, low, wanted in (
            (disposition, lower[0], "filename"),
            (content_type, lower[1], "name"),
        )
        if wanted in low and (value := parameter(header, wanted))
    ]
    if not found and ("name" in lower[0] or "filename" in lower[1]):  # each under the other's word
        return parameter(content_type, "filename") or parameter(disposition, "name")
    if len(found) == 2 and "?" in found[0] and _spoilt(words(found[0]), words(found[1])):
        return found[1]
    return found[0] if found else ""


def _spoilt(name: str, other: str) -> bool:
    """Whether a name is the other with question marks for some of its characters."""
    return (
        name != other
        and len(name) == len(other)
        and all(mine in (theirs, "?") for mine, theirs in zip(name, other, strict=True))
    )


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
    if not pieces and not plain and (bare := _apart(wanted).search(header[:_LONGEST])):
        plain = bare[1].strip('"')
    return _joined(pieces) or _meant(plain)


@lru_cache(maxsize=8)
def _apart(wanted: str) -> re.Pattern[str]:
    """A parameter that only a blank parts from what stands before it."""
    return re.compile(rf"\s{wanted}\s*=\s*(\"[^\"]*\"|[^\s;]+)", re.IGNORECASE)


def _meant(value: str) -> str:
    """A plain value as its sender meant it: percent-encoded without the star that says so, or in
    the quotes of another language."""
    if len(value) > 2 and value[0] == value[-1] == "'":
        value = value[1:-1]
    if "%" not in value:
        return value
    marked = _EXACT.match(value)
    raw = unquote_to_bytes(value[marked.end() :] if marked else value)
    if marked:
        return decode(raw, marked[1])[0]
    try:
        return value if raw.isascii() else raw.decode("utf-8")
    except UnicodeDecodeError:
        return value


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
            value = value.strip('"')
        whole += unquote_to_bytes(value) if exact else value.encode("utf-8", "replace")
    return decode(whole, charset)[0] if charset or not whole.isascii() else whole.decode("ascii")
