"""Promises changed while a desk is at work: what moves, what stays, and what is shown before."""

import json
from datetime import date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from router import amending, dated_weeks, desk, hourbook, pipeline, sweeps
from router.core.promises.periods import DAYS
from router.core.promises.sla import KINDS, URGENCIES
from router.core.rights import Who
from router.dated_weeks import POLICIES, DatedWeek
from router.errors import Conflict, Invalid, NotFound
from router.prepared import Terms
from router.promise_settings import HoursSettings, PolicySettings
from router.store import acts
from router.store.promises import calendar_days, promise_versions
from tests.fakes import FakeDoor, FakeDoors
from tests.staff import staffed

HUA = Who(id=2, name="Hua", role="manager", teams=frozenset(), locale="zh")
TEXTS = (
    "my transfer is pending since yesterday",
    "我想导出交易记录",
    "登录不了，忘记密码",
    "where can I see my records",
)


@pytest.fixture
def door():
    return FakeDoor()


@pytest.fixture
def router(assembled, door):
    return staffed(assembled(doors=FakeDoors(door)), HUA)


def takes(router, door, text=TEXTS[0], sender="ann@mail.example"):
    raw = door.arrives(text=text, **{"from": sender})
    return pipeline.receive(router, door, [raw], Terms())[0].ticket_id


def clocks_of(router, ticket):
    with router.store.reading() as unit:
        rows = unit.rows("SELECT * FROM sla_clock WHERE ticket_id = :t ORDER BY id", t=ticket)
        return {row.kind: row for row in rows}


def entries(router, ticket, code):
    with router.store.reading() as unit:
        rows = unit.rows(
            "SELECT params FROM entry WHERE ticket_id = :t AND code = :c", t=ticket, c=code
        )
        return [json.loads(row.params) for row in rows]


def sla_with(router, *own, **changed):
    sla = router.hours.settings.sla
    return sla.model_copy(update={"policies": [PolicySettings(**one) for one in own], **changed})


def settled(router, *own, renamed=None, **changed):
    """Save these policies, and let the duty count anew; what was shown before."""
    seen = amending.version(router, POLICIES)
    made = amending.settle(router, sla_with(router, *own, **changed), seen, renamed)
    with router.store.reading() as unit:
        shown = amending.effect(router, unit, made)
    amending.save(router, HUA.id, made)
    recounts(router)
    return shown


def recounts(router):
    duty = next(one for one in sweeps.DUTIES if one.name == "recount")
    return sweeps.tick(router, duty)


def week(router, begin, seen, periods="10:00-16:00", zone="Asia/Shanghai"):
    span = tuple(periods.split("-"))
    given = DatedWeek(begin=begin, weekly={day: [span] for day in DAYS}, zone=zone)
    return amending.week(router, "desk", given, seen)


# ---------------------------------------------------------------- running clocks


def test_a_policy_that_fits_now_counts_open_promises_anew_from_their_start(router, door, frozen):
    ticket = takes(router, door)
    started = clocks_of(router, ticket)["first_response"].started_at
    shown = settled(router, {"name": "fast", "category": ["transfer.*"], "first_response": 45})
    assert (shown.sooner, shown.later, shown.late) == (1, 0, 0)
    clock = clocks_of(router, ticket)["first_response"]
    assert (clock.policy, clock.minutes) == ("fast", 45)
    assert clock.due_at == started + 45 * 60_000_000
    (said,) = [one for one in entries(router, ticket, "sla_retargeted") if one["minutes"] == 45]
    assert (said["policy"], said["due"]) == ("fast", clock.due_at)


def _fast(router):
    made = amending.settle(
        router,
        sla_with(router, {"name": "fast", "category": ["transfer.*"], "first_response": 45}),
        amending.version(router, POLICIES),
    )
    amending.save(router, HUA.id, made)


def test_a_recount_that_was_cut_off_is_made_again(router, door, monkeypatch):
    ticket = takes(router, door)
    _fast(router)

    class PowerCut(BaseException):
        pass

    def cut(*_):
        raise PowerCut

    with monkeypatch.context() as patched:
        patched.setattr(hourbook, "repromise", cut)
        with pytest.raises(PowerCut):
            recounts(router)
    recounts(router)
    assert clocks_of(router, ticket)["first_response"].minutes == 45


def test_a_promise_out_of_sight_of_the_first_recount_is_counted_a_minute_later(
    router, door, frozen
):
    ticket = takes(router, door)
    before = clocks_of(router, ticket)["first_response"]
    _fast(router)
    recounts(router)

    def as_before(unit):  # as a transaction leaves it that began before the change
        unit.run(
            "UPDATE sla_clock SET policy = :policy, minutes = :minutes, due_at = :due "
            "WHERE id = :id",
            policy=before.policy,
            minutes=before.minutes,
            due=before.due_at,
            id=before.id,
        )

    router.store.write(as_before)
    frozen.advance(timedelta(seconds=30))
    recounts(router)
    assert clocks_of(router, ticket)["first_response"].minutes == before.minutes
    frozen.advance(timedelta(seconds=31))
    recounts(router)
    assert clocks_of(router, ticket)["first_response"].minutes == 45
    with router.store.reading() as unit:
        assert calendar_days.to_recount(unit) == []


def test_what_is_changed_while_it_is_recounted_is_recounted_too(router, door, monkeypatch):
    takes(router, door)
    _fast(router)
    turns = []

    def changed_meanwhile(store, _policies):
        turns.append(1)
        if len(turns) == 1:
            store.write(lambda unit: calendar_days.ask_recount(unit, calendar_days.POLICIES))

    monkeypatch.setattr(hourbook, "repromise", changed_meanwhile)
    recounts(router)
    recounts(router)
    recounts(router)
    assert len(turns) == 2


def test_what_is_late_at_once_is_shown_before_and_broken_after(router, door, frozen):
    ticket = takes(router, door)
    frozen.advance(timedelta(minutes=30))
    shown = settled(router, {"name": "fast", "first_response": 20})
    assert shown.late == 1
    assert shown.shown[0].late
    duty = next(one for one in sweeps.DUTIES if one.name == "escalate")
    sweeps.tick(router, duty)
    assert clocks_of(router, ticket)["first_response"].breached_at is not None


def test_what_was_broken_stays_broken(router, door, frozen):
    ticket = takes(router, door)
    frozen.advance(timedelta(days=9))
    duty = next(one for one in sweeps.DUTIES if one.name == "escalate")
    sweeps.tick(router, duty)
    before = clocks_of(router, ticket)
    assert before["first_response"].breached_at is not None
    shown = settled(router, {"name": "slow", "first_response": 90_000, "resolution": 90_000})
    assert shown.moved == 0
    assert clocks_of(router, ticket)["first_response"] == before["first_response"]


def test_a_promise_that_stands_still_goes_on_with_the_new_time(router, door, frozen):
    ticket = takes(router, door)
    desk.wait_for(router, HUA, ticket, "bank")
    shown = settled(router, {"name": "calm", "resolution": 6_000})
    assert shown.paused == 1
    clock = clocks_of(router, ticket)["resolution"]
    assert (clock.due_at, clock.minutes) == (None, 6_000)
    assert clock.left_us == 6_000 * 60_000_000


def test_what_is_open_of_a_policy_that_is_gone_keeps_its_time(router, door):
    settled(router, {"name": "fast", "first_response": 45})
    ticket = takes(router, door)
    before = clocks_of(router, ticket)
    shown = settled(router)
    assert (shown.kept, shown.moved) == (2, 0)
    assert clocks_of(router, ticket) == before
    later = takes(router, door, sender="bo@mail.example")
    assert clocks_of(router, later)["first_response"].policy == "standard"


def test_open_promises_follow_a_policy_to_its_new_name(router, door):
    settled(router, {"name": "fsat", "first_response": 45})
    ticket = takes(router, door)
    shown = settled(router, {"name": "fast", "first_response": 50}, renamed={"fsat": "fast"})
    assert (shown.kept, shown.later) == (0, 1)
    clock = clocks_of(router, ticket)["first_response"]
    assert (clock.policy, clock.minutes) == ("fast", 50)


def test_the_first_policy_that_fits_holds_and_its_place_can_be_changed(router, door):
    settled(router, {"name": "one", "first_response": 45}, {"name": "two", "first_response": 90})
    ticket = takes(router, door)
    made = amending.placed(router.hours.settings.sla, "two", -1)
    assert [one.name for one in made.policies] == ["two", "one"]
    settled(router, *[one.model_dump() for one in made.policies])
    assert clocks_of(router, ticket)["first_response"].minutes == 90


def test_warnings_move_with_their_fractions_and_those_behind_count_as_given(router, door, frozen):
    ticket = takes(router, door)
    clock = clocks_of(router, ticket)["first_response"]
    frozen.advance(timedelta(minutes=clock.minutes * 0.6))
    settled(router, warn=[0.5, 0.9])
    after = clocks_of(router, ticket)["first_response"]
    assert after.due_at == clock.due_at
    assert after.warned == 1
    assert after.act_at == clock.started_at + round(clock.minutes * 60_000_000 * 0.9)
    assert entries(router, ticket, "sla_warned") == []


def test_security_counts_every_hour_whatever_a_policy_says(router, door):
    settled(router, {"name": "desk", "calendar": "desk", "first_response": 45})
    ticket = takes(router, door, "somebody hacked my account, a payment I did not make")
    assert clocks_of(router, ticket)["first_response"].calendar == "always"


def test_what_is_undone_counts_by_what_is_in_force_now(router, door, frozen):
    ticket = takes(router, door)
    started = clocks_of(router, ticket)["first_response"].started_at
    desk.set_urgency(router, HUA, ticket, "P4")
    settled(router, {"name": "fast", "first_response": 45})
    amending.save(router, HUA.id, week(router, date(2026, 11, 24), 0, "10:30-16:00"))
    recounts(router)
    with router.store.reading() as unit:
        batch = acts.last(unit, HUA.id, ticket).batch
    desk.undo(router, HUA, batch)
    clock = clocks_of(router, ticket)["first_response"]
    assert (clock.policy, clock.minutes) == ("fast", 45)
    assert clock.due_at == started + (30 + 45) * 60_000_000  # the doors open at half past ten


@pytest.mark.parametrize("seed", range(6))
def test_what_moves_is_what_was_shown(router, door, frozen, seed):
    draw = Random(seed)
    tickets = []
    for number in range(12):
        sender = f"p{number}@mail.example"
        tickets.append(takes(router, door, draw.choice(TEXTS), sender))
        frozen.advance(timedelta(minutes=draw.randrange(200)))
    for one in draw.sample(tickets, 3):
        desk.wait_for(router, HUA, one, "bank")
    for number in range(4):
        own = [
            {
                "name": f"p{draw.randrange(4)}-{place}",
                "category": draw.choice(([], ["transfer.*"], ["login.*"])),
                "urgency": draw.choice(([], ["P3"])),
                "first_response": draw.choice((None, 30, 600)),
                "resolution": draw.choice((None, 60, 9_000)),
                "calendar": draw.choice(("", "always")),
            }
            for place in range(draw.randrange(4))
        ]
        before = {one: clocks_of(router, one) for one in tickets}
        if sla_with(router, *own) == router.hours.settings.sla:
            continue
        shown = settled(router, *own)
        moved = late = 0
        now = router.clock.now().timestamp() * 1_000_000
        for one in tickets:
            for kind, clock in clocks_of(router, one).items():
                was = before[one][kind]
                if clock.due_at != was.due_at:
                    moved += 1
                    late += clock.due_at <= now < was.due_at
        assert (shown.moved, shown.late) == (moved, late), number


# ---------------------------------------------------------------- what cannot be


@pytest.mark.parametrize(
    ("own", "field"),
    [
        ([{"name": ""}], "name"),
        ([{"name": "standard"}], "name"),
        ([{"name": "a"}, {"name": "a"}], "name"),
        ([{"name": "x" * 61}], "name"),
        ([{"name": "a", "urgency": ["P9"]}], "urgency"),
        ([{"name": "a", "calendar": "night"}], "calendar"),
        ([{"name": "a", "warn": [1.0]}], "warn"),
        ([{"name": "a", "resolution": 99_999_999}], "weekly"),
    ],
)
def test_a_policy_that_cannot_be_is_refused_by_its_field(router, own, field):
    with pytest.raises(Invalid) as caught:
        amending.settle(router, sla_with(router, *own), 0)
    assert caught.value.field == field


@pytest.mark.parametrize("minutes", [0, -5])
def test_a_standard_time_of_nothing_is_refused(router, minutes):
    sla = router.settings.sla
    given = sla.model_copy(update={"resolution": {**sla.resolution, "P2": minutes}})
    with pytest.raises(Invalid) as caught:
        amending.settle(router, given, 0)
    assert caught.value.more == (("resolution.P2", "no_minutes"),)


def test_the_standard_cannot_be_taken_away(router):
    with pytest.raises(Conflict, match="standard_stays"):
        amending.without(router.settings.sla, "standard")
    with pytest.raises(NotFound):
        amending.without(router.settings.sla, "no such")


def test_what_changes_nothing_is_no_change(router):
    with pytest.raises(Invalid, match="nothing_changed"):
        settled(router)


def test_of_two_that_saw_the_same_only_one_is_saved(router):
    one = amending.settle(router, sla_with(router, {"name": "one"}), 0)
    two = amending.settle(router, sla_with(router, {"name": "two"}), 0)
    amending.save(router, HUA.id, one)
    with pytest.raises(Conflict, match="promises_changed"):
        amending.save(router, HUA.id, two)
    with pytest.raises(Conflict, match="promises_changed"):
        router.store.write(lambda unit: amending.keep(router, unit, HUA.id, two))
    assert [one.name for one in router.hours.settings.sla.policies] == ["one"]


# ---------------------------------------------------------------- back to the settings


def test_promises_go_back_to_what_the_settings_say_and_history_stays(router, door):
    ticket = takes(router, door)
    before = clocks_of(router, ticket)["first_response"]
    settled(router, {"name": "fast", "first_response": 45}, {"name": "other"})
    amending.save(router, HUA.id, amending.restore(router, POLICIES, 1))
    recounts(router)
    assert router.hours.settings == router.settings
    assert dated_weeks.overrides(router.hours.own) == []
    assert clocks_of(router, ticket)["first_response"].policy == "fast"  # gone: it keeps its time
    with router.store.reading() as unit:
        told = promise_versions.history(unit, 9)
    assert [one.version for one in told] == [2, 1]
    assert told[0].was == told[1].becomes
    assert told[1].was == told[0].becomes
    assert before.policy == "standard"


def test_what_is_set_by_hand_as_the_settings_say_follows_them_again(router):
    settled(router, {"name": "fast", "first_response": 45})
    settled(router)
    assert router.hours.own[POLICIES].own is None


# ---------------------------------------------------------------- weeks over the settings


def zoned(text):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai"))


def test_a_week_holds_until_a_change_that_the_settings_foresee(assembled):
    later = {day: [("06:00", "07:00")] for day in DAYS}
    router = assembled(hours={"changes": {"2027-01-01": later}})
    amending.save(router, None, week(router, date(2026, 12, 1), 0))
    hours = router.policies.hours
    assert not hours.is_open(zoned("2026-12-05T09:00"))
    assert hours.is_open(zoned("2026-12-05T10:00"))
    assert hours.is_open(zoned("2027-01-05T06:30"))
    assert not hours.is_open(zoned("2027-01-05T10:30"))


def test_a_second_change_leaves_the_first_where_it_was_until_then(router):
    amending.save(router, HUA.id, week(router, date(2026, 12, 1), 0))
    amending.save(router, HUA.id, week(router, date(2026, 12, 10), 1, "20:00-21:00"))
    hours = router.policies.hours
    assert hours.is_open(zoned("2026-11-30T09:00"))
    assert hours.is_open(zoned("2026-12-09T10:00"))
    assert not hours.is_open(zoned("2026-12-10T10:00"))
    assert hours.is_open(zoned("2026-12-10T20:00"))


def test_weeks_over_the_settings_leave_the_days_before_them_alone():
    section = HoursSettings(changes={"2026-06-01": {"mon": [("01:00", "02:00")]}})
    own = [DatedWeek(begin=date(2026, 12, 1), weekly={"mon": [("09:00", "10:00")]}, zone="UTC")]
    over = dated_weeks.overlaid(section, own, "Asia/Shanghai")
    assert set(over.changes) == {"2026-06-01", "2026-12-01"}
    assert over.zones == {"2026-12-01": "UTC"}
    back = dated_weeks.overlaid(
        section, dated_weeks.restored(own, date(2027, 2, 1)), "Asia/Shanghai"
    )
    assert back.zones == {"2026-12-01": "UTC", "2027-02-01": "Asia/Shanghai"}
    assert back.changes["2027-02-01"] == section.changes["2026-06-01"]


def test_a_calendar_that_the_settings_no_longer_name_does_no_harm(router):
    told = {"own": [], "was": {}, "becomes": {}, "agent_id": None}
    router.store.write(lambda unit: promise_versions.put(unit, "calendar:gone", 0, **told))
    router.hours.follow(router.store)
    assert router.hours.fault == ""


def test_every_standard_time_is_part_of_what_history_keeps(router):
    said = amending.told(router.settings, POLICIES)
    assert all(urgency in said[kind] for kind in KINDS for urgency in URGENCIES)
