"""Write router/store/shapes.py anew from the tables: `make shapes` after a table was changed."""

import sys
import textwrap
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from router.store.tables import SQLModel, metadata  # noqa: E402  # found through the line above

PLACE = ROOT / "router" / "store" / "shapes.py"
_HEAD = '''"""How each table's rows are written, told from tables.py by `make shapes`.

A process that writes rows needs their names and defaults, not the classes that describe them:
those take half a second and 18 MB. tests/store/test_shapes.py holds the two together.
"""

from router.store.unit import Shape

# fmt: off
'''
#: A comma follows the last line.
_WIDTH = 99


def made() -> str:
    """The module as it should read."""
    order = {table.name: place for place, table in enumerate(metadata.sorted_tables)}
    return _HEAD + "".join(_statement(model, order) for model in SQLModel.__subclasses__())


def _statement(model: Any, order: dict[str, int]) -> str:
    table = model.__table__
    columns = ", ".join(f'"{one.name}": {_default(model, one.name)}' for one in table.columns)
    lines = textwrap.wrap(
        columns, _WIDTH - 1, initial_indent="    ", subsequent_indent="    ", break_long_words=False
    )
    inner = "\n".join(lines)
    return f'{model.__name__} = Shape("{table.name}", {order[table.name]}, {{\n{inner},\n}})\n'


def _default(model: Any, name: str) -> str:
    field = model.model_fields[name]
    value = None if field.is_required() else field.get_default(call_default_factory=True)
    return f'"{value}"' if isinstance(value, str) else repr(value)


if __name__ == "__main__":
    PLACE.write_text(made(), "utf-8")
