"""A visitor and an agent in the chat, in a real browser: what is written is there, once, whatever
becomes of the page, the network or the hour."""

import contextlib
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from router import deliver
from router.store import chats, people
from tests.chats import ChatDoors, begun, say
from tests.walks.conftest import looks, until

pytestmark = pytest.mark.browser

SITE = "https://wallet.example"


@pytest.fixture
def router(assembled):
    return assembled(doors=ChatDoors(demo_page=True, origins=[SITE]))


@pytest.fixture
def lead(router):
    def work(unit):
        return people.create_agent(
            unit, "hua@desk.example", "王华", "lead", ["support", "security"]
        )

    return router.store.write(work)


def at(clock, written):
    clock.set(datetime.fromisoformat(written).replace(tzinfo=ZoneInfo("Asia/Shanghai")))


def opened(page, name="Chat with us"):
    """The widget on the page, opened."""
    page.get_by_role("button", name=name).click()
    frame = page.frame_locator("iframe")
    frame.locator("#talk").wait_for(state="attached")
    return frame


def write(frame, text):
    frame.locator("#text").fill(text)
    frame.locator("#text").press("Enter")
    frame.locator(".talk .visitor", has_text=text[:40]).wait_for()


def taken(router):
    with router.store.reading() as unit:
        sql = "SELECT text FROM message WHERE direction = 'in' ORDER BY id"
        return [row.text for row in unit.rows(sql)]


def answered(page, text):
    """The agent opens the newest ticket and answers by keys."""
    page.locator("#lines a").first.click()
    page.locator("#pane").wait_for()
    page.keyboard.press("r")
    page.locator("#reply-text").press_sequentially(text)
    page.keyboard.press("Control+Enter")
    page.locator(".message.out", has_text=text).wait_for()


def test_a_visitor_writes_an_agent_answers_and_a_reload_keeps_all_of_it(visit, signed_in):
    page = visit("/chat/demo?lang=en")
    frame = opened(page)
    write(frame, "My transfer is still pending")
    frame.get_by_text("Delivered").wait_for()
    desk = signed_in()
    answered(desk, "It arrives today.")
    frame.locator(".agent", has_text="It arrives today.").wait_for()
    frame.get_by_text("王华 has joined").wait_for()
    frame.locator(".state", has_text="Read").wait_for()
    desk.locator("#visitor", has_text="Last answer: read").wait_for()
    frame.locator("#text").press_sequentially("Thank")
    late = pytest.importorskip("playwright.sync_api").TimeoutError
    typing = desk.locator("#visitor", has_text="typing")
    for _ in range(5):  # who goes on is seen, even if a word of it was lost
        with contextlib.suppress(late):
            typing.wait_for(timeout=6000)
            break
        frame.locator("#text").press_sequentially("!")
        frame.locator("#text").press("Backspace")
    assert typing.is_visible()

    page.reload()
    frame = page.frame_locator("iframe")
    frame.locator(".agent", has_text="It arrives today.").wait_for()
    assert frame.locator("#text").input_value() == "Thank"
    assert frame.locator(".talk .visitor").count() == 1


@pytest.mark.slow
def test_an_agent_who_types_is_seen_typing(visit, signed_in):
    frame = opened(visit("/chat/demo?lang=en"))
    write(frame, "hello")
    frame.get_by_text("Delivered").wait_for()
    desk = signed_in()
    desk.locator("#lines a").first.click()
    desk.locator("#pane").wait_for()
    desk.keyboard.press("r")
    desk.locator("#reply-text").press_sequentially("One mo")

    frame.locator("#typing", has_text="typing").wait_for()


@pytest.mark.slow
def test_an_agent_goes_on_talking_and_sees_what_is_said_meanwhile(visit, router, signed_in):
    row, _ = begun(router)
    for number in range(8):
        words = f"line {number}: " + "my transfer is pending " * 12
        say(router, row, words, key=f"made-up-{number:04}")
    desk = signed_in(viewport={"width": 1440, "height": 1000})
    answered(desk, "One moment please.")
    assert desk.evaluate("document.activeElement.id") == "reply-text"
    desk.keyboard.type("I am look")
    say(router, row, "please hurry", key="made-up-0099")
    newest = desk.locator(".message.in", has_text="please hurry")
    newest.wait_for()
    end = desk.locator("#writing").bounding_box()["y"]
    assert newest.bounding_box()["y"] + newest.bounding_box()["height"] <= end
    desk.keyboard.type("ing")
    assert desk.locator("#reply-text").input_value() == "I am looking"
    assert "line 0" in desk.locator("#pane-title").inner_text()


READ_TO = "SELECT visitor_seq FROM chat"


def read_to(router):
    """How far the desk believes that the visitor has read."""
    with router.store.reading() as unit:
        return unit.value(READ_TO)


@pytest.mark.slow
def test_an_answer_after_the_long_automatic_one_comes_into_sight_or_says_that_it_is_there(
    visit, router, signed_in, frozen
):
    page = visit("/chat/talk?lang=en", viewport={"width": 390, "height": 500})
    write(page, "My transfer is still pending")
    page.get_by_text("Delivered").wait_for()
    frozen.advance(timedelta(seconds=5))
    deliver.sweep(router)
    page.get_by_text("Automatic answer").wait_for()
    desk = signed_in()
    answered(desk, "It arrives today.")
    seen = pytest.importorskip("playwright.sync_api").expect
    seen(page.locator(".agent", has_text="It arrives today.")).to_be_in_viewport()
    desk.locator("#visitor", has_text="Last answer: read").wait_for()
    before = read_to(router)

    page.mouse.move(195, 200)
    page.mouse.wheel(0, -5000)
    until(page, "document.querySelector('#scroll').scrollTop === 0")
    desk.keyboard.type("Has it come?")
    desk.keyboard.press("Control+Enter")
    button = page.get_by_role("button", name="New reply")
    button.wait_for()
    page.wait_for_timeout(600)  # longer than it takes to tell that something was read
    assert read_to(router) == before
    button.click()
    seen(page.locator(".agent", has_text="Has it come?")).to_be_in_viewport()
    button.wait_for(state="hidden")
    desk.locator("#visitor", has_text="Last answer: read").wait_for()
    assert read_to(router) > before


@pytest.mark.slow
def test_the_way_back_works_in_a_tab_of_its_own(visit, router, frozen):
    frame = opened(visit("/chat/demo?lang=en"))
    write(frame, "hello from the telephone")
    frame.get_by_text("Delivered").wait_for()
    with router.store.reading() as unit:
        number = unit.value("SELECT MAX(id) FROM chat")
    word = router.tokens.chat_token(number, frozen.now().replace(year=2027))
    page = visit(f"/chat/talk?lang=en#{word}", viewport={"width": 390, "height": 800})

    page.locator(".visitor", has_text="hello from the telephone").wait_for()
    assert word not in page.url


@pytest.mark.slow
def test_at_21_59_one_chats_and_at_22_00_one_leaves_a_message(visit, router, frozen):
    at(frozen, "2026-11-24T21:59:59")
    page = visit("/chat/demo?lang=en")
    frame = opened(page)
    frame.locator("#text").wait_for()
    assert "today until 22:00" in frame.locator("#hours").inner_text()

    at(frozen, "2026-11-24T22:00:00")
    page.reload()
    frame = page.frame_locator("iframe")
    frame.get_by_role("heading", name="outside service hours").wait_for()
    assert "08:00" in frame.locator("#opens").inner_text()
    assert frame.get_by_text("Is your wallet being emptied?").is_visible()
    frame.locator("#offline-text").fill("My transfer is pending")
    frame.get_by_role("button", name="Leave the message").click()
    frame.locator("#offline-email-wrong", has_text="Leave an e-mail").wait_for()
    frame.locator("#offline-email").fill("ann@mail.example")
    frame.get_by_role("button", name="Leave the message").click()
    frame.get_by_text("Service hours are over").wait_for()

    assert taken(router) == ["My transfer is pending"]
    with router.store.reading() as unit:
        assert chats.find(unit, unit.value("SELECT id FROM chat")).contact_id


@pytest.mark.slow
def test_a_chat_begun_at_21_59_goes_on_after_22_00(visit, router, frozen):
    at(frozen, "2026-11-24T21:59:00")
    frame = opened(visit("/chat/demo?lang=en"))
    write(frame, "My transfer is pending")
    at(frozen, "2026-11-24T22:00:00")
    write(frame, "Are you still there?")

    frame.get_by_text("Service hours are over").wait_for()
    assert frame.locator("#text").is_visible()
    assert taken(router) == ["My transfer is pending", "Are you still there?"]


@pytest.mark.slow
def test_what_is_written_without_a_network_goes_out_once_when_it_is_back(
    browser, address, router, frozen
):
    context = browser.new_context(base_url=address, locale="en-GB")
    page = context.new_page()
    page.goto("/chat/talk?lang=en")
    write(page, "first")
    page.get_by_text("Delivered").wait_for()
    context.set_offline(True)
    write(page, "written in the lift")
    page.get_by_text("Not sent yet").wait_for()
    context.set_offline(False)
    page.get_by_text("Delivered").wait_for()
    until(page, "!document.querySelector('#net').textContent")
    page.reload()
    until(page, "document.querySelectorAll('.talk .visitor').length === 2")
    assert page.locator(".talk .visitor", has_text="written in the lift").count() == 1
    context.close()

    assert taken(router) == ["first", "written in the lift"]


@pytest.mark.slow
def test_a_line_of_ten_thousand_characters_stays_where_it_is_with_the_reason(visit, router):
    page = visit("/chat/talk?lang=en")
    page.locator("#text").fill("x" * 10_000)
    page.locator("#text").press("Enter")

    page.get_by_text("This message has 10000 characters").wait_for()
    assert len(page.locator("#text").input_value()) == 10_000
    assert taken(router) == []


@pytest.mark.slow
def test_a_file_goes_up_and_what_is_none_is_refused_in_words(visit, router, complaints):
    page = visit("/chat/talk?lang=en")
    png = b"\x89PNG\r\n\x1a\nmade up"
    page.locator("#files").set_input_files(
        {"name": "shot.png", "mimeType": "image/png", "buffer": png}
    )
    page.get_by_text("Files: shot.png").wait_for()
    page.locator("#send").click()
    page.get_by_role("button", name="Download shot.png").wait_for()
    page.locator("#files").set_input_files(
        {"name": "a.png", "mimeType": "image/png", "buffer": b"MZ"}
    )
    page.locator("#text").fill("see here")
    page.locator("#send").click()
    page.get_by_text("Only PNG and JPEG").first.wait_for()

    assert page.locator("#text").input_value() == "see here"
    complaints.clear()  # the browser tells of the refusal as well


@pytest.mark.slow
def test_two_pages_of_one_visitor_are_one_conversation(browser, address, router):
    context = browser.new_context(locale="en")
    one, two = context.new_page(), context.new_page()
    for page in (one, two):
        page.goto(f"{address}/chat/talk?account=&lang=en")
        page.locator("#text").wait_for()
    write(one, "My transfer is still pending")
    two.locator(".talk .visitor", has_text="still pending").wait_for()
    write(two, "It is 500 yuan")
    one.locator(".talk .visitor", has_text="500 yuan").wait_for()
    one.reload()
    one.locator(".talk .visitor", has_text="500 yuan").wait_for()
    assert taken(router) == ["My transfer is still pending", "It is 500 yuan"]
    with router.store.reading() as unit:
        assert unit.value("SELECT COUNT(*) FROM ticket") == 1
    context.close()


@pytest.mark.slow
def test_a_token_that_is_over_is_told_and_one_goes_on_as_a_guest(visit, router, complaints):
    page = visit("/chat/demo?lang=en")
    page.route("**/chat/demo*", _with_identity)
    page.reload()
    frame = opened(page)
    write(frame, "hello")

    frame.get_by_text("go on as a guest").wait_for()
    frame.get_by_text("Delivered").wait_for()
    assert taken(router) == ["hello"]
    complaints.clear()  # the browser tells of the refusal as well


def _with_identity(route):
    answer = route.fetch()
    body = answer.text().replace("data-account", 'data-identity="a.b.c" data-account')
    route.fulfill(response=answer, body=body)


@pytest.mark.slow
def test_a_site_with_a_strict_policy_embeds_it_by_one_script(visit, address, router):
    page = visit("/chat/demo?lang=en")
    policy = f"default-src 'none'; script-src {address}; frame-src {address}"
    body = f"""<!doctype html><html lang="en"><title>Wallet</title>
        <body><main>The wallet</main><script src="{address}/chat/widget.js"></script></body>"""
    page.route(
        f"{SITE}/",
        lambda route: route.fulfill(
            body=body, content_type="text/html", headers={"Content-Security-Policy": policy}
        ),
    )
    page.goto(f"{SITE}/")
    frame = opened(page)
    write(frame, "from the wallet's own site")
    frame.get_by_text("Delivered").wait_for()

    assert taken(router) == ["from the wallet's own site"]


@pytest.mark.parametrize("look", looks())
def test_the_widget_is_usable_by_everybody(visit, axe, router, frozen, look):
    width, scheme, locale = look
    given = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme}
    lang = "zh" if locale == "zh-CN" else "en"
    page = visit(f"/chat/talk?lang={lang}", locale=locale, **given)
    assert axe(page) == []
    write(page, "转账失败了" if lang == "zh" else "My transfer failed")
    page.get_by_text("Delivered" if lang == "en" else "已送达").wait_for()
    frozen.advance(timedelta(seconds=5))
    deliver.sweep(router)
    page.get_by_text("Automatic answer" if lang == "en" else "自动回复").wait_for()
    assert axe(page) == []
    overflow = "document.documentElement.scrollWidth > innerWidth"
    assert page.evaluate(overflow) is False
    at(frozen, "2026-11-24T22:00:00")
    night = visit(f"/chat/talk?lang={lang}", locale=locale, **given)
    night.locator("#offline").wait_for()
    assert axe(night) == []
    assert night.evaluate(overflow) is False
