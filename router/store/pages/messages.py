"""The messages of a ticket, with their files, the rules' findings and what became of replies.

Of a long conversation the newest part is read, and what came before on request.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from router.core.calls import covered
from router.core.clock import from_us
from router.core.rights import Who, scope
from router.errors import NotFound
from router.store import readings
from router.store.pages.listing import pack, unpack
from router.store.unit import Unit

#: Of one ticket at most so many messages are shown at once.
MESSAGES = 100
#: What third parties are sent.
COPIES = ("copy", "forward")
#: Pictures inside a mail are shown up to this size in all.
_PICTURES = 3_000_000
#: Later than any message, and still a moment.
_FAR = 2**52
_PICTURE_TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp")


@dataclass(frozen=True, slots=True)
class FileView:
    """An attachment without its bytes; ``remote`` while the platform still has them alone."""

    token: str
    name: str
    mime: str
    size: int
    inline: bool
    remote: bool = False


@dataclass(frozen=True, slots=True)
class FindingView:
    """A rule that matched, and where its words stand."""

    rule: str
    category: str
    urgency: str
    part: str
    start: int
    end: int
    weight: float = 1.0
    because: str = ""


@dataclass(frozen=True, slots=True)
class SecondView:
    """What the second reader made of a message, with the examples it is most like."""

    category: str
    raised: bool
    nearest: tuple[tuple[str, str, float], ...]


@dataclass(frozen=True, slots=True)
class SecretView:
    """What is known of masked secrets of one kind, in one part of a message: how long they were (a
    phrase in words, all else in characters) and how many."""

    kind: str
    part: str
    length: int
    count: int


@dataclass(frozen=True, slots=True)
class CopyView:
    """What became of a mail to a third party: a copy of an answer, or what was passed on."""

    handle: str
    state: str
    reason: str


#: What of a message is not shown, by what was noted when it was read.
_LACKS = {
    **dict.fromkeys(("text_cut", "html_cut"), "text"),
    **dict.fromkeys(("attachments_cut", "tnef_cut"), "files"),
    **dict.fromkeys(("too_large", "too_deep", "unreadable"), "parts"),
    "html_dropped": "form",
}


@dataclass(frozen=True, slots=True)
class MessageView:
    """One message of the conversation; ``direction`` is in, out, note, forward (to third parties)
    or auto (what the router itself said)."""

    id: int
    direction: str
    channel: str
    author: str
    handle: str
    text: str
    at: datetime
    subject: str = ""
    rest: str = ""
    has_html: bool = False
    has_remote: bool = False
    language: str = ""
    verification: str = ""
    imitates: str = ""
    automatic: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    masked: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    secrets: tuple[SecretView, ...] = ()
    attachments: tuple[FileView, ...] = ()
    findings: tuple[FindingView, ...] = ()
    near: tuple[tuple[str, str], ...] = ()
    ruleset: str = ""
    second: SecondView | None = None
    decided: str = ""
    outbox_id: int | None = None
    outbox_state: str = ""
    outbox_reason: str = ""
    copies: tuple[CopyView, ...] = ()


def within(who: Who, column: str = "t.team_id") -> tuple[str, dict[str, Any]]:
    """The condition that keeps a query inside the viewer's teams."""
    teams = scope(who)
    return ("", {}) if teams is None else (f" AND {column} IN :teams", {"teams": list(teams)})


# ---------------------------------------------------------------- the conversation


def messages(
    unit: Unit, ticket_id: int, before: str | None
) -> tuple[tuple[MessageView, ...], str | None]:
    """The newest messages (or those before a cursor), oldest first, and what came earlier."""
    place = unpack(before, 2) if before else (2**62, 2**62)
    rows = unit.rows(
        "SELECT m.id, m.direction, m.channel, m.subject, m.text, m.rest, m.verification, "
        "m.imitates, m.automatic, m.language, m.fields, m.masked, m.defects, m.seen_at, "
        "m.html <> '' AS has_html, m.html LIKE '%<img%http%' AS has_remote, "
        "i.kind AS space, i.value AS handle, i.name AS handle_name, a.name AS agent FROM message m "
        "LEFT JOIN identity i ON i.id = m.identity_id LEFT JOIN agent a ON a.id = m.agent_id "
        "WHERE m.ticket_id = :ticket AND (m.seen_at, m.id) < (:at, :id) "
        "AND m.direction <> 'undone' ORDER BY m.seen_at DESC, m.id DESC LIMIT :n",
        ticket=ticket_id,
        at=place[0],
        id=place[1],
        n=MESSAGES + 1,
    )
    shown = list(reversed(rows[:MESSAGES]))
    earlier = pack(shown[0].seen_at, shown[0].id) if len(rows) > MESSAGES else None
    ids = [row.id for row in shown]
    files, verdicts = _files(unit, ids), _verdicts(unit, ids)
    sent, copied = _sent(unit, ticket_id)
    views = [_message(row, files, verdicts, sent) for row in shown]
    views = [
        replace(one, copies=tuple(copied[one.id])) if one.id in copied else one for one in views
    ]
    views = _with_secrets(unit, views)
    seconds = readings.of_messages(unit, ids)
    views = [
        replace(one, second=_second(seconds[one.id])) if one.id in seconds else one for one in views
    ]
    views += [_said(row) for row in sent.values() if row.message_id is None]
    if earlier or before:
        low, high = views[0].at if views else from_us(0), until(before) or from_us(_FAR)
        known = set(ids)
        views = [one for one in views if low <= one.at < high or one.id in known]
    return tuple(sorted(views, key=lambda one: (one.at, one.id))), earlier


def until(before: str | None) -> datetime | None:
    """When what a cursor leaves out begins; None without a cursor."""
    return None if before is None else from_us(min(unpack(before, 2)[0], _FAR))


def _message(
    row: Any,
    files: dict[int, list[FileView]],
    verdicts: dict[int, tuple[Any, list[FindingView]]],
    sent: dict[int, Any],
) -> MessageView:
    out = sent.get(row.id)
    verdict, findings = verdicts.get(row.id, (None, []))
    return MessageView(
        id=row.id,
        direction=row.direction,
        channel=row.channel,
        author=row.agent or row.handle_name or _covered(row),
        handle=_covered(out if out is not None else row),
        text=row.text,
        at=from_us(row.seen_at),
        subject=row.subject,
        rest=row.rest,
        has_html=bool(row.has_html),
        has_remote=bool(row.has_remote),
        language=row.language,
        verification=row.verification,
        imitates=row.imitates,
        automatic=row.automatic,
        fields=tuple(json.loads(row.fields).items()) if row.fields else (),
        masked=tuple(row.masked.split()),
        lacks=tuple(dict.fromkeys(_LACKS[one] for one in row.defects.split() if one in _LACKS)),
        attachments=tuple(files.get(row.id, ())),
        findings=tuple(findings),
        near=tuple((rule, why) for rule, why in json.loads(verdict.near or "[]"))
        if verdict is not None
        else (),
        ruleset=verdict.ruleset if verdict is not None else "",
        decided=verdict.category if verdict is not None else "",
        outbox_id=out.id if out is not None else None,
        outbox_state=out.state if out is not None else "",
        outbox_reason=out.reason if out is not None else "",
    )


def _covered(row: Any) -> str:
    """A handle as it is shown; empty when there is none."""
    return covered(row.space, row.handle) if row.handle else ""


def _second(row: Any) -> SecondView:
    near = json.loads(row.nearest or "[]")  # nothing, once the words are erased
    nearest = tuple((category, text, likeness) for category, text, likeness in near)
    return SecondView(row.category, bool(row.raised), nearest)


def _with_secrets(unit: Unit, views: list[MessageView]) -> list[MessageView]:
    """The messages with what is known of the secrets that were in them; few have any."""
    ids = [one.id for one in views if one.masked]
    if not ids:
        return views
    found: dict[int, list[SecretView]] = defaultdict(list)
    for row in unit.rows(
        "SELECT message_id, kind, part, length, COUNT(*) AS many FROM masked_secret "
        "WHERE message_id IN :ids GROUP BY message_id, kind, part, length ORDER BY MIN(id)",
        ids=ids,
    ):
        view = SecretView(row.kind, row.part, row.length, row.many)
        found[row.message_id].append(view)
    return [replace(one, secrets=tuple(found.get(one.id, ()))) for one in views]


def _said(row: Any) -> MessageView:
    """What the router itself told the requester, as a message of the conversation."""
    return MessageView(
        id=row.id,
        direction="auto",
        channel=row.channel,
        author="",
        handle=_covered(row),
        text=row.text,
        at=from_us(row.created_at),
        subject=row.subject,
        language=row.language,
        outbox_id=row.id,
        outbox_state=row.state,
        outbox_reason=row.reason,
    )


def _sent(unit: Unit, ticket_id: int) -> tuple[dict[int, Any], dict[int, list[CopyView]]]:
    """The ticket's outbox rows by message, those without one by their own id; and the mails to
    third parties by message."""
    rows = unit.rows(
        "SELECT o.id, o.message_id, o.purpose, o.state, o.reason, o.channel, o.subject, o.language,"
        " CASE WHEN o.message_id IS NULL THEN o.text ELSE '' END AS text, o.created_at, "
        "i.kind AS space, i.value AS handle FROM outbox o JOIN identity i ON i.id = o.identity_id "
        "WHERE o.ticket_id = :ticket ORDER BY o.id",
        ticket=ticket_id,
    )
    copied: dict[int, list[CopyView]] = defaultdict(list)
    for row in rows:
        if row.purpose in COPIES:
            copied[row.message_id].append(CopyView(row.handle, row.state, row.reason))
    return {row.message_id or row.id: row for row in rows if row.purpose not in COPIES}, copied


def _files(unit: Unit, ids: Sequence[int]) -> dict[int, list[FileView]]:
    found: dict[int, list[FileView]] = defaultdict(list)
    if ids:
        for row in unit.rows(
            "SELECT message_id, token, name, mime, size, content_id, EXISTS(SELECT 1 FROM "
            "remote_file r WHERE r.attachment_id = attachment.id) AS remote FROM attachment "
            "WHERE message_id IN :ids ORDER BY id",
            ids=list(ids),
        ):
            inline, remote = bool(row.content_id), bool(row.remote)
            view = FileView(row.token, row.name, row.mime, row.size, inline, remote)
            found[row.message_id].append(view)
    return found


def _verdicts(unit: Unit, ids: Sequence[int]) -> dict[int, tuple[Any, list[FindingView]]]:
    """Each message's verdict with its findings, in the order of their words."""
    if not ids:
        return {}
    rows = unit.rows(
        "SELECT id, message_id, near, ruleset, category FROM verdict WHERE message_id IN :ids",
        ids=list(ids),
    )
    findings: dict[int, list[FindingView]] = defaultdict(list)
    for row in unit.rows(
        "SELECT verdict_id, rule, category, urgency, part, start_char, end_char, weight, "
        "because FROM finding WHERE verdict_id IN :ids",
        ids=[row.id for row in rows] or [0],
    ):
        view = FindingView(
            rule=row.rule,
            category=row.category,
            urgency=row.urgency,
            part=row.part,
            start=row.start_char,
            end=row.end_char,
            weight=row.weight,
            because=row.because,
        )
        findings[row.verdict_id].append(view)
    return {
        row.message_id: (row, sorted(findings[row.id], key=lambda one: (one.part, one.start)))
        for row in rows
    }


# ---------------------------------------------------------------- what is fetched by itself


def message_html(unit: Unit, message_id: int, who: Who) -> str:
    """The HTML a message came with, as it came: dangerous until ``markup.safe_html`` read it."""
    limited, known = within(who)
    found = unit.value(
        "SELECT m.html FROM message m JOIN ticket t ON t.id = m.ticket_id "  # noqa: S608  # ours
        f"WHERE m.id = :id{limited}",
        id=message_id,
        **known,
    )
    if not found:
        raise NotFound("there is no such message among yours")
    return str(found)


def ticket_of_message(unit: Unit, message_id: int, who: Who) -> int:
    """The ticket of a message among the viewer's; raises NotFound for any other."""
    limited, known = within(who)
    found = unit.value(
        "SELECT m.ticket_id FROM message m JOIN ticket t ON t.id = m.ticket_id "  # noqa: S608  # ours
        f"WHERE m.id = :id{limited}",
        id=message_id,
        **known,
    )
    if found is None:
        raise NotFound("there is no such message among yours")
    return int(found)


def pictures(unit: Unit, message_id: int) -> Iterable[Any]:
    """Sealed pictures that stand inside a message: content_id, mime, token and their seals.

    The caller has read the message through :func:`message_html`, which checked the right.
    """
    return unit.rows(
        "SELECT f.content_id, f.mime, f.token, b.key_id, b.wrapped_key, b.blob FROM attachment f "
        "JOIN attachment_body b ON b.attachment_id = f.id WHERE f.message_id = :id "
        "AND f.content_id <> '' AND f.mime IN :types AND f.size <= :most ORDER BY f.id LIMIT 12",
        id=message_id,
        types=list(_PICTURE_TYPES),
        most=_PICTURES // 12,
    )


def attachment(unit: Unit, token: str, who: Who) -> tuple[FileView, str, bytes, bytes]:
    """A file and its sealed bytes: (what it is, key id, wrapped key, blob)."""
    limited, known = within(who)
    row = unit.row(
        "SELECT f.token, f.name, f.mime, f.size, f.content_id, b.key_id, b.wrapped_key, b.blob "  # noqa: S608  # ours
        "FROM attachment f JOIN attachment_body b ON b.attachment_id = f.id "
        "JOIN message m ON m.id = f.message_id JOIN ticket t ON t.id = m.ticket_id "
        f"WHERE f.token = :token{limited}",
        token=token,
        **known,
    )
    if row is None:
        raise NotFound("there is no such file among yours")
    view = FileView(row.token, row.name, row.mime, row.size, bool(row.content_id))
    return view, row.key_id, row.wrapped_key, row.blob
