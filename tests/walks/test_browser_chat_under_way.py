"""What is under way between a visitor and an agent when a page goes or a hand is quick."""

import pytest

from tests.chats import ChatDoors, begun, say
from tests.walks.conftest import held, until

pytestmark = pytest.mark.browser


@pytest.fixture
def router(assembled):
    return assembled(doors=ChatDoors())


def taken(router):
    with router.store.reading() as unit:
        sql = "SELECT text FROM message WHERE direction = 'in' ORDER BY id"
        return [row.text for row in unit.rows(sql)]


@pytest.mark.slow
@pytest.mark.parametrize("arrives", [True, False])
def test_a_message_whose_files_went_with_its_page_is_there_once_and_says_so(
    visit, router, complaints, arrives
):
    page = visit("/chat/talk?lang=en")

    def cut(route):
        if arrives and route.request.method == "POST":  # and its answer is lost
            route.fetch()
        route.abort()

    page.route("**/chat/v1/messages*", cut)
    png = {"name": "shot.png", "mimeType": "image/png", "buffer": b"\x89PNG\r\n\x1a\nmade up"}
    page.locator("#files").set_input_files(png)
    page.locator("#text").fill("see here")
    page.locator("#text").press("Enter")
    page.get_by_text("Not sent yet").wait_for()
    page.unroute("**/chat/v1/messages*")
    page.reload()
    shown = "Download shot.png" if arrives else "shot.png did not go up"
    page.get_by_text(shown).wait_for()
    until(page, "!JSON.parse(localStorage.getItem('chat:site')).queue.length")
    assert page.locator("#text").input_value() == ""
    assert taken(router) == ["see here"]
    complaints.clear()  # the browser tells of what was cut


@pytest.mark.slow
def test_what_an_agent_types_while_an_answer_is_on_its_way_stays(router, signed_in):
    row, _ = begun(router)
    say(router, row, "my transfer is pending", key="made-up-0001")
    desk = signed_in()
    let_go = held(desk, "**/reply?*")
    desk.locator("#lines a").first.click()
    desk.locator("#pane").wait_for()
    desk.keyboard.press("r")
    desk.keyboard.type("One moment.")
    desk.keyboard.press("Control+Enter")
    desk.keyboard.type("I am look")
    let_go()
    desk.locator(".message.out", has_text="One moment.").wait_for()
    desk.keyboard.type("ing")
    assert desk.locator("#reply-text").input_value() == "I am looking"
