"""Handles that people gave besides the one they wrote from, and requesters a person joined."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "given_handle",
        _id(),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        _id("identity_id"),
        _id("ticket_id"),
        _ref("given_handle", "identity_id", "identity"),
        _ref("given_handle", "ticket_id", "ticket"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_given_handle")),
    )
    op.create_index("ix_given_handle_value", "given_handle", ["kind", "value"], unique=False)
    op.create_index(
        op.f("ix_given_handle_identity_id"), "given_handle", ["identity_id"], unique=False
    )
    op.create_table(
        "one_person",
        _id(),
        _id("kept_id"),
        _id("gone_id"),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("evidence", sa.String(), nullable=False),
        sa.Column("params", sa.Text(), nullable=False),
        sa.Column("moved", sa.Text(), nullable=False),
        _id("agent_id"),
        _id("at"),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.BigInteger(), nullable=True),
        _ref("one_person", "kept_id", "requester"),
        _ref("one_person", "gone_id", "requester"),
        _ref("one_person", "agent_id", "agent"),
        _ref("one_person", "ended_by", "agent"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_one_person")),
    )
    for column in ("kept_id", "gone_id"):
        op.create_index(op.f(f"ix_one_person_{column}"), "one_person", [column], unique=False)


def _id(name: str = "id") -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), autoincrement=False, nullable=False)


def _ref(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}_{target}")
    )
