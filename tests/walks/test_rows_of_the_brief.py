"""The rows of the product brief as stories, from the first message to the last word."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from router import deliver, desk, escalate, pipeline, playbook, webhooks
from router.core.rights import Who
from router.prepared import Terms
from router.sandbox.ledger import Ledger
from router.sandbox.server import Sandbox
from router.store import people
from tests.pages import app_of
from tests.walks.conftest import serving

pytestmark = pytest.mark.one_database


def at(text):
    return datetime.fromisoformat(f"2026-11-{text}").replace(tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.fixture
def stranger(router):
    """Somebody who is not signed in."""
    app = app_of(router)
    yield app.test_client()
    app.extensions["hub"].close()


@pytest.fixture
def agents(router):
    """Mei and Tom, who work for both teams."""

    def work(unit):
        teams = people.team_ids(unit)
        both = ["support", "security"]
        return [
            Who(
                people.create_agent(unit, f"{name}@desk.example", name, "agent", both),
                name,
                "agent",
                frozenset(teams.values()),
                "zh",
            )
            for name in ("Mei", "Tom")
        ]

    return router.store.write(work)


@pytest.fixture
def writes(router, door):
    def make(text, **mail):
        raw = door.arrives(text=text, **{"verification": "verified", **mail})
        return pipeline.receive(router, door, [raw], Terms())[0]

    return make


def ticket(router, taken):
    with router.store.reading() as unit:
        return unit.row("SELECT * FROM ticket WHERE id = :id", id=taken.ticket_id)


def link_in(mail):
    return re.search(r"/t/[a-z2-7]+", mail.text)[0]


def test_an_export_question_is_answered_by_the_article_alone(router, door, writes, stranger):
    taken = writes("怎么把交易记录导出成 Excel 或者 PDF？")
    deliver.sweep(router)
    (mail,) = door.sent
    assert "1. " in mail.text
    page = stranger.get(f"{link_in(mail)}?lang=zh").text
    assert "导出" in page
    stranger.post(f"{link_in(mail)}/solved", data={"article": "records-export"})
    stranger.post(f"{link_in(mail)}/rate", data={"score": "good"})
    assert ticket(router, taken).state == "closed"
    with router.store.reading() as unit:
        by_people = unit.value("SELECT COUNT(*) FROM message WHERE direction = 'out'")
        solved = unit.value("SELECT COUNT(*) FROM article_use WHERE what = 'solved'")
        promises = unit.rows("SELECT met_at, breached_at FROM sla_clock")
    assert (by_people, solved) == (0, 1)
    assert all(one.met_at and not one.breached_at for one in promises)


def test_a_failed_transfer_is_asked_once_for_the_facts_that_are_missing(
    router, door, writes, stranger, agents
):
    taken = writes("转账失败了，钱没有到账，订单号 TX20261124081500")
    deliver.sweep(router)
    (mail,) = door.sent
    asked = [line for line in mail.text.splitlines() if line.startswith("- ")]
    assert asked == ["- 发生的时间", "- 金额和币种"]
    link = link_in(mail)
    said = {"text": "今天上午 9:40，500 USDT", "once": "one"}
    assert stranger.post(f"{link}/add", data=said).status_code == 303
    deliver.sweep(router)
    assert len(door.sent) == 1
    assert ticket(router, taken).messages == 2
    desk.reply(router, agents[0], taken.ticket_id, "已查到，正在处理。", once="r")
    deliver.sweep(router)
    assert door.sent[-1].text.startswith("已查到")
    assert "答复" in stranger.get(f"{link}?lang=zh").text


def test_a_stolen_wallet_at_night_is_frozen_told_and_worked_on(
    router, door, writes, agents, frozen
):
    frozen.set(at("25T03:00"))
    sandbox = Sandbox(ledger=Ledger(lambda: frozen.now().timestamp()))
    sandbox.ledger.switch("wallet", "drop_after_accept", times=0)
    sandbox.start()
    router.wallet.join(sandbox.systems(), sandbox.secrets())
    try:
        with serving(router) as url:
            sandbox.call(url)
            taken = writes("我的手机和钱包都被偷了，请马上冻结我的账户")
            playbook.sweep(router)
            webhooks.sweep(router)
            escalate.climb(router)
            deliver.sweep(router)
            (asked,) = sandbox.ledger.told("wallet", "call", "freeze.requested")
            assert sandbox.wallet.confirm(asked.id).status == 200
            _then_people(router, taken, agents, sandbox)
    finally:
        sandbox.stop()
    assert "冻结" in door.sent[0].text
    assert "08:00" in door.sent[0].text


def _then_people(router, taken, agents, sandbox):
    """Told in the night, they work through the playbook, and two of them lift the freeze."""
    mei, tom = agents
    found = ticket(router, taken)
    assert (found.security, found.urgency) == (1, "P1")
    with router.store.reading() as unit:
        told = {row.agent_id for row in unit.rows("SELECT agent_id FROM notice")}
        call = unit.row("SELECT state FROM outgoing_webhook")
        tasks = unit.rows("SELECT id FROM task WHERE ticket_id = :t", t=taken.ticket_id)
    assert (told, call.state) == ({mei.id, tom.id}, "confirmed")
    escalate.acknowledge(router, mei, taken.ticket_id)
    for one in tasks:
        desk.end_task(router, mei, taken.ticket_id, one.id, "done")
    desk.reply(router, mei, taken.ticket_id, "账户已冻结。", once="one")
    desk.pass_otherwise(router, mei, taken.ticket_id, "unfreeze", "called_back")
    desk.agree(router, tom, taken.ticket_id)
    webhooks.sweep(router)
    (lifted,) = sandbox.ledger.told("wallet", "call", "freeze.lift_requested")
    assert sandbox.wallet.confirm(lifted.id, "freeze.lift.confirmed").status == 200
    desk.close(router, mei, taken.ticket_id)
    assert ticket(router, taken).state == "closed"


@pytest.mark.slow
@pytest.mark.browser
def test_a_locked_account_is_unlocked_once_its_owner_typed_the_code(
    router, door, writes, frozen, signed_in, visit, axe
):
    writes("How do I see my transactions?")
    frozen.advance(timedelta(days=2))
    taken = writes("My account is locked, please unlock it", subject="Locked")
    agent = signed_in(f"/ticket/{taken.number}", viewport={"width": 1440, "height": 1000})
    agent.get_by_role("button", name="Mail a code to ann@mail.example").click()
    agent.get_by_text("A code went to a••@mail.example.").wait_for()
    assert axe(agent) == []
    deliver.sweep(router)
    mail = next(one for one in door.sent if "Code:" in one.text)
    code = re.search(r"Code: (\d{6})", mail.text)[1]
    owner = visit(link_in(mail), viewport={"width": 390, "height": 844})
    owner.get_by_label("The code we sent you by mail").fill(code)
    assert axe(owner) == []
    owner.get_by_role("button", name="Confirm").click()
    owner.get_by_text("confirmed that it is you").wait_for()
    agent.reload()
    agent.get_by_text("The requester proved who they are").wait_for()
    agent.get_by_role("button", name="Close ticket").click()
    agent.get_by_role("button", name="Reopen").wait_for()
    assert ticket(router, taken).state == "closed"
