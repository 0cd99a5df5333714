"""What-if over a desk's own history: the exact part equals the promises themselves."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from router import desk, escalate, pipeline, supposing
from router.core.rights import Who
from router.errors import Invalid, SettingsFault
from router.prepared import Terms
from router.reports import whatif
from router.supposing import Supposed, week
from tests.fakes import FakeDoor, FakeDoors
from tests.staff import staffed

pytestmark = pytest.mark.one_database
MEI = Who(id=1, name="Mei", role="agent", teams=frozenset({1, 2}), locale="zh")
DAYS = ("2026-11-24", "2026-11-27")


def at(text):
    return datetime.fromisoformat(f"2026-11-{text}").replace(tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.fixture
def router(assembled, frozen):
    """Three transfers that failed: answered at once, after a night, and not at all."""
    door = FakeDoor()
    made = assembled(doors=FakeDoors(door))
    staffed(made, MEI)
    for who, asked, answered in (
        ("ann", "24T10:00", "24T10:30"),
        ("bo", "24T21:30", "25T09:00"),
        ("cy", "25T10:00", None),
    ):
        frozen.set(at(asked))
        raw = door.arrives(text="My transfer failed twice today", **{"from": f"{who}@mail.example"})
        ticket = pipeline.receive(made, door, [raw], Terms())[0].ticket_id
        if answered:
            frozen.set(at(answered))
            desk.reply(made, MEI, ticket, "We look at it.", once=who)
    frozen.set(at("27T10:00"))
    escalate.sweep(made)
    return made


def asked(router, **supposed):
    with router.store.reading() as unit:
        period = whatif.period_of(router, *DAYS)
        return whatif.answer(router, unit, Supposed(**supposed), period)


def test_what_was_equals_what_was_written_down(router):
    told = asked(router)
    with router.store.reading() as unit:
        rows = unit.rows("SELECT kind, met_at, breached_at FROM sla_clock")
    for kind in ("first_response", "resolution"):
        broken = sum(row.kind == kind and row.breached_at is not None for row in rows)
        counted = sum(one.broken for key, one in told.was.items() if key[0] == kind)
        assert counted == broken
    assert told.would == told.was


def test_a_tighter_target_breaks_what_was_answered_after_the_night(router):
    told = asked(router, targets=("P2=60",))
    assert told.was["first_response", "P2"] == (2, 1)
    assert told.would["first_response", "P2"] == (1, 2)


def test_longer_hours_count_the_night(router):
    told = asked(router, hours="00:00-24:00")
    assert told.would["first_response", "P2"].broken == 2


def test_holidays_that_nobody_observed_make_promises_later(router, frozen):
    day = supposing.policies(router, Supposed(holidays="CN"))
    assert not day.hours.is_open(datetime(2026, 10, 2, 12, tzinfo=ZoneInfo("Asia/Shanghai")))
    assert router.policies.hours.is_open(
        datetime(2026, 10, 2, 12, tzinfo=ZoneInfo("Asia/Shanghai"))
    )


@pytest.mark.parametrize(
    ("text", "day", "periods"),
    [
        ("7:00-23:00", "sun", [("07:00", "23:00")]),
        ("mon-fri 08:00-12:00+14:00-22:00", "fri", [("08:00", "12:00"), ("14:00", "22:00")]),
        ("mon-fri 08:00-12:00", "sat", []),
        ("sat-mon 10:00-18:00; tue 09:00-10:00", "mon", [("10:00", "18:00")]),
    ],
)
def test_hours_are_written_as_people_write_them(text, day, periods):
    assert week(text)[day] == periods


@pytest.mark.parametrize(
    "supposed",
    [
        {"hours": "always"},
        {"hours": "mon-fri"},
        {"hours": "mon 08:00"},
        {"hours": "xyz 08:00-10:00"},
        {"hours": "25:00-26:00"},
        {"targets": ("P9=1",)},
        {"targets": ("P2=0",)},
        {"targets": ("second_response.P2=5",)},
        {"holidays": "ATLANTIS"},
        {"agents": -1},
        {"goal": 101},
    ],
)
def test_what_cannot_be_supposed_is_refused_with_what_to_write(router, supposed):
    with pytest.raises(Invalid) as caught:
        asked(router, **supposed)
    assert caught.value.params["write"]


@pytest.mark.parametrize("days", [("soon", ""), ("2026-11-02", "2026-11-01"), ("2020-01-01", "")])
def test_days_that_cannot_be_looked_back_on_are_refused(router, days):
    with pytest.raises(Invalid):
        whatif.period_of(router, *days)


def test_the_terminal_says_what_to_write_instead(router):
    with pytest.raises(SettingsFault, match="write 07:00-23:00"):
        whatif.supposed(router, Supposed(hours="always"), DAYS, "en")


@pytest.mark.parametrize(("language", "words"), [("zh", "假设推演"), ("en", "What if")])
def test_the_terminal_tells_it_with_its_assumptions(router, language, words):
    told = whatif.supposed(router, Supposed(hours="07:00-23:00"), DAYS, language)
    assert told.startswith(words)
    assert "07:00-23:00" in told
    assert {"zh": "精确部分", "en": "Exact"}[language] in told


def test_of_too_many_promises_the_earliest_are_told_and_it_says_so(router):
    with router.store.reading() as unit:
        period = whatif.period_of(router, *DAYS)
        told = whatif.answer(router, unit, Supposed(), period, limit=2)
    assert (told.promises, told.cut_short) == (2, True)


def test_the_question_is_answered_of_the_days_asked_for(router):
    with router.store.reading() as unit:
        period = whatif.period_of(router, "2026-11-24", "2026-11-24")
        told = whatif.answer(router, unit, Supposed(), period)
    assert told.promises == 4
    assert whatif.period_of(router, "", "").span.first == (at("27T10:00") - timedelta(29)).date()
