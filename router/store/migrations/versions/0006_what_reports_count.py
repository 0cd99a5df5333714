"""What reports count: happenings of tickets, and figures by day and month."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "happening",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        *(
            sa.Column(name, sa.String(), nullable=False)
            for name in ("kind", "channel", "category", "urgency")
        ),
        sa.Column("team_id", sa.BigInteger(), nullable=False),
        sa.Column("agent_id", sa.BigInteger(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("service", sa.BigInteger(), nullable=False),
        sa.Column("wall", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_happening_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_happening")),
    )
    op.create_index(op.f("ix_happening_ticket_id"), "happening", ["ticket_id"])
    op.create_index("ix_happening_what", "happening", ["what", "kind", "at", "id"])
    key = (
        "what", "grain", "slot", "kind", "channel", "category", "urgency", "team_id", "agent_id",
        "detail",
    )  # fmt: skip
    types = {"slot": sa.Integer(), "team_id": sa.BigInteger(), "agent_id": sa.BigInteger()}
    op.create_table(
        "figure",
        *(sa.Column(name, types.get(name, sa.String()), nullable=False) for name in key),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(*key, name=op.f("pk_figure")),
        sqlite_with_rowid=False,
    )
