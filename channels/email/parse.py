"""From a mail's bytes to an Inbound, and to the identity it has for ever.

Nothing here raises, whatever the bytes are: what cannot be read is said in ``defects``, and the
message still carries what could be.
"""

import hashlib
import re
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from channels.contract import Handle, Inbound
from channels.email import authentication, automatic, bounces, contents, headers
from channels.email.addresses import handles, shown_name, tokens
from channels.email.headers import Headers

#: Stands above a mail of which the mailbox handed over its headers alone.
CUT_HEADER = "x-helpdesk-cut"
_MOST_IDS = 60
_LONGEST_ID = 500
_LONGEST_SUBJECT = 2_000
_ID = re.compile(r"<([^<>\s]+)>")
_RECIPIENTS = ("to", "cc", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to")
_SENDERS = ("from", "sender", "reply-to", "return-path")
_TRACE = re.compile(
    rb"^(?=[acdelrsx])(?:received(?:-spf)?|delivered-to|return-path|authentication-results"
    rb"|arc-[a-z-]+|envelope-to|delivery-date|status|content-length|lines"
    rb"|x-(?:received|original-to|envelope-(?:to|from)|delivered-to|google-smtp-source|gm-[a-z-]+"
    rb"|spam[a-z0-9_-]*|virus[a-z0-9-]*|rspamd[a-z0-9-]*|status|uidl?|keywords|imapbase))[ \t]*:"
    rb"[^\n]*(?:\n[ \t][^\n]*)*\n?",
    re.IGNORECASE | re.MULTILINE,
)


def remote_id(data: bytes) -> str:
    """What makes two copies of one mail the same: all of it but its way here and its line ends."""
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n")
    start, end, after = headers.span(data)
    identity = hashlib.sha256(_TRACE.sub(b"", data[start:end].rstrip(b"\n") + b"\n"))
    identity.update(b"\n")
    identity.update(data[after:].rstrip(b"\n"))
    return identity.hexdigest()


def parse_mail(
    data: bytes,
    *,
    account: str,
    own_addresses: Collection[str] = (),
    authserv_id: str = "",
    known_id: str = "",
) -> Inbound:
    """Read a mail. The same bytes give the same Inbound; ``sent_at`` is what the sender claims.

    ``known_id`` spares working out the remote id of a mail that has had one since its fetch.
    """
    found, body = _read(data)
    senders = _senders(found)
    sender = senders[0] if senders else Handle("email", "", shown_name(found.raw("from")))
    if not sender.value:
        body.defects.append("no_sender")
    bounce = bounces.read(found, body, sender.value)
    why = automatic.reason(found, body.parts, body.text, sender.value, own_addresses)
    if bounce and why != "own_mail":
        why = "bounce"
    if body.forwarded and not bounce:
        body.text = "\n\n".join(filter(str.strip, (body.text.rstrip("\n"), body.forwarded)))
    alone = sender.value if len(senders) == 1 else ""
    to, cc = handles(_joined(found, "to")), handles(_joined(found, "cc"))
    return Inbound(
        kind="email",
        account=account,
        remote_id=known_id or remote_id(data),
        sender=sender,
        text=body.text,
        subject=found.text("subject")[:_LONGEST_SUBJECT],
        html=body.html,
        sent_at=_moment(found.raw("date")),
        message_id=_message_id(found),
        thread_ids=_thread_ids(found),
        tokens=_tokens(found),
        to=to,
        cc=cc,
        verification=authentication.verify(found, alone, authserv_id),
        automatic=why,
        bounce=bounce,
        attachments=tuple(body.attachments),
        defects=tuple(dict.fromkeys(body.defects)),
        size=len(data),
    )


def _read(data: bytes) -> tuple[Headers, contents.Body]:
    found = headers.read(data)
    body = contents.read(data, found.start, found.end)
    if body.charset and not data[found.start : found.end].isascii():
        found = replace(found, hint=body.charset)
    if found.cut:
        body.defects.append("headers_cut")
    if CUT_HEADER in found.values:
        body.defects.append("too_large")
    return found, body


def _senders(found: Headers) -> tuple[Handle, ...]:
    for name in _SENDERS:
        if name in found.values and (people := handles(found.raw(name))):
            return people
    return ()


def _joined(found: Headers, name: str) -> str:
    return ", ".join(found.all(name)) if name in found.values else ""


def _tokens(found: Headers) -> tuple[str, ...]:
    written = [text for name in _RECIPIENTS for text in found.all(name) if "+t." in text]
    return tokens(word for text in written for word in re.split(r"[\s,;<>]+", text[:20_000]))


def _message_id(found: Headers) -> str:
    written = found.raw("message-id")
    if not written:
        return ""
    matched = _ID.search(written)
    inner = matched[1] if matched else "".join(written.strip("<> ").split())
    return f"<{inner[:_LONGEST_ID]}>" if inner else ""


def _thread_ids(found: Headers) -> tuple[str, ...]:
    """Nearest first: In-Reply-To, then References from its end."""
    if "in-reply-to" not in found.values and "references" not in found.values:
        return ()
    answered = _ID.findall(found.raw("in-reply-to"))
    chain = _ID.findall(found.raw("references"))[-_MOST_IDS:]
    ids = [
        f"<{one}>" for one in (*answered[:_MOST_IDS], *reversed(chain)) if len(one) <= _LONGEST_ID
    ]
    return tuple(dict.fromkeys(ids))


def _moment(written: str) -> datetime | None:
    if not written:
        return None
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            moment = read(written[:100])
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
    return None
