"""Queued rows by account and purpose, so that whoever looks for the next one passes over nobody
else's."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    op.drop_index("ix_outbox_due", table_name="outbox")
    queued = sa.text("state = 'queued'")
    op.create_index(
        "ix_outbox_turn",
        "outbox",
        ["state", "channel", "account", "purpose", "due_at", "id"],
        sqlite_where=queued,
        postgresql_where=queued,
    )
