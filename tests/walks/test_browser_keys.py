"""By keys alone: a change of many tickets and back, and a slip that does nothing."""

import pytest

from router.store import macros
from router.store.macros import MacroView

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def tickets(arrive):
    """Three tickets of the support team."""
    told = "My transfer is still pending since yesterday"
    return [
        arrive(f"{told}, order {number}", "Transfer", **{"from": f"ann{number}@mail.example"})
        for number in range(3)
    ]


@pytest.fixture
def states(router, tickets):
    """How many of them are closed."""

    def count():
        with router.store.reading() as unit:
            return unit.value("SELECT COUNT(*) FROM ticket WHERE state = 'closed'")

    return count


def test_many_tickets_are_chosen_changed_and_given_back_without_a_mouse(signed_in, states):
    page = signed_in("/?lang=en")
    for key in "jxjxb":
        page.keyboard.press(key)
    assert page.inner_text("#said") == "2 tickets chosen"
    page.keyboard.type("Close")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("#did")
    assert states() == 2
    page.keyboard.press("z")
    page.locator("#did").wait_for(state="detached")
    assert states() == 0


def test_a_slip_after_g_closes_no_ticket_and_the_next_key_means_itself_again(signed_in, states):
    page = signed_in("/?lang=en")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_selector("#pane")
    for key in "gen":
        page.keyboard.press(key)
    page.wait_for_selector("#compose-note[open]")
    assert page.locator(".badge.state-closed").count() == 0
    assert states() == 0


def test_the_last_of_many_macros_is_reached_without_the_page_going_away(router, signed_in, tickets):
    def work(unit):
        for number in range(60):
            macro = MacroView(
                unit.new_id(),
                f"Macro {number:02}",
                "",
                "",
                "",
                "",
                shared=True,
                does={"tags": ["x"]},
            )
            macros.put(unit, macro, None)

    router.store.write(work)
    page = signed_in(f"/ticket/{tickets[0].number}?lang=en")
    page.keyboard.press("m")
    page.locator("#run button", has_text="Macro 59").focus()
    menu, title = page.locator("#run form").bounding_box(), page.locator("#pane-title")
    assert menu["y"] + menu["height"] <= page.viewport_size["height"]
    assert title.bounding_box()["y"] > 0
    page.keyboard.press("Enter")
    page.wait_for_selector(".field.tags >> text=x")


def test_what_was_chosen_in_a_long_list_stays_chosen(signed_in, arrive, tickets):
    for number in range(60):
        arrive(f"Where is my order {number}", "Order", **{"from": f"bo{number}@mail.example"})
    page = signed_in("/?lang=en")
    page.locator("#more a").click()
    page.locator("#lines .pick").nth(62).wait_for()
    page.keyboard.press("x")
    page.locator("#pick-all").press("Space")
    page.keyboard.press("b")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.locator("#bulk-change:focus").wait_for()
    assert page.locator("#lines .pick:checked").count() == 63
    arrive("There is a payment I did not make, my account was hacked", "Help")
    page.locator("#take-fresh").click()
    page.locator("#fresh").wait_for(state="hidden")
    assert page.locator("#lines .pick:checked").count() == 49
