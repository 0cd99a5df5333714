"""Decided promises counted by one side alone, from the counts by all sides at once."""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"

_SIDES = (
    ("by_channel", "channel", "channel, '' AS category, '' AS urgency, team_id, 0 AS agent_id"),
    ("by_category", "category", "'' AS channel, category, '' AS urgency, team_id, 0 AS agent_id"),
    ("by_agent", "agent_id", "'' AS channel, '' AS category, '' AS urgency, team_id, agent_id"),
    ("trend", "urgency", "'' AS channel, '' AS category, urgency, team_id, 0 AS agent_id"),
    ("by_cause", "detail", "'' AS channel, '' AS category, '' AS urgency, team_id, 0 AS agent_id"),
)


def upgrade() -> None:
    for what, side, columns in _SIDES:
        caused = what == "by_cause"
        where = "what = 'broken'" if caused else "what IN ('kept', 'broken')"
        if what == "trend":
            where += " AND grain = 'm'"  # those of days have always been kept
        detail = "detail" if caused else "what"
        grouped = "grain, slot, kind, team_id" + ("" if caused else ", what")
        op.execute(
            "INSERT INTO figure (what, grain, slot, kind, channel, category, urgency, team_id, "  # noqa: S608  # ours
            f"agent_id, detail, n) SELECT '{what}', grain, slot, kind, {columns}, {detail}, SUM(n) "
            f"FROM figure WHERE {where} GROUP BY {grouped}, {side}"
        )
