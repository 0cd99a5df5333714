"""A mail's parts: what is its text, what came with it, what a machine reported.

A native parser reads first, the standard library second; both stand behind limits of ours, so that
no depth, number or size of parts costs more than a mail may.
"""

import re
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from email.utils import collapse_rfc2231_value
from urllib.parse import unquote_to_bytes

from fast_mail_parser import ParseError, PyLazyMimePart, parse_email_tree

from channels.contract import Attachment
from channels.email import headers
from channels.email.characters import base64_bytes, decode, header_text, words
from channels.email.markup import plain_text

MOST_BYTES = 40 * 1024 * 1024
MOST_TEXT = 1_000_000
MOST_ATTACHMENTS = 500
_MOST_BOUNDARIES = 4_000
_MOST_BOUNDARIES_SLOW = 50
_MOST_COPIED = 400 * 1024 * 1024
_DEEPEST = 60

_CHARSET = re.compile(r"charset\*?\s*=\s*[\"']?\s*([^\s\"';]+)", re.IGNORECASE)
_EXACT_NAME = re.compile(r"filename\*=([^'\s;]*)'[^']*'([^;\s]+)", re.IGNORECASE)
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?([\w-]+)", re.IGNORECASE)
_NAME_UNWANTED = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


@dataclass(slots=True)
class Part:
    """One part, transfer encoding undone. ``data`` is None for a container of others."""

    mime: str
    content_type: str
    name: str = ""
    content_id: str = ""
    disposition: str = ""
    data: bytes | None = None
    children: list["Part"] = field(default_factory=list)


@dataclass(slots=True)
class Body:
    """What a mail holds; ``parts`` are all its leaves in order, nested mails unopened."""

    text: str = ""
    html: str = ""
    attachments: list[Attachment] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    defects: list[str] = field(default_factory=list)
    charset: str = ""


def read(data: bytes, start: int, end: int) -> Body:
    """The body of a mail whose headers stand between ``start`` and ``end``. Never raises."""
    body = Body()
    root = _parts(data[start:] if start else data, body.defects)
    if root is None:
        text, _ = decode(data[end : end + MOST_TEXT])
        body.text = text.strip("\n")
        return body
    text, html = _collect(root, body, 0)
    if not text.strip() and html.strip():
        text, cut = plain_text(html)
        if cut:
            body.defects.append("html_cut")
    if len(text) > MOST_TEXT:
        body.defects.append("text_cut")
    body.text, body.html = text[:MOST_TEXT], html
    return body


def _parts(data: bytes, defects: list[str]) -> Part | None:
    if len(data) > MOST_BYTES:
        defects.append("too_large")
        return None
    lower = data.lower()
    if len(data) * lower.count(b"message/") > _MOST_COPIED:  # each level of nesting copies the rest
        defects.append("too_large")
        return None
    boundaries = lower.count(b"boundary")
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


# --- the native parser's tree -----------------------------------------------------------------


def _native(node: PyLazyMimePart, *, exact: bool) -> Part:
    data = node.content
    part = Part(
        node.content_type.lower(),
        _header(node, "content-type") if data is not None else "",
        _native_name(node, exact=exact) if node.filename else "",
        node.content_id or "",
        (node.disposition or "").lower(),
        data,
    )
    if data is None:
        part.children = [_native(child, exact=exact) for child in node.children]
    return part


def _native_name(node: PyLazyMimePart, *, exact: bool) -> str:
    """Both ``filename`` and ``filename*`` may be given; the second is exact (RFC 6266)."""
    name = node.filename
    if not name.isascii():
        if "\ufffd" in name or (not exact and max(name) <= "\xff"):
            raise UnicodeError(name)  # raw bytes in a name: the other parser keeps them
        return name
    extended = _EXACT_NAME.search(_header(node, "content-disposition"))
    return decode(unquote_to_bytes(extended[2]), extended[1])[0] if extended else name


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
        _file_name(message),
        _raw(message, "content-id").strip("<> "),
        _raw(message, "content-disposition").partition(";")[0].strip().lower(),
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


def _file_name(message: Message) -> str:
    for name, header in (("filename", "content-disposition"), ("name", "content-type")):
        readable = Message()
        readable[header] = _raw(message, header)
        try:
            if value := readable.get_param(name, "", header):
                return collapse_rfc2231_value(value)
        except (ValueError, LookupError, TypeError, AttributeError):
            continue
    return ""


def _decoded(message: Message) -> bytes:
    payload = str(message.get_payload()).encode("utf-8", "surrogateescape")
    encoding = _raw(message, "content-transfer-encoding").lower()
    if encoding == "base64":
        return base64_bytes(payload)
    decoded = message.get_payload(decode=True)
    return decoded if isinstance(decoded, bytes) else payload


# --- what is text and what is a file ------------------------------------------------------------


def _collect(part: Part, body: Body, depth: int) -> tuple[str, str]:
    """The text and the HTML of a part, its files put aside. HTML alone counts as text in a mixed
    part, so that a list's plain footer does not hide the letter above it."""
    if part.data is not None or not part.children:
        return _leaf(part, body)
    texts: list[str] = []
    htmls: list[str] = []
    alternative = part.mime == "multipart/alternative"
    for child in part.children:
        text, html = _collect(child, body, depth + 1)
        if html.strip():
            htmls.append(html)
        if text.strip():
            texts.append(text)
        elif html.strip() and not alternative:
            texts.append("\0" + html)
    if all(text.startswith("\0") for text in texts):
        return "", "\n".join(htmls)
    shown = [plain_text(text[1:])[0] if text.startswith("\0") else text for text in texts]
    return "\n".join(shown[:1] if alternative else shown), "\n".join(htmls)


def _leaf(part: Part, body: Body) -> tuple[str, str]:
    body.parts.append(part)
    data = part.data or b""
    if part.mime not in ("text/plain", "text/html") or part.disposition == "attachment":
        _attach(part, data, body)
        return "", ""
    if part.name and (body.attachments or len(body.parts) > 1):
        _attach(part, data, body)
        return "", ""
    declared = _CHARSET.search(part.content_type) if part.content_type else None
    charset = declared[1] if declared else ""
    if not charset and part.mime == "text/html" and (meta := _META_CHARSET.search(data[:2_000])):
        charset = meta[1].decode("ascii", "replace")
    text, defect = decode(data, charset)
    body.charset = body.charset or charset
    if defect:
        body.defects.append(defect)
    return (text, "") if part.mime == "text/plain" else ("", text)


def _attach(part: Part, data: bytes, body: Body) -> None:
    if len(body.attachments) >= MOST_ATTACHMENTS:
        if "attachments_cut" not in body.defects:
            body.defects.append("attachments_cut")
        return
    name = safe_name(part.name)
    if not name and part.mime in ("message/rfc822", "message/global"):
        subject = headers.read(data).text("subject")
        name = safe_name(f"{subject or 'message'}.eml")
    body.attachments.append(Attachment(name, part.mime, data, part.content_id))


def safe_name(name: str) -> str:
    """A file's name without its path, without characters that steer a terminal or a reader."""
    read = _NAME_UNWANTED.sub("", words(name)).replace("\\", "/").rpartition("/")[2].strip(". ")
    if len(read) <= 150:
        return read
    stem, dot, extension = read.rpartition(".")
    return f"{stem[:130]}{dot}{extension[:16]}" if dot else read[:150]
