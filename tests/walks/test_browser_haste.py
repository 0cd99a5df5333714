"""Whoever is faster than the desk, in a real browser: keys and words mean what is on its way."""

import pytest

from channels.contract import Limits
from tests.walks.conftest import held

pytestmark = pytest.mark.browser

PDF = b"%PDF-1.7"
STATES = "SELECT number, state FROM ticket"


@pytest.fixture
def tickets(arrive):
    """Two pending transfers, the older one on top."""
    return [
        arrive(f"My transfer of {many} is pending", "Transfer", **{"from": f"{many}@mail.example"})
        for many in ("five", "ten")
    ]


def states(router):
    with router.store.reading() as unit:
        return {row.number: row.state for row in unit.rows(STATES)}


def test_keys_pressed_while_a_ticket_is_on_its_way_are_meant_for_it(router, tickets, signed_in):
    first, second = tickets
    page = signed_in(f"/ticket/{first.number}")
    let_go = held(page, f"**/ticket/{second.number}?*")
    page.keyboard.press("]")
    page.keyboard.press("r")
    page.keyboard.type("please see")
    let_go()
    page.wait_for_selector(f"#pane[data-number={second.number}] #compose-reply[open]")
    page.keyboard.type(" it")
    assert page.locator("#reply-text").input_value() == "please see it"
    assert set(states(router).values()) == {"new"}


@pytest.mark.slow
def test_keys_wait_for_the_ticket_that_was_clicked_last(router, tickets, signed_in):
    first, second = tickets
    page = signed_in()
    let_go = held(page, f"**/ticket/{second.number}?*")
    page.locator(f"#line-{first.number} a").click()
    page.locator(f"#line-{second.number} a").click()
    page.wait_for_timeout(300)
    page.keyboard.press("r")
    page.keyboard.type("please see")
    let_go()
    page.wait_for_selector(f"#pane[data-number={second.number}] #compose-reply[open]")
    assert page.locator("#reply-text").input_value() == "please see"
    assert set(states(router).values()) == {"new"}


@pytest.mark.slow
def test_whoever_closes_and_goes_on_at_once_stays_where_they_went(router, tickets, signed_in):
    first, second = tickets
    page = signed_in(f"/ticket/{first.number}")
    let_go = held(page, "**/close?*")
    page.keyboard.press("e")
    page.keyboard.press("]")
    let_go()
    page.wait_for_url(f"**/ticket/{second.number}?*")
    page.wait_for_selector(f"#pane[data-number={second.number}]")
    page.wait_for_timeout(300)
    assert page.locator("#pane").get_attribute("data-number") == second.number
    assert states(router) == {first.number: "closed", second.number: "new"}


@pytest.mark.slow
def test_keys_pressed_while_a_reply_is_refused_do_nothing(router, tickets, signed_in, complaints):
    first, second = tickets
    page = signed_in(f"/ticket/{first.number}")
    let_go = held(page, "**/reply?*")
    page.keyboard.press("r")
    page.keyboard.type("Your card 4111 1111 1111 1111 is blocked")
    page.keyboard.press("Control+Enter")
    page.keyboard.press("]")
    let_go()
    page.wait_for_selector("#refused")
    assert "4111" in page.locator("#reply-text").input_value()
    page.locator(f"#line-{second.number} a").click()
    page.wait_for_selector(f"#pane[data-number={second.number}]")
    complaints.clear()  # of the refusal the browser tells its console


@pytest.mark.slow
def test_files_chosen_for_a_reply_that_is_refused_are_still_chosen(
    router, door, tickets, signed_in, complaints
):
    door.limits = Limits(attachment_bytes=1_000_000)
    page = signed_in(f"/ticket/{tickets[0].number}")
    page.keyboard.press("r")
    page.keyboard.type("Your card 4111 1111 1111 1111 is blocked, see the paper")
    paper = {"name": "card.pdf", "mimeType": "application/pdf", "buffer": PDF}
    page.locator("#reply-files").set_input_files(paper)
    page.locator("#reply-text").press("Control+Enter")
    page.wait_for_selector("#refused")
    page.locator("#reply-text").press("Control+Enter")
    page.wait_for_selector(".message.out")
    with router.store.reading() as unit:
        assert unit.value("SELECT name FROM attachment") == "card.pdf"
    complaints.clear()  # of the refusal the browser tells its console


@pytest.mark.slow
def test_the_keys_walk_on_beyond_what_the_list_shows(arrive, signed_in):
    for many in range(52):
        arrive(f"My transfer of {many} is pending", "Transfer", **{"from": f"p{many}@mail.example"})
    page = signed_in()
    page.locator("#lines .line a").nth(49).focus()
    page.locator("#lines .line a").nth(49).click()
    page.wait_for_selector("#pane")
    for _ in range(2):
        page.keyboard.press("]")
    last = page.locator("#lines .line").nth(51)
    last.locator("[aria-current]").wait_for()
    assert page.locator("#pane").get_attribute("data-number") in last.get_attribute("id")
