"""What a mail's parts are for: what is its text, what came with it, what a machine reported."""

import re
from dataclasses import dataclass, field
from functools import partial

from channels.contract import Attachment
from channels.email import alternatives, headers, names, opaque, pictures, plain, rtf, tnef
from channels.email.characters import decode
from channels.email.headers import Headers
from channels.email.markup import plain_text
from channels.email.parameters import parameter
from channels.email.structure import Part, parts

MOST_TEXT = 1_000_000
#: Of all its texts so many bytes are decoded, some for each character that is kept.
_MOST_WRITTEN = 3 * MOST_TEXT
MOST_ATTACHMENTS = 500
_MOST_FORWARDED = 3
_LONGEST_FORWARDED = 2_000_000
DEEPEST = 3

_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([^\s\"';]+)", re.IGNORECASE)
#: Parts a mail where a header of a part follows it, whatever the header above says.
_PARTING = re.compile(
    rb"^--([^\r\n\"\\]{1,200}?)[ \t]{0,80}\r?\n(?=Content-[A-Za-z-]{2,30}[ \t]*:)",
    re.MULTILINE | re.IGNORECASE,
)
_FIRST_PARTING = re.compile(
    rb"(.{0,400}?)^--(-{0,40}[^\r\n\"\\-][^\r\n\"\\]{0,200}?)[ \t]{0,80}\r?\n",
    re.MULTILINE | re.DOTALL,
)
#: A page of HTML that is called plain text.
_PAGE = re.compile(r"\s*(?:<!doctype html|<html[\s>])", re.IGNORECASE)
_TO_PROGRAMS = re.compile(rb"mime|boundary|multi-?part", re.IGNORECASE)
_MOST_MENDED = 5
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?([\w-]+)", re.IGNORECASE)
_DELETED_SPACE = re.compile(r"delsp\s*=\s*\"?yes", re.IGNORECASE)
_MAILS = ("message/rfc822", "message/global")
_REPORTS = (
    *("message/delivery-status", "message/global-delivery-status"),
    *("message/disposition-notification", "message/feedback-report"),
)
_TOLD = tuple(
    (f"content-{word}", f"Content-{word}: %b\r\n".encode())
    for word in ("type", "transfer-encoding", "disposition", "id", "description")
)
_NO_MORE = b"MIME-Version: 1.0\r\n\r\n"
_LETTERS = ("text/plain", "text/html")
_RICH = ("text/rtf", "application/rtf")
_SEALED = ("application/pkcs7-mime", "application/x-pkcs7-mime")
_ENRICHED = ("text/enriched", "text/richtext")
#: Read as plain text, as what a program does not know should be (RFC 2046, 4.1.4); others of its
#: kind are files that lost their names.
_TEXTS = frozenset(
    {*_ENRICHED, "text/markdown", "text/x-markdown", "text/x-web-markdown", "text/unknown"}
    | {"text/x-unknown", "text/ascii", "text/x-amp-html", "text/watch-html"}
)


@dataclass(slots=True)
class Body:
    """What a mail holds; ``parts`` are all its leaves in order, nested mails unopened.

    ``forwarded`` is what the mails within it say. It stands apart: in a bounce they are our own.
    """

    text: str = ""
    html: str = ""
    forwarded: str = ""
    attachments: list[Attachment] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    defects: list[str] = field(default_factory=list)
    charset: str = ""
    mended: int = 0
    unread: int = _MOST_WRITTEN
    room: rtf.Room = field(default_factory=rtf.Room)


def read(data: bytes, found: Headers, depth: int = 0, room: rtf.Room | None = None) -> Body:
    """The body of a mail whose headers were found. Never raises. ``room`` is what a mail around it
    has left for letters in RTF.

    No parser sees any header but those that tell what the body is, so that no broken line above it
    can be taken for its beginning.
    """
    body = Body(room=room or rtf.Room())
    root = parts(_told(data, found) + _NO_MORE + data[found.end :], body.defects)
    if root is None:
        text, _ = decode(data[found.end : found.end + MOST_TEXT])
        body.text = text.strip("\n")
        return body
    text, html = _collect(root, body)
    if root.mime == "text/plain" and _PAGE.match(text):
        text, html = "", text
    if not body.parts:  # a container that nothing came in
        text, _ = decode(data[found.end : found.end + MOST_TEXT])
    html = pictures.put_aside(html, partial(_picture, body))
    if not text.strip() and html.strip():
        text, cut = plain_text(html)
        if cut:
            body.defects.append("html_cut")
    if len(text) > MOST_TEXT:
        body.defects.append("text_cut")
    body.text, body.html = text[:MOST_TEXT], html
    if body.attachments:
        body.forwarded = _forwarded(body, depth)
    return body


def _collect(part: Part, body: Body) -> tuple[str, str]:
    """The text and the HTML of a part, its files put aside. HTML alone counts as text in a mixed
    part, so that a list's plain footer does not hide the letter above it."""
    if part.data is not None:
        return _leaf(part, body)
    texts: list[str] = []
    htmls: list[str] = []
    alternative = part.mime == "multipart/alternative"
    for child in part.children:
        framed = bool(htmls) and part.mime == "multipart/related" and child.mime == "text/html"
        text, html = _framed(child, body) if framed else _collect(child, body)
        if html.strip():
            htmls.append(html)
        if text.strip():
            if not alternative or not texts or child.mime == "text/plain":
                texts.append(text)
        elif html.strip() and not alternative:
            texts.append("\0" + html)
    if all(text.startswith("\0") for text in texts):
        return "", "\n".join(htmls)
    shown = [plain_text(text[1:])[0] if text.startswith("\0") else text for text in texts]
    html = "\n".join(htmls)
    return (_one_of(shown, html) if alternative else "\n".join(shown)), html


def _one_of(texts: list[str], html: str) -> str:
    text = "\n".join(dict.fromkeys(texts))
    return alternatives.chosen(text, html) if html else text


def _framed(part: Part, body: Body) -> tuple[str, str]:
    """A page that the page before it shows within itself (RFC 2387)."""
    body.parts.append(part)
    return _file(part, part.data or b"", body)


def _told(data: bytes, found: Headers) -> bytes:
    """The headers that tell what a body is, the first of each kind that says anything."""
    if "content-type" not in found.values and (boundary := _untold(data[found.end :])):
        return b'Content-Type: multipart/mixed; boundary="%b"\r\n' % boundary
    return b"".join(
        line % next(filter(bytes.strip, found.values[name]), b"")
        for name, line in _TOLD
        if name in found.values
    )


def _untold(data: bytes) -> bytes:
    """The boundary of a mail of parts whose header was lost; empty for any other mail."""
    found = _FIRST_PARTING.match(data)
    if found is None or (found[1].strip() and not _TO_PROGRAMS.search(found[1])):
        return b""
    whole = b"\n--%b--" % found[2] in data and b"\ncontent-" in data.lower()
    return found[2] if whole else b""


def _mended(part: Part, data: bytes, body: Body) -> tuple[str, str] | None:
    """What a part of parts holds whose header tells another boundary than stands in it, or none.
    Text above the first one is kept unless it speaks to programs: its own may have been lost."""
    found = _PARTING.search(data)
    if found is None or body.mended >= _MOST_MENDED:
        return None
    body.mended += 1
    told = b'Content-Type: %b; boundary="%b"\r\n' % (part.mime.encode(), found[1])
    root = parts(told + _NO_MORE + data[found.start() :], body.defects)
    if root is None or not root.children:
        return None
    text, html = _collect(root, body)
    above = "" if _TO_PROGRAMS.search(data, 0, found.start()) else decode(data[: found.start()])[0]
    return (f"{above.strip()}\n\n{text}" if above.strip() else text), html


def _leaf(part: Part, body: Body) -> tuple[str, str]:
    data = part.data or b""
    broken = part.mime.startswith("multipart/")  # its boundary never came
    if broken and (mended := _mended(part, data, body)) is not None:
        return mended
    body.parts.append(part)
    told = part.mime in _LETTERS or (part.mime in _TEXTS and not part.name)
    if not (told or broken) or part.disposition == "attachment" or names.sniffed(data):
        return _file(part, data, body)
    if part.name and (body.attachments or len(body.parts) > 1):
        return _file(part, data, body)
    if part.mime == "text/html":
        return "", _decoded(part, data, body)
    if b"begin " in data:
        data, files = plain.uuencoded_files(data)
        for name, content in files:
            _keep(Attachment(names.safe_name(name), names.mime(name), content), body)
    text = _decoded(part, data, body)
    if "flowed" in part.content_type.lower():
        deleted = _DELETED_SPACE.search(part.content_type) is not None
        text = plain.unflow(text, delete_space=deleted)
    return (plain.enriched(text) if part.mime in _ENRICHED else text), ""


def _decoded(part: Part, data: bytes, body: Body) -> str:
    declared = _CHARSET.search(part.content_type) if part.content_type else None
    charset = declared[1] if declared else parameter(part.content_type, "charset")
    if not charset and part.mime == "text/html" and (meta := _META_CHARSET.search(data[:2_000])):
        charset = meta[1].decode("ascii", "replace")
    if len(data) > body.unread and b"data:" in data:  # pictures may be most of it
        data = pictures.put_aside(data.decode("latin-1"), partial(_picture, body)).encode("latin-1")
    if len(data) > body.unread:
        body.defects.append("text_cut")
    data = data[: body.unread]
    body.unread -= len(data)
    text, defect = decode(data, charset)
    body.charset = body.charset or charset
    if defect:
        body.defects.append(defect)
    return text


def _file(part: Part, data: bytes, body: Body) -> tuple[str, str]:
    """Put a file aside. Outlook's envelope is opened instead, and its letter may be the text."""
    if data[:4] == tnef.BEGINS and (envelope := tnef.unpack(data, body.room)) is not None:
        if not envelope.whole:
            body.defects.append("tnef_cut")
        inner = (*tnef.letter_files(envelope, "body"), *envelope.files)
        for file in inner:
            mime = names.safe_mime(file.mime or names.mime(file.name))
            name = names.safe_name(file.name)
            _keep(Attachment(name, mime, file.data, file.content_id), body)
        if inner:
            seen = any(one.mime in _LETTERS and (one.data or b"").strip() for one in body.parts)
            return ("", "") if seen else (envelope.text, envelope.html)
    name = names.safe_name(part.name)
    if data[:6] == b"begin " and (found := plain.uudecoded(data)):
        name, data = name or names.safe_name(found[0]), found[1]
    kind = (part.mime in _LETTERS and names.sniffed(data)) or names.safe_mime(part.mime)
    name = name or names.numbered(names.made(part, data), [one.name for one in body.attachments])
    _keep(Attachment(name, kind, data, part.content_id), body)
    if part.mime in _RICH and not part.name and part.disposition != "attachment":
        return rtf.plain(data, body.room), ""
    return _signed(data, body) if part.mime in _SEALED else ("", "")


def _picture(body: Body, kind: str, data: bytes, content_id: str) -> None:
    """Put a picture aside that stood in the page."""
    part, taken = Part(names.safe_mime(kind), kind), [one.name for one in body.attachments]
    room = len(taken) < MOST_ATTACHMENTS
    name = names.numbered(names.made(part, data), taken) if room else ""
    _keep(Attachment(name, part.mime, data, content_id), body)


def _signed(data: bytes, body: Body) -> tuple[str, str]:
    """What stands within a signature, as if it stood beside it."""
    letter = opaque.letter(data)
    if letter is None or body.mended >= _MOST_MENDED:
        return "", ""
    body.mended += 1
    root = parts(letter, body.defects)
    return _collect(root, body) if root is not None else ("", "")


def _keep(attachment: Attachment, body: Body) -> None:
    if len(body.attachments) < MOST_ATTACHMENTS:
        body.attachments.append(attachment)
    elif "attachments_cut" not in body.defects:
        body.defects.append("attachments_cut")


# --- mails within the mail --------------------------------------------------------------------


def _forwarded(around: Body, depth: int) -> str:
    """What forwarded mails say, under a line that marks each as one. A report's original is none:
    it is what we wrote."""
    if depth >= DEEPEST or any(part.mime in _REPORTS for part in around.parts):
        return ""
    mails = [part.data or b"" for part in around.parts if part.mime in _MAILS]
    said = [_letter(mail, depth, around.room) for mail in mails[:_MOST_FORWARDED]]
    return "\n\n".join(filter(None, said))[:MOST_TEXT]


def _letter(data: bytes, depth: int, room: rtf.Room) -> str:
    if not data.strip() or len(data) > _LONGEST_FORWARDED:
        return ""
    found = headers.read(data)
    body = read(data, found, depth + 1, room)
    told = "\n\n".join(filter(None, (body.text.strip("\n"), body.forwarded)))
    if not told.strip():
        return ""
    written = [(name, found.text(name.lower())) for name in ("From", "Date", "Subject", "To")]
    lines = [f"{name}: {' '.join(value.split())[:500]}" for name, value in written if value]
    return "\n".join(("---------- Forwarded message ----------", *lines, "", told))
