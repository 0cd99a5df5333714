"""Telephone calls, and who must be called back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_WORDS = ("channel", "account", "call_id", "number", "line", "queue", "choice", "hint", "agent")
_MORE = ("outcome", "wrap_up", "language")
_LONG = ("recording", "transcript", "note", "told")


def upgrade() -> None:
    _calls()
    _call_backs()


def _moment(name: str, *, nullable: bool = True) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def _ref(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}_{target}")
    )


def _calls() -> None:
    op.create_table(
        "call",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in (*_WORDS, *_MORE)),
        *(sa.Column(name, sa.Text(), nullable=False) for name in _LONG),
        sa.Column("stage", sa.Integer(), nullable=False),
        *(
            sa.Column(name, sa.Boolean(), nullable=False)
            for name in ("inbound", "unattended", "due")
        ),
        *(_moment(name) for name in ("started_at", "answered_at", "ended_at")),
        *(_moment(name, nullable=False) for name in ("heard_at", "changed_at")),
        _moment("noted_by"),
        _moment("ticket_id"),
        _ref("call", "noted_by", "agent"),
        _ref("call", "ticket_id", "ticket"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call")),
        sa.UniqueConstraint(
            "channel", "account", "call_id", name=op.f("uq_call_channel_account_call_id")
        ),
    )
    op.create_index(
        "ix_call_due",
        "call",
        ["id"],
        unique=False,
        sqlite_where=sa.text("due"),
        postgresql_where=sa.text("due"),
    )
    op.create_index("ix_call_number", "call", ["number", "id"], unique=False)
    op.create_index("ix_call_ticket", "call", ["ticket_id", "id"], unique=False)


def _call_backs() -> None:
    op.create_table(
        "call_back",
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("call_id", sa.BigInteger(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        _moment("asked_at", nullable=False),
        _moment("tried_at"),
        _moment("done_at"),
        _moment("done_by"),
        _ref("call_back", "ticket_id", "ticket"),
        _ref("call_back", "call_id", "call"),
        _ref("call_back", "done_by", "agent"),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_call_back")),
    )
    op.create_index(
        "ix_call_back_open",
        "call_back",
        ["ticket_id"],
        unique=False,
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
