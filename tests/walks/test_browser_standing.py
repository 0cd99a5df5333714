"""Where somebody stands who works by keys alone, when a page comes back after what they did."""

from datetime import timedelta

import pytest

from router import playbook
from router.store import people
from tests.walks.conftest import until

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def admin_page(router, visit):
    """Opens a page where an admin is signed in."""

    def work(unit):
        teams = ["support", "security"]
        admin = people.create_agent(unit, "grace@desk.example", "陈静", "admin", teams)
        return people.open_session(unit, admin, hours=1)

    def make(path, **options):
        cookie = {"name": "desk", "value": router.store.write(work), "domain": "127.0.0.1"}
        kept = {**cookie, "path": "/", "expires": -1, "httpOnly": True, "secure": False}
        state = {"cookies": [{**kept, "sameSite": "Lax"}], "origins": []}
        return visit(path, storage_state=state, **options)

    return make


def _at(page, selector):
    """Somebody stands there, and sees where."""
    until(page, f"document.activeElement?.matches({selector!r})")
    assert page.evaluate(
        "(() => { const box = document.activeElement.getBoundingClientRect();"
        " return box.top < innerHeight && box.bottom > 0; })()"
    )


def _forgive(complaints):
    complaints[:] = [one for one in complaints if "status of 4" not in one]


def test_whoever_types_a_wrong_code_stands_in_its_field(signed_in, complaints):
    page = signed_in("/me/second?lang=en")
    page.locator("#code").press_sequentially("000000")
    page.keyboard.press("Enter")
    page.wait_for_selector("#wrong")
    _at(page, "#code")
    _forgive(complaints)


def test_a_password_that_is_set_is_said_where_one_stands(signed_in):
    page = signed_in("/me?lang=en")
    page.locator("#fresh").press_sequentially("correct horse battery")
    page.keyboard.press("Enter")
    page.wait_for_url("**saved=password")
    _at(page, ".notice.ok")


def test_of_many_messages_one_after_the_other_is_decided_without_beginning_again(
    admin_page, arrive, router
):
    for number in range(4):
        arrive(f"Where is my order {number}", "Order", **{"from": f"bo{number}@mail.example"})
    router.store.write(lambda unit: unit.run("UPDATE outbox SET state = 'failed', reason = 'x'"))
    page = admin_page("/outbox?state=failed&lang=en")
    page.locator("li:nth-child(2) button.danger").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**done=cancel**")
    assert page.locator("li.work-item").count() == 3
    _at(page, "li:nth-child(2) a")
    until(
        page, "document.querySelector('body > p.unseen')?.textContent === 'Nothing more is sent.'"
    )
    page.goto("/outbox?lang=en")
    page.locator("li:nth-child(3) button:not(.danger)").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**done=retry**")
    _at(page, "li:has([role=status]) *")


def test_whoever_changes_a_colleague_stands_on_them_again_and_reads_that_it_is_saved(admin_page):
    page = admin_page("/people?lang=en")
    page.locator("#q").press_sequentially("陈静")
    page.keyboard.press("Enter")
    page.wait_for_url("**/people?q=**")
    _at(page, "#q")
    page.locator("summary.person-row").press("Enter")
    page.locator("form[action^='/people/'] button.primary").first.press("Enter")
    page.wait_for_url("**done=saved**")
    _at(page, "summary.person-row")
    assert page.locator("li:has(:focus) [role=status]").inner_text() == "Saved."


def test_the_link_of_an_invitation_is_reached_and_copied_by_keys(admin_page):
    page = admin_page("/people?lang=en")
    page.locator("#email").press_sequentially("new@desk.example")
    page.keyboard.press("Enter")
    page.wait_for_selector("input.link")
    _at(page, ".notice.ok")
    page.keyboard.press("Tab")
    _at(page, "input.link")
    assert "/enter/" in page.locator("input.link").input_value()


def test_what_a_mailbox_lacks_is_said_in_sight_beside_its_form(admin_page, complaints):
    page = admin_page("/setup?lang=en")
    if not page.locator("#f-address").is_visible():
        page.locator("#mailbox > summary").press("Enter")
    page.locator("#f-address").press_sequentially("help@desk.example")
    page.keyboard.press("Enter")
    page.wait_for_selector("#mailbox [role=alert]")
    _at(page, "#mailbox [role=alert]")
    _forgive(complaints)


def test_whoever_works_down_the_steps_of_a_security_matter_keeps_their_place(
    signed_in, arrive, router
):
    told = "Please freeze my account right now"
    number = arrive(told, "Help", verification="verified").number
    playbook.sweep(router)
    page = signed_in(f"/ticket/{number}?lang=en")
    page.locator(".tasks button", has_text="Done").nth(1).focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".tasks li.done")
    _at(page, ".tasks li.done button")
    page.keyboard.press("Enter")
    page.locator(".tasks li.done").wait_for(state="detached")
    _at(page, ".tasks li:nth-child(2) button")
    page.locator(".tasks summary").nth(2).press("Enter")
    page.locator(".tasks button[value=me]").nth(2).press("Enter")
    page.wait_for_selector(".tasks li:nth-child(3) >> text=王华")
    _at(page, ".tasks li:nth-child(3) button")


def test_a_tag_after_the_other_is_typed_without_going_back_to_the_field(signed_in, arrive):
    number = arrive("Where is my order", "Order").number
    page = signed_in(f"/ticket/{number}?lang=en")
    page.locator("#t-tag").focus()
    for word in ("late", "vip"):
        page.keyboard.type(word)
        page.keyboard.press("Enter")
        page.wait_for_selector(f".tags li >> text={word}")
        _at(page, "#t-tag")


def test_the_first_link_of_a_ticket_leads_to_it_past_the_list(signed_in, arrive):
    number = arrive("Where is my order", "Order").number
    page = signed_in(f"/ticket/{number}?lang=en")
    page.locator(".skip").press("Enter")
    _at(page, "#pane-title")


def test_a_code_that_was_sent_is_typed_where_one_stands_and_a_wrong_one_typed_again(
    signed_in, arrive, frozen, complaints
):
    arrive("How do I see my transactions?", "Records", verification="verified")
    frozen.advance(timedelta(days=2))
    told = "My account is locked, please unlock it"
    number = arrive(told, "Locked", verification="verified").number
    page = signed_in(f"/ticket/{number}?lang=en")
    page.locator(".places button").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#gate-code")
    _at(page, "#gate-code")
    page.keyboard.type("000000")
    page.keyboard.press("Enter")
    page.wait_for_selector("#refused")
    _at(page, "#gate-code")
    assert "This is not the code." in page.inner_text("#refused")
    _forgive(complaints)


def test_whoever_comes_back_from_a_ticket_stands_on_its_line(signed_in, arrive):
    arrive("Where is my order", "Order")
    page = signed_in("/outbox?lang=en")
    page.locator("li p a").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/ticket/**")
    page.go_back()
    page.wait_for_url("**/outbox**")
    _at(page, "li p a")


def test_hours_of_a_date_that_cannot_be_read_are_said_in_their_field(signed_in, complaints):
    page = signed_in("/hours?lang=en")
    page.locator("#date-desk").fill("2099-01-01")
    page.evaluate("document.getElementById('date-desk').removeAttribute('min')")
    page.locator("#periods-desk").press_sequentially("25:00")
    page.keyboard.press("Enter")
    page.wait_for_selector(".fault")
    _at(page, "#date-desk")
    page.locator("#date-desk").fill(page.locator("#date-desk").get_attribute("min"))
    page.keyboard.press("Tab")
    page.locator("#periods-desk").press("Enter")
    page.wait_for_selector("#periods-desk-wrong")
    _at(page, "#periods-desk")
    page.keyboard.press("Control+a")
    page.keyboard.type("10:00-12:00")
    page.keyboard.press("Enter")
    page.wait_for_selector(".dates button")
    _at(page, "#periods-desk")
    page.locator(".dates button").press("Enter")
    page.locator(".dates button").wait_for(state="detached")
    _at(page, "h2")
    _forgive(complaints)


def test_whoever_asks_for_a_backtest_goes_on_at_the_checks(signed_in):
    page = signed_in("/rules?lang=en")
    page.locator("form[action='/rules/draft'] button").press("Enter")
    page.wait_for_url("**/rules/draft/**")
    page.locator("button[value=lint]").press("Enter")
    page.wait_for_url("**#checks")
    _at(page, "#checks")
    page.locator("#checks:not([data-wait]) .muted.small").first.wait_for()
    _at(page, "#checks")


def test_on_a_narrow_screen_what_was_done_and_its_way_back_are_in_sight(signed_in, arrive):
    number = arrive("Where is my order", "Order").number
    page = signed_in(f"/ticket/{number}?lang=en", viewport={"width": 390, "height": 700})
    page.locator("#t-urgency").select_option("P1")
    page.locator("form:has(#t-urgency) button").press("Enter")
    page.wait_for_selector("#offer form")
    _at(page, "#t-urgency")
    assert page.evaluate(
        "(() => { const { x, y } = document.querySelector('#offer button').getBoundingClientRect();"
        " return Boolean(document.elementFromPoint(x + 4, y + 8)?.closest('#offer')); })()"
    )


def test_whoever_looks_what_a_change_moves_stands_at_what_it_moves(admin_page):
    page = admin_page("/policies/standard?lang=en")
    field = page.locator("form#amend input:not([type=hidden])").first
    field.fill("7m")
    field.press("Enter")
    page.wait_for_selector("#effect")
    _at(page, "#moves")
    page.keyboard.press("Tab")
    _at(page, "#effect button")


def test_another_word_than_the_one_to_type_erases_nobody_and_is_said_in_its_field(
    admin_page, arrive, router, complaints
):
    arrive("Where is my order", "Order")
    with router.store.reading() as unit:
        person = unit.value("SELECT requester_id FROM ticket")
    page = admin_page(f"/person/{person}?lang=en")
    page.locator("#word").press_sequentially("yes")
    page.keyboard.press("Enter")
    page.wait_for_selector(".field .fault")
    _at(page, "#word")
    page.keyboard.type("erase")
    page.keyboard.press("Enter")
    page.wait_for_selector("#erased")
    _at(page, "h1")
    _forgive(complaints)


def test_whoever_begins_a_draft_stands_on_its_title(admin_page):
    page = admin_page("/rules?lang=en")
    page.locator("form[action='/rules/draft'] button").press("Enter")
    page.wait_for_url("**/rules/draft/**")
    _at(page, "h1")
