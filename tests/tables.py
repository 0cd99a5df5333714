"""Which tables a database has, asked of itself, so that no search leaves one out."""

_SQLITE = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
_POSTGRESQL = "SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema()"


def tables_of(store):
    """The names of all tables, virtual ones and those behind them too."""
    with store.reading() as unit:
        return [row.name for row in unit.rows(_SQLITE if store.single_writer else _POSTGRESQL)]
