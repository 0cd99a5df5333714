"""Working fast and together in a real browser: keys, drafts, undo, snippets, the palette."""

import re

import pytest

from router import pipeline
from router.prepared import Terms
from router.store import macros, people
from router.store.macros import MacroView
from router.web.live import Hub
from tests.fakes import FakeDoors
from tests.walks.conftest import looks, until

pytestmark = pytest.mark.browser


@pytest.fixture
def router(assembled, door):
    """A desk whose replies wait for undo."""
    return assembled(doors=FakeDoors(door), deliver={"undo_seconds": 30})


@pytest.fixture
def arrive(router, door):
    def make(text, subject, **mail):
        raw = door.arrives(text=text, subject=subject, **mail)
        return pipeline.receive(router, door, [raw], Terms())[0]

    return make


@pytest.fixture
def tickets(arrive):
    """A pending transfer, then a lost password below it."""
    return [
        arrive("My transfer is still pending since yesterday", "Transfer", name="Ann"),
        arrive("I forgot my password, how do I reset it", "Password", **{"from": "cy@m.example"}),
    ]


@pytest.fixture
def snippet(router):
    """One that everybody has."""

    def work(unit):
        text = "Dear {name}, ticket {number} is on its way."
        one = MacroView(unit.new_id(), "On its way", "way", "", "{name}您好", text, shared=True)
        macros.put(unit, one, None)

    router.store.write(work)


@pytest.fixture
def signed_in(visit, link_for, lead):
    """Opens a page in a browser where the lead is signed in."""

    def make(path="/", who=None, **options):
        page = visit(link_for(who or lead), **options)
        page.locator("main form button").click()
        page.wait_for_url("**/")
        if path != "/":
            page.goto(path)
        return page

    return make


def _until(page, held):
    """Wait until something is held."""
    for _ in range(1500):
        if held:
            return
        page.wait_for_timeout(20)
    raise AssertionError("nothing came")


def _texts(router, ticket_id):
    with router.store.reading() as unit:
        sql = "SELECT text FROM message WHERE ticket_id = :id AND direction = 'out'"
        return [row.text for row in unit.rows(sql, id=ticket_id)]


def test_open_read_snippet_send_next_takes_six_keys(router, tickets, snippet, signed_in):
    first, second = tickets
    page = signed_in()
    page.keyboard.press("]")
    page.wait_for_selector(f"#pane[data-number={first.number}]")
    page.keyboard.press("r")
    page.keyboard.press("/")
    page.wait_for_selector(".compose .offered li[aria-selected=true]")
    page.keyboard.press("Enter")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#offer form")
    page.keyboard.press("]")
    page.wait_for_selector(f"#pane[data-number={second.number}]")
    assert _texts(router, first.ticket_id) == [f"Dear Ann, ticket {first.number} is on its way."]


@pytest.mark.slow
def test_a_slash_begins_a_snippet_after_chinese_too_and_not_within_addresses(tickets, signed_in):
    page = signed_in()
    ask = """async (all) => {
        const { begun } = await import(document.querySelector("link[href*='snippets']").href);
        return all.map(begun);
    }"""
    begins = ["/w", "Hello /w", "您好。/你", "您好/你", "（见附件）/你", "您好。、你", "、你"]
    words = ["w", "w", "你", "你", "你", "你", "你"]
    quiet = [
        "https://a.example/w",
        "见https://a.example/帮助/w",
        "1/2",
        "and/or",
        "苹果、梨",
        "a.cn/帮/",
    ]
    assert page.evaluate(ask, begins) == words
    assert page.evaluate(ask, quiet) == [None] * len(quiet)


@pytest.mark.slow
def test_snippets_stay_away_while_an_input_method_composes(tickets, snippet, signed_in):
    page = signed_in(f"/ticket/{tickets[0].number}")
    page.keyboard.press("r")
    page.evaluate(
        "const area = document.getElementById('reply-text'); area.value = '/w';"
        "area.setSelectionRange(2, 2); area.dispatchEvent(new InputEvent('input',"
        "{bubbles: true, isComposing: true}))"
    )
    page.wait_for_timeout(200)
    assert page.locator(".compose .offered").is_hidden()
    page.evaluate(
        "document.getElementById('reply-text').dispatchEvent(new Event('compositionend'))"
    )
    page.wait_for_selector(".compose .offered li")


@pytest.mark.slow
def test_an_undone_reply_is_in_the_box_again(router, tickets, signed_in):
    ticket = tickets[0]
    page = signed_in(f"/ticket/{ticket.number}")
    page.keyboard.press("r")
    page.keyboard.type("It will arrive.")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".message.out")
    page.keyboard.press("z")
    page.wait_for_selector(".message.out", state="detached")
    assert page.locator("#reply-text").input_value() == "It will arrive."
    assert _texts(router, ticket.ticket_id) == []


@pytest.mark.slow
def test_what_is_told_meanwhile_takes_nothing_of_an_undone_reply_away(tickets, signed_in):
    page = signed_in(f"/ticket/{tickets[0].number}")
    page.keyboard.press("r")
    page.keyboard.type("It will arrive.")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".message.out")
    answers = []
    page.route("**/undo/*", lambda route: answers.append((route, route.fetch())))
    page.keyboard.press("z")
    _until(page, answers)  # done at the desk; the answer is still on its way
    with page.expect_response(lambda answer: answer.url.endswith(f"/ticket/{tickets[0].number}")):
        page.evaluate("document.dispatchEvent(new CustomEvent('desk-changed', {detail: {}}))")
    page.wait_for_timeout(100)
    assert page.locator(".message.out").count() == 1
    ((route, answer),) = answers
    route.fulfill(response=answer)
    page.wait_for_selector(".message.out", state="detached")
    assert page.locator("#reply-text").input_value() == "It will arrive."


@pytest.mark.slow
def test_a_draft_survives_a_desk_that_is_away_and_another_browser_has_it(
    tickets, signed_in, complaints
):
    path = f"/ticket/{tickets[0].number}"
    page = signed_in(path)
    page.keyboard.press("r")
    page.context.set_offline(True)
    page.keyboard.type("Dear Ann")
    page.wait_for_timeout(400)
    page.context.set_offline(False)
    complaints.clear()  # the browser says so itself when the desk is away
    page.reload()
    page.wait_for_selector("#compose-reply[open]")
    assert page.locator("#reply-text").input_value() == "Dear Ann"
    until(page, "!Object.keys(localStorage).some((key) => key.startsWith('draft:'))")
    other = signed_in(path)
    assert other.locator("#reply-text").input_value() == "Dear Ann"


@pytest.mark.slow
def test_a_draft_that_arrives_while_its_ticket_is_asked_for_again_is_in_the_box(tickets, signed_in):
    """What comes was made before, and the browser has let go of its own copy since."""
    mine, other = (one.number for one in tickets[:2])
    page = signed_in(f"/ticket/{mine}")
    drafts, asked, came = [], [], []

    def hold(route):
        if asked:
            route.continue_()
            return
        asked.append(route)
        came.append(route.fetch())

    page.route("**/draft", lambda route: route.continue_() if drafts else drafts.append(route))
    page.keyboard.press("r")
    page.keyboard.type("Dear Ann")
    page.click(f"#line-{other} a")
    page.wait_for_selector(f"#pane[data-number={other}]")
    _until(page, drafts)
    page.route(f"**/ticket/{mine}*", hold)
    page.click(f"#line-{mine} a")
    _until(page, came)
    drafts[0].continue_()
    until(page, "!Object.keys(localStorage).some((key) => key.endsWith(':reply'))")
    asked[0].fulfill(response=came[0])
    page.wait_for_selector("#compose-reply[open]")
    assert page.locator("#reply-text").input_value() == "Dear Ann"
    until(page, "!Object.keys(localStorage).some((key) => key.startsWith('draft:'))")


@pytest.mark.slow
def test_a_draft_that_is_slow_on_its_way_does_not_come_back_after_the_reply(tickets, signed_in):
    path = f"/ticket/{tickets[0].number}"
    page = signed_in(path)
    held = []
    page.route("**/draft", lambda route: route.continue_() if held else held.append(route))
    page.keyboard.press("r")
    page.keyboard.type("We refund 5000")
    page.wait_for_timeout(1000)
    page.keyboard.type(" cents")
    page.wait_for_timeout(1000)
    page.keyboard.press("Control+Enter")
    held[0].continue_()
    page.wait_for_selector(".message.out >> text=5000 cents")
    page.wait_for_timeout(500)
    page.goto(path)
    assert not page.locator("#reply-text").input_value()


def test_a_message_that_comes_while_somebody_writes_is_shown_before_theirs_leaves(
    router, tickets, arrive, signed_in, complaints
):
    ticket = tickets[0]
    page = signed_in(f"/ticket/{ticket.number}")
    page.keyboard.press("r")
    page.keyboard.type("It will arrive.")
    page.evaluate("window.stop()")
    arrive("It has come!", "Re", tokens=[router.tokens.reply_token(ticket.ticket_id)])
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".newer >> text=It has come!")
    assert page.locator("#reply-text").input_value() == "It will arrive."
    assert _texts(router, ticket.ticket_id) == []
    complaints.clear()  # of the refusal the browser tells its console
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".message.out")


@pytest.mark.slow
def test_what_changes_takes_nobody_off_the_control_they_stand_on(
    router, arrive, tickets, signed_in
):
    ticket = tickets[0]
    page = signed_in(f"/ticket/{ticket.number}")
    page.locator("form[data-act=assign] button").click()
    page.locator(".badges bdi", has_text="王华").wait_for()
    page.wait_for_timeout(500)  # the fresher parts are there
    assert page.evaluate("document.activeElement.id") == "pane-title"
    token = router.tokens.reply_token(ticket.ticket_id)
    for control in ("#nap > summary", "form[data-act=end] button", "#conversation"):
        page.locator(control).focus()
        arrive(f"Look at {control}", "Re", tokens=[token])
        page.locator(".message.in", has_text=f"Look at {control}").wait_for()
        focused = f"document.activeElement === document.querySelector({control!r})"
        assert page.evaluate(focused), control


@pytest.mark.slow
def test_who_writes_is_seen_by_whoever_opens_the_ticket(router, tickets, signed_in):
    ticket = tickets[0]
    page = signed_in(f"/ticket/{ticket.number}")
    page.keyboard.press("r")
    page.keyboard.type("It")
    page.wait_for_timeout(300)
    tom = router.store.write(
        lambda unit: people.create_agent(unit, "tom@desk.example", "Tom", "lead", ["support"])
    )
    other = signed_in(f"/ticket/{ticket.number}", who=tom)
    other.wait_for_selector("#seats .seat.writing >> text=王华")


@pytest.mark.slow
def test_the_palette_does_what_a_few_letters_say(router, tickets, signed_in):
    page = signed_in(f"/ticket/{tickets[0].number}")
    page.keyboard.press("Control+k")
    page.wait_for_selector("#palette[open]")
    told = "document.dispatchEvent(new CustomEvent('desk-changed', {detail: {}}))"
    page.evaluate(told)  # the parts are exchanged
    page.keyboard.type("no such thing")
    page.locator("#palette-none", has_text="Nothing matches").wait_for()
    page.locator("#palette-q").fill("")
    page.keyboard.type("close t")
    page.keyboard.press("Enter")
    page.wait_for_selector(".badge.state-closed")
    page.wait_for_selector("#offer button")
    page.keyboard.press("z")
    page.wait_for_selector(".badge.state-new")


@pytest.mark.slow
def test_tickets_are_chosen_by_key_and_found_while_typing(tickets, signed_in):
    page = signed_in()
    page.keyboard.press("j")
    page.keyboard.press("x")
    assert page.locator("#bulk").is_visible()
    page.locator("#q").fill("password")
    page.wait_for_selector("#found")
    assert page.locator("#lines .line").count() == 1
    assert page.evaluate("document.activeElement.id") == "q"


@pytest.mark.parametrize("look", looks())
def test_what_opens_over_the_inbox_has_no_barrier(tickets, snippet, signed_in, axe, look):
    width, scheme, locale = look
    page = signed_in(viewport={"width": width, "height": 900}, color_scheme=scheme, locale=locale)
    found = {}
    for path in ("/macros", "/new", "/?view=mentions&q=pending"):
        page.goto(path)
        found[path] = axe(page)
    page.goto(f"/ticket/{tickets[0].number}")
    page.keyboard.press("s")
    found["nap"] = axe(page)
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    page.keyboard.type("/")
    page.wait_for_selector(".compose .offered li")
    found["offered"] = axe(page)
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    found["palette"] = axe(page)
    assert {where: what for where, what in found.items() if what} == {}


LEDGER = """
window.told = [];
const kept = () => { document.documentElement.dataset.told = window.told.length; };
window.Notification = class {
  static permission = "granted";
  static async requestPermission() { return "granted"; }
  constructor(title, options) { window.told.push(`${title} | ${options.body}`); kept(); }
};
Object.defineProperty(Document.prototype, "hidden", { get: () => true });
"""


@pytest.mark.slow
def test_who_looks_elsewhere_is_told_how_urgent_and_never_who_wrote(arrive, tickets, signed_in):
    titled = pytest.importorskip("playwright.sync_api").expect
    page = signed_in()
    page.add_init_script(LEDGER)
    page.reload()
    page.keyboard.press("?")
    page.locator("#alert-notices").check()
    page.keyboard.press("Escape")
    arrive("canary words of a transfer that is pending", "canary", name="Canary")
    titled(page).to_have_title(re.compile(r"^\(1\) "))
    arrive("There is a payment I did not make, I was hacked", "canary", name="Canary")
    page.wait_for_selector("html[data-told='2']")
    told = page.evaluate("window.told")
    assert not any("anary" in one for one in told)
    assert any("+1" in one for one in told)
    titled(page).to_have_title(re.compile(r"^\(2\) "))  # the page has asked for what came
    page.keyboard.press(".")
    titled(page).to_have_title(re.compile(r"^[^(]"))


@pytest.mark.slow
def test_spam_and_passing_on_are_a_key_away_and_come_back(tickets, signed_in):
    page = signed_in(f"/ticket/{tickets[0].number}")
    page.keyboard.press("#")
    page.wait_for_selector(".badge.state-closed")
    page.keyboard.press("z")
    page.wait_for_selector(".badge.state-new")
    page.keyboard.press("f")
    page.keyboard.type("Please look for this payment.")
    page.locator("#forward-to").fill("desk@bank.example")
    page.locator("#forward-text").press("Control+Enter")
    page.wait_for_selector(".message.forward >> text=Please look for this payment.")
    page.keyboard.press("z")
    page.wait_for_selector("#forward-text[data-begun]")
    assert page.locator("#forward-text").input_value() == "Please look for this payment."


@pytest.mark.slow
def test_twenty_tabs_share_one_stream_and_each_hears_of_a_change(
    arrive, tickets, signed_in, monkeypatch
):
    streams, enter = [], Hub.enter
    monkeypatch.setattr(Hub, "enter", lambda *given: streams.append(given) or enter(*given))
    first = signed_in()
    tabs = [first]
    for _ in range(19):
        tab = first.context.new_page()
        tab.goto("/?view=all")
        tabs.append(tab)
    arrive("My transfer is pending and it hurts", "One more", **{"from": "dee@m.example"})
    for tab in tabs:
        tab.locator("#take-fresh").wait_for()
    assert len(streams) == 1
