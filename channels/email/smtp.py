"""Sending: one Outbound becomes one mail, byte for byte the same at every try, and goes out once.

What a failure means depends on where the line broke. Before the final dot nothing was sent; after
it, while the server's word is missing, nobody can know.
"""

import hashlib
import re
import smtplib
import socket
import ssl
from base64 import encodebytes
from datetime import UTC
from email.header import Header
from email.utils import format_datetime
from typing import Literal

from channels.contract import Attachment, Outbound, Receipt, Refused, Transient, Unknown

TIMEOUT = 60.0
_MOST_REFERENCES = 20
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029\ud800-\udfff]+")
_TEXT_UNWANTED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_ADDRESS = re.compile(r"[^\s<>\"(),:;\\@\x00-\x1f\x7f]{1,64}@[^\s<>\"(),:;\\@\x00-\x1f\x7f]{1,253}")
_ID = re.compile(r"<[\x21-\x3b\x3d\x3f-\x7e]{1,990}>")
_MIME = re.compile(r"[a-z0-9][a-z0-9.+-]*/[a-z0-9][a-z0-9.+-]*")
_AUTHENTICATION = frozenset({530, 534, 535, 538})

Security = Literal["tls", "starttls", "none"]


class Submission:
    """Where mail is handed in, and as whom."""

    def __init__(
        self, address: str, *, host: str, port: int, user: str, security: Security
    ) -> None:
        self.address = address
        self.host = host
        self.port = port
        self.user = user
        self.security = security

    def send(self, outbound: Outbound, password: str) -> Receipt:
        """Hand one mail over; raises Transient, Refused or Unknown."""
        recipient = _address(outbound.to.value)
        data = compose(outbound, self.address)
        sender = "" if outbound.automatic else _address(self.address)
        session = self._open(password)
        try:
            return _hand_over(session, sender, recipient, data)
        finally:
            _leave(session)

    def _open(self, password: str) -> smtplib.SMTP:
        try:
            session = self._connected()
        except smtplib.SMTPNotSupportedError as error:
            raise Refused(f"{self.host} offers no STARTTLS", channel_fault=True) from error
        except (OSError, smtplib.SMTPException) as error:
            raise Transient(f"no connection to {self.host}: {error}") from error
        try:
            session.ehlo_or_helo_if_needed()
            if self.user:
                session.login(self.user, password)
        except (OSError, smtplib.SMTPException, UnicodeError) as error:
            session.close()
            raise _at_login(error) from error
        return session

    def _connected(self) -> smtplib.SMTP:
        if self.security == "tls":
            return smtplib.SMTP_SSL(
                self.host, self.port, timeout=TIMEOUT, context=ssl.create_default_context()
            )
        session = smtplib.SMTP(self.host, self.port, timeout=TIMEOUT)
        if self.security == "starttls":
            try:
                session.starttls(context=ssl.create_default_context())
            except BaseException:
                session.close()
                raise
        return session


def _at_login(error: Exception) -> Transient | Refused:
    permanent = isinstance(error, (smtplib.SMTPNotSupportedError, UnicodeError)) or (
        isinstance(error, smtplib.SMTPResponseException) and error.smtp_code >= 500
    )
    if permanent:
        return Refused(f"the mail server refuses our login: {error}", channel_fault=True)
    return Transient(f"the mail server takes no login now: {error}")


def _hand_over(session: smtplib.SMTP, sender: str, recipient: str, data: bytes) -> Receipt:
    """MAIL, RCPT, DATA, dot. Written out, for smtplib does not say where the line broke."""
    try:
        options = [f"size={len(data)}"] if session.has_extn("size") else []
        if session.has_extn("8bitmime"):
            options.append("body=8bitmime")
        _check(session.mail(sender, options))
        _check(session.rcpt(recipient))
        _check(session.docmd("DATA"), expected=354)
        session.send(_dotted(data))
        if session.sock is None or _gave_up(session.sock):
            raise smtplib.SMTPServerDisconnected("the server closed in mid-mail")
    except (OSError, smtplib.SMTPException) as error:
        raise Transient(f"the line broke before the mail was out: {error}") from error
    try:
        # Some of this may be out when it fails, so from here on nobody can know.
        session.send(b".\r\n")
        code, said = session.getreply()
    except (OSError, smtplib.SMTPException) as error:
        raise Unknown(f"the line broke after the mail was out: {error}") from error
    if code < 0:
        raise Unknown("the server's answer after the mail was unreadable")
    _check((code, said))
    return Receipt(detail=f"{code} {_shown(said)}"[:500])


def _gave_up(sock: socket.socket) -> bool:
    """Whether the far side has already closed or spoken, unasked, before the final dot.

    It peeks below TLS, where a spoken word may be a session ticket: only an alert counts there.
    """
    patience = sock.gettimeout()
    sock.settimeout(0)
    try:
        waiting = socket.socket.recv(sock, 1, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    finally:
        sock.settimeout(patience)
    return waiting in (b"", b"\x15") or not isinstance(sock, ssl.SSLSocket)


def _check(reply: tuple[int, bytes], expected: int = 250) -> None:
    code, said = reply
    detail = f"{code} {_shown(said)}"[:500]
    if code == expected or (expected == 250 and 200 <= code < 300):
        return
    if code in _AUTHENTICATION:
        raise Refused(detail, channel_fault=True)
    if code >= 500:
        raise Refused(detail)
    raise Transient(detail)


def _leave(session: smtplib.SMTP) -> None:
    try:
        session.quit()
    except (OSError, smtplib.SMTPException):
        session.close()


def _shown(said: bytes) -> str:
    return " ".join(said.decode("utf-8", "replace").split())


def _dotted(data: bytes) -> bytes:
    return re.sub(rb"(?m)^\.", b"..", data)


# --- the mail itself ------------------------------------------------------------------------------


def compose(outbound: Outbound, address: str) -> bytes:
    """The whole mail, CRLF line ends, ASCII only. It depends on nothing but its arguments."""
    lines = _headers(outbound, address)
    if not outbound.attachments:
        return _joined(lines + _text_part(outbound.text))
    drawn = hashlib.sha256(outbound.message_id.encode("utf-8", "replace")).hexdigest()[:32]
    boundary = f"=_{drawn}"  # "=_" stands in no base64, and all parts are base64
    lines += [f'Content-Type: multipart/mixed; boundary="{boundary}"', ""]
    for part in (_text_part(outbound.text), *map(_file_part, outbound.attachments)):
        lines += [f"--{boundary}", *part]
    return _joined([*lines, f"--{boundary}--"])


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
        lines.append(f"Reply-To: {_address(outbound.reply_to)}")
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


def _text_part(text: str) -> list[str]:
    plain = _TEXT_UNWANTED.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return [
        'Content-Type: text/plain; charset="utf-8"',
        "Content-Transfer-Encoding: base64",
        "",
        *_base64(plain.replace("\n", "\r\n").encode()),
    ]


def _file_part(file: Attachment) -> list[str]:
    mime = file.mime.lower()
    if not _MIME.fullmatch(mime) or mime.startswith(("multipart/", "message/")):
        mime = "application/octet-stream"
    name = _CONTROL.sub(" ", file.name).strip()[:150] or "file"
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "._- ") else "_" for c in name)
    extended = "".join(
        chr(byte) if byte < 128 and chr(byte).isalnum() else f"%{byte:02X}"
        for byte in name.encode()
    )
    disposition = f'Content-Disposition: attachment; filename="{plain}"'
    if plain != name:
        disposition += f";\r\n filename*=utf-8''{extended}"
    return [
        f"Content-Type: {mime}",
        disposition,
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
    address = _address(address)
    if not plain:
        return address
    if plain.isascii() and "=?" not in plain:
        quoted = plain.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}" <{address}>'
    return f"{_words(plain, 'From')} <{address}>"


def _address(address: str) -> str:
    """An address that can stand in a header and in a command; raises Refused when it cannot."""
    local, at, domain = address.strip().rpartition("@")
    if not domain.isascii():
        try:
            domain = domain.encode("idna").decode("ascii")
        except UnicodeError as error:
            raise Refused("the address has no usable domain") from error
    whole = f"{local}{at}{domain}"
    if not (whole.isascii() and _ADDRESS.fullmatch(whole)):
        raise Refused("no mail can be sent to this address")
    return whole


def _id(written: str) -> str:
    stripped = written.strip()
    return stripped if _ID.fullmatch(stripped) else ""
