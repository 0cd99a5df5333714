"""The people of the desk: who they are, how they sign in, and which browsers are signed in.

Only hashes of secrets are kept: of passwords by argon2 (made by the caller), of session secrets and
one-time links by SHA-256, which is enough for 256 random bits.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Sequence
from typing import Any

from router.core.rights import Who
from router.store.shapes import Agent, AgentTeam, OneTimeToken, Session
from router.store.unit import Unit

_MINUTE = 60_000_000
#: What of a person says what they may do and how they sign in.
_WAYS_IN = frozenset(("role", "active", "password_hash"))


def digest(secret: str) -> str:
    """What is kept of a random secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


# ---------------------------------------------------------------- people


def team_ids(unit: Unit) -> dict[str, int]:
    """Teams by key."""
    return {row.key: row.id for row in unit.rows("SELECT key, id FROM team ORDER BY id")}


def anybody(unit: Unit) -> bool:
    """Whether anybody works here yet."""
    return unit.value("SELECT 1 FROM agent LIMIT 1") is not None


def any_password(unit: Unit) -> bool:
    """Whether anybody can sign in without a link."""
    return unit.value("SELECT 1 FROM agent WHERE password_hash <> '' LIMIT 1") is not None


def create_agent(
    unit: Unit, email: str, name: str, role: str, teams: Sequence[str], password_hash: str = ""
) -> int:
    """Add a person with the keys of their teams; the id."""
    agent_id = unit.new_id()
    unit.put(
        Agent,
        id=agent_id,
        email=email.strip().lower(),
        name=name,
        role=role,
        password_hash=password_hash,
        created_at=unit.now_us,
    )
    known = team_ids(unit)
    for key in teams:
        unit.put(AgentTeam, agent_id=agent_id, team_id=known[key])
    return agent_id


def names(unit: Unit, emails: Collection[str]) -> dict[str, str]:
    """Who of these addresses works here now: name by address."""
    rows = unit.rows(
        "SELECT email, name FROM agent WHERE email IN :emails AND active", emails=list(emails)
    )
    return {row.email: row.name for row in rows}


def find_agent(unit: Unit, email: str) -> Any:
    """The person with this address, active or not; or None."""
    return unit.row("SELECT * FROM agent WHERE email = :email", email=email.strip().lower())


def agent(unit: Unit, agent_id: int) -> Any:
    """One person's row, or None."""
    return unit.row("SELECT * FROM agent WHERE id = :id", id=agent_id)


def who(unit: Unit, agent_id: int) -> tuple[Who | None, str]:
    """Somebody with their rights, and their address; nobody when they work here no more."""
    row = agent(unit, agent_id)
    if row is None or not row.active:
        return None, ""
    return Who(row.id, row.name, row.role, teams_of(unit, row.id), row.locale), str(row.email)


def listed(unit: Unit) -> list[Any]:
    """Everybody, by name."""
    return list(
        unit.rows("SELECT id, email, name, role, active, locale FROM agent ORDER BY name, id")
    )


def teams_of(unit: Unit, agent_id: int) -> frozenset[int]:
    """The teams whose tickets somebody may see."""
    return frozenset(
        row.team_id
        for row in unit.rows("SELECT team_id FROM agent_team WHERE agent_id = :id", id=agent_id)
    )


def teams_of_all(unit: Unit) -> dict[int, list[str]]:
    """The keys of everybody's teams."""
    found: dict[int, list[str]] = {}
    for row in unit.rows(
        "SELECT o.agent_id, t.key FROM agent_team o JOIN team t ON t.id = o.team_id ORDER BY t.key"
    ):
        found.setdefault(row.agent_id, []).append(row.key)
    return found


def change(unit: Unit, agent_id: int, **columns: Any) -> None:
    """Change columns of a person (role, active, locale, password_hash, name). Links made before
    open nothing once it is about what they may do or how they sign in."""
    assignments = ", ".join(f"{name} = :{name}" for name in columns)
    unit.run(f"UPDATE agent SET {assignments} WHERE id = :id", id=agent_id, **columns)  # noqa: S608
    if not _WAYS_IN.isdisjoint(columns):
        drop_links(unit, agent_id)


def set_teams(unit: Unit, agent_id: int, keys: Sequence[str]) -> None:
    """Replace somebody's teams."""
    unit.run("DELETE FROM agent_team WHERE agent_id = :id", id=agent_id)
    known = team_ids(unit)
    for key in dict.fromkeys(keys):
        unit.put(AgentTeam, agent_id=agent_id, team_id=known[key])


# ---------------------------------------------------------------- one-time links

#: The purpose of a link that signs in.
ENTER = "enter"


def one_time_link(unit: Unit, agent_id: int, purpose: str, minutes: int) -> str:
    """A token that works once; only its hash is kept."""
    token = secrets.token_urlsafe(32)
    unit.put(
        OneTimeToken,
        token_hash=digest(token),
        purpose=purpose,
        agent_id=agent_id,
        expires_at=unit.now_us + minutes * _MINUTE,
    )
    return token


def holder(unit: Unit, token: str, purpose: str) -> int | None:
    """The person a link is for, without using it; None when it is used, over or nobody's."""
    found = unit.value(
        "SELECT o.agent_id FROM one_time_token o JOIN agent a ON a.id = o.agent_id "
        "WHERE o.token_hash = :hash AND o.purpose = :purpose AND o.used_at IS NULL "
        "AND o.expires_at > :now AND a.active",
        hash=digest(token),
        purpose=purpose,
        now=unit.now_us,
    )
    return None if found is None else int(found)


def use_link(unit: Unit, token: str, purpose: str) -> int | None:
    """The person a link is for, once; None when it is used, over or nobody's.

    Whoever came in by one needs no other: those that lie about in old mails open nothing more.
    """
    used = unit.run(
        "UPDATE one_time_token SET used_at = :now WHERE token_hash = :hash "
        "AND purpose = :purpose AND used_at IS NULL AND expires_at > :now",
        now=unit.now_us,
        hash=digest(token),
        purpose=purpose,
    )
    if not used:
        return None
    found = unit.value(
        "SELECT o.agent_id FROM one_time_token o JOIN agent a ON a.id = o.agent_id "
        "WHERE o.token_hash = :hash AND a.active",
        hash=digest(token),
    )
    if found is None:
        return None
    if purpose == ENTER:
        drop_links(unit, int(found), ENTER)
    return int(found)


def drop_links(unit: Unit, agent_id: int, purpose: str = "") -> None:
    """Somebody's unused links (of one purpose, or of all) open nothing any more."""
    unit.run(
        "UPDATE one_time_token SET used_at = :now WHERE agent_id = :id AND used_at IS NULL "
        "AND (:purpose = '' OR purpose = :purpose)",
        now=unit.now_us,
        id=agent_id,
        purpose=purpose,
    )


# ---------------------------------------------------------------- sessions


def open_session(unit: Unit, agent_id: int, *, hours: int, browser: str = "") -> str:
    """Sign a browser in, which is called so; the secret it keeps."""
    secret = secrets.token_urlsafe(32)
    unit.put(
        Session,
        secret_hash=digest(secret),
        agent_id=agent_id,
        csrf=secrets.token_urlsafe(24),
        created_at=unit.now_us,
        seen_at=unit.now_us,
        expires_at=unit.now_us + hours * 60 * _MINUTE,
        browser=browser,
    )
    return secret


def load_session(unit: Unit, secret: str, *, idle_minutes: int) -> tuple[Who, Any] | None:
    """Who a browser is, with its session row; None when it is over, revoked or unknown."""
    row = unit.row(
        "SELECT s.secret_hash, s.csrf, s.seen_at, s.agent_id, a.name, a.role, a.locale "
        "FROM session s JOIN agent a ON a.id = s.agent_id WHERE s.secret_hash = :hash "
        "AND s.revoked_at IS NULL AND s.expires_at > :now AND s.seen_at > :idle AND a.active",
        hash=digest(secret),
        now=unit.now_us,
        idle=unit.now_us - idle_minutes * _MINUTE,
    )
    if row is None:
        return None
    teams = teams_of(unit, row.agent_id)
    return Who(row.agent_id, row.name, row.role, teams, row.locale), row


def signed_in(unit: Unit, secret_hashes: Collection[str]) -> set[str]:
    """Which of these sessions still hold; how long they were idle is not asked."""
    if not secret_hashes:
        return set()
    rows = unit.rows(
        "SELECT s.secret_hash FROM session s JOIN agent a ON a.id = s.agent_id "
        "WHERE s.secret_hash IN :hashes AND s.revoked_at IS NULL AND s.expires_at > :now "
        "AND a.active",
        hashes=list(secret_hashes),
        now=unit.now_us,
    )
    return {row.secret_hash for row in rows}


def touch_session(unit: Unit, secret_hash: str) -> None:
    """The browser is in use."""
    unit.run(
        "UPDATE session SET seen_at = :now WHERE secret_hash = :hash",
        now=unit.now_us,
        hash=secret_hash,
    )


def sessions(unit: Unit, agent_id: int) -> list[Any]:
    """Somebody's signed-in browsers, newest first."""
    return list(
        unit.rows(
            "SELECT secret_hash, created_at, seen_at, expires_at, browser FROM session "
            "WHERE agent_id = :id AND revoked_at IS NULL AND expires_at > :now "
            "ORDER BY seen_at DESC",
            id=agent_id,
            now=unit.now_us,
        )
    )


def signed_in_counts(unit: Unit, agent_ids: Collection[int]) -> dict[int, int]:
    """In how many browsers each of them is signed in; who is in none is not named."""
    rows = unit.rows(
        "SELECT agent_id, COUNT(*) AS n FROM session WHERE agent_id IN :ids "
        "AND revoked_at IS NULL AND expires_at > :now GROUP BY agent_id",
        ids=list(agent_ids),
        now=unit.now_us,
    )
    return {row.agent_id: row.n for row in rows}


def revoke(unit: Unit, agent_id: int, secret_hash: str = "") -> int:
    """Sign out one of somebody's browsers, or all of them and every link not used yet; how many
    browsers."""
    if not secret_hash:
        drop_links(unit, agent_id)
    return unit.run(
        "UPDATE session SET revoked_at = :now WHERE agent_id = :id AND revoked_at IS NULL "
        "AND (:hash = '' OR secret_hash = :hash)",
        now=unit.now_us,
        id=agent_id,
        hash=secret_hash,
    )


def colleagues(unit: Unit, team_id: int) -> Sequence[Any]:
    """Everybody who may see the tickets of a team: id, name."""
    return unit.rows(
        "SELECT id, name FROM agent WHERE active AND (role IN ('manager', 'admin') OR id IN "
        "(SELECT agent_id FROM agent_team WHERE team_id = :team)) ORDER BY name, id",
        team=team_id,
    )
