"""What is to be done, beside the ticket: tasks, the freeze, the account at the wallet."""

import re

import pytest

from router import pipeline, playbook
from router.prepared import Terms
from router.sandbox.ledger import Ledger
from router.sandbox.server import Sandbox

pytestmark = pytest.mark.one_database


@pytest.fixture
def alarm(router, door):
    raw = door.arrives(text="Please freeze my account right now", verification="verified")
    taken = pipeline.receive(router, door, [raw], Terms())[0]
    playbook.sweep(router)
    return taken


def test_tasks_are_shown_done_and_opened_again(alarm, browser_of):
    browser, page = browser_of("manager"), f"/ticket/{alarm.number}"
    shown = browser.get(f"{page}?lang=en").text
    assert "6 left" in shown
    task = re.search(r"/task/(\d+)", shown)[1]
    browser.post(f"{page}/task/{task}", data={"state": "done"})
    shown = browser.get(f"{page}?lang=zh").text
    assert "还有 5 项" in shown
    assert "Manager 已完成" in shown
    browser.post(f"{page}/task/{task}", data={"state": "open"})
    browser.post(f"{page}/task/{task}", data={"agent": "me"})
    assert "6 left" in browser.get(f"{page}?lang=en").text


def test_where_no_wallet_is_set_up_nothing_of_it_is_offered(alarm, browser_of):
    browser, page = browser_of("manager"), f"/ticket/{alarm.number}"
    shown = browser.get(f"{page}?lang=en").text
    assert "Ask the wallet" not in shown
    assert "Account at the wallet" not in shown
    for path in ("account", "freeze"):
        answer = browser.post(f"{page}/{path}?lang=en")
        assert (answer.status_code, "No wallet backend" in answer.text) == (409, True)


def test_an_account_is_shown_beside_the_ticket_to_who_looked(router, alarm, browser_of, frozen):
    sandbox = Sandbox(ledger=Ledger(lambda: frozen.now().timestamp()))
    sandbox.start()
    try:
        router.wallet.join(sandbox.systems(), sandbox.secrets())
        browser, page = browser_of("manager"), f"/ticket/{alarm.number}"
        assert "Last log-in" not in browser.get(f"{page}?lang=en").text
        assert "Last log-in" in browser.post(f"{page}/account?lang=en").text
        assert "Last log-in" in browser.get(f"{page}?lang=en").text
        assert "Last log-in" not in browser_of("admin").get(f"{page}?lang=en").text
    finally:
        sandbox.stop()


def test_a_call_that_nobody_signed_is_turned_away(browser_of):
    answer = browser_of(None).client.post("/hooks/wallet", data=b"{}")
    assert (answer.status_code, answer.json) == (401, {"status": "not_signed"})
