"""The pages around the inbox in a real browser: what requesters meet, and an agent's own pages."""

from datetime import timedelta

import pytest

from router import form, rulemaking
from router.core.rights import Who
from router.store import claims, people
from tests.walks.conftest import looks

pytestmark = pytest.mark.browser

READ = timedelta(seconds=30)
OWN_PAGES = ("/me", "/people", "/status", "/nothing-of-that-name")
#: Where the desk is set up.
SET_UP = (
    "/admin", "/setup", "/settings", "/teams", "/roles", "/audit", "/kept", "/blocked",
    "/me/second", "/reports/orders", "/articles", "/articles/new", "/articles/login-reset",
    "/retention",
)  # fmt: skip


@pytest.fixture
def admin_page(router, visit):
    """Opens a page where an admin is signed in, with colleagues and troubles to look at."""

    def work(unit):
        claims.report(unit, "clock", ok=True)
        claims.report(
            unit, "poll:email:support", ok=False, detail="cannot_fetch", params="TimeoutError: 30 s"
        )
        gone = people.create_agent(unit, "cy@desk.example", "Cy", "lead", ["support"])
        people.change(unit, gone, active=False)
        admin = people.create_agent(unit, "grace@desk.example", "陈静", "admin", ["support"])
        return people.open_session(unit, admin, hours=1)

    def make(path, **options):
        secret = router.store.write(work)
        cookie = {"name": "desk", "value": secret, "domain": "127.0.0.1", "path": "/"}
        kept = {**cookie, "expires": -1, "httpOnly": True, "secure": False, "sameSite": "Lax"}
        return visit(path, storage_state={"cookies": [kept], "origins": []}, **options)

    return make


@pytest.fixture
def written(visit, frozen):
    """Opens the form in a browser of its own and writes into it, as slowly as a person."""

    def make(path="/contact", email="ann@mail.example", **options):
        page = visit(path, **options)
        frozen.advance(READ)
        page.locator("#body").fill("My transfer is pending since yesterday")
        page.locator("#email").fill(email)
        return page

    return make


def _look(look):
    width, scheme, locale = look
    return {
        "viewport": {"width": width, "height": 900},
        "color_scheme": scheme,
        "locale": locale,
    }


def _sent(page):
    page.locator("form button").click()
    page.wait_for_load_state()


def _fits(page):
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def _number_of(router):
    with router.store.reading() as unit:
        return unit.value("SELECT number FROM ticket")


@pytest.mark.parametrize("look", looks())
def test_what_a_requester_meets_has_no_barrier(written, axe, look, complaints):
    page = written(**_look(look), email="")
    found = {"form": axe(page)}
    for name in ("form with errors", "thanks", "progress"):
        if name == "progress":
            page.locator("main a.button").click()
            page.wait_for_selector("ol.steps")
        else:
            _sent(page)
            page.wait_for_selector(".fault" if name == "form with errors" else ".number")
        found[name] = axe(page)
        assert _fits(page), name
        if name == "form with errors":
            page.locator("#email").fill("ann@mail.example")
    for path in ("/sign-in", "/enter/made-up", "/t/made-up"):
        page.goto(path)
        found[path] = axe(page)
        assert _fits(page), path
    assert {name: one for name, one in found.items() if one} == {}
    assert page.locator("html").get_attribute("lang") == look[2]
    _forgive_refusals(complaints)


@pytest.mark.parametrize("look", looks())
def test_an_admins_own_pages_have_no_barrier(admin_page, axe, look, complaints):
    page = admin_page(OWN_PAGES[0], **_look(look))
    found = {}
    for path in OWN_PAGES:
        if path != OWN_PAGES[0]:
            page.goto(path)
        if path == "/people":
            page.locator("summary").first.click()
        if violations := axe(page):
            found[path] = violations
        assert _fits(page), path
    assert found == {}
    _forgive_refusals(complaints)


@pytest.mark.parametrize("look", looks())
def test_where_the_desk_is_set_up_there_is_no_barrier(admin_page, axe, look):
    page = admin_page(SET_UP[0], **_look(look))
    found = {}
    for path in SET_UP:
        page.goto(path)
        page.evaluate("document.querySelectorAll('main details').forEach((one) => one.open = true)")
        if violations := axe(page):
            found[path] = violations
        assert _fits(page), path
    assert found == {}


def _forgive_refusals(complaints):
    """A browser logs each answer of 400 or 404; here they are what was asked for."""
    complaints[:] = [one for one in complaints if "the server responded with a status" not in one]


@pytest.mark.slow
def test_nobody_sees_reaches_or_hears_the_trap(visit):
    page = visit("/contact")
    trap = page.locator("#hp_website")
    box = trap.bounding_box()
    assert box["x"] + box["width"] < 0
    assert _fits(page)
    assert "Leave this empty" not in page.locator("body").aria_snapshot()
    stops = []
    for _ in range(30):
        page.keyboard.press("Tab")
        stops.append(page.evaluate("document.activeElement.id"))
    assert "attachments" in stops
    assert "hp_website" not in stops


def test_the_form_is_sent_with_the_keyboard_alone(router, visit, frozen):
    page = visit("/contact")
    frozen.advance(READ)
    words = {
        "category_hint": "A transfer",
        "subject": "Pending",
        "body": "Since yesterday",
        "email": "ann@mail.example",
    }
    for _ in range(30):
        page.keyboard.press("Tab")
        focused = page.evaluate("document.activeElement.id || document.activeElement.localName")
        if focused == "button":
            break
        page.keyboard.type(words.get(focused, ""))
    page.keyboard.press("Enter")
    page.wait_for_selector(".number")
    assert page.locator(".number").inner_text() == _number_of(router)


@pytest.mark.slow
def test_the_form_works_without_scripts_up_to_where_it_stands(router, written):
    page = written(java_script_enabled=False)
    _sent(page)
    number = page.locator(".number").inner_text()
    page.locator("main a.button").click()
    page.wait_for_url("**/t/**")
    assert number == _number_of(router)
    assert page.locator(".number").inner_text() == number
    assert page.locator("ol.steps [aria-current=step]").inner_text() == "Received"


@pytest.mark.slow
def test_what_is_wrong_is_told_on_top_and_beside_its_field(written, complaints):
    page = written(email="")
    _sent(page)
    summary = page.locator("[role=alert]")
    assert summary.evaluate("one => one === document.activeElement")
    summary.locator("a").first.click()
    email = page.locator("#email")
    assert email.evaluate("one => one === document.activeElement")
    told = email.get_attribute("aria-describedby").split()[-1]
    assert page.locator(f"#{told}").is_visible()
    assert page.locator("#body").input_value() == "My transfer is pending since yesterday"
    _forgive_refusals(complaints)


@pytest.mark.slow
def test_a_requester_never_sees_the_agents_pages(admin_page):
    page = admin_page("/contact")
    assert page.locator("header a[href='/outbox']").count() == 0
    assert page.locator("header a[href='/']").count() == 1


@pytest.mark.slow
def test_the_language_of_a_page_is_changed_without_leaving_it(router, written):
    page = written("/contact?about=transfer")
    page.locator("header a[hreflang]").click()
    assert page.locator("html").get_attribute("lang") == "zh-CN"
    assert page.locator("#category_hint").input_value() == "transfer"
    page.locator("#body").fill("转账没有到账")
    page.locator("#email").fill("ann@mail.example")
    _sent(page)
    page.locator("header a[hreflang]").click()
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator(".number").inner_text() == _number_of(router)


@pytest.mark.slow
@pytest.mark.parametrize(("state", "reached"), [("waiting", "Answered"), ("closed", "Settled")])
def test_where_it_stands_is_marked(router, visit, state, reached):
    fields = {"locale": "en", "body": "It is pending", "email": "ann@mail.example"}
    taken = form.submit(router, fields, [], source="203.0.113.9", spam=False)
    router.store.write(
        lambda unit: unit.run(
            "UPDATE ticket SET state = :state WHERE id = :id", state=state, id=taken.ticket_id
        )
    )
    token = router.tokens.status_token(taken.ticket_id, router.clock.now() + READ)
    page = visit(f"/t/{token}")
    assert page.locator("ol.steps [aria-current=step]").inner_text() == reached


@pytest.mark.slow
def test_a_phone_has_brand_and_own_links_above_one_row_of_pages(admin_page):
    page = admin_page("/status", viewport={"width": 390, "height": 844})
    brand, own, pages = (
        page.locator(name).bounding_box() for name in (".brand", ".own", ".bar .pages")
    )
    links = page.locator(".bar .pages > a, .bar summary").evaluate_all(
        "all => new Set(all.map((one) => one.getBoundingClientRect().top)).size"
    )
    assert own["y"] <= brand["y"] < own["y"] + own["height"] <= pages["y"]
    assert own["x"] + own["width"] >= 370
    assert links == 1
    page.locator(".bar summary").click()
    assert page.locator(".bar [aria-current=page]").inner_text() == "Status"


def test_a_camera_can_read_the_square_of_the_second_step(admin_page):
    page = admin_page("/me/second")
    square = page.locator("svg.qr")
    assert square.bounding_box()["width"] >= 180
    drawn = "one => [getComputedStyle(one).fill, getComputedStyle(one).stroke]"
    assert square.locator("path").evaluate(drawn) == ["rgb(0, 0, 0)", "none"]


@pytest.mark.slow
def test_the_status_page_says_what_is_ill(admin_page):
    page = admin_page("/status")
    row = page.locator(".work-item", has_text="E-mail").first
    assert "Failing" in row.inner_text()
    assert "TimeoutError: 30 s" in row.inner_text()
    assert page.locator(".notice.danger").is_visible()


@pytest.mark.slow
@pytest.mark.parametrize("width", [390, 1440])
def test_who_is_called_by_a_long_address_fits_every_page_that_names_them(router, admin_page, width):
    name = "maria.fernandez.customer.operations@support.wallet-company.example"
    lead = router.store.write(
        lambda unit: people.create_agent(unit, name, name, "lead", ["support", "security"])
    )
    who = Who(lead, name, "lead", frozenset({1, 2}), "en")
    draft = rulemaking.begin(router, who)
    page = admin_page("/me", viewport={"width": width, "height": 900})
    wide = {}
    for path in (
        "/people",
        "/shifts",
        "/audit",
        "/rules",
        f"/rules/draft/{draft}",
        "/reports/load",
    ):
        page.goto(path)
        wide[path] = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide == dict.fromkeys(wide, 0)
