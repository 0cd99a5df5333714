"""Run by Alembic inside the transaction that ``router.store.schema`` opened."""

from __future__ import annotations

from alembic import context

from router.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=False,
)
context.run_migrations()
