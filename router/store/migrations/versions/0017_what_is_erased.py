"""People who are erased, and words that are old enough to go."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

_KEPT = sa.text("closed_at IS NOT NULL AND erased_at IS NULL")
_OPEN = sa.text("done_at IS NULL")


def upgrade() -> None:
    # No batch: both databases add a column that may be empty without touching a row.
    op.add_column("ticket", sa.Column("erased_at", sa.BigInteger(), nullable=True))
    op.add_column("requester", sa.Column("erased_at", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_ticket_retention",
        "ticket",
        ["category", "closed_at"],
        sqlite_where=_KEPT,
        postgresql_where=_KEPT,
    )
    op.create_table(
        "erasure",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("requester_id", sa.BigInteger(), nullable=True),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.BigInteger(), nullable=True),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("leased_until", sa.BigInteger(), nullable=False),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=True),
        sa.Column("blob", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["requester_id"], ["requester.id"], name=op.f("fk_erasure_requester_id_requester")
        ),
        sa.ForeignKeyConstraint(["asked_by"], ["agent.id"], name=op.f("fk_erasure_asked_by_agent")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure")),
    )
    op.create_index(
        "ix_erasure_open", "erasure", ["id"], sqlite_where=_OPEN, postgresql_where=_OPEN
    )
