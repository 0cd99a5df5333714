"""The mail an Outbound is: the same bytes at every try, text and HTML of one meaning."""

import hashlib
import html
import re
from base64 import encodebytes
from datetime import UTC
from email.header import Header
from email.utils import format_datetime

import idna

from channels.contract import Attachment, Outbound, Refused

_MOST_REFERENCES = 20
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029\ud800-\udfff]+")
_TEXT_UNWANTED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_ADDRESS = re.compile(r"[^\s<>\"(),:;\\@\x00-\x1f\x7f]{1,64}@[^\s<>\"(),:;\\@\x00-\x1f\x7f]{1,253}")
_ID = re.compile(r"<[\x21-\x3b\x3d\x3f-\x7e]{1,990}>")
_MIME = re.compile(r"[a-z0-9][a-z0-9.+-]*/[a-z0-9][a-z0-9.+-]*")
#: What may stand inside a mail as a picture.
INLINE = ("image/png", "image/jpeg", "image/gif", "image/webp")
_CONTENT_ID = re.compile(r"[A-Za-z0-9._-]{1,100}@[A-Za-z0-9.-]{1,100}")
_LINK = re.compile(r"https?://[^\s<>\"'\uff08\uff09\u3000-\u303f\uff0c\uff1b]{1,2000}")
_AFTER_LINK = ".,;:!?)]}'\""
_STYLE = (
    "font:15px/1.6 system-ui,-apple-system,'Segoe UI','PingFang SC','Microsoft YaHei',sans-serif;"
    "color:#1b2330"
)


def compose(outbound: Outbound, address: str) -> bytes:
    """The whole mail, CRLF line ends, ASCII only. It depends on nothing but its arguments."""
    drawn = hashlib.sha256(outbound.message_id.encode("utf-8", "replace")).hexdigest()[:32]
    inside = [one for one in outbound.attachments if _is_inside(one)]
    beside = [one for one in outbound.attachments if not _is_inside(one)]
    shown = _html_part(outbound, inside)
    if inside:
        pictures = [_file_part(one, "inline") for one in inside]
        shown = _multipart("related", f"=_r{drawn}", [shown, *pictures])
    letter = _multipart("alternative", f"=_a{drawn}", [_text_part(_whole(outbound)), shown])
    if beside:
        files = [_file_part(one, "attachment") for one in beside]
        letter = _multipart("mixed", f"=_m{drawn}", [letter, *files])
    return _joined(_headers(outbound, address) + letter)


def _multipart(kind: str, boundary: str, parts: list[list[str]]) -> list[str]:
    """Parts under one header; "=_" stands in no base64, and all that is not ours is base64."""
    lines = [f'Content-Type: multipart/{kind}; boundary="{boundary}"', ""]
    for part in parts:
        lines += [f"--{boundary}", *part]
    return [*lines, f"--{boundary}--"]


def _joined(lines: list[str]) -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode("ascii")


def _headers(outbound: Outbound, address: str) -> list[str]:
    message_id = _id(outbound.message_id)
    if not message_id:
        raise Refused("the mail has no usable Message-ID")
    lines = [
        f"From: {_mailbox(outbound.sender_name, address)}",
        f"To: {_mailbox(outbound.to.name, outbound.to.value)}",
        f"Subject: {_words(outbound.subject, 'Subject')}",
        f"Date: {format_datetime(outbound.created_at.astimezone(UTC))}",
        f"Message-ID: {message_id}",
        "MIME-Version: 1.0",
        f"X-Helpdesk-Router: {'automatic' if outbound.automatic else 'agent'}",
    ]
    if outbound.reply_to:
        lines.append(f"Reply-To: {address_of(outbound.reply_to)}")
    if outbound.locale.isascii() and outbound.locale.replace("-", "").isalnum():
        lines.append(f"Content-Language: {outbound.locale[:20]}")
    thread = [one for one in map(_id, outbound.thread_ids) if one]
    if thread:
        lines.append(f"In-Reply-To: {thread[0]}")
        lines.append("References: " + "\r\n ".join(_chain(thread)))
    if outbound.automatic:
        lines.append("Auto-Submitted: auto-replied")
        lines.append("X-Auto-Response-Suppress: All")
    return lines


def _chain(nearest_first: list[str]) -> list[str]:
    """Oldest first, as References want it; of a long chain the first and the last twenty."""
    chain = list(dict.fromkeys(reversed(nearest_first)))
    return chain if len(chain) <= _MOST_REFERENCES else [chain[0], *chain[-_MOST_REFERENCES:]]


def _whole(outbound: Outbound) -> str:
    """The text with the signature under the line that mail programs know it by (RFC 3676)."""
    text, signature = _plain(outbound.text), _plain(outbound.signature).strip("\n")
    return f"{text.rstrip()}\n\n-- \n{signature}\n" if signature else text


def _plain(text: str) -> str:
    return _TEXT_UNWANTED.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _text_part(text: str, kind: str = "plain") -> list[str]:
    return [
        f'Content-Type: text/{kind}; charset="utf-8"',
        "Content-Transfer-Encoding: base64",
        "",
        *_base64(text.replace("\n", "\r\n").encode()),
    ]


def _html_part(outbound: Outbound, inside: list[Attachment]) -> list[str]:
    """The same letter for programs that show HTML: every word escaped, links made links."""
    paragraphs = re.split(r"\n{2,}", _plain(outbound.text).strip("\n"))
    body = "\n".join(f"<p>{_linked(one)}</p>" for one in paragraphs)
    for one in inside:
        alt = html.escape(_CONTROL.sub(" ", one.name))
        body += f'\n<p><img src="cid:{one.content_id}" alt="{alt}" style="max-width:100%"></p>'
    if outbound.signature.strip():
        signature = _linked(_plain(outbound.signature).strip("\n"))
        body += f'\n<p style="color:#5a6573">-- <br>{signature}</p>'
    locale = html.escape(outbound.locale[:20])
    page = (
        f'<!doctype html>\n<html lang="{locale}"><head><meta charset="utf-8"></head>\n'
        f'<body style="{_STYLE}">\n{body}\n</body></html>\n'
    )
    return _text_part(page, "html")


def _linked(text: str) -> str:
    """Escaped, line ends kept, web addresses made links."""
    shown, place = "", 0
    for found in _LINK.finditer(text):
        address = found[0].rstrip(_AFTER_LINK)
        escaped = html.escape(address)
        shown += html.escape(text[place : found.start()]) + f'<a href="{escaped}">{escaped}</a>'
        place = found.start() + len(address)
    return (shown + html.escape(text[place:])).replace("\n", "<br>\n")


def _is_inside(file: Attachment) -> bool:
    return file.mime.lower() in INLINE and _CONTENT_ID.fullmatch(file.content_id) is not None


def _file_part(file: Attachment, how: str) -> list[str]:
    mime = file.mime.lower()
    if not _MIME.fullmatch(mime) or mime.startswith(("multipart/", "message/")):
        mime = "application/octet-stream"
    name = _CONTROL.sub(" ", file.name).strip()[:150] or "file"
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "._- ") else "_" for c in name)
    extended = "".join(
        chr(byte) if byte < 128 and chr(byte).isalnum() else f"%{byte:02X}"
        for byte in name.encode()
    )
    disposition = f'Content-Disposition: {how}; filename="{plain}"'
    if plain != name:
        disposition += f";\r\n filename*=utf-8''{extended}"
    return [
        f"Content-Type: {mime}",
        disposition,
        *([f"Content-ID: <{file.content_id}>"] if how == "inline" else []),
        "Content-Transfer-Encoding: base64",
        "",
        *_base64(file.data),
    ]


def _base64(data: bytes) -> list[str]:
    return encodebytes(data).decode("ascii").splitlines()


def _words(text: str, header: str) -> str:
    """A header's text as encoded words where it needs them, folded; no line of it is a header."""
    plain = " ".join(_CONTROL.sub(" ", text).split())
    if plain.isascii() and "=?" not in plain and len(plain) <= 900:
        return plain
    return Header(plain, "utf-8", header_name=header).encode(linesep="\r\n")


def _mailbox(name: str, address: str) -> str:
    plain = " ".join(_CONTROL.sub(" ", name).split())[:200]
    address = address_of(address)
    if not plain:
        return address
    if plain.isascii() and "=?" not in plain:
        quoted = plain.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}" <{address}>'
    return f"{_words(plain, 'From')} <{address}>"


def address_of(address: str) -> str:
    """An address that can stand in a header and in a command; raises Refused when it cannot."""
    local, at, domain = address.strip().rpartition("@")
    if not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True).decode("ascii")
        except UnicodeError as error:
            raise Refused("the address has no usable domain") from error
    whole = f"{local}{at}{domain}"
    if not (whole.isascii() and _ADDRESS.fullmatch(whole)):
        raise Refused("no mail can be sent to this address")
    return whole


def _id(written: str) -> str:
    stripped = written.strip()
    return stripped if _ID.fullmatch(stripped) else ""
