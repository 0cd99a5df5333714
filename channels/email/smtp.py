"""Sending: one Outbound goes out once, as the mail that ``compose`` makes of it.

What a failure means depends on where the line broke. Before the final dot nothing was sent; after
it, while the server's word is missing, nobody can know.
"""

import re
import smtplib
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Literal

from channels.contract import Outbound, Receipt, Refused, Transient, Unknown
from channels.email import returns
from channels.email.compose import address_of, compose

TIMEOUT = 60.0
#: So many different recipients refused in a row in the same words are no mistake of theirs.
_TOO_MANY = 5
#: A mailbox or a domain that is not there (RFC 3463): anybody may leave five of these in a form.
_NO_MAILBOX = re.compile(r"\d{3} 5\.(?:1\.(?:[1-6]|10)|2\.\d{1,3})\b")
_TOO_LARGE = 552
_AUTHENTICATION = frozenset({530, 534, 535, 538})

Security = Literal["tls", "starttls", "none"]


class RecipientRefused(Refused):
    """It is the recipient that the server will not have."""


class Refusals:
    """Recipients that a server refused one after another in the same words: so many are no mistake
    of theirs, it refuses us. Lives as long as its mailbox; may be shared by threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._words = ""
        self._whom: set[str] = set()

    def add(self, recipient: str, detail: str) -> bool:
        """One more was refused; whether that is the channel's fault by now."""
        if _NO_MAILBOX.match(detail):
            return False
        words = re.sub(r"\S+@\S+", "", detail)
        with self._lock:
            if words != self._words:
                self._words, self._whom = words, set()
            self._whom.add(recipient.lower())
            return len(self._whom) >= _TOO_MANY

    def end(self) -> None:
        """One was taken."""
        with self._lock:
            self._words, self._whom = "", set()


class _Waiting:
    """Waits no longer for the whole of an answer than for a word of it: a server that says it drop
    by drop would hold the line for days."""

    sock: Any

    def getreply(self) -> tuple[int, bytes]:
        """One answer; the line is cut where it does not end in time."""
        timer = threading.Timer(TIMEOUT, _cut, [self])
        timer.daemon = True
        timer.start()
        try:
            return super().getreply()  # type: ignore[misc, no-any-return]  # of the class beside
        finally:
            timer.cancel()


class _Line(_Waiting, smtplib.SMTP):
    """A line that begins in the clear."""


class _TlsLine(_Waiting, smtplib.SMTP_SSL):
    """A line that is sealed from the first byte."""


def _cut(line: _Waiting) -> None:
    with suppress(OSError):
        # Not the method of a sealed line, which waits for the other side's farewell.
        socket.socket.shutdown(line.sock, socket.SHUT_RDWR)


class Submission:
    """Where mail is handed in, and as whom."""

    def __init__(
        self,
        address: str,
        *,
        host: str,
        port: int,
        user: str,
        security: Security,
        tagged: bool = False,
    ) -> None:
        self.address = address
        self.host = host
        self.port = port
        self.user = user
        self.security = security
        self.tagged = tagged

    def send(
        self, outbound: Outbound, password: str, token: Callable[[str], str] | None = None
    ) -> Receipt:
        """Hand one mail over; raises Transient, Refused or Unknown. ``token`` lends a token instead
        of the password, and another one when it is told which was refused."""
        recipient = address_of(outbound.to.value)
        data = compose(outbound, self.address)
        sender = "" if outbound.automatic else address_of(self.address)
        if sender and self.tagged:
            sender = returns.address(sender, outbound.message_id)
        session = self._open(password) if token is None else self._open_by(token)
        try:
            return _hand_over(session, sender, recipient, data, outbound.message_id)
        finally:
            _leave(session)

    def log_in(self, password: str, token: Callable[[str], str] | None = None) -> None:
        """Log in and go again; raises Transient or Refused."""
        _leave(self._open(password) if token is None else self._open_by(token))

    def _open_by(self, token: Callable[[str], str]) -> smtplib.SMTP:
        first = token("")
        try:
            return self._open(first, bearer=True)
        except Refused:
            return self._open(token(first), bearer=True)

    def _open(self, password: str, *, bearer: bool = False) -> smtplib.SMTP:
        try:
            session = self._connected()
        except smtplib.SMTPNotSupportedError as error:
            raise Refused(f"{self.host} offers no STARTTLS", channel_fault=True) from error
        except (OSError, smtplib.SMTPException) as error:
            raise Transient(f"no connection to {self.host}: {error}") from error
        try:
            session.ehlo_or_helo_if_needed()
            if bearer:
                said = f"user={self.user}\1auth=Bearer {password}\1\1"
                session.auth("XOAUTH2", lambda challenge=None: "" if challenge else said)
            elif self.user:
                session.login(self.user, password)
        except (OSError, smtplib.SMTPException, UnicodeError) as error:
            session.close()
            raise _at_login(error) from error
        return session

    def _connected(self) -> smtplib.SMTP:
        # Left alone, smtplib asks the name service who we are, which may take longer than a lease.
        name, place = socket.gethostname(), (self.host, self.port)
        session: smtplib.SMTP
        if self.security == "tls":
            context = ssl.create_default_context()
            session = _TlsLine(*place, name, timeout=TIMEOUT, context=context)
        else:
            session = _Line(*place, name, timeout=TIMEOUT)
        if "." not in name and session.sock is not None:
            session.local_hostname = _literal(session.sock.getsockname()[0])
        if self.security == "starttls":
            try:
                session.starttls(context=ssl.create_default_context())
            except BaseException:
                session.close()
                raise
        return session


def _literal(address: str) -> str:
    """An address where a name belongs (RFC 5321, 4.1.3)."""
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


def _at_login(error: Exception) -> Transient | Refused:
    permanent = isinstance(error, (smtplib.SMTPNotSupportedError, UnicodeError)) or (
        isinstance(error, smtplib.SMTPResponseException) and error.smtp_code >= 500
    )
    if permanent:
        return Refused(f"the mail server refuses our login: {error}", channel_fault=True)
    return Transient(f"the mail server takes no login now: {error}")


def _hand_over(
    session: smtplib.SMTP, sender: str, recipient: str, data: bytes, message_id: str
) -> Receipt:
    """MAIL, RCPT, DATA, dot. Written out, for smtplib does not say where the line broke."""
    try:
        options = [f"size={len(data)}"] if session.has_extn("size") else []
        if session.has_extn("8bitmime"):
            options.append("body=8bitmime")
        reported = session.has_extn("dsn")
        if reported:
            options += ["ret=hdrs", *returns.envelope_id(message_id)]
        _check_sender(session.mail(sender, options), sender)
        _check_recipient(session.rcpt(recipient, _reports(sender, recipient) if reported else []))
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
    if not 200 <= code < 600:  # also one that was cut within its number
        raise Unknown("the server's answer after the mail was unreadable")
    _check((code, said))
    return Receipt(detail=f"{code} {_shown(said)}"[:500])


def _reports(sender: str, recipient: str) -> list[str]:
    """Ask to be told when it fails or is late (RFC 3461); of what a machine said, nothing."""
    if not sender:
        return ["notify=never"]
    return [
        "notify=failure,delay",
        f"orcpt=rfc822;{recipient.replace('+', '+2B').replace('=', '+3D')}",
    ]


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


def _check_sender(reply: tuple[int, bytes], sender: str) -> None:
    """Who may not send as the desk's address may send nothing; but what is too large, or has no
    sender because a machine wrote it, is refused alone."""
    try:
        _check(reply)
    except Refused as fault:
        if sender and reply[0] != _TOO_LARGE and not fault.channel_fault:
            raise Refused(str(fault), channel_fault=True) from fault
        raise


def _check_recipient(reply: tuple[int, bytes]) -> None:
    try:
        _check(reply)
    except Refused as fault:
        if fault.channel_fault:
            raise
        raise RecipientRefused(str(fault)) from fault


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
