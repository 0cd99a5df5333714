"""A manager changes hours and promises in a real browser: by keyboard, and without a barrier."""

import pytest

from router.store import people
from tests.walks.conftest import looks

pytestmark = pytest.mark.browser


@pytest.fixture
def manager_page(router, visit):
    """Opens a page where a manager is signed in."""

    def work(unit):
        manager = people.create_agent(unit, "mei@desk.example", "周梅", "manager", [])
        return people.open_session(unit, manager, hours=1)

    def make(path, **options):
        secret = router.store.write(work)
        cookie = {"name": "desk", "value": secret, "domain": "127.0.0.1", "path": "/"}
        kept = {**cookie, "expires": -1, "httpOnly": True, "secure": False, "sameSite": "Lax"}
        return visit(path, storage_state={"cookies": [kept], "origins": []}, **options)

    return make


def _fits(page):
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def _look(page):
    page.locator("#amend button[value=look]").first.click()
    page.wait_for_load_state()


def _save(page):
    page.locator("#amend button[value=save]").click()
    page.wait_for_load_state()


def test_a_week_and_a_policy_are_changed_with_the_keyboard_alone(manager_page, arrive, router):
    arrive("我的转账没有到账", "转账", sender="ann@mail.example")
    page = manager_page("/hours/desk/week")
    page.locator("#sat").focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("10:00-16:00, 22:00-02:00")
    page.keyboard.press("Enter")
    page.wait_for_selector("#effect")
    page.locator("#sat").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/hours")
    assert "22:00–02:00" in page.locator("main").inner_text()
    page.goto("/policies/edit")
    page.locator("#name").focus()
    page.keyboard.type("大额转账")
    page.locator("#first_response").focus()
    page.keyboard.type("30")
    page.keyboard.press("Enter")
    page.wait_for_selector("#effect")
    page.locator("#name").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/policies")
    assert [one.name for one in router.policies.own] == ["大额转账"]


@pytest.mark.parametrize("look", looks())
def test_the_pages_of_hours_and_promises_have_no_barrier(
    manager_page, arrive, axe, look, complaints
):
    width, scheme, locale = look
    arrive("我的转账没有到账", "转账", sender="ann@mail.example")
    shape = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme, "locale": locale}
    page = manager_page("/hours/desk/week", **shape)
    found = {}

    def asked(name):
        found[name] = axe(page)
        assert _fits(page), name

    asked("week")
    page.locator("#mon").fill("all day")
    _look(page)
    asked("week with a fault")
    page.locator("#mon").fill("09:00-18:00")
    _look(page)
    asked("week looked at")
    _save(page)
    asked("hours")
    page.goto("/policies/edit")
    page.locator("#name").fill("VIP")
    page.locator("#first_response").fill("20")
    _look(page)
    asked("policy looked at")
    _save(page)
    for path in (
        "/policies",
        "/policies/standard",
        "/policies/drop?policy=VIP",
        "/policies/file",
        "/hours/desk/file",
        "/hours/changes",
    ):
        page.goto(path)
        asked(path)
    assert {name: one for name, one in found.items() if one} == {}
    complaints[:] = [one for one in complaints if "status of 422" not in one]
