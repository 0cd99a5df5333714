"""Who is where is told when it is news, and breaks no page where it cannot be told."""

from datetime import timedelta

import pytest

from router.core.rights import Who
from router.errors import StoreDown
from router.web.room import GONE, TYPES, VISITOR_GONE, Room

pytestmark = pytest.mark.one_database

MEI = Who(7, "Mei", "agent", frozenset({1}))
BO = Who(8, "Bo", "agent", frozenset({1}))


class Counted:
    """The seats of a store, and how often something was told."""

    def __init__(self, seats):
        self.seats, self.told = seats, 0

    def __getattr__(self, name):
        return getattr(self.seats, name)

    def put(self, seat):
        self.told += 1
        self.seats.put(seat)


class Away:
    """Seats that cannot be reached."""

    def __getattr__(self, name):
        def refuse(*_):
            raise StoreDown("away")

        return refuse


@pytest.fixture
def room(store):
    store.seats = Counted(store.seats)
    return Room(store)


def test_who_stays_is_told_again_only_when_half_the_time_is_over(room, store, frozen):
    for _ in range(5):
        room.sit(100, MEI, "reading")
    assert store.seats.told == 1
    frozen.advance(GONE / 2 + timedelta(seconds=1))
    room.sit(100, MEI, "reading")
    assert store.seats.told == 2
    frozen.advance(GONE / 2 + timedelta(seconds=1))
    assert [one.name for one in room.others(BO, [100])[100]] == ["Mei"]


def test_a_change_is_told_at_once(room, store):
    room.sit(100, MEI, "reading")
    room.sit(100, MEI, "writing")
    assert room.writes(100) == "Mei"
    room.sit(101, MEI, "writing")
    assert (room.writes(100), room.writes(101)) == ("", "Mei")
    assert store.seats.told == 3


def test_a_hidden_tab_leaves_its_own_ticket_only(room):
    room.sit(100, MEI, "writing")
    room.sit(101, MEI, "")
    assert room.writes(100) == "Mei"
    room.sit(100, MEI, "")
    assert room.writes(100) == ""


def test_a_visitor_who_types_on_and_on_is_told_every_few_seconds(room, store, frozen):
    for _ in range(40):  # a key each quarter of a second
        room.visit(5, types=True)
        assert room.types(5)
        frozen.advance(timedelta(milliseconds=250))
    assert store.seats.told <= 4
    room.visit(5, types=False)
    assert not room.types(5)
    assert room.is_visited(5)


def test_a_visitor_who_stops_without_a_word_is_typing_no_more_and_then_gone(room, frozen):
    room.visit(5, types=True)
    room.visit(5, types=None)
    frozen.advance(TYPES + timedelta(seconds=1))
    assert not room.types(5)
    assert room.is_visited(5)
    frozen.advance(VISITOR_GONE)
    assert not room.is_visited(5)


def test_where_nothing_can_be_told_nobody_is_shown_and_nothing_breaks(store):
    own, store.seats = store.seats, Away()
    room = Room(store)
    room.sit(100, MEI, "writing")
    room.visit(5, types=True)
    assert room.others(BO, [100]) == {}
    assert not room.is_visited(5)
    store.seats = own
