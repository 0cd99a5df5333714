"""The tags a rule held because of, beside what it found."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    # No batch: both databases add a column with a default without touching a row.
    op.add_column("finding", sa.Column("because", sa.String(), server_default="", nullable=False))
