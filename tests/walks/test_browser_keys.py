"""By keys alone: a change of many tickets and back, and a slip that does nothing."""

import pytest

pytestmark = pytest.mark.browser


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
    page.wait_for_function("!document.getElementById('did')")
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
