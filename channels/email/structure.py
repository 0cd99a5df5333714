"""A mail's parts as a tree, their transfer encoding undone (``contents`` says what they are for).

A native parser reads first, the standard library second; both stand behind limits of ours, so that
no depth, number or size of parts costs more than a mail may.
"""

import re
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from typing import NamedTuple

from fast_mail_parser import ParseError, PyLazyMimePart, parse_email_tree

from channels.email import transfer
from channels.email.characters import header_text
from channels.email.parameters import file_name

MOST_BYTES = 40 * 1024 * 1024
_MOST_BOUNDARIES = 4_000
_MOST_BOUNDARIES_SLOW = 50
_MOST_PARTS = 20_000
_SURELY_FEW = 50_000  # bytes; no room for so many parts
#: What an encoded word in a header begins with (RFC 2047). The native parser decodes words wherever
#: they stand, and counts from the header's first byte to each; where no blank or bracket follows
#: their ends it tries each beginning with each end.
_WORD = b"=?"
_OPEN_END = re.compile(rb"\?=(?![\s\"()<>,]|\Z)")
_SURELY_QUICK = 8
_MOST_TANGLED = 10_000_000_000  # a fifth of a second
_A_WORD = 10  # costs as much as so many tries
_UNFOLDED = re.compile(rb"\n(?![ \t])")
_MOST_COPIED = 400 * 1024 * 1024
_DEEPEST = 60
_LETTERS = frozenset({"text/plain", "text/html"})
_KIND = re.compile(r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+*-]+")


@dataclass(slots=True)
class Part:
    """One part, transfer encoding undone. ``data`` is None for a container of others;
    ``description`` and ``location`` are only known of a part without a name."""

    mime: str
    content_type: str
    name: str = ""
    content_id: str = ""
    disposition: str = ""
    description: str = ""
    location: str = ""
    data: bytes | None = None
    children: list["Part"] = field(default_factory=list)


def parts(data: bytes, defects: list[str]) -> Part | None:
    """The tree of a mail that begins with its headers; None when nothing can be told apart."""
    lower = data[: MOST_BYTES + 1].lower()
    boundaries = lower.count(b"boundary")
    if too_much := _too_much(lower, boundaries):
        defects.append(too_much)
        return None
    encoded = transfer.hidden(data, lower) if boundaries <= _MOST_BOUNDARIES else None
    del lower
    if encoded is not None:
        try:
            tree = parse_email_tree(encoded, mode="lazy")
            return _native(tree, _Care(data.isascii(), boundaries <= _MOST_BOUNDARIES_SLOW))
        except _Unsure:
            pass
        except ParseError:
            defects.append("broken_structure")
    if boundaries > _MOST_BOUNDARIES_SLOW:
        defects.append("too_deep")
        return None
    try:
        return _patient(message_from_bytes(data if encoded is None else encoded), 0)
    except (RecursionError, ValueError, LookupError, TypeError, AttributeError):
        defects.append("unreadable")
        return None


def _too_much(lower: bytes, boundaries: int) -> str:
    """A code when taking it apart would cost more than a mail may."""
    if _tangled(lower):
        return "too_large"
    size = len(lower)
    if size < _SURELY_FEW:
        return ""
    copied = size * lower.count(b"message/")  # each level of nesting copies the rest
    if size > MOST_BYTES or copied > _MOST_COPIED:
        return "too_large"
    return "too_deep" if boundaries and lower.count(b"\n--") > _MOST_PARTS else ""


def _tangled(lower: bytes) -> bool:
    """Whether decoding the words of its headers, which costs the square of how many stand in one,
    would take long. Any line that goes on counts as a header: a body has hardly such words."""
    if lower.count(_WORD) < _SURELY_QUICK:
        return False
    cost = 0
    for header in _UNFOLDED.split(lower):
        if words := header.count(_WORD):
            tries = words * len(_OPEN_END.findall(header))
            cost += (_A_WORD * words + tries) * len(header)
    return cost > _MOST_TANGLED


def _kind(written: str, name: str) -> str:
    """A part's kind in small letters. A header that is none says plain text (RFC 2045, 5.2), but a
    part that has a name is a file all the same."""
    kind = written.strip().lower()
    if _KIND.fullmatch(kind):
        return kind
    if found := _KIND.match(kind):
        return found[0]
    return "application/octet-stream" if name and not kind.startswith("text") else "text/plain"


# --- the native parser's tree -----------------------------------------------------------------


class _Unsure(ValueError):
    """The native parser lost something; the other one may find it."""


class _Care(NamedTuple):
    """Whether the mail has no raw bytes in it, and whether the other parser may be asked."""

    ascii: bool
    patient: bool


def _native(node: PyLazyMimePart, care: _Care) -> Part:
    data = node.content
    if data is None:
        if not node.children and care.patient:
            raise _Unsure("parts that never came")
        children = [_native(child, care) for child in node.children]
        return Part(node.content_type.lower(), "", children=children)
    content_type = _header(node, "content-type")
    name = description = location = ""
    if node.filename or node.disposition:
        name = _native_name(node, content_type, care)
    mime = _kind(node.content_type, name)
    if not name and mime not in _LETTERS:
        description = _header(node, "content-description")
        location = _header(node, "content-location")
    if not data and care.patient and (mime not in _LETTERS or _more_headers(node)):
        raise _Unsure("no empty line above a part's text")
    data = transfer.undone(transfer.shown(data), _header(node, transfer.HIDDEN))
    disposition = (node.disposition or "").lower().partition(" ")[0]
    told = (mime, content_type, name, node.content_id or "", disposition, description, location)
    return Part(*told, data)


def _native_name(node: PyLazyMimePart, content_type: str, care: _Care) -> str:
    name = file_name(_header(node, "content-disposition"), content_type) or node.filename
    raw = node.filename
    cut = not raw.isascii() and ("\ufffd" in raw or (not care.ascii and max(raw) <= "\xff"))
    if (cut or "?=" in raw) and care.patient:
        raise _Unsure("raw bytes in a name, or words that the parser read half")
    return name


def _more_headers(node: PyLazyMimePart) -> bool:
    """Whether a part has headers that belong to none, as text has that is taken for them."""
    return any(not name.lower().startswith(("content", "mime", "x-")) for name in node.headers)


def _header(node: PyLazyMimePart, wanted: str) -> str:
    for name, values in node.headers.items():
        if len(name) == len(wanted) and name.lower() == wanted:
            return values[0]
    return ""


# --- the standard library's, which forgives more ------------------------------------------------


def _patient(message: Message, depth: int) -> Part:
    content_type = _raw(message, "content-type")
    name = file_name(_raw(message, "content-disposition"), content_type)
    mime = message.get_content_type()
    if content_type and not message.is_multipart():
        mime = _kind(content_type.partition(";")[0], name)
    part = Part(
        mime,
        content_type,
        name,
        _raw(message, "content-id").strip("<> "),
        _raw(message, "content-disposition").partition(";")[0].strip().lower(),
        _raw(message, "content-description"),
        _raw(message, "content-location"),
    )
    inner = message.get_payload()
    if not isinstance(inner, list):
        part.data = _decoded(message, _bytes(message))
    elif mime.startswith("message/") or depth > _DEEPEST:
        mails = [child.as_bytes() for child in inner if isinstance(child, Message)]
        part.data = _decoded(message, b"\n".join(mails))
    else:
        part.children = [
            _patient(child, depth + 1) for child in inner if isinstance(child, Message)
        ]
    return part


def _raw(message: Message, name: str) -> str:
    """A header's text from its own bytes; ``get`` would answer with replacement characters."""
    for key, value in message.raw_items():
        if key.lower() == name:
            return header_text(str(value).encode("utf-8", "surrogateescape"))
    return ""


def _bytes(message: Message) -> bytes:
    """A part as it came. As text the library would give it in the charset it tells, and all
    bytes lost that have no place there."""
    if _raw(message, transfer.NAME):
        return str(message.get_payload()).encode("utf-8", "surrogateescape")
    payload = message.get_payload(decode=True)  # it sees no encoding that it could undo
    return payload if isinstance(payload, bytes) else b""


def _decoded(message: Message, payload: bytes) -> bytes:
    encoding = _raw(message, transfer.HIDDEN) or _raw(message, transfer.NAME)
    return transfer.undone(transfer.shown(payload), encoding)
