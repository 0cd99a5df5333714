"""From a mail's bytes to an Inbound, and to the identity it has for ever.

Nothing here raises, whatever the bytes are: what cannot be read is said in ``defects``, and the
message still carries what could be.
"""

import hashlib
import re
from collections.abc import Collection
from dataclasses import replace
from functools import lru_cache
from ipaddress import ip_address

from channels.contract import Bounce, Handle, Inbound, Verification
from channels.email import authentication, automatic, bounces, contents, dates, headers, returns
from channels.email.addresses import handles, shown_name, tokens
from channels.email.characters import words
from channels.email.headers import Headers

#: Stands above a mail of which the mailbox handed over its headers alone.
CUT_HEADER = "x-helpdesk-cut"
_MOST_IDS = 60
_LONGEST_ID = 500
_LONGEST_SUBJECT = 2_000
_ID = re.compile(r"<([^<>\s]+)>")
_LOOSE_ID = re.compile(r"<([^<>]+)>")
_OUR_LINES = 2
_LONGEST_LINE = 1_000
_TAKEN_FROM = re.compile(rb"\[(?:IPv6:)?([0-9a-fA-F:.]{7,45})\]")
_RECIPIENTS = ("to", "cc", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to")
_SENDERS = ("from", "sender", "reply-to", "return-path")
# Begins with one certain character, so that most of a mail's headers are passed over at once.
#: Something like an address behind the address.
_MORE = re.compile(r">[^<>\"(]*@|<[^<>]*<")
_TRACE = re.compile(
    rb"\n(?=[acdelrsx])(?:received(?:-spf)?|delivered-to|return-path|authentication-results"
    rb"|arc-[a-z-]+|envelope-to|delivery-date|status|content-length|lines"
    rb"|x-(?:received|original-to|envelope-(?:to|from)|delivered-to|google-smtp-source|gm-[a-z-]+"
    rb"|spam[a-z0-9_-]*|virus[a-z0-9-]*|rspamd[a-z0-9-]*|status|uidl?|keywords|imapbase))[ \t]*:"
    rb"[^\n]*(?:\n[ \t][^\n]*)*",
    re.IGNORECASE,
)


def remote_id(data: bytes) -> str:
    """What makes two copies of one mail the same: all of it but its way here and its line ends."""
    if b"\r" in data:
        data = b"\n".join(data.split(b"\r\n"))  # several times as quick as replacing
    start, end, after = headers.span(data)
    kept = _TRACE.sub(b"", b"\n" + data[start:end].rstrip(b"\n"))
    identity = hashlib.sha256(kept[1:] + b"\n" if kept else b"")
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
    signed_by: Collection[str] = (),
) -> Inbound:
    """Read a mail. The same bytes give the same Inbound; ``sent_at`` is what the sender claims.

    ``known_id`` spares working out the remote id of a mail that has had one since its fetch;
    ``signed_by`` are domains whose signature was found good then.
    """
    found, body = _read(headers.straight(data))
    senders, sure = _senders(found)
    sender = senders[0] if senders else Handle("email", "", shown_name(found.raw("from")))
    if not sender.value:
        body.defects.append("no_sender")
    why, bounce = _machine(found, body, sender.value, own_addresses)
    if body.forwarded and not bounce:
        body.text = "\n\n".join(filter(str.strip, (body.text.rstrip("\n"), body.forwarded)))
    trust = Verification.FAILED
    if sure:
        trust = authentication.verify(found, sender.value, authserv_id, signed_by)
    to, cc = handles(_joined(found, "to")), handles(_joined(found, "cc"))
    return Inbound(
        kind="email",
        account=account,
        remote_id=known_id or remote_id(data),
        sender=sender,
        text=body.text,
        subject=found.text("subject")[:_LONGEST_SUBJECT],
        html=body.html,
        sent_at=dates.moment(found.text("date")),
        message_id=_message_id(found),
        thread_ids=_thread_ids(found),
        tokens=_tokens(found),
        to=to,
        cc=cc,
        verification=trust,
        automatic=why,
        bounce=bounce,
        attachments=tuple(body.attachments),
        defects=tuple(dict.fromkeys(body.defects)),
        size=len(data),
        source=_source(found),
    )


def _machine(
    found: Headers, body: contents.Body, sender: str, own: Collection[str]
) -> tuple[str, Bounce | None]:
    """Why no machine may answer, and the report that the mail is."""
    bounce = bounces.read(found, body, sender)
    why = automatic.reason(found, body.parts, body.text, sender, own)
    came_back = returns.by_address(_named(found, returns.MARK))
    if came_back and bounce and not bounce.original_message_id:
        bounce = replace(bounce, original_message_id=came_back)
    if bounce and why != "own_mail":
        return "bounce", bounce
    return why or ("auto_submitted" if came_back else ""), bounce  # only machines answer envelopes


def _read(data: bytes) -> tuple[Headers, contents.Body]:
    found = headers.read(data)
    body = contents.read(data, found)
    if body.charset and not data[found.start : found.end].isascii():
        found = replace(found, hint=body.charset)
    if found.cut:
        body.defects.append("headers_cut")
    if CUT_HEADER in found.values:
        body.defects.append("too_large")
    return found, body


def _senders(found: Headers) -> tuple[tuple[Handle, ...], bool]:
    """Who wrote it, and whether that is for certain: one From header that names one person. A
    receiver may have checked another one than we would read of anything else."""
    for name in _SENDERS:
        if name in found.values and (people := handles(found.raw(name))):
            sure = name == "from" and len(people) == len(found.values[name]) == 1
            return people, sure and not _MORE.search(found.raw(name))
    return (), False


def _joined(found: Headers, name: str) -> str:
    return ", ".join(found.all(name)) if name in found.values else ""


def _named(found: Headers, mark: bytes) -> list[str]:
    """The headers of recipients in which a mark stands."""
    return [
        text
        for name in _RECIPIENTS
        if name in found.values and any(mark in value for value in found.values[name])
        for text in found.all(name)
    ]


def _tokens(found: Headers) -> tuple[str, ...]:
    written = _named(found, b"+t.")
    return tokens(word for text in written for word in re.split(r"[\s,;<>]+", text[:20_000]))


def _source(found: Headers) -> str:
    """The network address our receiver took the mail from: the first public one that the topmost
    lines of its way here name. Lines further down are whatever the sender wrote."""
    for line in found.values.get("received", ())[:_OUR_LINES]:
        for written in _TAKEN_FROM.findall(line[:_LONGEST_LINE].partition(b" by ")[0]):
            if address := _public(written):
                return address
    return ""


@lru_cache(maxsize=1_024)  # mail comes from the same few servers
def _public(written: bytes) -> str:
    """A network address as it is written best; empty when it is none or a private one."""
    try:
        address = ip_address(written.decode("ascii"))
    except ValueError:
        return ""
    return str(address) if address.is_global else ""


def _message_id(found: Headers) -> str:
    written = words(found.raw("message-id"))  # some servers encode a long one
    if not written:
        return ""
    matched = _ID.search(written) or _LOOSE_ID.search(written)
    inner = "".join((matched[1] if matched else written.strip("<>\"' ")).split())
    return f"<{inner[:_LONGEST_ID]}>" if inner else ""


def ids(written: str) -> list[str]:
    """The ids that a header names; without angle brackets what has an "@" is taken for one."""
    read = words(written)
    return _ID.findall(read) or [one for one in read.replace(",", " ").split() if "@" in one[1:-1]]


def _thread_ids(found: Headers) -> tuple[str, ...]:
    """Nearest first: In-Reply-To, then References from its end."""
    if "in-reply-to" not in found.values and "references" not in found.values:
        return ()
    answered = ids(found.raw("in-reply-to"))[:_MOST_IDS]
    chain = ids(found.raw("references"))[-_MOST_IDS:]
    named = [f"<{one}>" for one in (*answered, *reversed(chain)) if len(one) <= _LONGEST_ID]
    return tuple(dict.fromkeys(named))
