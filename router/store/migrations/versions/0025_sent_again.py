"""Tries of a row of the outbox that were spent before somebody said it is to be sent again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    # No batch: both databases add a column with a default without touching a row.
    op.add_column("outbox", sa.Column("spent", sa.Integer(), server_default="0", nullable=False))
