"""Whether somebody can be written to: when they last wrote, what we sent since, what the platform
said of them."""

from __future__ import annotations

from typing import Any

from router.store.shapes import Reach, Send
from router.store.unit import Unit

#: A person on a channel: identity, channel, account.
Place = tuple[int, str, str]


def identity(unit: Unit, kind: str, value: str) -> int | None:
    """The id of a handle we know, or None."""
    found: int | None = unit.value(
        "SELECT id FROM identity WHERE kind = :kind AND value = :value", kind=kind, value=value
    )
    return found


def mark(unit: Unit, place: Place, **columns: Any) -> None:
    """Write what the platform said last of this person."""
    identity_id, channel, account = place
    assignments = ", ".join(f"{name} = :{name}" for name in columns)
    if not unit.run(
        f"UPDATE reach SET {assignments} WHERE identity_id = :identity_id "  # noqa: S608  # ours
        "AND channel = :channel AND account = :account",
        identity_id=identity_id,
        channel=channel,
        account=account,
        **columns,
    ):
        unit.put(Reach, identity_id=identity_id, channel=channel, account=account, **columns)


def found(unit: Unit, place: Place) -> Any:
    """The row about this person, or None."""
    return unit.row(
        "SELECT * FROM reach WHERE identity_id = :id AND channel = :channel AND account = :account",
        id=place[0],
        channel=place[1],
        account=place[2],
    )


def last_heard(unit: Unit, place: Place) -> int | None:
    """When this person last wrote on this channel; their own tickets are few, so they are read."""
    at: int | None = unit.value(
        "SELECT MAX(m.seen_at) FROM identity i JOIN ticket t ON t.requester_id = i.requester_id "
        "JOIN message m ON m.ticket_id = t.id WHERE i.id = :id AND m.identity_id = :id "
        "AND m.direction = 'in' AND m.channel = :channel AND m.account = :account",
        id=place[0],
        channel=place[1],
        account=place[2],
    )
    return at


def others(unit: Unit, identity_id: int) -> list[Any]:
    """Every handle of the same requester of which we know whose it is, with the channel each last
    wrote by: id, kind, value, channel, account."""
    return list(
        unit.rows(
            "SELECT i.id, i.kind, i.value, COALESCE((SELECT t.channel FROM ticket t "
            "WHERE t.requester_id = i.requester_id AND t.identity_id = i.id "
            "ORDER BY t.id DESC LIMIT 1), '') AS channel, COALESCE((SELECT t.account FROM ticket t "
            "WHERE t.requester_id = i.requester_id AND t.identity_id = i.id "
            "ORDER BY t.id DESC LIMIT 1), '') AS account FROM identity i "
            "WHERE i.requester_id = (SELECT requester_id FROM identity WHERE id = :id) "
            "AND EXISTS (SELECT 1 FROM ticket v WHERE v.requester_id = i.requester_id "
            "AND v.identity_id = i.id AND v.verification IN ('verified', 'vouched')) "
            "ORDER BY i.id LIMIT 20",
            id=identity_id,
        )
    )


def sends_to(unit: Unit, place: Place, since_us: int) -> int:
    """How many messages went to this person since, on this channel."""
    return int(
        unit.value(
            "SELECT COUNT(*) FROM send WHERE identity_id = :id AND at >= :since "
            "AND channel = :channel AND account = :account",
            id=place[0],
            since=since_us,
            channel=place[1],
            account=place[2],
        )
        or 0
    )


def sends_of(unit: Unit, channel: str, account: str, since_us: int) -> list[int]:
    """When this account sent, since then, oldest first."""
    return [
        int(row.at)
        for row in unit.rows(
            "SELECT at FROM send WHERE channel = :channel AND account = :account "
            "AND at > :since ORDER BY at",
            channel=channel,
            account=account,
            since=since_us,
        )
    ]


def sent(unit: Unit, place: Place) -> int:
    """Count one send, before its first byte leaves; the number of the count."""
    identity_id, channel, account = place
    number = unit.new_id()
    unit.put(
        Send,
        id=number,
        channel=channel,
        account=account,
        identity_id=identity_id,
        at=unit.now_us,
    )
    return number


def unsent(unit: Unit, number: int) -> None:
    """It certainly did not go out: it does not count."""
    unit.run("DELETE FROM send WHERE id = :id", id=number)


def forget(unit: Unit, before_us: int, limit: int = 5000) -> int:
    """Drop counted sends that no limit looks back to."""
    return unit.run(
        "DELETE FROM send WHERE id IN (SELECT id FROM send WHERE at < :before LIMIT :n)",
        before=before_us,
        n=limit,
    )
