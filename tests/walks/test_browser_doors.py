"""Everybody's first try in a real browser: write as a customer on the sandbox's page, answer at the
desk, and see the answer where it was asked."""

import re
from functools import partial

import pytest

from router import sweeps
from router.sandbox.ledger import Ledger
from router.sandbox.server import PEOPLE, Sandbox
from router.vault import Vault
from tests.sandbox.conftest import received, until
from tests.walks.conftest import looks

pytestmark = pytest.mark.browser

DUTIES = {duty.name: duty for duty in sweeps.DUTIES}
#: One of them each time, the others when somebody asks for the slow proofs.
LOOKED = [
    pytest.param(one, marks=pytest.mark.slow if place else ()) for place, one in enumerate(PEOPLE)
]
TEXT, ANSWER = "我昨天转账五百块到现在还没有到账", "已经查到，今天之内到账。"


@pytest.fixture
def sandbox(router, address, frozen):
    """Every platform beside the desk."""
    made = Sandbox(address, ledger=Ledger(lambda: frozen.now().timestamp()))
    made.start()
    lend = partial(Vault, store=router.store, keys=router.keys, lent=made.secrets())
    router.doors.switch_on(made.channels(), lend)
    yield made
    made.stop()


@pytest.fixture
def router(assembled):
    return assembled()


@pytest.fixture
def work(router):
    def do():
        sweeps.tick(router, DUTIES["journal"])
        until(lambda: not received(router))  # the receiver's own thread may be at it
        for name in ("calls", "deliver", "deliver"):
            sweeps.tick(router, DUTIES[name])

    return do


@pytest.mark.parametrize("platform", LOOKED)
def test_what_is_written_on_the_customers_page_is_answered_there(
    sandbox, signed_in, work, router, platform
):
    page = signed_in()
    customer = page.context.new_page()
    customer.goto(f"{sandbox.url}/?on={platform}&lang=zh")
    customer.locator("textarea").fill(TEXT)
    customer.locator("form.say button").first.click()
    customer.wait_for_url("**/?on=*")
    work()
    with router.store.reading() as unit:
        number = unit.value("SELECT number FROM ticket")
    page.goto(f"/ticket/{number}")
    assert "到账" in page.locator("#conversation").inner_text()
    answered = page.locator("section.called button.primary")
    if answered.count():
        answered.click()
        page.wait_for_selector(".entry.called_back")
        return
    page.locator("#compose-reply > summary").click()
    page.locator("#reply-text").fill(ANSWER)
    page.locator("#compose-reply button.send").click()
    page.wait_for_selector(f".message.out >> text={ANSWER}")
    work()
    customer.reload()
    seen = customer.locator("#talk").inner_text()
    assert seen.count(ANSWER) == 1
    assert re.search(number, seen)


@pytest.mark.parametrize("look", looks())
def test_the_pages_of_calls_have_no_barrier(sandbox, signed_in, work, axe, look, router):
    width, scheme, locale = look
    for number in ("+8613800000000", "+8613911112222"):
        sandbox.phone.missed(number, choice="3-security")
    sandbox.phone.answered("+14155550123")
    work()
    page = signed_in(viewport={"width": width, "height": 900}, color_scheme=scheme, locale=locale)
    with router.store.reading() as unit:
        number = unit.value("SELECT MIN(number) FROM ticket")
    found = {}
    for path in ("/calls", f"/ticket/{number}"):
        page.goto(path)
        if violations := axe(page):
            found[path] = violations
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.evaluate(wide) <= 0, path
    page.goto("/calls")
    page.locator("details > summary").last.click()
    assert axe(page) == []
    assert found == {}
