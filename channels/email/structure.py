"""A mail's parts as a tree, their transfer encoding undone (``contents`` says what they are for).

A native parser reads first, the standard library second; both stand behind limits of ours, so that
no depth, number or size of parts costs more than a mail may.
"""

from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message

from fast_mail_parser import ParseError, PyLazyMimePart, parse_email_tree

from channels.email.characters import base64_bytes, header_text
from channels.email.parameters import file_name

MOST_BYTES = 40 * 1024 * 1024
_MOST_BOUNDARIES = 4_000
_MOST_BOUNDARIES_SLOW = 50
_MOST_PARTS = 20_000
_SURELY_FEW = 50_000  # bytes; no room for so many parts
_MOST_COPIED = 400 * 1024 * 1024
_DEEPEST = 60
_LETTERS = frozenset({"text/plain", "text/html"})


@dataclass(slots=True)
class Part:
    """One part, transfer encoding undone. ``data`` is None for a container of others;
    ``description`` is only known of a part without a name."""

    mime: str
    content_type: str
    name: str = ""
    content_id: str = ""
    disposition: str = ""
    description: str = ""
    data: bytes | None = None
    children: list["Part"] = field(default_factory=list)


def parts(data: bytes, defects: list[str]) -> Part | None:
    """The tree of a mail that begins with its headers; None when nothing can be told apart."""
    lower = data[: MOST_BYTES + 1].lower()
    boundaries = lower.count(b"boundary")
    if too_much := _too_much(lower, boundaries):
        defects.append(too_much)
        return None
    del lower
    if boundaries <= _MOST_BOUNDARIES:
        try:
            return _native(parse_email_tree(data, mode="lazy"), exact=data.isascii())
        except UnicodeError:
            pass
        except ParseError:
            defects.append("broken_structure")
    if boundaries > _MOST_BOUNDARIES_SLOW:
        defects.append("too_deep")
        return None
    try:
        return _patient(message_from_bytes(data), 0)
    except (RecursionError, ValueError, LookupError, TypeError, AttributeError):
        defects.append("unreadable")
        return None


def _too_much(lower: bytes, boundaries: int) -> str:
    """A code when taking it apart would cost more than a mail may."""
    size = len(lower)
    if size < _SURELY_FEW:
        return ""
    copied = size * lower.count(b"message/")  # each level of nesting copies the rest
    if size > MOST_BYTES or copied > _MOST_COPIED:
        return "too_large"
    return "too_deep" if boundaries and lower.count(b"\n--") > _MOST_PARTS else ""


# --- the native parser's tree -----------------------------------------------------------------


def _native(node: PyLazyMimePart, *, exact: bool) -> Part:
    data = node.content
    mime = node.content_type.lower()
    if data is None:
        return Part(mime, "", children=[_native(child, exact=exact) for child in node.children])
    content_type = _header(node, "content-type")
    name = description = ""
    if node.filename:
        name = _native_name(node, content_type, exact=exact)
    elif mime not in _LETTERS:
        description = _header(node, "content-description")
    disposition = (node.disposition or "").lower()
    return Part(mime, content_type, name, node.content_id or "", disposition, description, data)


def _native_name(node: PyLazyMimePart, content_type: str, *, exact: bool) -> str:
    name = file_name(_header(node, "content-disposition"), content_type) or node.filename
    raw = node.filename
    if not raw.isascii() and ("\ufffd" in raw or (not exact and max(raw) <= "\xff")):
        raise UnicodeError(raw)  # raw bytes in a name: the other parser keeps them
    return name


def _header(node: PyLazyMimePart, wanted: str) -> str:
    for name, values in node.headers.items():
        if len(name) == len(wanted) and name.lower() == wanted:
            return values[0]
    return ""


# --- the standard library's, which forgives more ------------------------------------------------


def _patient(message: Message, depth: int) -> Part:
    mime = message.get_content_type()
    part = Part(
        mime,
        _raw(message, "content-type"),
        file_name(_raw(message, "content-disposition"), _raw(message, "content-type")),
        _raw(message, "content-id").strip("<> "),
        _raw(message, "content-disposition").partition(";")[0].strip().lower(),
        _raw(message, "content-description"),
    )
    inner = message.get_payload()
    if not isinstance(inner, list):
        part.data = _decoded(message)
    elif mime.startswith("message/") or depth > _DEEPEST:
        part.data = b"\n".join(child.as_bytes() for child in inner if isinstance(child, Message))
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


def _decoded(message: Message) -> bytes:
    payload = str(message.get_payload()).encode("utf-8", "surrogateescape")
    encoding = _raw(message, "content-transfer-encoding").lower()
    if encoding == "base64":
        return base64_bytes(payload)
    decoded = message.get_payload(decode=True)
    return decoded if isinstance(decoded, bytes) else payload
