"""Looking through conversations: every page, no more calls at once than the platform takes."""

import pytest

from channels.messenger import lookback


class Pages:
    """A page with so many conversations of so many messages each; counts calls."""

    def __init__(self, conversations, messages):
        self.moments = {
            f"t_{one:03}": [f"2026-11-24T02:{one % 60:02}:{two % 60:02}+0000" for two in messages]
            for one in conversations
        }
        self.calls = 0

    def get(self, path, asked):
        self.calls += 1
        start = int(asked.get("after") or 0)
        place, _, what = path.rpartition("/")
        if what == "conversations":
            rows = [{"id": name, "updated_time": max(at)} for name, at in self.moments.items()]
            rows.sort(key=lambda one: (one["updated_time"], one["id"]), reverse=True)
        else:
            said = enumerate(self.moments[place])
            rows = [{"id": f"{place}.{n}", "created_time": at} for n, at in said]
            rows.sort(key=lambda one: (one["created_time"], one["id"]), reverse=True)
        end = start + asked["limit"]
        more = {"next": "made-up"} if end < len(rows) else {}
        return {"data": rows[start:end], "paging": {"cursors": {"after": str(end)}, **more}}


def looked(pages, cursor):
    """Everything found, look after look, until there is no more."""
    found, looks = [], 0
    more = True
    while more:
        more, before = False, pages.calls
        for said, place, further in lookback.look(pages.get, "page", cursor):
            found += [one["id"] for one in said]
            cursor, more = place, further
        looks = max(looks, pages.calls - before)
    return found, cursor, looks


@pytest.mark.parametrize(
    ("conversations", "messages"), [(range(1), range(3)), (range(24), range(60)), (range(58), [1])]
)
def test_every_message_is_found_once_in_bounded_looks(conversations, messages):
    pages = Pages(conversations, messages)
    found, cursor, calls = looked(pages, {"updated": "2026-11-24T01:00:00+0000"})
    assert sorted(found) == sorted(
        f"{name}.{n}" for name, at in pages.moments.items() for n in range(len(at))
    )
    assert calls <= 2 * lookback._CALLS
    assert looked(pages, cursor) == ([], cursor, 2)


def test_the_first_look_only_notes_the_place():
    pages = Pages(range(40), range(2))
    found, cursor, _ = looked(pages, {})
    assert found == []
    assert cursor["updated"] == max(max(at) for at in pages.moments.values())
