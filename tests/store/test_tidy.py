"""Words that are erased leave the search index for good, however often that is done."""

import pytest

from router.store import search
from router.store.levels import flattened

#: So many that the index has pages of its own below what comes later.
OLD = 1500


@pytest.fixture
def index(store):
    """An index of which all that is old lies in one piece."""
    store.write(lambda unit: search.add(unit, [(n, f"word{n} common") for n in range(1, OLD)]))
    for n in (OLD, OLD + 1):
        _add(store, n)
        _tidy(store)
    return store


def _add(store, number, text="word{} common"):
    entry = search.prepare(text.format(number), 4000)
    store.write(lambda unit: search.add(unit, [(number, entry)]))


def _erase(store, number, text="word{} common"):
    store.write(lambda unit: search.erase(unit, [(number, text.format(number))]))


def _tidy(store):
    more = store.write(lambda unit: search.tidy(unit, first=True))
    while more:
        more = store.write(lambda unit: search.tidy(unit, first=False))


def _found(store, word):
    with store.reading() as unit:
        if unit.dialect == "sqlite":
            rows = unit.rows("SELECT rowid AS id FROM search WHERE search MATCH :w", w=word)
        else:
            rows = unit.rows(
                "SELECT message_id AS id FROM search WHERE tokens @@ to_tsquery('simple', :w)",
                w=word,
            )
    return [row.id for row in rows]


def test_what_is_erased_is_not_found_again_whenever_the_index_is_merged(index):
    """The sixteenth new piece has all that are new merged by themselves, without what is old."""
    for number in range(5, 45):
        _add(index, 10_000 + number)
        _erase(index, number)
        assert _found(index, f"word{number}") == []
    _tidy(index)
    assert [number for number in range(5, 45) if _found(index, f"word{number}")] == []
    assert len(_found(index, "common")) == OLD + 1


@pytest.mark.parametrize("limit", [210, 250, 4000])
def test_a_text_is_erased_wherever_it_was_cut(index, limit):
    text = f"{'hello ' * 34} canaryword 金丝雀在这里 {'more ' * 20} canarytail"
    entry = search.prepare(text, limit)
    index.write(lambda unit: search.add(unit, [(20_000, entry)]))
    assert _found(index, "hello") == [20_000]
    index.write(lambda unit: search.erase(unit, [(20_000, text)]))
    assert [word for word in entry.split() if 20_000 in _found(index, word)] == []


def test_what_is_erased_twice_takes_nothing_of_others_along(index):
    for _ in range(2):
        _erase(index, 7)
    _tidy(index)
    _add(index, 7)
    assert _found(index, "word7") == [7]
    assert len(_found(index, "common")) == OLD + 1


@pytest.mark.slow
def test_an_index_outlives_every_erasure(index):
    """The thousandth made SQLite call it damaged, and nothing was taken in any more."""
    for number in range(1, 1010):
        _add(index, 10_000 + number)
        _erase(index, number)
        _tidy(index)
        assert index.wash(["search"])
    assert len(_found(index, "common")) == OLD + 1


def test_each_tidying_leaves_the_index_as_flat_as_it_was(index, database_kind):
    if database_kind != "sqlite":
        pytest.skip("needs SQLite: PostgreSQL files words in another way")
    sizes = set()
    for number in range(1, 12):
        _add(index, 10_000 + number)
        _tidy(index)
        assert index.wash([])
        with index.reading() as unit:
            sizes.add(len(unit.value("SELECT block FROM search_data WHERE id = 10")))
    assert max(sizes) - min(sizes) <= 4
    _erase(index, 3)
    assert _found(index, "word3") == []


def test_a_record_that_is_being_merged_or_is_unknown_stays_as_it_is():
    merging = b"cook" + bytes([3, 3, 9, 0, 0, 2, 2, 5, 1, 1, 6, 1, 1, 0, 1, 7, 1, 2])
    assert flattened(merging) == merging
    for strange in (b"cook", b"cook\xff\x00\x00\x01\x02\x01", b"cook\x02\x01\x09\x00\x00\x00"):
        assert flattened(strange) == strange
    deep = b"cook" + bytes([4, 1, 9, 0, 0, 0, 0, 0, 0, 0, 1, 7, 1, 2])
    assert flattened(deep) == b"cook" + bytes([2, 1, 9, 0, 0, 0, 1, 7, 1, 2])
