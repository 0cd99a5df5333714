"""Delivery reports about mail of ours: RFC 3464, and the letters servers write instead."""

import re
from collections.abc import Iterable

from channels.contract import Bounce
from channels.email import headers as header_lines
from channels.email.characters import decode
from channels.email.contents import Body
from channels.email.headers import Headers
from channels.email.structure import Part

_LONGEST = 100_000
_REPORTS = ("message/delivery-status", "message/global-delivery-status")
_ORIGINALS = ("message/rfc822", "message/global", "text/rfc822-headers", "message/rfc822-headers")
_FIELD = re.compile(r"^([A-Za-z-]+)[ \t]*:[ \t]*(.*(?:\n[ \t]+.*)*)", re.MULTILINE)
_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_REPLY = re.compile(r"(?<![\d.:/-])([45][0-5]\d)(?=[ \-#:])(?!\s*(?:KB|MB|bytes))")
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")
_MESSAGE_ID = re.compile(r"^Message-ID\s*:\s*(<[^<>\s]+>)", re.IGNORECASE | re.MULTILINE)
_DAEMON = re.compile(
    r"(?:mailer[-_.]?daemon|postmaster|mail[-_.]?daemon|mailerdaemon|mdaemon|double-bounce|mmdf"
    r"|mail[-_. ]?delivery|bounce)",
    re.IGNORECASE,
)
_SUBJECT = re.compile(
    r"undeliver|returned mail|return(?:ed|ing) (?:to sender|message)|failure notice"
    r"|退信|投递失败|投遞失敗"
    r"|无法投递|無法傳遞|无法送达"
    r"|delivery (?:status notification|fail|has failed|problem|error|report|unsucc)"
    r"|(?:mail|message|email)\s+(?:delivery\s+)?"
    r"(?:fail|error|could not|not deliver|undeliver|system error)"
    r"|mail delivery|could not (?:be )?deliver|nondeliver|non[- ]deliver|not (?:be )?delivered"
    r"|unzustellbar|non remis|no se (?:ha )?pud|message delayed|warning: could not send|rejected"
    r"|unknown (?:user|address)|配信|エラーメール|delivery notification|message status",
    re.IGNORECASE,
)
_SAYS = re.compile(
    r"could(?: not|n't) be delivered|(?:was|were) not delivered|unable to deliver|undeliverable"
    r"|permanent (?:fatal )?error|user unknown|unknown user"
    r"|no such user|mailbox (?:is )?(?:full|unavailable)"
    r"|quota|recipient(?:'s)? address (?:was )?rejected"
    r"|does not exist|delivery (?:to|has) .{0,80}fail"
    r"|following (?:address|recipient|mail)|not (?:be )?deliver"
    r"|account .{0,40}(?:disabled|not)|undelivered"
    r"|(?:message|mail|delivery).{0,60}(?:failed|delayed|returned|rejected|refused|could ?n.t)"
    r"|退信|收件人.{0,20}(?:不存在|拒|满)|无法投递|无法送达|投递失败|被退回|配信できません",
    re.IGNORECASE | re.DOTALL,
)
_ORIGINAL_BEGINS = re.compile(
    r"^(?:-{2,}.*(?:original|copy|returned|undelivered|unsent|below).*|received:\s+(?:from|by)\s.*"
    r"|return-path:.*|.*(?:original message|copy of (?:the|your) message|message header).*:?)$",
    re.IGNORECASE | re.MULTILINE,
)
#: Enhanced codes for what servers say without one (RFC 3463).
_MEANT = (
    (
        re.compile(
            r"quota|mailbox (?:is )?full|over ?quota|exceed.{0,40}(?:storage|space)|已满",
            re.IGNORECASE,
        ),
        "2.2",
    ),
    (re.compile(r"(?:disabled|inactive|suspended|expired|discontinued)", re.IGNORECASE), "2.1"),
    (
        re.compile(
            r"(?:user|mailbox|recipient|address|account|alias).{0,60}"
            r"(?:unknown|not found|no such"
            r"|doesn.t exist|does not exist|not exist|not listed|invalid|unavailable)"
            r"|(?:unknown|no such|invalid).{0,20}"
            r"(?:user|mailbox|recipient|address|account|alias)|不存在",
            re.IGNORECASE | re.DOTALL,
        ),
        "1.1",
    ),
    (
        re.compile(
            r"host (?:unknown|not found)|domain (?:name )?(?:not found|unknown)|name or service",
            re.IGNORECASE,
        ),
        "1.2",
    ),
    (
        re.compile(r"too (?:large|big)|size (?:limit|exceed)|exceeds.{0,30}size", re.IGNORECASE),
        "3.4",
    ),
    (
        re.compile(
            r"relay(?:ing)? (?:access )?denied|spam|blocked|blacklist|policy|prohibited|拒",
            re.IGNORECASE,
        ),
        "7.1",
    ),
    (re.compile(r"loop|too many hops", re.IGNORECASE), "4.6"),
    (re.compile(r"timed? ?out|timeout|expired|too long|connection", re.IGNORECASE), "4.7"),
)
_DELIVERY = frozenset({"action", "status", "final-recipient"})
_FAILED = ("failed", "failure", "delayed")


def read(headers: Headers, body: Body, sender: str) -> Bounce | None:
    """The report a mail is, or None. A mail that only speaks of delivery is none."""
    reports = [part for part in body.parts if part.mime in _REPORTS]
    groups = [fields for fields in _groups(reports) if not _DELIVERY.isdisjoint(fields)]
    if groups:
        return _standard(groups, body)
    return _letter(headers, body, sender) if _suspect(headers, body, sender) else None


# --- RFC 3464 -----------------------------------------------------------------------------------


def _standard(groups: list[dict[str, str]], body: Body) -> Bounce | None:
    failed = [fields for fields in groups if _failed(fields)]
    if not failed:
        return None
    recipients = dict.fromkeys(filter(None, map(_recipient, failed)))
    status = next(filter(None, map(_status, failed)), "")
    if not status or status.endswith(".0.0"):
        status = _exact(status, body.text[:_LONGEST])
    reasons = (_line(fields.get("diagnostic-code", "")) for fields in failed)
    return Bounce(
        tuple(recipients),
        status,
        not status.startswith("4"),
        next(filter(None, reasons), _line(body.text)),
        _original_id(body),
    )


def _failed(fields: dict[str, str]) -> bool:
    action = fields.get("action", "").lower()
    return not action or action.startswith(_FAILED)


def _groups(reports: list[Part]) -> Iterable[dict[str, str]]:
    for report in reports[:20]:
        text, _ = decode((report.data or b"")[:_LONGEST])
        for group in re.split(r"\n[ \t]*\n", text)[:200]:
            yield {name.lower(): " ".join(value.split()) for name, value in _FIELD.findall(group)}


def _recipient(fields: dict[str, str]) -> str:
    for name in ("final-recipient", "original-recipient", "x-actual-recipient"):
        found = _ADDRESS.search(fields.get(name, "").partition(";")[2] or fields.get(name, ""))
        if found:
            return found[0]
    return ""


def _status(fields: dict[str, str]) -> str:
    """The far server's own code where there is one; the sending server only sums it up."""
    own = _STATUS.search(fields.get("status", ""))
    said = _STATUS.search(fields.get("diagnostic-code", ""))
    if own and said and said[1] == own[1] and not said[0].endswith(".0.0"):
        return said[0]
    found = own or said
    if found:
        return found[0]
    return "4.0.0" if fields.get("action", "").lower().startswith("delayed") else ""


def _exact(status: str, text: str) -> str:
    """What the letter says more exactly than ``5.0.0``."""
    for found in _STATUS.finditer(text):
        if not found[0].endswith(".0.0") and found[1] == (status[:1] or found[1]):
            return found[0]
    return status or _meant(text)


# --- letters of servers that know no standard -----------------------------------------------------


def _suspect(headers: Headers, body: Body, sender: str) -> bool:
    if "x-failed-recipients" in headers.values:
        return True
    daemon = bool(_DAEMON.search(sender)) or bool(_DAEMON.search(headers.raw("from")))
    null = headers.raw("return-path") == "<>" or "report-type" in headers.raw("content-type")
    if sender and not (daemon or null):
        return False
    subject = bool(_SUBJECT.search(headers.text("subject")))
    if not (daemon or null or subject):
        return False
    says = bool(_SAYS.search(body.text[:_LONGEST]))
    return daemon + null + subject + says >= 2 and (subject or says)


def _letter(headers: Headers, body: Body, sender: str) -> Bounce:
    text = body.text[:_LONGEST]
    begins = _ORIGINAL_BEGINS.search(text, 40)
    told = text[: begins.start()] if begins else text
    failed = headers.raw("x-failed-recipients")
    addresses = _ADDRESS.findall(failed) or _ADDRESS.findall(told) or _ADDRESS.findall(text)
    ours = {sender.lower(), *(found.lower() for found in _ADDRESS.findall(headers.raw("to")))}
    recipients = tuple(
        dict.fromkeys(
            address
            for address in addresses
            if address.lower() not in ours and not _DAEMON.match(address)
        )
    )
    status = _meant(told) or _meant(text)
    return Bounce(
        recipients[:50], status, not status.startswith("4"), _line(told), _original_id(body)
    )


def _meant(text: str) -> str:
    if found := _STATUS.search(text):
        return found[0]
    reply = _REPLY.search(text)
    kind = reply[1][0] if reply else "5"
    for pattern, detail in _MEANT:
        if pattern.search(text):
            return f"{'4' if detail == '4.7' and not reply else kind}.{detail}"
    return f"{kind}.0.0" if reply else ""


def _original_id(body: Body) -> str:
    for part in body.parts:
        if part.mime in _ORIGINALS:
            found = re.search(r"<[^<>\s]+>", header_lines.read(part.data or b"").raw("message-id"))
            if found:
                return found[0]
    found = _MESSAGE_ID.search(body.text[:_LONGEST])
    return found[1] if found else ""


def _line(text: str) -> str:
    return " ".join(text.split())[:500]
