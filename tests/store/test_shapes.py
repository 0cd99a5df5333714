"""What is told of the tables for writing is what the tables say."""

from router.store import shapes
from router.store.tables import SQLModel, metadata
from router.store.unit import Shape

SHAPES = {name: one for name, one in vars(shapes).items() if isinstance(one, Shape)}


def test_every_table_has_its_shape_and_no_other_has():
    assert {name: one.table for name, one in SHAPES.items()} == {
        model.__name__: model.__table__.name for model in SQLModel.__subclasses__()
    }


def test_a_shape_has_the_columns_and_defaults_of_its_table():
    for model in SQLModel.__subclasses__():
        told = {
            name: None if one.is_required() else one.get_default(call_default_factory=True)
            for name, one in model.model_fields.items()
        }
        assert SHAPES[model.__name__].columns == told, "run `make shapes`"


def test_parents_are_written_before_their_children():
    order = {one.table: one.order for one in SHAPES.values()}
    for table in metadata.sorted_tables:
        for key in table.foreign_keys:
            parent = key.column.table.name
            assert parent == table.name or order[parent] < order[table.name], "run `make shapes`"
