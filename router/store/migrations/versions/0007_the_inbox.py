"""What working together needs: drafts, acts to take back, sleep, merging, macros, views."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    _writing()
    _moving()
    _keeping()
    op.create_index(
        "ix_ticket_due",
        "ticket",
        ["due_at", "id"],
        unique=False,
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )


def _ref(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}_{target}")
    )


def _id(name: str = "id", *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), autoincrement=False, nullable=nullable)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def _writing() -> None:
    op.create_table(
        "draft",
        _id("agent_id"),
        _id("ticket_id"),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=False),
        sa.Column("blob", sa.LargeBinary(), nullable=False),
        _moment("changed_at"),
        _ref("draft", "agent_id", "agent"),
        _ref("draft", "ticket_id", "ticket"),
        sa.PrimaryKeyConstraint("agent_id", "ticket_id", "kind", name=op.f("pk_draft")),
    )
    op.create_index(op.f("ix_draft_ticket_id"), "draft", ["ticket_id"], unique=False)
    op.create_table(
        "macro",
        _id(),
        _moment("owner_id", nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("word", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("text_zh", sa.Text(), nullable=False),
        sa.Column("text_en", sa.Text(), nullable=False),
        sa.Column("does", sa.Text(), nullable=False),
        _moment("changed_at"),
        _ref("macro", "owner_id", "agent"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_macro")),
    )
    op.create_index(op.f("ix_macro_owner_id"), "macro", ["owner_id"], unique=False)
    op.create_table(
        "mention",
        _id("message_id"),
        _id("agent_id"),
        _moment("ticket_id"),
        _moment("seen_at", nullable=True),
        _ref("mention", "agent_id", "agent"),
        _ref("mention", "message_id", "message"),
        _ref("mention", "ticket_id", "ticket"),
        sa.PrimaryKeyConstraint("message_id", "agent_id", name=op.f("pk_mention")),
    )
    op.create_index("ix_mention_agent", "mention", ["agent_id", "seen_at", "ticket_id"])
    op.create_index(op.f("ix_mention_ticket_id"), "mention", ["ticket_id"], unique=False)


def _moving() -> None:
    op.create_table(
        "act",
        _id(),
        _moment("batch"),
        _moment("agent_id"),
        _moment("ticket_id"),
        sa.Column("verb", sa.String(), nullable=False),
        sa.Column("seen", sa.Text(), nullable=False),
        _moment("at"),
        _moment("undone_at", nullable=True),
        _ref("act", "agent_id", "agent"),
        _ref("act", "ticket_id", "ticket"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_act")),
    )
    op.create_index("ix_act_agent", "act", ["agent_id", "id"], unique=False)
    op.create_index("ix_act_batch", "act", ["batch"], unique=False)
    op.create_index(op.f("ix_act_ticket_id"), "act", ["ticket_id"], unique=False)
    op.create_table(
        "snooze",
        _id("ticket_id"),
        _moment("until"),
        _moment("agent_id"),
        _ref("snooze", "agent_id", "agent"),
        _ref("snooze", "ticket_id", "ticket"),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_snooze")),
    )
    op.create_index(op.f("ix_snooze_until"), "snooze", ["until"], unique=False)
    op.create_table(
        "merged",
        _id("gone_id"),
        _moment("kept_id"),
        _moment("at"),
        _ref("merged", "gone_id", "ticket"),
        _ref("merged", "kept_id", "ticket"),
        sa.PrimaryKeyConstraint("gone_id", name=op.f("pk_merged")),
    )
    op.create_index(op.f("ix_merged_kept_id"), "merged", ["kept_id"], unique=False)


def _keeping() -> None:
    op.create_table(
        "saved_view",
        _id(),
        _moment("owner_id"),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        _moment("at"),
        _ref("saved_view", "owner_id", "agent"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_view")),
    )
    op.create_index(op.f("ix_saved_view_owner_id"), "saved_view", ["owner_id"], unique=False)
