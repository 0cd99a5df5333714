"""Lists narrowed to what is rare, and who is where for several web processes.

On PostgreSQL who is where lies in tables that are not logged: what they hold is worth nothing after
a crash. SQLite keeps a small file beside its own.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from router.store.seats import TABLE

revision = "0020"
down_revision = "0019"

_ORDER = ["standing", "rank", "id"]


def upgrade() -> None:
    for column in ("category", "channel"):
        columns = ["team_id", column, *_ORDER]
        op.create_index(f"ix_ticket_{column}_list", "ticket", columns, unique=False)
    for name, where in (("parked", "parked"), ("snoozed", "state = 'snoozed'")):
        op.create_index(
            f"ix_ticket_{name}_list",
            "ticket",
            _ORDER,
            unique=False,
            sqlite_where=sa.text(where),
            postgresql_where=sa.text(where),
        )
    op.create_index("ix_requester_name", "requester", ["name"], unique=False)
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"CREATE UNLOGGED TABLE {TABLE}")
        op.execute("CREATE UNLOGGED TABLE quiet (id INTEGER PRIMARY KEY, n BIGINT NOT NULL)")
