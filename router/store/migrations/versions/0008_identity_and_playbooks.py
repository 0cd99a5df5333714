"""Identity gates, tasks of playbooks, calls to the wallet's systems, and what ties tickets."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    _gates()
    _tasks()
    _due()
    _webhooks()
    _traces()


def _ref(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}_{target}")
    )


def _id(name: str = "id") -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), autoincrement=False, nullable=False)


def _big(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def _word(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=False)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False)


def _gates() -> None:
    op.create_table(
        "gate",
        _id(),
        _big("ticket_id"),
        _word("purpose"),
        _word("state"),
        _big("opened_by", nullable=True),
        _big("opened_at"),
        _big("identity_id", nullable=True),
        _word("way"),
        _word("salt"),
        _number("sends"),
        _number("tries"),
        _big("expires_at", nullable=True),
        _word("how"),
        _big("passed_by", nullable=True),
        _big("passed_at", nullable=True),
        _big("second_by", nullable=True),
        _big("second_at", nullable=True),
        _big("ended_by", nullable=True),
        _big("ended_at", nullable=True),
        _word("reason"),
        _ref("gate", "ticket_id", "ticket"),
        _ref("gate", "opened_by", "agent"),
        _ref("gate", "identity_id", "identity"),
        _ref("gate", "passed_by", "agent"),
        _ref("gate", "second_by", "agent"),
        _ref("gate", "ended_by", "agent"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gate")),
    )
    op.create_index(op.f("ix_gate_ticket_id"), "gate", ["ticket_id"], unique=False)


def _tasks() -> None:
    op.create_table(
        "task",
        _id(),
        _big("ticket_id"),
        _word("playbook"),
        _word("step"),
        _number("place"),
        _word("state"),
        _big("owner_id", nullable=True),
        _big("ended_by", nullable=True),
        _big("ended_at", nullable=True),
        _big("at"),
        _ref("task", "ticket_id", "ticket"),
        _ref("task", "owner_id", "agent"),
        _ref("task", "ended_by", "agent"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task")),
        sa.UniqueConstraint(
            "ticket_id", "playbook", "step", name=op.f("uq_task_ticket_id_playbook_step")
        ),
    )


def _due() -> None:
    op.create_table(
        "playbook_due",
        _id(),
        _big("ticket_id"),
        _ref("playbook_due", "ticket_id", "ticket"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_playbook_due")),
    )


def _webhooks() -> None:
    op.create_table(
        "outgoing_webhook",
        _id(),
        _big("ticket_id"),
        _word("target"),
        _word("kind"),
        sa.Column("body", sa.Text(), nullable=False),
        _word("once"),
        _word("state"),
        _word("reason"),
        _number("attempts"),
        _big("due_at"),
        _big("leased_until"),
        _big("created_at"),
        _big("sent_at", nullable=True),
        _big("confirmed_at", nullable=True),
        _big("confirm_by", nullable=True),
        _ref("outgoing_webhook", "ticket_id", "ticket"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outgoing_webhook")),
        sa.UniqueConstraint("once", name=op.f("uq_outgoing_webhook_once")),
    )
    op.create_index(op.f("ix_outgoing_webhook_ticket_id"), "outgoing_webhook", ["ticket_id"])
    for name, column, where in (
        ("ix_outgoing_webhook_due", "due_at", "state IN ('queued', 'sending')"),
        ("ix_outgoing_webhook_confirm", "confirm_by", "confirm_by IS NOT NULL"),
    ):
        op.create_index(
            name,
            "outgoing_webhook",
            [column],
            unique=False,
            sqlite_where=sa.text(where),
            postgresql_where=sa.text(where),
        )


def _traces() -> None:
    op.create_table(
        "ticket_trace",
        _word("kind"),
        _word("fingerprint"),
        _id("ticket_id"),
        _big("at"),
        _ref("ticket_trace", "ticket_id", "ticket"),
        sa.PrimaryKeyConstraint("kind", "fingerprint", "ticket_id", name=op.f("pk_ticket_trace")),
    )
    op.create_index(op.f("ix_ticket_trace_ticket_id"), "ticket_trace", ["ticket_id"])
