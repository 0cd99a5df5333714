"""The first day of a desk, in the browser; trying its channels on any other."""

import re

import pytest

from channels.contract import Refused, Transient
from router.store import people
from tests.web.conftest import Browser

pytestmark = pytest.mark.one_database

SUPPORT = {"kind": "email", "account": "support"}


def test_the_link_of_a_first_admin_leads_to_the_first_steps(router, browser_of, agents):
    link = router.store.write(lambda unit: people.one_time_link(unit, agents["admin"], "enter", 60))
    answer = browser_of(None).post(f"/enter/{link}")
    assert answer.headers["Location"] == "/setup"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_step_says_whether_it_is_done(browser_of, language):
    page = browser_of("admin").get(f"/setup?lang={language}").text
    assert page.count('class="chip ok"') + page.count('class="chip warn"') == 6


def test_a_mailbox_of_the_settings_is_read_and_nothing_of_it_taken(router, door, browser_of):
    door.arrives(text="my transfer is pending")
    page = browser_of("admin").post("/setup/try?lang=en", {**SUPPORT, "what": "reads"}).text
    assert "Reading works." in page
    with router.store.reading() as unit:
        assert unit.value("SELECT COUNT(*) FROM ticket") == 0


def test_a_mail_is_sent_to_oneself(door, browser_of):
    page = browser_of("admin").post("/setup/try", {**SUPPORT, "what": "sends"}).text
    assert "admin@desk.example" in page
    assert [one.to.value for one in door.sent] == ["admin@desk.example"]
    assert door.sent[0].automatic


@pytest.mark.parametrize("fault", [Transient("450 greylisted"), Refused("535 wrong <password>")])
def test_what_the_far_side_refuses_is_told_in_its_words(door, browser_of, fault):
    door.answers.append(fault)
    page = browser_of("admin").post("/setup/try?lang=en", {**SUPPORT, "what": "sends"}).text
    assert "Sending does not work." in page
    assert str(fault).replace("<", "&lt;").replace(">", "&gt;") in page


@pytest.mark.parametrize("wrong", [{"what": "sings"}, {"account": "nobody"}, {"kind": "pigeon"}])
def test_what_is_not_there_cannot_be_tried(browser_of, wrong):
    answer = browser_of("admin").post("/setup/try", {**SUPPORT, "what": "reads", **wrong})
    assert answer.status_code == 400


def test_a_mailbox_out_of_reach_keeps_what_was_typed_but_no_password(router, browser_of):
    typed = {
        "address": "help@desk.example", "password": "made-up secret word", "imap_host": "127.0.0.1",
        "imap_port": "1", "imap_tls": "none", "smtp_tls": "none", "imap_user": 'a"b\\c\n',
    }  # fmt: skip
    page = browser_of("admin").post("/setup/mailbox?lang=en", typed).text
    assert "Reading does not work." in page
    assert 'value="help@desk.example"' in page
    assert "made-up secret word" not in page
    assert "imap_user = &#34;a\\&#34;b\\\\c&#34;" in page
    with router.store.reading() as unit:
        said = [row.subject for row in unit.rows("SELECT subject FROM audit")]
    assert not any("help@desk.example" in one for one in said)


def test_a_mailbox_that_lacks_what_it_needs_says_so(browser_of):
    for typed in ({}, {"address": "help"}, {"address": "help@desk.example"}):
        assert browser_of("admin").post("/setup/mailbox", typed).status_code == 422


def test_a_test_message_becomes_a_ticket_like_any_other(router, browser_of):
    browser = browser_of("admin")
    once = re.search(r'name="once" value="([^"]+)"', browser.get("/setup").text)[1]
    answer = browser.post("/setup/message?lang=en", {"once": once})
    again = browser.post("/setup/message?lang=en", {"once": once})
    assert again.headers["Location"] == answer.headers["Location"]
    page = browser.get(answer.headers["Location"]).text
    assert "my transfer has not arrived" in page
    with router.store.reading() as unit:
        assert unit.value("SELECT COUNT(*) FROM ticket") == 1


def test_nobody_but_an_admin_sets_a_desk_up(browser_of):
    assert isinstance(browser_of("manager"), Browser)
    assert browser_of("manager").get("/setup").status_code == 403
