"""Delivery reports about mail of ours: RFC 3464, and the letters servers write instead."""

import json
import re
from collections.abc import Iterable

from channels.contract import Bounce
from channels.email import contents, returns
from channels.email import headers as header_lines
from channels.email.addresses import shown_name
from channels.email.characters import decode
from channels.email.contents import Body
from channels.email.headers import Headers
from channels.email.structure import Part

_LONGEST = 100_000
_LONGEST_LINE = 5_000
_REPORTS = ("message/delivery-status", "message/global-delivery-status")
_ORIGINALS = ("message/rfc822", "message/global", "text/rfc822-headers", "message/rfc822-headers")
_WRAPPED = re.compile(
    rb"^Content-Type:[ \t]*message/(?:global-)?delivery-status", re.IGNORECASE | re.MULTILINE
)
_FIELD = re.compile(r"^([A-Za-z-]+)[ \t]*:[ \t]*(.*(?:\n[ \t]+.*)*)", re.MULTILINE)
_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_REPLY = re.compile(r"(?<![\d.:/-])([45][0-5]\d)(?=[ \-#:\])])(?!\s*(?:KB|MB|bytes))")
_ADDRESS = re.compile(
    r"(?:(?<=SMTP=)|(?<![A-Za-z0-9.!#$%&*+/=?^_`{|}~-]))(?!SMTP=)"
    r"[A-Za-z0-9!#$%&*+/=?^_`{|}~-][A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{0,80}"
    r"@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,8}"
)
_ADDRESS_ABROAD = re.compile(r"[^\s<>;,@]{1,80}@[^\s<>;,@]{1,255}")
#: How a server writes "+" and "=" of an address it was given (RFC 3461); others are somebody's tag.
_XTEXT = re.compile(r"\+(2B|3D)")
_MESSAGE_ID = re.compile(r"^Message-ID\s*:\s*(<[^<>\s]+>)", re.IGNORECASE | re.MULTILINE)
#: Who delivers mail: by the address, or by the whole name in front of it.
_DAEMON = re.compile(
    r"(?:mailer[-_.]?daemon|post[-_.]?master|mail[-_.]?daemon|mailerdaemon|mdaemon|double-bounce|mmdf"
    r"|mail[-_.]?delivery|bounces?(?=[@+=]|[-_.][^@]*[\d=])|microsoftexchange[0-9a-f]{8,})",
    re.IGNORECASE,
)
_DAEMON_NAMED = re.compile(
    r"\W*(?:(?:internet |e?mail )*(?:mail )?delivery (?:sub)?(?:system|service|agent)"
    r"|mailer[-_. ]?daemon|post ?master|system administrator|microsoft (?:outlook|exchange)"
    r"|microsoftexchange[0-9a-f]{8,}|mail (?:system|server|administrator))\W*\Z",
    re.IGNORECASE,
)
#: An address that no person has, and a server may write from.
_SERVER = re.compile(
    r"(?:[^@]*[-_.])?(?:e?mail[-_.]?(?:service|system|server|admin|gateway|robot|agent)|system|smtp|mta|relay|server"
    r"|gateway|antispam|filter|postoffice|exchange|admin(?:istrator)?|root|(?:do[-_.]?)?no[-_.]?t?"
    r"[-_.]?reply)(?:[-_.+\d][^@]*)?@",
    re.IGNORECASE,
)
_SUBJECT = re.compile(
    r"undeliver|not (?:yet )?(?:been |be )?delivered|returned mail|failure notice"
    r"|return(?:ed|ing) (?:to sender|message)"
    r"|退信|退回|投递失败|投遞失敗|发送失败|寄送失敗|未送达|未传递|未能送达|未能傳遞|邮件延迟"
    r"|无法投递|無法傳遞|无法送达|無法送達|无法传递|无法传送|無法寄達|送达失败|传递失败|傳遞失敗"
    r"|delivery (?:status notification|fail|has failed|problem|error|report|unsucc)"
    r"|(?:mail|message|email)\s+(?:delivery\s+)?"
    r"(?:fail|error|could not|not deliver|undeliver|system error)"
    r"|mail delivery|could not (?:be )?deliver|nondeliver|non[- ]deliver|failed mail"
    r"|unzustellbar|non remis|no se (?:ha )?pud|message delayed|warning: could not send|rejected"
    r"|unknown (?:user|address)|配信|エラーメール|メールエラー"
    r"|delivery notification|message status",
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
    r"|not (?:yet )?(?:been|be) delivered|did not respond|transcript of session follows"
    r"|退信|收件人.{0,20}(?:不存在|拒|满)|无法投递|无法送达|無法送達|投递失败|投遞失敗|被退回|未能送达"
    r"|(?:传递|送达|發送|发送|傳送|寄送).{0,12}(?:失败|失敗)|未送达|无法传递|無法傳遞"
    r"|配信できません|送信できません",
    re.IGNORECASE | re.DOTALL,
)
#: What a far server answered, whatever language the letter around it is in.
_REFUSED = re.compile(
    r"(?<![\d.])[45]\d\d[ -]{1,2}#?[45]\.\d{1,3}\.\d{1,3}(?![\d.])|#[45]\.\d\.\d{1,3}\b"
)
#: What a server says right above the addresses that it could not reach.
_FOLLOWING = re.compile(
    r"(?:following|these)\s+(?:(?:e-?mail\s+)?address|recipient|user|people)[^\n]{0,80}[:：]"
    r"|(?:以下|下列)(?:收件人|地址|邮箱|郵箱|用户|用戶)[^\n]{0,40}[:：]",
    re.IGNORECASE,
)
_ORIGINAL_BEGINS = re.compile(
    r"^(?:-{2,}+.*(?:original|copy|returned|undelivered|unsent|below).*|received:\s+(?:from|by)\s.*"
    r"|return-path:.*"
    r"|.*(?:(?:original|old) message|原邮件|原信|原始邮件|copy of (?:the|your) message"
    r"|message header).*:?)$",
    re.IGNORECASE | re.MULTILINE,
)
#: Enhanced codes for what servers say without one (RFC 3463).
_MEANT = (
    (
        re.compile(
            r"quota|mailbox (?:is )?full|mailbox (?:size )?exceeds|over ?quota"
            r"|exceed.{0,40}(?:storage|space)"
            r"|已满|已滿|(?:容量|空间|空間).{0,6}(?:不足|超|满)|超(?:过|出).{0,8}(?:容量|空间)",
            re.IGNORECASE,
        ),
        "2.2",
    ),
    (re.compile(r"(?:disabled|inactive|suspended|expired|discontinued)", re.IGNORECASE), "2.1"),
    (
        re.compile(
            r"(?:user|mailbox|recipient|address|account|alias).{0,60}"
            r"(?:unknown|not found|no such"
            r"|doesn.t exist|doesn.t have|does not exist|not exist|not listed|invalid|unavailable)"
            r"|(?:unknown|no such|invalid).{0,20}"
            r"(?:user|mailbox|recipient|address|account|alias)"
            r"|不存在|无此(?:用户|帐户|账户|邮箱)|找不到.{0,10}(?:收件人|用户|邮箱|郵箱|地址)",
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
            r"relay(?:ing)? (?:access )?denied|spam|blocked|blacklist|policy|prohibited"
            r"|拒|垃圾邮件|黑名单|不受信任",
            re.IGNORECASE,
        ),
        "7.1",
    ),
    (re.compile(r"loop|too many hops", re.IGNORECASE), "4.6"),
    (
        re.compile(
            r"timed? ?out|timeout|expired|too long|connection|超时|逾時|延迟", re.IGNORECASE
        ),
        "4.7",
    ),
)
_DELIVERY = frozenset({"action", "status", "final-recipient"})
_DELIVERED = ("delivered", "relayed", "expanded", "deliverable", "success", "read", "displayed")
#: A letter of somebody who is no daemon begins with this, or is none.
_STRONG = re.compile(
    r"\W*(?:undeliver|returned mail|mail (?:returned|error)|failure notice|non-?delivery"
    r"|delivery (?:status notification|fail|has failed|problem|error)|系统退信|退信"
    r"|(?:邮件)?(?:投递|发送|送达)失败|メールエラー|エラーメール)",
    re.IGNORECASE,
)


def read(headers: Headers, body: Body, sender: str) -> Bounce | None:
    """The report a mail is, or None. A mail that only speaks of delivery is none."""
    reports = [part for part in body.parts if part.mime in _REPORTS]
    told = list(_groups(reports))
    groups = [fields for fields in told if not _DELIVERY.isdisjoint(fields)]
    if groups and _is_reported(headers, body, sender):
        envelope = next(filter(None, (one.get("original-envelope-id", "") for one in told)), "")
        return _standard(groups, body, returns.by_envelope_id(envelope))
    if body.text.startswith("{") and (notified := _notification(body.text)):
        return notified
    if groups or not _suspect(headers, body, sender):
        return None
    return _wrapped(body, sender) or _letter(headers, body, sender)


def _wrapped(body: Body, sender: str) -> Bounce | None:
    """The report within a server's letter: gateways put one into an envelope of their own."""
    for part in body.parts:
        if part.mime in _ORIGINALS and _WRAPPED.search(part.data or b""):
            found = header_lines.read(part.data or b"")
            inner = contents.read(part.data or b"", found, contents.DEEPEST)
            if any(one.mime in _REPORTS for one in inner.parts):
                return read(found, inner, sender)
    return None


def _notification(text: str) -> Bounce | None:
    """What a sending service tells in JSON."""
    try:
        told = json.loads(text[: text.rfind("}") + 1], strict=False)
        if isinstance(told.get("Message"), str):
            told = json.loads(told["Message"], strict=False)
        bounce = told["bounce"]
        people = [one for one in bounce["bouncedRecipients"] if isinstance(one, dict)]
        permanent = str(bounce["bounceType"]) != "Transient"
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    said = [_line(str(one.get("diagnosticCode", ""))) for one in people[:50]]
    codes = [found[0] for one in people if (found := _STATUS.search(str(one.get("status", ""))))]
    return Bounce(
        tuple(dict.fromkeys(str(one.get("emailAddress", ""))[:300] for one in people[:50])),
        codes[0] if codes else _meant(" ".join(said)),
        permanent,
        next(filter(None, said), ""),
    )


# --- RFC 3464 -----------------------------------------------------------------------------------


def _standard(groups: list[dict[str, str]], body: Body, original: str) -> Bounce | None:
    failed = [fields for fields in groups if _failed(fields)]
    if not failed:
        return None  # of several recipients only those count that were given up
    failed = [one for one in failed if one.get("action", "").lower().startswith("fail")] or failed
    recipients = dict.fromkeys(filter(None, map(_recipient, failed)))
    status = next(filter(None, map(_status, failed)), "")
    reason = next(filter(None, (_line(one.get("diagnostic-code", "")) for one in failed)), "")
    if not status or status.endswith(".0.0"):
        status = _exact(status, f"{reason}\n{body.text[:_LONGEST]}")
    return Bounce(
        tuple(recipients),
        status,
        not status.startswith("4"),
        reason or _line(body.text),
        _original_id(body) or original,
    )


def _failed(fields: dict[str, str]) -> bool:
    return not fields.get("action", "").lower().startswith(_DELIVERED)


def _groups(reports: list[Part]) -> Iterable[dict[str, str]]:
    for report in reports[:20]:
        text, _ = decode((report.data or b"")[:_LONGEST])
        for group in re.split(r"\n[ \t]*\n", text)[:200]:
            yield {name.lower(): " ".join(value.split()) for name, value in _FIELD.findall(group)}


def _recipient(fields: dict[str, str]) -> str:
    for name in ("original-recipient", "final-recipient", "x-actual-recipient"):
        kind, _, told = fields.get(name, "").partition(";")
        pattern = _ADDRESS_ABROAD if kind.strip().lower() == "utf-8" else _ADDRESS  # RFC 6533
        if found := pattern.search(told or kind):
            return _XTEXT.sub(lambda code: chr(int(code[1], 16)), found[0])
    return ""


def _status(fields: dict[str, str]) -> str:
    """The far server's own code where there is one; the sending server only sums it up."""
    own = _STATUS.search(fields.get("status", ""))
    said = list(_STATUS.finditer(fields.get("diagnostic-code", "")[:_LONGEST_LINE]))
    if own and said and said[-1][1] == own[1] and not said[-1][0].endswith(".0.0"):
        return said[-1][0]  # a server that quotes another one names its code last
    found = own or (said[0] if said else None)
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


def _is_reported(headers: Headers, body: Body, sender: str) -> bool:
    """Whether a server reports: a person may attach to a mail of his own what a server told him."""
    if not sender or _is_daemon(headers, sender) or _SERVER.match(sender):
        return True
    return _is_report(headers) or _is_null(headers) or returns.is_ours(_original_id(body))


def _is_daemon(headers: Headers, sender: str) -> bool:
    name = shown_name(headers.raw("from"))
    return bool(_DAEMON.match(sender) or _DAEMON_NAMED.match(name))


def _is_report(headers: Headers) -> bool:
    told = headers.raw("content-type").lower()
    return "multipart/report" in told or "report-type" in told


def _is_null(headers: Headers) -> bool:
    submitted = headers.raw("auto-submitted").lower().partition(";")[0].strip()
    return headers.raw("return-path") == "<>" or submitted not in ("", "no")


def _suspect(headers: Headers, body: Body, sender: str) -> bool:
    if "x-failed-recipients" in headers.values:
        return True
    daemon = _is_daemon(headers, sender)
    null = _is_null(headers) or _is_report(headers)
    if sender and not (daemon or null):
        return _resembles(headers, body, sender)
    subject = bool(_SUBJECT.search(headers.text("subject")))
    if not (daemon or null or subject):
        return False
    text = body.text[:_LONGEST]
    says = bool(_SAYS.search(text) or (daemon and _REFUSED.search(text)))
    if sender and not (daemon or subject) and not _proven(body, text):
        return False  # who is away says such things too
    return daemon + null + subject + says >= 2 and (subject or says)


def _proven(body: Body, text: str) -> bool:
    """Whether a letter gives a server's code, or what it speaks of."""
    proof = _STATUS.search(text) or _REPLY.search(text) or _ORIGINAL_BEGINS.search(text)
    return bool(proof) or any(part.mime in _ORIGINALS for part in body.parts)


def _resembles(headers: Headers, body: Body, sender: str) -> bool:
    """A server's letter under another name: title, reason, code or copy, another's address. Under a
    person's address it is one only about a mail that is surely ours."""
    subject = headers.text("subject")
    if not (_STRONG.match(subject) or "的退信" in subject[:30]):
        return False
    if not (_SERVER.match(sender) or returns.is_ours(_original_id(body))):
        return False
    text = body.text[:_LONGEST]
    named = {address.lower() for address in _ADDRESS.findall(text[:5_000])}
    return bool(_SAYS.search(text) and named - {sender.lower()} and _proven(body, text))


def _letter(headers: Headers, body: Body, sender: str) -> Bounce:
    text = body.text[:_LONGEST]
    begins = _ORIGINAL_BEGINS.search(text, 40)
    told = text[: begins.start()] if begins else text
    failed = headers.raw("x-failed-recipients")
    named = _FOLLOWING.search(told)
    addresses = (
        _ADDRESS.findall(failed)
        or (named and _ADDRESS.findall(told, named.end()))
        or _ADDRESS.findall(told)
        or _ADDRESS.findall(text)
    )
    ours = {sender.lower(), *(found.lower() for found in _ADDRESS.findall(headers.raw("to")))}
    recipients = tuple(
        dict.fromkeys(
            address
            for address in addresses
            if address.lower() not in ours
            and not _DAEMON.match(address)
            and not address.lower().endswith("@localhost")
        )
    )
    status = _meant(told) or _meant(text)
    return Bounce(
        recipients[:50], status, not status.startswith("4"), _line(told), _original_id(body)
    )


def _meant(text: str) -> str:
    found = next((one for one in _STATUS.finditer(text) if one[1] != "2"), None)
    if found:
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
