"""A notice may be about a channel, not a ticket."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    with op.batch_alter_table("notice") as notice:
        notice.alter_column("ticket_id", existing_type=sa.BigInteger(), nullable=True)
