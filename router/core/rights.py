"""Who may do what. Every page, stream and act asks :func:`may`, and nothing else decides.

Agents and leads work on the tickets of their own teams; managers and admins see the whole desk.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

ROLES = ("agent", "lead", "manager", "admin")

_ALL = frozenset(ROLES)
_LEADING = frozenset(("lead", "manager", "admin"))
_MANAGING = frozenset(("manager", "admin"))
_ADMIN = frozenset(("admin",))
_SCOPED = frozenset(("agent", "lead"))

#: Which roles an action is open to.
ACTIONS: Mapping[str, frozenset[str]] = {
    "view": _ALL,
    "reply": _ALL,
    "note": _ALL,
    "assign": _ALL,
    "move_team": _ALL,
    "tag": _ALL,
    "categorise": _ALL,
    "vouch": _ALL,
    "check_identity": _ALL,
    "look_up": _ALL,
    "run_playbook": _ALL,
    "wait": _ALL,
    "see_raw": _LEADING,
    "close": _ALL,
    "reopen": _ALL,
    "snooze": _ALL,
    "merge": _ALL,
    "link": _ALL,
    "split": _ALL,
    "spam": _ALL,
    "block": _ALL,
    "forward": _ALL,
    "begin": _ALL,
    "call": _ALL,
    "join_people": _ALL,
    "macro": _ALL,
    "share": _LEADING,
    "see_outbox": _ALL,
    "see_status": _ALL,
    "retry": _LEADING,
    "replay": _LEADING,
    "see_parked": _LEADING,
    "see_rules": _ALL,
    "see_misroutes": _LEADING,
    "edit_rules": _LEADING,
    "publish_rules": _LEADING,
    "edit_articles": _LEADING,
    "see_incidents": _LEADING,
    "handle_incidents": _LEADING,
    "see_reports": _LEADING,
    "export_reports": _LEADING,
    "what_if": _MANAGING,
    "see_shifts": _LEADING,
    "see_hours": _LEADING,
    "edit_hours": _LEADING,
    "edit_promises": _MANAGING,
    "edit_shifts": _LEADING,
    "see_people": _MANAGING,
    "see_audit": _MANAGING,
    "see_retention": _MANAGING,
    "export_person": _MANAGING,
    "erase_person": _MANAGING,
    "manage_people": _ADMIN,
    "settings": _ADMIN,
}


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody signed in: what deciding about rights needs, and the language to speak to them."""

    id: int
    name: str
    role: str
    teams: frozenset[int] = frozenset()
    locale: str = ""


def may(who: Who | None, action: str, team_id: int | None = None) -> bool:
    """Whether somebody may do this to something of that team.

    Without a team the question is about the desk at large ("may they open the outbox?"); what they
    then find there is still limited by :func:`scope`. Nobody signed in may do nothing; an action
    that is not in ACTIONS is a mistake of ours and raises KeyError.
    """
    roles = ACTIONS[action]
    if who is None or who.role not in roles:
        return False
    return team_id is None or who.role not in _SCOPED or team_id in who.teams


def scope(who: Who) -> tuple[int, ...] | None:
    """The teams whose tickets somebody may see, to be put into every query; None means all."""
    return tuple(sorted(who.teams)) if who.role not in _MANAGING else None
