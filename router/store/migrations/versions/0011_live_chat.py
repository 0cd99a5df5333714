"""Live chat: conversations in our own widget, and what happened in them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    _conversations()
    _events()


def _big(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), autoincrement=False, nullable=nullable)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False)


def _word(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=False)


def _ref(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}_{target}")
    )


def _conversations() -> None:
    op.create_table(
        "chat",
        _big("id"),
        _word("account"),
        _word("handle"),
        _word("name"),
        sa.Column("verified", sa.Boolean(), nullable=False),
        _word("language"),
        _big("ticket_id", nullable=True),
        _big("contact_id", nullable=True),
        _number("seq"),
        _number("desk_seq"),
        _number("visitor_seq"),
        _number("mailed_seq"),
        _big("notice_at"),
        _big("heard_at"),
        _big("created_at"),
        _big("ended_at", nullable=True),
        _ref("chat", "ticket_id", "ticket"),
        _ref("chat", "contact_id", "identity"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chat")),
    )
    op.create_index("ix_chat_handle", "chat", ["account", "handle"], unique=False)
    op.create_index(op.f("ix_chat_ticket_id"), "chat", ["ticket_id"], unique=False)
    going_on = sa.text("ended_at IS NULL")
    op.create_index(
        "ix_chat_going_on",
        "chat",
        ["heard_at"],
        unique=False,
        sqlite_where=going_on,
        postgresql_where=going_on,
    )


def _events() -> None:
    op.create_table(
        "chat_event",
        _big("conversation_id"),
        _number("seq"),
        _word("code"),
        _big("at"),
        _word("once"),
        _word("digest"),
        _big("message_id", nullable=True),
        _big("outbox_id", nullable=True),
        _big("agent_id", nullable=True),
        sa.Column("params", sa.Text(), nullable=False),
        _ref("chat_event", "conversation_id", "chat"),
        _ref("chat_event", "message_id", "message"),
        _ref("chat_event", "outbox_id", "outbox"),
        _ref("chat_event", "agent_id", "agent"),
        sa.PrimaryKeyConstraint("conversation_id", "seq", name=op.f("pk_chat_event")),
    )
    op.create_index(op.f("ix_chat_event_message_id"), "chat_event", ["message_id"], unique=False)
    named = sa.text("once <> ''")
    op.create_index(
        "ix_chat_event_once",
        "chat_event",
        ["conversation_id", "once"],
        unique=True,
        sqlite_where=named,
        postgresql_where=named,
    )
