"""What the widget asks of the desk: begin, write, listen, come back, and how it is refused."""

import io
import json

import pytest

from router import desk
from router.core.rights import Who
from router.store import people
from tests.chats import ChatDoors, token
from tests.pages import app_of

PNG = b"\x89PNG\r\n\x1a\nmade up"


@pytest.fixture
def router(assembled):
    return assembled(doors=ChatDoors(origins=["https://wallet.example"], demo_page=True))


@pytest.fixture
def app(router):
    made = app_of(router)
    yield made
    made.extensions["hub"].close()


class Widget:
    """One visitor's browser."""

    def __init__(self, app, **given):
        self.client = app.test_client()
        self.answer = self.post("sessions", given)
        told = self.answer.get_json()
        self.word, self.id = told.get("token", ""), told.get("conversation_id", "")

    def _headers(self, more=None):
        word = getattr(self, "word", "")
        said = {"Accept-Language": "en"} | ({"Authorization": f"Bearer {word}"} if word else {})
        return said | (more or {})

    def post(self, path, given, **headers):
        return self.client.post(f"/chat/v1/{path}", json=given, headers=self._headers(headers))

    def get(self, path, **headers):
        return self.client.get(f"/chat/v1/{path}", headers=self._headers(headers))

    def say(self, text, key="made-up-0001", **more):
        return self.post("messages", {"text": text, "client_msg_id": key, **more})

    def stream(self, after=None):
        """The first things a stream tells, as (event, id, data), until it pauses or ends."""
        headers = {} if after is None else {"Last-Event-ID": str(after)}
        answer = self.get("stream", **headers)
        found = []
        for chunk in answer.iter_encoded():
            text = chunk.decode()
            if text.startswith(":"):
                break
            fields = dict(line.split(": ", 1) for line in text.strip().split("\n"))
            if "data" in fields:
                number = int(fields["id"]) if "id" in fields else None
                found.append((fields["event"], number, json.loads(fields["data"])))
            if found and found[-1][0] == "typing":
                break
        answer.close()
        return found


@pytest.fixture
def widget(app):
    return Widget(app)


@pytest.fixture
def agent(router):
    def work(unit):
        return people.create_agent(unit, "mei@desk.example", "林美", "agent", ["support"])

    number = router.store.write(work)
    with router.store.reading() as unit:
        return Who(number, "林美", "agent", frozenset(people.team_ids(unit).values()))


def answer(router, agent, text, once="a"):
    with router.store.reading() as unit:
        ticket = unit.value("SELECT MAX(id) FROM ticket")
    desk.reply(router, agent, ticket, text, once=once)


def test_a_session_says_who_one_is_and_until_when_somebody_is_there(widget):
    told = widget.answer.get_json()

    assert told["seq"] == 0
    assert told["service_hours"]["open"] is True
    assert told["service_hours"]["closes_at"] == "2026-11-24T14:00:00+00:00"


def test_json_that_is_nested_without_end_begins_an_empty_conversation_and_says_nothing(app):
    widget, deep = Widget(app), "[" * 500_000
    for path, status in (("sessions", 200), ("messages", 400), ("contact", 400)):
        answer = widget.client.post(
            f"/chat/v1/{path}",
            data=deep,
            content_type="application/json",
            headers={"Authorization": f"Bearer {widget.word}"},
        )
        assert answer.status_code == status


def test_what_is_written_is_numbered_and_comes_back_in_order(widget, router, agent):
    assert widget.say("hello").get_json()["seq"] == 1
    answer(router, agent, "Hello, how can I help?")

    told = widget.get("messages?after=0").get_json()
    assert [one["seq"] for one in told["events"]] == [1, 2, 3, 4]
    assert told["events"][3]["text"] == "Hello, how can I help?"
    assert told["events"][3]["name"] == "林美"
    assert widget.get("messages?after=3").get_json()["events"] == told["events"][3:]


def test_the_same_message_again_changes_nothing(widget):
    first, again = widget.say("hello").get_json(), widget.say("hello").get_json()

    assert again == {**first, "duplicate": True}
    assert widget.say("other").status_code == 422


def test_a_stream_goes_on_after_the_last_thing_heard(widget, router, agent):
    widget.say("hello")
    answer(router, agent, "first", "a")
    answer(router, agent, "second", "b")

    whole = [one for one in widget.stream() if one[1]]
    rest = [one for one in widget.stream(after=3) if one[1]]
    assert [one[1] for one in whole] == [1, 2, 3, 4, 5]
    assert rest == whole[3:]


def test_past_the_cap_a_stream_tells_what_there_is_and_when_to_come_back(assembled):
    router = assembled(doors=ChatDoors(), web={"chat_streams": 0})
    app = app_of(router)
    widget = Widget(app)
    widget.say("hello")

    told = widget.stream()
    app.extensions["hub"].close()
    assert [one[0] for one in told] == ["state", "message", "ticket_opened", "poll"]
    assert 1 < told[-1][2]["again"] < 20


def test_a_place_is_given_back_when_the_widget_goes(app, widget):
    for _ in range(app.extensions["talks"]._places + 3):
        assert widget.stream()[-1][0] != "poll"


def test_waiting_for_news_ends_with_the_news(widget, router, agent):
    widget.say("hello")
    answer(router, agent, "here already")

    assert widget.get("messages?after=2&wait=20").get_json()["events"]


def test_files_go_up_and_come_down(widget, app):
    sent = widget.client.post(
        "/chat/v1/messages",
        data={
            "client_msg_id": "made-up-0001",
            "text": "",
            "attachments": (io.BytesIO(PNG), "shot.png"),
        },
        headers=widget._headers(),
    )
    assert sent.status_code == 200
    file = widget.get("messages?after=0").get_json()["events"][0]["files"][0]
    got = widget.get(f"files/{file['token']}")

    assert got.data == PNG
    assert got.headers["Content-Disposition"].startswith("attachment")
    assert Widget(app).get(f"files/{file['token']}").status_code == 404


# ---------------------------------------------------------------- refused


def test_a_token_of_nobody_is_refused_in_words_and_begins_nothing(app, router):
    refused = Widget(app, identity="a.b.c").answer

    assert refused.status_code == 401
    assert refused.mimetype == "application/problem+json"
    assert "Sign in again" in refused.get_json()["detail"]
    with router.store.reading() as unit:
        assert unit.value("SELECT COUNT(*) FROM chat") == 0


def test_the_wallets_token_begins_a_verified_conversation(app, router, frozen):
    told = Widget(app, identity=token(frozen.now()))

    assert told.answer.status_code == 200
    assert told.answer.get_json()["reachable"] is True


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *[("get", one) for one in ("messages", "stream", "files/x")],
        *[("post", one) for one in ("messages", "typing", "read", "contact", "close")],
    ],
)
def test_without_the_word_nothing_is_told_and_nothing_taken(app, method, path):
    client = app.test_client()
    for word in ("", "a" * 40, "签名"):
        headers = {"Authorization": f"Bearer {word}".encode().decode("latin-1")}
        options = {"json": {"text": "x", "client_msg_id": "made-up-1"}} if method == "post" else {}
        assert (
            getattr(client, method)(f"/chat/v1/{path}", headers=headers, **options).status_code
            == 404
        )


def test_somebody_elses_conversation_is_not_there(app, widget):
    other = Widget(app)

    assert widget.get(f"messages?conversation={other.id}").status_code == 404
    assert widget.get(f"messages?conversation={widget.id}").status_code == 200


def test_a_line_of_ten_thousand_characters_is_refused_in_words(widget):
    refused = widget.say("字" * 10_000)

    assert refused.status_code == 400
    assert refused.get_json()["errors"] == [
        {
            "field": "text",
            "code": "too_long",
            "detail": "One message takes 4,000 characters. Shorten it, or send it in parts.",
        }
    ]
    assert widget.get("messages").get_json()["events"] == []


def test_a_file_too_large_is_refused_in_words(widget):
    for size in (11, 30):
        part = 'Content-Disposition: form-data; name="{}"'
        named = f"--x\r\n{part.format('client_msg_id')}\r\n\r\nmade-up-0001\r\n".encode()
        head = f'--x\r\n{part.format("attachments")}; filename="a.png"\r\n\r\n'.encode()
        body = named + head + PNG + bytes(size * 1024 * 1024) + b"\r\n--x--\r\n"
        headers = widget._headers({"Content-Type": "multipart/form-data; boundary=x"})
        refused = widget.client.post("/chat/v1/messages", data=body, headers=headers)
        assert refused.status_code in (400, 413)
        assert "10 MB" in refused.get_json()["detail"]


def test_a_body_of_another_shape_is_refused(widget):
    headers = widget._headers({"Content-Type": "application/json"})
    for body in (b"", b"[]", b"null", b"{", b"\xff", b'{"text": 7}'):
        got = widget.client.post("/chat/v1/messages", data=body, headers=headers)
        assert got.status_code == 400


def test_another_sites_page_cannot_write(widget):
    refused = widget.post("messages", {"text": "x"}, **{"Sec-Fetch-Site": "cross-site"})

    assert refused.status_code == 403


def test_too_fast_says_when_to_come_back(widget):
    for number in range(10):
        widget.say("hello", f"made-up-{number:04}")
    refused = widget.say("hello", "made-up-0010")

    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "10"


def test_the_offline_form_needs_a_way_back(widget):
    assert widget.say("hello", offline=True).get_json()["code"] == "reach_missing"
    assert widget.say("hello", offline=True, email="ann@mail.example").status_code == 200
    assert widget.get("messages").get_json()["reachable"] is True


# ---------------------------------------------------------------- typing, reading, leaving


def test_typing_and_presence_are_told_to_the_desk(app, widget, router, agent):
    widget.say("hello")
    talks = app.extensions["talks"]

    assert talks.is_here(int(widget.id))
    assert not talks.types(int(widget.id))
    widget.post("typing", {"on": True})
    assert talks.types(int(widget.id))
    widget.say("so", "made-up-0002")
    assert not talks.types(int(widget.id))


def test_typing_at_the_desk_is_told_to_the_visitor(app, widget, router, agent):
    widget.say("hello")
    with router.store.reading() as unit:
        ticket = unit.value("SELECT id FROM ticket")
    app.extensions["room"].sit(ticket, agent, "writing")

    assert widget.get("messages?after=2").get_json()["typing"] is True
    assert ("typing", None, {"on": True}) in widget.stream(after=2)
    app.extensions["room"].sit(ticket, agent, "reading")
    assert widget.get("messages?after=2").get_json()["typing"] is False


def test_reading_and_leaving_an_address_and_ending(widget, router, agent):
    widget.say("hello")
    answer(router, agent, "Hello.")

    assert widget.post("read", {"seq": 4}).status_code == 204
    assert widget.post("contact", {"email": "nobody"}).status_code == 400
    assert widget.post("contact", {"email": "ann@mail.example"}).status_code == 204
    assert widget.post("close", {}).status_code == 204
    told = widget.get("messages?after=4").get_json()
    assert told["ended"] is True
    assert told["events"][-1]["type"] == "closed"


def test_out_of_hours_the_session_says_when_somebody_is_back(app, frozen):
    frozen.set(frozen.now().replace(hour=22, minute=0))
    hours = Widget(app).answer.get_json()["service_hours"]

    assert hours["open"] is False
    assert hours["opens_at"] == "2026-11-25T00:00:00+00:00"


# ---------------------------------------------------------------- pages


def test_the_widget_may_be_framed_by_the_sites_that_are_named_and_no_other(app):
    page = app.test_client().get("/chat/talk?lang=en")

    policy = page.headers["Content-Security-Policy"]
    assert "frame-ancestors 'self' https://wallet.example" in policy
    assert "unsafe" not in policy
    assert "Live chat" in page.text


def test_the_script_may_be_loaded_by_any_site(app):
    got = app.test_client().get("/chat/widget.js")

    assert got.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert got.mimetype in ("text/javascript", "application/javascript")


def test_where_no_chat_is_switched_on_there_is_none(assembled):
    router = assembled()
    app = app_of(router)
    client = app.test_client()

    assert client.get("/chat/talk").status_code == 404
    assert client.get("/chat/demo").status_code == 404
    assert client.post("/chat/v1/sessions", json={}).status_code == 404
    app.extensions["hub"].close()


def test_the_demo_page_is_there_where_it_was_asked_for(app, assembled):
    assert "/chat/widget.js" in app.test_client().get("/chat/demo").text
    other = app_of(assembled(doors=ChatDoors()))
    assert other.test_client().get("/chat/demo").status_code == 404
    other.extensions["hub"].close()
