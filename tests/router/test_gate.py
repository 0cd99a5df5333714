"""Who somebody is, before an account is changed for them: codes, other means, a second agent."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from router import deliver, desk, pipeline, requester
from router.core.rights import Who
from router.errors import Conflict, Invalid
from router.prepared import Terms
from router.store import gates
from tests.fakes import FakeDoor, FakeDoors
from tests.staff import staffed

MEI = Who(id=1, name="Mei", role="agent", teams=frozenset({1, 2}), locale="zh")
TOM = Who(id=2, name="Tom", role="agent", teams=frozenset({1, 2}), locale="en")
LOCKED = "我的账户被锁定了，登录不了，请帮我解锁"


@pytest.fixture
def door():
    return FakeDoor()


@pytest.fixture
def router(assembled, door):
    return staffed(assembled(doors=FakeDoors(door)), MEI, TOM)


@pytest.fixture
def locked(router, door, frozen):
    """A locked account, asked about from an address that has been ours for two days."""
    arrives(router, door, "怎么查看交易记录？", verification="verified")
    frozen.advance(timedelta(days=2))
    return arrives(router, door, LOCKED, verification="verified")


def arrives(router, door, text, **mail):
    raw = door.arrives(text=text, **mail)
    return pipeline.receive(router, door, [raw], Terms())[0].ticket_id


def one(router, sql, **params):
    with router.store.reading() as unit:
        return unit.row(sql, **params)


def codes_of(router, ticket):
    with router.store.reading() as unit:
        rows = unit.rows("SELECT code FROM entry WHERE ticket_id = :t ORDER BY id", t=ticket)
        return [row.code for row in rows]


def identity_of(router, ticket):
    return one(router, "SELECT identity_id FROM ticket WHERE id = :t", t=ticket).identity_id


def sends(router, ticket, who=MEI, purpose="unlock"):
    desk.send_code(router, who, ticket, purpose, identity_of(router, ticket))


def sent_code(router, door):
    """What the mail with the newest code says."""
    deliver.sweep(router)
    mail = next(mail for mail in reversed(door.sent) if "验证码：" in mail.text)
    return re.search(r"验证码：(\d{6})", mail.text)[1]


def test_a_locked_account_is_not_closed_before_its_owner_is_known(router, door, locked):
    with pytest.raises(Conflict, match="gate_open"):
        desk.close(router, MEI, locked)
    sends(router, locked)
    desk.enter_code(router, MEI, locked, sent_code(router, door))
    desk.close(router, MEI, locked)
    row = one(router, "SELECT state, verification FROM ticket WHERE id = :t", t=locked)
    assert tuple(row) == ("closed", "vouched")
    kept = one(router, "SELECT how, way, passed_by, passed_at, salt FROM gate")
    assert tuple(kept) == ("code", "mail", MEI.id, kept.passed_at, "")
    assert kept.passed_at is not None


def test_a_code_is_kept_nowhere(router, door, locked, tmp_path):
    sends(router, locked)
    code = sent_code(router, door)
    with router.store.reading() as unit:
        tables = unit.rows("SELECT text, subject FROM outbox")
        entries = unit.rows("SELECT params FROM entry")
        row = unit.row("SELECT * FROM gate")
    told = " ".join(str(tuple(one)) for one in [*tables, *entries])
    assert code not in told
    assert "••••••" in told
    assert code not in str(row.as_dict())


def test_wrong_tries_are_counted_until_the_code_is_spent(router, door, locked):
    sends(router, locked)
    code = sent_code(router, door)
    wrong = "000000" if code != "000000" else "111111"
    for _ in range(router.settings.gate.tries):
        with pytest.raises(Conflict, match="code_wrong"):
            desk.enter_code(router, MEI, locked, wrong)
    with pytest.raises(Conflict, match="code_spent"):
        desk.enter_code(router, MEI, locked, code)
    assert codes_of(router, locked).count("gate_code_wrong") == router.settings.gate.tries


def test_a_code_is_over_after_its_minutes_and_once_it_was_used(router, door, locked, frozen):
    sends(router, locked)
    code = sent_code(router, door)
    frozen.advance(timedelta(minutes=10))
    with pytest.raises(Conflict, match="code_over"):
        desk.enter_code(router, MEI, locked, code)
    sends(router, locked)
    newer = sent_code(router, door)
    desk.enter_code(router, MEI, locked, newer)
    with pytest.raises(Conflict, match="code_over"):
        desk.enter_code(router, MEI, locked, newer)


def test_a_newer_code_ends_the_one_before_and_what_has_not_left_never_does(router, door, locked):
    sends(router, locked)
    sends(router, locked)
    deliver.sweep(router)
    states = [
        row.state
        for row in router.store.write(
            lambda unit: unit.rows("SELECT state FROM outbox WHERE purpose = 'code' ORDER BY id")
        )
    ]
    assert states == ["failed", "sent"]


def test_codes_are_few(router, door, locked):
    for _ in range(router.settings.gate.codes):
        sends(router, locked)
    with pytest.raises(Conflict, match="enough_codes"):
        sends(router, locked)


def test_no_code_goes_to_who_was_met_today_or_never_proven(router, door, frozen):
    new = arrives(router, door, LOCKED, verification="verified")
    with pytest.raises(Conflict, match="not_on_file"):
        sends(router, new)
    frozen.advance(timedelta(days=2))
    sends(router, new)
    stranger = arrives(router, door, LOCKED, **{"from": "eve@mail.example"})
    frozen.advance(timedelta(days=2))
    with pytest.raises(Conflict, match="not_on_file"):
        sends(router, stranger)


def test_no_code_goes_to_somebody_elses_address(router, door, locked):
    other = arrives(router, door, LOCKED, verification="verified", **{"from": "eve@mail.example"})
    with pytest.raises(Conflict, match="not_on_file"):
        desk.send_code(router, MEI, locked, "unlock", identity_of(router, other))


def test_the_requester_may_type_it_on_their_own_page(router, door, locked):
    sends(router, locked)
    assert requester.prove(router, locked, "123") == "wrong"
    assert requester.prove(router, locked, sent_code(router, door)) == "right"
    assert one(router, "SELECT passed_by FROM gate").passed_by is None
    desk.close(router, MEI, locked)


def test_many_tries_at_once_are_counted_one_by_one(router, door, locked):
    sends(router, locked)
    code = sent_code(router, door)
    wrong = "000000" if code != "000000" else "111111"
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda _: requester.prove(router, locked, wrong), range(16)))
    assert told.count("wrong") == router.settings.gate.tries
    assert requester.prove(router, locked, code) == "spent"


def test_an_agent_may_make_sure_by_other_means_and_says_which(router, locked):
    with pytest.raises(Invalid):
        desk.pass_otherwise(router, MEI, locked, "unlock", "a_feeling")
    desk.pass_otherwise(router, MEI, locked, "unlock", "called_back")
    desk.close(router, MEI, locked)
    assert one(router, "SELECT how FROM gate").how == "called_back"


def test_where_nothing_is_changed_the_gate_is_set_aside_with_its_reason(router, locked):
    desk.set_aside(router, MEI, locked, "unlock", "nothing_changed")
    desk.close(router, MEI, locked)
    assert "gate_aside" in codes_of(router, locked)


def test_lifting_a_freeze_needs_a_second_agent(router, door, locked):
    desk.set_aside(router, MEI, locked, "unlock", "nothing_changed")
    sends(router, locked, purpose="unfreeze")
    desk.enter_code(router, MEI, locked, sent_code(router, door))
    with pytest.raises(Conflict, match="gate_open"):
        desk.close(router, TOM, locked)
    with pytest.raises(Conflict, match="second_agent"):
        desk.agree(router, MEI, locked)
    desk.agree(router, TOM, locked)
    with router.store.reading() as unit:
        assert gates.lifted(unit, locked)
    desk.close(router, MEI, locked)


def test_merging_does_not_lead_around_a_gate(router, door, locked):
    desk.open_gate(router, MEI, locked, "phone")
    other = arrives(router, door, "How can I export my records as PDF?")
    desk.merge(router, MEI, locked, other)
    with pytest.raises(Conflict, match="gate_open"):
        desk.close(router, MEI, other)


def test_many_tickets_closed_at_once_leave_those_behind_a_gate(router, locked):
    _, done = desk.bulk(router, MEI, [locked], "close", None)
    assert done == 0
