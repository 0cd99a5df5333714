"""What browser a session is of, so that people know which one to end."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    # No batch: both databases add a column with a default without touching a row.
    op.add_column("session", sa.Column("browser", sa.Text(), server_default="", nullable=False))
