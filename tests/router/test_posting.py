"""Reports come by themselves: once, at their hour, in the language and with the rights of whoever
ordered them."""

from datetime import timedelta

import pytest

from channels.contract import Limits, Refused, Transient, Unknown
from router import desk, form, posting, reports
from router.core.clock import from_us, to_us
from router.core.rights import Who
from router.store import people, report_orders
from tests.fakes import FakeDoor, FakeDoors


class Roomy(FakeDoor):
    limits = Limits(attachment_bytes=10_000_000)


@pytest.fixture
def door():
    return Roomy()


@pytest.fixture
def router(assembled, door):
    return assembled(doors=FakeDoors(door))


@pytest.fixture
def manager(router):
    def work(unit):
        return people.create_agent(unit, "wang@desk.example", "王经理", "manager", [])

    made = router.store.write(work)
    router.store.write(lambda unit: people.change(unit, made, locale="zh"))
    return made


@pytest.fixture
def order(router, manager):
    def make(**changes):
        columns = {
            "agent_id": manager, "kind": "sla", "every": "day", "hour": 11, "target": "mail",
            "form": "pdf", "slot": to_us(router.clock.now() + timedelta(hours=1)), **changes,
        }  # fmt: skip
        return router.store.write(lambda unit: report_orders.add(unit, **columns))

    return make


def _row(router):
    with router.store.reading() as unit:
        return unit.row("SELECT * FROM report_order")


def test_a_report_comes_once_at_its_hour(router, door, order, frozen):
    order()
    assert posting.sweep(router) == 0
    frozen.advance(timedelta(hours=1))
    assert posting.sweep(router) == 1
    assert posting.sweep(router) == 0
    mail = door.sent[0]
    assert mail.to.value == "wang@desk.example"
    assert mail.automatic
    assert mail.attachments[0].name.startswith("sla-2026-11-23")
    assert mail.attachments[0].data.startswith(b"%PDF")
    frozen.advance(timedelta(days=1))
    assert posting.sweep(router) == 1


def test_it_speaks_the_language_of_whoever_ordered_it(router, door, order, manager, frozen):
    order()
    frozen.advance(timedelta(hours=1))
    posting.sweep(router)
    assert "首次" in door.sent[0].text
    router.store.write(lambda unit: people.change(unit, manager, locale="en"))
    frozen.advance(timedelta(days=1))
    posting.sweep(router)
    assert door.sent[1].subject.startswith("SLA report")


def test_a_desk_that_slept_sends_one_and_not_one_a_day(router, door, order, frozen):
    order()
    frozen.advance(timedelta(days=9))
    assert posting.sweep(router) == 1
    assert from_us(_row(router).slot) > router.clock.now()


def test_a_lead_gets_their_own_teams_only(router, door, order, frozen):
    form.submit(
        router,
        {
            "idempotency_key": "a", "locale": "en", "body": "somebody hacked my account",
            "subject": "Help", "email": "a@mail.example", "name": "Ann",
        },
        [],
        source="203.0.113.9",
        spam=False,
    )  # fmt: skip

    def work(unit):
        return people.create_agent(unit, "li@desk.example", "Li", "lead", ["support"])

    lead = router.store.write(work)
    with router.store.reading() as unit:
        ticket = unit.value("SELECT id FROM ticket")
    desk.close(router, Who(lead, "Li", "manager"), ticket)
    frozen.advance(timedelta(minutes=1))
    reports.sweep(router, timedelta(0))
    order(agent_id=lead, slot=to_us(router.clock.now() + timedelta(days=1)), every="week")
    order(slot=to_us(router.clock.now() + timedelta(days=1)), every="week")
    frozen.advance(timedelta(days=1))
    assert posting.sweep(router) == 2
    told = {mail.to.value: mail.text for mail in door.sent if mail.attachments}
    assert "100.0" in told["wang@desk.example"]
    assert "100.0" not in told["li@desk.example"]


def test_who_lost_the_right_gets_nothing_more(router, door, order, manager, frozen):
    order()
    router.store.write(lambda unit: people.change(unit, manager, role="agent"))
    frozen.advance(timedelta(hours=1))
    assert posting.sweep(router) == 0
    assert door.sent == []
    assert _row(router).error == "no_right"


def test_what_cannot_go_out_now_is_tried_again(router, door, order, frozen):
    order()
    frozen.advance(timedelta(hours=1))
    door.answers.append(Transient("busy"))
    assert posting.sweep(router) == 0
    assert _row(router).error
    frozen.advance(timedelta(minutes=6))
    assert posting.sweep(router) == 1
    assert _row(router).error == ""


@pytest.mark.parametrize(("fault", "error"), [(Unknown("cut"), "unknown"), (Refused("no"), "no")])
def test_what_may_have_arrived_or_never_will_is_not_sent_again(
    router, door, order, frozen, fault, error
):
    order()
    frozen.advance(timedelta(hours=1))
    door.answers.append(fault)
    assert posting.sweep(router) == 0
    frozen.advance(timedelta(hours=2))
    assert posting.sweep(router) == 0
    assert _row(router).error == error


def test_a_worker_that_died_over_it_leaves_it_to_the_next(router, door, order, frozen):
    order()
    frozen.advance(timedelta(hours=1))
    assert router.store.write(lambda unit: report_orders.claim(unit, 600_000_000)) is not None
    assert posting.sweep(router) == 0
    frozen.advance(timedelta(minutes=11))
    assert posting.sweep(router) == 1


def test_one_sent_now_leaves_the_one_at_its_hour(router, door, order, manager, frozen):
    made = order()
    slot = _row(router).slot
    router.store.write(lambda unit: report_orders.hasten(unit, made, manager))
    assert posting.sweep(router) == 1
    assert _row(router).slot == slot


def test_a_place_that_is_gone_is_told_on_the_page(router, order, frozen):
    order(target="feishu")
    frozen.advance(timedelta(hours=1))
    assert posting.sweep(router) == 0
    assert _row(router).error == "no_target"


def test_a_digest_holds_no_word_of_a_requesters(router, door, order, frozen):
    fields = {
        "idempotency_key": "a", "locale": "en", "body": "canary-word in my transfer",
        "subject": "canary-word", "email": "canary@mail.example", "name": "Canary",
    }  # fmt: skip
    form.submit(router, fields, [], source="203.0.113.9", spam=False)
    frozen.advance(timedelta(minutes=1))
    reports.sweep(router, timedelta(0))
    order(form="xlsx")
    frozen.advance(timedelta(days=1))
    posting.sweep(router)
    mail = next(one for one in door.sent if one.attachments)
    assert "anary" not in f"{mail.subject}{mail.text}"
    assert b"anary" not in mail.attachments[0].data
