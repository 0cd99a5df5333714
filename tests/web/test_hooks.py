"""A platform calls: checked over raw bytes, written down, answered, and only then worked on."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from channels.wechat import envelope, pushes
from router import examining, pipeline
from router.core.clock import FrozenClock
from tests.channels.test_conformance import call, door
from tests.pages import app_of

RECORDED = Path(__file__).parent.parent / "recorded" / "wechat"
SECRETS = json.loads((RECORDED / "secrets.json").read_text())
APPID = json.loads((RECORDED / "options.json").read_text())["appid"]
PUSH = json.loads((RECORDED / "hooks" / "push.json").read_text())
KEY = SECRETS["encoding_aes_key"]
MOMENT = datetime.fromisoformat(PUSH["received_at"])


@pytest.fixture
def frozen():
    return FrozenClock(MOMENT)


@pytest.fixture
def router(assembled, monkeypatch):
    for name, value in SECRETS.items():
        monkeypatch.setenv(f"ROUTER__CHANNELS__WECHAT__MAIN__{name.upper()}", value)
    options = {"appid": APPID, "base_url": "http://127.0.0.1:9"}
    return assembled(channels={"wechat": {"main": options}})


@pytest.fixture
def app(router):
    made = app_of(router)
    made.testing = True
    made.config["PROPAGATE_EXCEPTIONS"] = False
    yield made
    made.extensions["hub"].close()
    made.extensions["receiver"].stop()


@pytest.fixture
def calls(app):
    """Calls the desk as the platform does."""
    client = app.test_client()

    def make(query=None, body=None, method="POST", path="/hooks/wechat/main", **more):
        return client.open(
            path,
            method=method,
            query_string=PUSH["query"] if query is None else query,
            data=PUSH["body"].encode() if body is None else body,
            content_type="text/xml",
            **more,
        )

    return make


def signed(text, moment=MOMENT, nonce="77"):
    """A push with this plain text, as the platform would send it."""
    inside = envelope.encrypt(text.encode(), KEY, APPID)
    stamp = str(int(moment.timestamp()))
    query = {
        "timestamp": stamp,
        "nonce": nonce,
        "encrypt_type": "aes",
        "msg_signature": envelope.signature(SECRETS["push_token"], stamp, nonce, inside),
    }
    return query, f"<xml><Encrypt><![CDATA[{inside}]]></Encrypt></xml>".encode()


def told(answer):
    """The text of a passive reply; None where the answer is the plain word."""
    if answer.data in (b"success", b""):
        return None
    plain, _ = envelope.decrypt(pushes.encrypted(answer.data), [KEY], APPID)
    return pushes.read(plain)["Content"]


def rows(router, sql):
    with router.store.reading() as unit:
        return unit.rows(sql)


def test_a_push_is_answered_with_its_acknowledgement_and_is_a_ticket(calls, router):
    answer = calls()
    assert answer.status_code == 200
    (ticket,) = rows(router, "SELECT * FROM ticket")
    assert ticket.number in told(answer)
    assert ticket.category == "login.other" or ticket.category.startswith("login.")
    (row,) = rows(router, "SELECT * FROM outbox")
    assert (row.state, row.purpose) == ("sent", "acknowledgement")


def test_a_retry_of_a_push_gets_the_same_answer_and_changes_nothing(calls, router):
    first = told(calls())
    xml = (RECORDED / "text.xml").read_text("utf-8")
    query, body = signed(xml, nonce="another")
    assert told(calls(query, body)) == first
    assert len(rows(router, "SELECT * FROM message WHERE direction = 'in'")) == 1
    assert len(rows(router, "SELECT * FROM journal")) == 1


def test_what_was_written_down_but_not_worked_on_is_found_by_the_sweep(calls, router, app):
    xml = (RECORDED / "unsubscribe.xml").read_text("utf-8")
    assert calls(*signed(xml)).data == b"success"
    pipeline.journalled(router)
    app.extensions["receiver"].stop()
    assert [row.state for row in rows(router, "SELECT state FROM journal")] == ["done"]
    assert rows(router, "SELECT * FROM ticket") == []


@pytest.mark.parametrize(
    "wrong", ["", "0" * 40, "签名", "\xff", PUSH["query"]["signature"]], ids=ascii
)
def test_a_wrong_signature_is_401_and_stores_nothing(calls, router, wrong):
    answer = calls({**PUSH["query"], "msg_signature": wrong})
    assert (answer.status_code, answer.data) == (401, b"")
    assert rows(router, "SELECT * FROM journal") == []


def test_why_a_call_was_refused_is_logged_and_the_doctor_says_that_none_was_good(
    calls, router, app, caplog
):
    caplog.set_level("INFO", "router.web.pages.hooks")

    def said():
        app.extensions["receiver"].pulse()
        return next(one for one in examining.look(router) if one.what == "receiver")

    calls({**PUSH["query"], "msg_signature": "0" * 40})
    assert "a call of wechat.main was refused: signed with another token" in caplog.messages
    found = said()
    assert not found.ok
    assert "wechat.main: of 1 calls in the last day none was good" in found.said
    assert "push_token, encoding_aes_key" in found.said
    calls()
    assert said().ok


@pytest.mark.parametrize("seconds", [301, -301])
def test_a_stale_signature_is_401(calls, router, frozen, seconds):
    frozen.set(datetime.fromtimestamp(1795400000, MOMENT.tzinfo) + timedelta(seconds=seconds))
    assert calls().status_code == 401


@pytest.mark.parametrize("seconds", [299, -299])
def test_a_clock_a_little_off_is_forgiven(calls, frozen, seconds):
    frozen.set(datetime.fromtimestamp(1795400000, MOMENT.tzinfo) + timedelta(seconds=seconds))
    assert calls().status_code == 200


def test_a_body_past_the_limit_is_413(calls, router):
    answer = calls(body=b"x" * (1024 * 1024 + 1))
    assert (answer.status_code, answer.data) == (413, b"")
    assert rows(router, "SELECT * FROM journal") == []


def test_an_endless_word_in_the_query_is_400(calls):
    assert calls({**PUSH["query"], "nonce": "9" * 5000}).status_code == 400


def test_a_channel_that_is_not_on_is_not_there(calls):
    assert calls(path="/hooks/messenger/main").status_code == 404
    assert calls(path="/hooks/telegraph/x").status_code == 404


@pytest.mark.parametrize(
    "inside",
    ["<!DOCTYPE x [<!ENTITY a 'b'>]><xml>&a;</xml>", "<xml><broken", "[]", "\x00", "{" * 50_000],
    ids=["doctype", "broken", "list", "null", "deep"],
)
def test_what_is_signed_and_unreadable_is_kept_and_seen(calls, router, inside):
    assert calls(*signed(inside)).data == b"success"
    pipeline.journalled(router)
    (row,) = rows(router, "SELECT * FROM journal")
    assert row.state in ("parked", "received")


def test_a_platform_never_sees_an_error_page_once_the_push_is_written_down(
    calls, router, monkeypatch
):
    def fails(*_):
        raise ValueError("made up")

    monkeypatch.setattr(pipeline.intake, "take", fails)
    answer = calls()
    assert (answer.status_code, answer.data) == (200, b"success")
    assert [row.state for row in rows(router, "SELECT state FROM journal")] == ["parked"]


def test_a_push_that_cannot_be_written_down_is_503_so_that_it_comes_again(
    calls, router, tmp_path, database_kind
):
    if database_kind != "sqlite":
        pytest.skip("SQLite has its file taken away here; PostgreSQL stands in test_health")
    router.store.close()
    for path in tmp_path.glob("router.sqlite3*"):
        path.unlink()
    (tmp_path / "router.sqlite3").mkdir()
    answer = calls()
    assert (answer.status_code, answer.data) == (503, b"")
    assert answer.headers["Retry-After"]


def test_the_url_check_is_answered_with_its_word(calls):
    given = json.loads((RECORDED / "hooks" / "url_check.json").read_text())
    answer = calls(given["query"], b"", method="GET")
    assert (answer.status_code, answer.data) == (200, b"5023492746")
    assert calls({**given["query"], "signature": "0" * 40}, b"", method="GET").status_code == 401


def test_the_door_reads_the_recorded_call_like_the_desk(calls):
    assert door("wechat").receive(call(PUSH)).items[0].remote_id == PUSH["remote_ids"][0]
