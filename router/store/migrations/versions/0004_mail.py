"""What mail needs: imitated senders, names and signatures, raw mail found by its message."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("ticket", sa.Column("imitates", sa.Text(), nullable=False, server_default=""))
    op.add_column("message", sa.Column("imitates", sa.Text(), nullable=False, server_default=""))
    op.add_column("outbox", sa.Column("signature", sa.Text(), nullable=False, server_default=""))
    op.add_column(
        "outbox", sa.Column("sender_name", sa.String(), nullable=False, server_default="")
    )
    op.create_index(
        "ix_journal_raw",
        "journal",
        ["message_id"],
        unique=False,
        sqlite_where=sa.text("raw IS NOT NULL"),
        postgresql_where=sa.text("raw IS NOT NULL"),
    )
