"""An agent's day in a real browser: by keys, by mouse, without scripts, in both languages."""

import pytest

from router import deliver
from router.store import gates
from tests.walks.conftest import looks, until

pytestmark = pytest.mark.browser

ALARM = "There is a payment I did not make, my account was hacked"


@pytest.fixture
def tickets(arrive):
    """Three tickets: an alarm, a pending transfer, a lost password."""
    return [
        arrive("I forgot my password, how do I reset it", "Password", **{"from": "cy@m.example"}),
        arrive("My transfer is still pending since yesterday", "Transfer", name="Ann"),
        arrive(ALARM, "Help!!", **{"from": "bo@mail.example", "name": "Bo"}),
    ]


def _messages(router, ticket_id, direction):
    with router.store.reading() as unit:
        sql = "SELECT text FROM message WHERE ticket_id = :id AND direction = :direction"
        return [row.text for row in unit.rows(sql, id=ticket_id, direction=direction)]


def _state(router, ticket_id):
    with router.store.reading() as unit:
        return unit.value("SELECT state FROM ticket WHERE id = :id", id=ticket_id)


def test_an_agent_works_through_a_ticket_without_touching_the_mouse(
    router, door, tickets, signed_in
):
    alarm = tickets[-1]
    page = signed_in()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/ticket/{alarm.number}**")
    page.wait_for_selector(f"#pane[data-number={alarm.number}]")
    page.keyboard.press("n")
    page.keyboard.type("Called the bank; card r blocked.")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".message.note >> text=Called the bank")
    page.keyboard.press("r")
    page.keyboard.type("Your account is frozen. Nobody can move money now.")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".message.out >> text=Your account is frozen")
    page.keyboard.press("e")
    page.wait_for_selector(".badge.state-closed")
    deliver.sweep(router)
    assert [one.text for one in door.sent if not one.automatic] == [
        "Your account is frozen. Nobody can move money now."
    ]
    assert _messages(router, alarm.ticket_id, "note") == ["Called the bank; card r blocked."]
    assert _state(router, alarm.ticket_id) == "closed"


@pytest.mark.slow
def test_j_and_k_walk_the_list_and_security_is_the_first_line(tickets, signed_in):
    page = signed_in()
    first = page.locator("#lines .line").first
    assert "security" in first.get_attribute("class")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    focused = page.evaluate("document.activeElement.closest('.line')?.id")
    assert focused == first.get_attribute("id")


def test_keys_are_silent_while_somebody_writes_or_composes_chinese(tickets, signed_in):
    page = signed_in()
    page.locator("#q").focus()
    page.keyboard.type("jnr?")
    assert page.locator("#q").input_value() == "jnr?"
    page.locator("#q").blur()
    page.evaluate(
        "document.body.dispatchEvent(new KeyboardEvent('keydown', "
        "{key: 'j', bubbles: true, isComposing: true}))"
    )
    assert page.evaluate("document.activeElement.closest('.line')") is None


@pytest.mark.slow
def test_keys_can_be_switched_off(tickets, signed_in):
    page = signed_in()
    page.keyboard.press("?")
    page.wait_for_selector("#keys[open]")
    page.locator("#keys-on").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.closest('.line')") is None
    page.reload()
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.closest('.line')") is None


@pytest.mark.slow
def test_what_comes_in_is_announced_and_nothing_moves_under_the_readers_eyes(
    arrive, tickets, signed_in
):
    page = signed_in()
    before = page.locator("#lines .line").evaluate_all("all => all.map((one) => one.id)")
    new = arrive(ALARM, "Again", **{"from": "di@mail.example"})
    page.wait_for_selector("#fresh:not([hidden])", timeout=15000)
    assert page.locator("#lines .line").evaluate_all("all => all.map((one) => one.id)") == before
    page.locator("#take-fresh").click()
    page.wait_for_selector(f"#line-{new.number}")


@pytest.mark.slow
def test_a_draft_outlives_the_page(tickets, signed_in):
    page = signed_in(f"/ticket/{tickets[1].number}")
    page.keyboard.press("r")
    page.wait_for_selector("#reply-text:focus")
    page.keyboard.type("Dear Ann, ")
    page.wait_for_selector("#compose-reply .saved:not(:empty)")
    page.reload()
    page.keyboard.press("r")
    assert page.locator("#reply-text").input_value() == "Dear Ann, "


@pytest.mark.slow
def test_everything_an_agent_does_works_without_scripts(router, tickets, signed_in):
    calm = tickets[1]
    page = signed_in(java_script_enabled=False)
    page.locator(f"#line-{calm.number} a").click()
    page.locator("#compose-reply > summary").click()
    page.locator("#reply-text").fill("It has arrived.")
    page.locator("#compose-reply button.send").click()
    page.wait_for_selector(".message.out >> text=It has arrived")
    page.locator("#compose-note > summary").click()
    page.locator("#note-text").fill("Checked the ledger.")
    page.locator("#compose-note button.send").click()
    page.wait_for_selector(".message.note >> text=Checked the ledger")
    page.locator("form[data-act=end] button").click()
    page.wait_for_selector(".badge.state-closed")
    assert _state(router, calm.ticket_id) == "closed"


def test_the_first_click_after_a_search_opens_the_line_it_was_meant_for(tickets, signed_in):
    page = signed_in()
    page.locator("#q").fill("transfer")
    page.wait_for_selector("#found")
    line = page.locator("#lines .line a").first
    before = line.bounding_box()
    page.locator("#q").blur()
    assert line.bounding_box() == before
    page.locator("#q").focus()
    page.mouse.click(before["x"] + 120, before["y"] + 8)
    page.wait_for_selector(f"#pane[data-number={tickets[1].number}]")


@pytest.mark.slow
def test_the_line_just_answered_says_no_more_that_it_is_due_or_begun(tickets, signed_in):
    page = signed_in("/?view=unassigned")
    line = page.locator(f"#line-{tickets[1].number}")
    line.locator("a").click()
    page.wait_for_selector(f"#pane[data-number={tickets[1].number}]")
    page.keyboard.press("r")
    page.wait_for_selector("#reply-text:focus")
    page.keyboard.type("Dear Ann, it has come.")
    line.locator(".l-draft").wait_for()
    assert line.locator(".l-due").count() == 1
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(f"#line-{tickets[1].number}.gone")
    assert line.locator(".l-draft, .l-due").count() == 0


@pytest.mark.slow
def test_what_is_typed_to_search_outlives_the_filter_form_a_ticket_and_a_reload(tickets, signed_in):
    page = signed_in(f"/ticket/{tickets[0].number}")
    page.locator("#q").press_sequentially("transfer")
    page.wait_for_selector("#found")
    page.locator(".chips a", has_text="transfer").wait_for()
    assert "q=transfer" in page.url
    assert page.locator("#q").evaluate("one => one === document.activeElement")
    page.locator("#narrow > summary").click()
    page.locator("#f-urgency").select_option("P2")
    page.locator(".narrowing button").click()
    page.wait_for_url("**/?*q=transfer*urgency=P2*")
    page.reload()
    assert page.locator("#q").input_value() == "transfer"
    assert page.locator("#lines .line").count() == 1


@pytest.mark.slow
def test_the_letter_one_answers_is_seen_while_one_answers_it(arrive, router, signed_in):
    ticket = arrive("My account is locked, please unlock it.\n\n" + "Please. " * 80, "Locked")
    router.store.write(lambda unit: gates.open_(unit, ticket.ticket_id, "unlock", None))
    page = signed_in(f"/ticket/{ticket.number}", viewport={"width": 1366, "height": 768})
    page.keyboard.press("n")
    page.keyboard.type("Called the bank. " * 40)
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".message.note")
    page.keyboard.press("r")
    page.wait_for_selector("#reply-text:focus")
    letter = page.locator(".message.in")
    until(page, "!document.querySelector('.gate details').open")
    top, end = letter.bounding_box()["y"], page.locator("#writing").bounding_box()["y"]
    assert top >= page.locator("#conversation").bounding_box()["y"]
    assert end - top > 220
    height = page.locator("#reply-text").bounding_box()["height"]
    page.keyboard.type("One\nTwo\nThree\nFour\nFive")
    assert page.locator("#reply-text").bounding_box()["height"] > height
    page.locator("#compose-reply > summary").click()
    page.wait_for_selector(".gate details[open]")


def test_every_line_is_as_wide_as_the_list(tickets, signed_in):
    page = signed_in()
    wide = "all => new Set(all.map((one) => one.getBoundingClientRect().width)).size"
    assert page.locator("#lines .line, #lines .line > a, #lines").evaluate_all(wide) == 1


def test_what_is_written_when_the_session_ends_stays_and_leads_to_signing_in(
    tickets, signed_in, complaints
):
    path = f"/ticket/{tickets[1].number}"
    page = signed_in(path)
    page.keyboard.press("r")
    page.wait_for_selector("#reply-text:focus")
    page.keyboard.type("Dear Ann, ")
    cookies = page.context.cookies()
    page.context.clear_cookies()
    page.keyboard.press("Control+Enter")
    way = page.locator("#compose-reply .saved a")
    way.wait_for()
    assert "signed out" in page.locator("#compose-reply .saved").inner_text()
    complaints.clear()  # of the refusal the browser tells its console
    way.click()
    page.wait_for_url("**/sign-in?next=**")
    page.context.add_cookies(cookies)
    page.goto(path)
    assert page.locator("#reply-text").input_value() == "Dear Ann, "


def test_what_is_due_stands_in_its_corner_whatever_else_a_line_says(tickets, signed_in):
    page = signed_in(f"/ticket/{tickets[1].number}")
    page.keyboard.press("r")
    page.wait_for_selector("#reply-text:focus")
    page.keyboard.type("Dear Ann, ")
    page.wait_for_selector("#compose-reply .saved:not(:empty)")
    page.goto("/")
    line = page.locator(f"#line-{tickets[1].number}")
    draft, due, pick = (
        line.locator(name).bounding_box() for name in (".l-draft", ".l-due", ".pick")
    )
    assert due["y"] + due["height"] <= draft["y"]
    assert due["x"] > pick["x"] + pick["width"]


@pytest.mark.slow
def test_a_phone_goes_to_the_newest_message_of_many_and_back(arrive, router, signed_in):
    first = arrive("Where is my transfer?", "Transfer")
    token = router.tokens.reply_token(first.ticket_id)
    for number in range(12):
        arrive(f"Still not there, day {number}", "Re", tokens=[token])
    page = signed_in(f"/ticket/{first.number}", viewport={"width": 390, "height": 844})
    page.locator(".back a", has_text="Newest message").click()
    page.locator(".message").last.wait_for()
    assert page.locator(".message", has_text="day 11").evaluate(
        "one => one.getBoundingClientRect().top < innerHeight"
    )
    page.go_back()
    until(page, "scrollY === 0")
    assert page.locator("#pane").get_attribute("data-number") == first.number


@pytest.mark.slow
def test_whoever_answers_from_earlier_messages_sees_what_comes_next(arrive, router, signed_in):
    ticket = arrive("line 0", "Transfer")
    token = router.tokens.reply_token(ticket.ticket_id)
    for number in range(1, 110):
        arrive(f"line {number}", "Re", tokens=[token])
    page = signed_in(f"/ticket/{ticket.number}")
    page.get_by_text("Show earlier messages").click()
    page.locator(".message.in", has_text="line 3").first.wait_for()
    page.keyboard.press("r")
    page.keyboard.type("We look at it.")
    page.keyboard.press("Control+Enter")
    page.locator(".message.out", has_text="We look at it.").wait_for()
    arrive("one more thing", "Re", tokens=[token])
    page.locator(".message.in", has_text="one more thing").wait_for()


@pytest.mark.slow
def test_the_smallest_telephone_needs_no_scrolling_to_the_side(tickets, signed_in):
    page = signed_in(viewport={"width": 320, "height": 640})
    for path in ("/", f"/ticket/{tickets[0].number}"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
    page.locator(".rest summary").click()
    box = page.locator(".drawer").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 320


@pytest.mark.slow
def test_a_phone_shows_one_pane_at_a_time(tickets, signed_in):
    page = signed_in(viewport={"width": 390, "height": 844})
    assert page.locator("#list").is_visible()
    assert not page.locator("#ticket").is_visible()
    page.locator("#lines .line a").first.click()
    page.wait_for_selector("#pane")
    assert page.locator("#pane").is_visible()
    assert not page.locator("#list").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator(".back a").click()
    page.wait_for_selector("#list >> visible=true")


def test_html_of_a_mail_runs_nothing_and_loads_nothing(arrive, signed_in, complaints):
    html = (
        "<p id=hello>Hello <b>there</b></p><script>parent.document.title='gone'</script>"
        "<img src='http://127.0.0.1:9/spy.png'><a href='javascript:alert(1)'>x</a>"
    )
    ticket = arrive("Hello there", "Look", html=html)
    page = signed_in(f"/ticket/{ticket.number}")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.locator("details.as-sent summary").click()
    frame = page.frame_locator("details.as-sent iframe")
    assert frame.locator("b").inner_text() == "there"
    assert "gone" not in page.title()
    assert not [one for one in asked if "spy" in one]


@pytest.mark.parametrize("look", looks())
def test_inbox_ticket_outbox_and_parked_have_no_barrier(arrive, tickets, signed_in, axe, look):
    arrive("x", "y", poison=True)
    width, scheme, locale = look
    page = signed_in(viewport={"width": width, "height": 900}, color_scheme=scheme, locale=locale)
    found = {}
    for path in ("/", f"/ticket/{tickets[-1].number}", "/outbox", "/parked", "/?view=closed"):
        page.goto(path)
        if violations := axe(page):
            found[path] = violations
    page.goto(f"/ticket/{tickets[-1].number}")
    for form in ("#compose-reply", "#compose-note"):
        page.locator(f"{form} > summary").click()
        if violations := axe(page):
            found[form] = violations
    assert found == {}
    assert page.locator("html").get_attribute("lang") == locale
