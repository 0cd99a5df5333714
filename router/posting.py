"""Reports that come by themselves, by mail or to a group's chat, in the language of whoever ordered
them and with what they may see at that moment.

Each goes out once. A mail that was handed over when the line broke is not sent again; one that was
being made when a worker died is, under the same Message-ID.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from channels.contract import (
    Attachment,
    ChannelError,
    Handle,
    Outbound,
    Refused,
    Speaks,
    Unknown,
)
from router import notify
from router.assemble import NO_DOMAIN, Router
from router.core import appointments
from router.core.clock import from_us, to_us
from router.core.documents import Document
from router.core.references import message_id
from router.core.rights import Who, may, scope
from router.errors import Conflict, RouterError
from router.reports import making
from router.store import people, report_orders, timeline
from router.store.pages.reports import Period
from router.store.unit import Unit

log = logging.getLogger("router.posting")

#: Ordered for oneself, by mail; every other target is the name of a place in the settings.
MAIL = "mail"
_LEASE = timedelta(minutes=10)
_WAITS = (5, 15, 60)
_MIMES = {
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def sweep(router: Router) -> int:
    """Send every report whose hour has come; how many went out."""
    sent = 0
    lease = to_us(from_us(0) + _LEASE)
    while row := router.store.write(lambda unit: report_orders.claim(unit, lease)):
        sent += _one(router, row)
    return sent


def _one(router: Router, row: Any) -> bool:
    zone, now = ZoneInfo(router.settings.desk.zone), router.clock.now()
    following = appointments.following(row.every, row.hour, zone, max(now, from_us(row.slot)))
    if from_us(row.slot) > now:  # asked for before its hour: the one at its hour still comes
        following = from_us(row.slot)
    with router.store.reading() as unit:
        who, email = people.who(unit, row.agent_id)
    if who is None or not may(who, "export_reports"):
        return _over(router, row, to_us(following), "no_right")
    at = min(from_us(row.slot), now)
    period = Period(appointments.told(row.every, zone, at), zone)
    try:
        _send(router, row, who, email, period)
    except Unknown:
        return _over(router, row, to_us(following), "unknown")
    except (ChannelError, RouterError) as fault:
        log.warning("report order %s: %s", row.id, fault)
        return _again(router, row, to_us(following), fault)

    def done(unit: Unit) -> None:
        report_orders.settle(unit, row.id, to_us(following))
        first, last = period.span
        subject = f"report:{row.kind}.{row.form}:{first}:{last}"
        timeline.audit(unit, f"agent:{row.agent_id}", "report.sent", subject)

    router.store.write(done)
    return True


def _over(router: Router, row: Any, following: int, error: str) -> bool:
    router.store.write(lambda unit: report_orders.settle(unit, row.id, following, error))
    return False


def _again(router: Router, row: Any, following: int, fault: Exception) -> bool:
    error = fault.code if isinstance(fault, Conflict) else str(fault)[:200]
    if isinstance(fault, Refused) or row.attempts >= len(_WAITS):
        return _over(router, row, following, error)
    due = to_us(router.clock.now() + timedelta(minutes=_WAITS[row.attempts]))
    router.store.write(lambda unit: report_orders.later(unit, row.id, due, error))
    return False


def _send(router: Router, row: Any, who: Who, email: str, period: Period) -> None:
    language = who.locale or router.settings.desk.language
    with router.store.reading() as unit:
        document = making.document(router, unit, row.kind, period, language, scope(who))
    title, body = digest(router, document)
    if row.target != MAIL:
        error = notify.post(router, row.target, title, body)
        if error:
            raise Conflict(error)
        return
    way = router.doors.speaker("email", "", "")
    if way is None:
        raise Conflict("no_mail_channel")
    door = router.doors.open(*way)
    if not isinstance(door, Speaks):
        raise Conflict("no_mail_channel")
    files = _files(router, row, document, language, period, scope(who))
    if sum(len(one.data) for one in files) > door.limits.attachment_bytes:
        files = []
    domain = door.reply_address("report").rpartition("@")[2] or NO_DOMAIN
    door.speak(
        Outbound(
            account=way[1],
            to=Handle("email", email, who.name),
            text=body,
            message_id=message_id(f"report.{row.id:x}.{row.slot:x}", domain),
            created_at=from_us(row.slot),
            subject=title,
            automatic=True,
            sender_name=router.settings.desk.name(language),
            attachments=tuple(files),
            locale=language,
        )
    )


def _files(  # a report, and all that it is made of
    router: Router,
    row: Any,
    document: Document,
    language: str,
    period: Period,
    teams: tuple[int, ...] | None,
) -> list[Attachment]:
    data = making.file(router, document, row.form, language, period, teams)
    first, last = period.span
    return [Attachment(f"{row.kind}-{first}-{last}.{row.form}", _MIMES[row.form], data)]


def digest(router: Router, document: Document) -> tuple[str, str]:
    """Title and first figures of a report in words; no name and no text of a requester's."""
    days = document.facts[0][1]
    lines = [document.title, days]
    for section in document.sections[:2]:
        lines += ["", section.title]
        for row in section.table.rows[:6]:
            said = [
                f"{head} {one.text}"
                for head, one in zip(section.table.heads[1:4], row[1:4], strict=True)
            ]
            lines.append(f"{row[0].text}: {', '.join(said)}")
        if not section.table.rows:
            lines.append(section.table.empty)
    query = "&".join(f"{name}={value}" for name, value in document.query.items())
    lines += ["", f"{router.settings.public_url}/reports/{document.key}?{query}"]
    return f"{document.title} · {days}", "\n".join(lines)
