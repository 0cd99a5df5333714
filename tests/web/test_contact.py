"""The contact form: works without scripts, keeps what was written, tells what is wrong."""

import io
import re
from datetime import timedelta

import pytest
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from channels import webform
from router.core.promises.pace import Queue
from router.web.pages.contact import take_large, uploaded
from tests.fakes import FakeDoor, FakeDoors
from tests.pages import app_of
from tests.web.conftest import Browser

pytestmark = pytest.mark.one_database

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


def _open(browser, path="/contact"):
    page = browser.get(path).text
    return {
        name: re.search(rf'name="{name}" value="([^"]*)"', page)[1]
        for name in ("form_ts", "idempotency_key")
    }


@pytest.fixture
def send(browser_of, frozen):
    def go(wait=timedelta(seconds=30), **fields):
        browser = browser_of(None)
        hidden = _open(browser)
        frozen.advance(wait)
        given = {
            **hidden,
            "body": "My transfer is pending since yesterday",
            "email": "ann@mail.example",
            **fields,
        }
        return browser.post("/contact", given)

    return go


def _tickets(router):
    with router.store.reading() as unit:
        return unit.rows("SELECT * FROM ticket")


def test_a_sent_form_answers_with_its_number_and_a_status_link(router, browser_of, send):
    answer = send()
    (ticket,) = _tickets(router)
    assert answer.status_code == 202
    assert ticket.number in answer.text
    link = re.search(r'href="(/t/[^"]+)"', answer.text)[1]
    page = browser_of(None).get(link)
    assert ticket.number in page.text
    assert "My transfer is pending" not in page.text


def test_the_page_of_thanks_names_the_same_moment_as_the_mail(router, send):
    router.pace.take({1: Queue(200, 98, 98.0)})
    page = send().text
    with router.store.reading() as unit:
        mail = unit.value("SELECT text FROM outbox")
    assert "8 Dec" in mail
    assert "12月8日" in page


class SlowReader:
    """A second reader that has read nothing yet."""

    on = True


def test_who_may_be_losing_money_is_told_what_to_do_before_the_second_reader_has_read(
    assembled, frozen
):
    router = assembled(doors=FakeDoors(FakeDoor()), reader=SlowReader())
    app = app_of(router)
    browser = Browser(app)
    hidden = _open(browser)
    frozen.advance(timedelta(seconds=30))
    said = "我的账户被盗了，有人把钱转走了，请马上冻结"
    page = browser.post("/contact", {**hidden, "body": said, "email": "lin@mail.example"}).text
    app.extensions["hub"].close()
    (ticket,) = _tickets(router)
    assert (ticket.urgency, ticket.security) == ("P2", False)
    assert "立即冻结" in page


def test_whoever_left_a_number_only_is_told_at_once_what_to_do(send):
    answer = send(body="My account was hacked, money is gone", email="", phone="+442079460000")
    assert "立即冻结" in answer.text


@pytest.fixture
def shut(assembled):
    """A desk whose last service hours are over, and its pages for a stranger."""
    hours = {"weekly": {}, "open": {"2026-11-20": [("08:00", "22:00")]}}
    app = app_of(assembled(doors=FakeDoors(FakeDoor()), hours=hours))
    yield Browser(app)
    app.extensions["hub"].close()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_desk_without_any_opening_to_come_takes_a_form_and_names_no_moment(
    shut, frozen, language
):
    unknown = {"zh": "尚未确定", "en": "are not set"}[language]
    assert unknown in shut.get(f"/contact?lang={language}").text
    hidden = _open(shut)
    frozen.advance(timedelta(seconds=30))
    given = {**hidden, "body": "My transfer is pending", "email": "ann@mail.example"}
    answer = shut.post("/contact", given)
    assert answer.status_code == 202
    assert unknown in answer.text
    page = shut.get(re.search(r'href="(/t/[^"]+)"', answer.text)[1])
    assert "2999" not in answer.text + page.text


def test_a_program_is_told_that_no_moment_is_known(shut):
    given = {"idempotency_key": "k1", "body": "My transfer is pending", "email": "ann@mail.example"}
    answer = shut.client.post("/api/v1/intake/webform", json=given)
    assert answer.status_code == 202
    assert answer.get_json()["expected_reply"] is None


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_form_speaks_both_languages(browser_of, language):
    page = browser_of(None).get(f"/contact?lang={language}").text
    assert ("请告诉我们" in page) == (language == "zh")


def test_a_browser_without_cookies_is_answered_in_the_language_of_the_page(app, frozen):
    client = app.test_client(use_cookies=False)
    page = client.get("/contact?lang=en").text
    address = re.search(r'<form class="card" method="post" action="([^"]*)"', page)[1]
    hidden = dict(re.findall(r'name="(form_ts|idempotency_key)" value="([^"]*)"', page))
    frozen.advance(timedelta(seconds=30))
    given = {**hidden, "body": "My transfer is pending", "email": "ann@mail.example"}
    thanks = client.post(address, data=given, headers={"Accept-Language": "zh-CN"}).text
    assert "We have your message" in thanks
    link = re.search(r'href="(/t/[^"]+lang=en)"', thanks)[1]
    assert "Where your request stands" in client.get(link).text


def test_a_browser_that_wants_chinese_gets_chinese(browser_of):
    page = browser_of(None).get("/contact", headers={"Accept-Language": "zh-TW,zh;q=0.9"})
    assert 'lang="zh-CN"' in page.text


def test_what_is_wrong_is_said_and_the_text_is_kept(router, send):
    answer = send(email="nobody", subject="kept subject")
    assert answer.status_code == 400
    assert "kept subject" in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert _tickets(router) == []


def test_a_form_that_was_refused_can_still_be_read_in_the_other_language(send):
    answer = send(email="nobody", locale="en")
    assert re.search(r'<a href="/contact\?lang=(zh|en)"', answer.text)


def test_a_form_that_was_open_too_long_comes_back_with_its_text(router, send):
    answer = send(wait=timedelta(hours=3), body="written in three hours")
    assert answer.status_code == 409
    assert "written in three hours" in answer.text
    assert _tickets(router) == []


def test_a_forged_stamp_comes_back_with_its_text(send):
    answer = send(form_ts="forged", body="my words")
    assert answer.status_code == 409
    assert "my words" in answer.text


@pytest.mark.parametrize(
    ("first", "wait"),
    [({"email": "nobody"}, timedelta(seconds=30)), ({}, timedelta(hours=30))],
    ids=["a slip", "a day"],
)
def test_whoever_sends_a_form_again_at_once_is_no_robot(router, browser_of, frozen, first, wait):
    browser = browser_of(None)
    given = {**_open(browser), "body": "My transfer is pending", "email": "ann@mail.example"}
    frozen.advance(wait)
    page = browser.post("/contact", {**given, **first}).text
    stamp = re.search(r'name="form_ts" value="([^"]*)"', page)[1]
    frozen.advance(timedelta(seconds=1))
    assert browser.post("/contact", {**given, "form_ts": stamp}).status_code == 202
    with router.store.reading() as unit:
        assert unit.rows("SELECT tag FROM ticket_tag") == []
        assert unit.value("SELECT state FROM outbox") == "queued"


@pytest.mark.parametrize("wrong", [{"email": "nobody"}, {"wait": timedelta(hours=3)}])
def test_a_form_that_comes_back_says_that_its_files_do_not(send, wrong):
    said = "文件需要重新选择"
    chosen = {"attachments": (io.BytesIO(PNG), "screen.png")}
    assert said in send(**chosen, **wrong).text
    assert said not in send(**wrong).text


def test_a_dozen_photos_are_too_many_and_the_text_comes_back(router, browser_of, frozen):
    browser = browser_of(None)
    photo = b"\xff\xd8\xff" + bytes(3 * 1024 * 1024)
    given = {**_open(browser), "body": "written before the photos", "email": "ann@mail.example"}
    given["attachments"] = [FileStorage(io.BytesIO(photo), f"{one}.jpg") for one in range(12)]
    frozen.advance(timedelta(seconds=30))
    boundary, body = encode_multipart(given)
    answer = browser.client.post(
        "/contact", data=body, content_type=f"multipart/form-data; boundary={boundary}"
    )
    assert answer.status_code == 400
    assert "written before the photos" in answer.text
    assert "最多可以上传五个文件" in answer.text
    assert _tickets(router) == []


def test_of_files_that_are_too_much_no_more_is_read_than_tells(app):
    photo = b"\xff\xd8\xff" + bytes(10_000_000)
    given = {"attachments": [FileStorage(io.BytesIO(photo), f"{one}.jpg") for one in range(6)]}
    boundary, body = encode_multipart(given)
    kind = f"multipart/form-data; boundary={boundary}"
    with app.test_request_context("/contact", method="POST", data=body, content_type=kind):
        take_large()
        files = uploaded()
    wrong = webform.check_added("see", files)
    assert wrong == [("attachments", "too_many_files"), ("attachments", "file_too_big")]
    assert sum(len(one.data) for one in files) < webform.MOST_TOGETHER + 1_000


def test_a_browser_that_asks_for_traditional_characters_is_answered_in_them(
    router, browser_of, frozen
):
    browser = browser_of(None)
    given = {**_open(browser), "body": "不能用", "email": "ann@mail.example"}
    frozen.advance(timedelta(seconds=30))
    browser.post("/contact", given, headers={"Accept-Language": "zh-TW,zh;q=0.9"})
    (ticket,) = _tickets(router)
    assert ticket.language == "zh-Hant"


@pytest.mark.parametrize(
    "sign", [{"hp_website": "http://x"}, {"wait": timedelta(seconds=1)}], ids=["trap", "haste"]
)
def test_a_robot_is_answered_alike_and_tagged(router, send, sign):
    assert send(**sign).status_code == 202
    with router.store.reading() as unit:
        assert [row.tag for row in unit.rows("SELECT tag FROM ticket_tag")] == ["suspected_spam"]


def test_too_many_forms_are_told_when_to_come_back(send):
    codes = [send(email=f"p{number}@mail.example") for number in range(6)]
    codes = [
        send(email=f"q{number}@mail.example", wait=timedelta(seconds=4)) for number in range(8)
    ]
    last = codes[-1]
    assert last.status_code == 429
    assert int(last.headers["Retry-After"]) > 0
    assert "My transfer is pending" in last.text


def test_a_screenshot_comes_along(router, send):
    answer = send(attachments=(io.BytesIO(PNG), "screen.png"))
    assert answer.status_code == 202
    with router.store.reading() as unit:
        assert [row.name for row in unit.rows("SELECT name FROM attachment")] == ["screen.png"]


def test_a_program_in_disguise_is_refused(send):
    answer = send(attachments=(io.BytesIO(b"MZ program"), "screen.png"))
    assert answer.status_code == 400


def test_whoever_goes_back_and_writes_something_else_sends_it_once_more(router, browser_of, frozen):
    browser = browser_of(None)
    given = {**_open(browser), "body": "My transfer is pending", "email": "ann@mail.example"}
    frozen.advance(timedelta(seconds=30))
    browser.post("/contact", given)
    other = {**given, "body": "And my card is lost"}
    answer = browser.post("/contact", other)
    assert answer.status_code == 422
    assert "请再提交一次" in answer.text
    fresh = re.search(r'name="idempotency_key" value="([^"]*)"', answer.text)[1]
    assert browser.post("/contact", {**other, "idempotency_key": fresh}).status_code == 202
    assert len(_tickets(router)) == 2


def test_nothing_a_sender_wrote_runs_in_a_page(send):
    answer = send(email="nobody", subject='"><script>alert(1)</script>')
    assert "<script>alert" not in answer.text


# ---------------------------------------------------------------- for programs


def _api(browser, **changes):
    document = {
        "locale": "en",
        "body": "My transfer is pending",
        "contact": {"email": "a@m.example"},
    }
    return browser.client.post(
        "/api/v1/intake/webform",
        json={**document, **changes},
        headers={"Idempotency-Key": "one"},
    )


def test_a_program_gets_a_reference(router, browser_of):
    answer = _api(browser_of(None))
    (ticket,) = _tickets(router)
    assert answer.status_code == 202
    assert answer.json["ticket"] == ticket.number
    assert answer.json["in_service_hours"] is True


def test_a_program_that_repeats_itself_gets_the_same_answer(browser_of):
    browser = browser_of(None)
    assert _api(browser).json["ticket"] == _api(browser).json["ticket"]


def test_a_program_that_reuses_a_key_is_told(browser_of):
    browser = browser_of(None)
    _api(browser)
    answer = _api(browser, body="something else")
    assert answer.status_code == 422
    assert answer.mimetype == "application/problem+json"


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"body": ""}, [("body", "required")]),
        (
            {"contact": {}, "transaction_ref": "?"},
            [("email", "required"), ("transaction_ref", "bad_reference")],
        ),
        ({"attachments": {"name": "a.png"}}, [("attachments", "bad_attachments")]),
        ({"attachments": ["a.png"]}, [("attachments", "bad_attachments")]),
        (
            {"attachments": [{"name": "a.png", "data_b64": "!"}]},
            [("attachments", "bad_attachments")],
        ),
        ({"attachments": [{"data_b64": "TVo="}]}, [("attachments", "bad_file_type")]),
    ],
)
def test_a_program_is_told_which_field_is_wrong_and_no_file_is_lost_behind_a_yes(
    router, browser_of, changes, errors
):
    answer = _api(browser_of(None), **changes)
    assert answer.status_code == 400
    assert [(one["field"], one["code"]) for one in answer.json["errors"]] == errors
    assert all(one["detail"] for one in answer.json["errors"])
    assert _tickets(router) == []


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"body": 7}', b"\xff\xfe"])
def test_junk_is_a_problem_that_echoes_nothing(browser_of, body):
    answer = browser_of(None).client.post(
        "/api/v1/intake/webform", data=body, content_type="application/json"
    )
    assert answer.status_code == 400
    assert answer.mimetype == "application/problem+json"
