"""One ticket over HTTP: what it shows, what may be done, and that nothing written is lost."""

import ast
import re
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest

from channels.contract import Attachment
from router import desk, escalate, form, pipeline
from router.core.rights import Who
from router.prepared import Terms
from router.store import readings, timeline
from router.store.pages.messages import MESSAGES
from router.web.speech import catalogue
from router.writing import Letter
from rules.raising import Near, Opinion
from tests.web.conftest import submitted

pytestmark = pytest.mark.one_database

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def mail(router, door):
    def arrive(text, **changes):
        raw = door.arrives(text=text, **changes)
        return pipeline.receive(router, door, [raw], Terms())[0]

    return arrive


def _state(router, ticket_id):
    with router.store.reading() as unit:
        return unit.value("SELECT state FROM ticket WHERE id = :id", id=ticket_id)


def _messages(router, ticket_id, direction):
    with router.store.reading() as unit:
        rows = unit.rows(
            "SELECT text FROM message WHERE ticket_id = :id AND direction = :d ORDER BY id",
            id=ticket_id,
            d=direction,
        )
        return [row.text for row in rows]


# ---------------------------------------------------------------- reading


@pytest.mark.parametrize(
    ("defects", "said"),
    [
        (["html_cut", "text_cut"], "here the end is missing"),
        (["tnef_cut"], "Not all of its attachments"),
        (["too_deep"], "not all of it can be read here"),
    ],
)
def test_a_message_says_once_what_it_lacks(browser_of, mail, defects, said):
    taken = mail("My transfer is pending", defects=[*defects, "charset_guessed"])
    page = browser_of("admin").get(f"/ticket/{taken.number}?lang=en").text
    assert page.count(said) == 1


def test_a_message_that_is_whole_lacks_nothing(browser_of, mail):
    taken = mail("My transfer is pending", defects=["charset_wrong"])
    page = browser_of("admin").get(f"/ticket/{taken.number}").text
    assert 'class="masked"' not in page


def test_a_ticket_has_an_address_of_its_own(browser_of, calm):
    page = browser_of("agent").get(f"/ticket/{calm.number}")
    assert page.status_code == 200
    assert "since yesterday" in page.text
    assert page.headers["Cache-Control"] == "no-store"


def test_a_number_typed_carelessly_leads_to_the_ticket(browser_of, calm):
    typed = calm.number.lower().replace("-", "")
    page = browser_of("agent").get(f"/ticket/{typed}")
    assert page.status_code == 303
    assert calm.number in page.headers["Location"]


def test_another_teams_ticket_is_not_there(browser_of, alarm):
    browser = browser_of("agent")
    assert browser.get(f"/ticket/{alarm.number}").status_code == 404
    for act in ("reply", "note", "close", "assign", "tag", "category", "urgency", "team"):
        assert browser.post(f"/ticket/{alarm.number}/{act}", {"text": "x"}).status_code == 404


def test_the_words_a_rule_saw_are_marked_and_everything_is_escaped(mail, browser_of):
    ticket = mail("Money <script>x</script> gone. There is a payment I did not make & more.")
    text = browser_of("manager").get(f"/ticket/{ticket.number}?lang=en").text
    assert "<script>x" not in text
    assert "&lt;script&gt;x&lt;/script&gt;" in text
    marks = re.findall(r'<mark class="alarm"[^>]*>([^<]+)</mark>', text)
    assert any("did not make" in words for words in marks)
    assert "Suspicious transaction" in text


def test_quoted_history_waits_behind_a_fold(mail, browser_of):
    quoted = "It still has not come.\n\nOn Mon, 2 Nov 2026, Support wrote:\n> Please wait."
    ticket = mail(f"My transfer is pending. {quoted}")
    text = browser_of("agent").get(f"/ticket/{ticket.number}").text
    assert '<details class="rest">' in text
    assert text.index("It still has not come") < text.index("&gt; Please wait.")


def test_html_of_a_mail_is_harmless_and_framed_without_any_right(mail, browser_of):
    html = "<p onclick=x()>Hi <b>you</b></p><script>steal()</script><img src=http://spy.example/1>"
    ticket = mail("My transfer is pending", html=html)
    browser = browser_of("agent")
    page = browser.get(f"/ticket/{ticket.number}").text
    assert re.search(r'<iframe sandbox csp="default-src .none.;', page)
    framed = browser.get(f"/message/{ticket.message_id}/html")
    assert "<b>you</b>" in framed.text
    for bad in ("script", "onclick", "spy.example"):
        assert bad not in framed.text
    policy = framed.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "'unsafe" not in policy


def test_a_file_is_a_download_that_no_browser_runs(router, browser_of):
    data = b"\x89PNG\r\n\x1a\n<html><script>x</script>"
    fields = {"idempotency_key": "k", "body": "My transfer is pending", "email": "a@m.example"}
    file = Attachment("<b>账单.png", "image/png", data)
    taken = form.submit(router, fields, [file], source="203.0.113.9", spam=False)
    browser = browser_of("agent")
    page = browser.get(f"/ticket/{taken.number}").text
    token = re.search(r'href="/attachment/([\w-]+)"', page)[1]
    answer = browser.get(f"/attachment/{token}")
    assert answer.data == data
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.mimetype == "application/octet-stream"
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_a_file_of_another_team_is_not_there(router, browser_of):
    fields = {
        "idempotency_key": "k",
        "body": "I was hacked, somebody stole my money",
        "email": "a@m.example",
    }
    file = Attachment("a.png", "image/png", b"\x89PNG\r\n\x1a\nx")
    taken = form.submit(router, fields, [file], source="203.0.113.9", spam=False)
    with router.store.reading() as unit:
        token = unit.value("SELECT token FROM attachment")
    assert browser_of("lead").get(f"/attachment/{token}").status_code == 404
    assert browser_of("lead").get(f"/message/{taken.message_id}/html").status_code == 404
    assert browser_of("manager").get(f"/attachment/{token}").status_code == 200


def test_a_long_conversation_shows_its_newest_part_and_leads_to_the_rest(
    router, browser_of, agents, calm
):
    who = Who(agents["agent"], "Agent", "agent", frozenset({1}), "en")
    for step in range(MESSAGES + 5):
        desk.note(router, who, calm.ticket_id, f"note number {step}.", once=f"n{step}")
    browser = browser_of("agent")
    page = browser.get(f"/ticket/{calm.number}").text
    assert f"note number {MESSAGES + 4}." in page
    assert "note number 0." not in page
    earlier = re.search(r'class="earlier"><a class="button" href="([^"]+)"', page)[1]
    older = browser.get(earlier.replace("&amp;", "&")).text
    assert "note number 0." in older
    assert f"note number {MESSAGES + 4}." not in older


def test_an_earlier_part_of_a_conversation_ends_where_the_next_begins(
    router, browser_of, agents, calm, frozen
):
    who = Who(agents["agent"], "Agent", "agent", frozenset({1}), "en")
    for step in range(MESSAGES + 5):
        frozen.advance(timedelta(seconds=5))
        desk.note(router, who, calm.ticket_id, f"note number {step}.", once=f"n{step}")
        if word := {1: "early", MESSAGES + 4: "late"}.get(step):
            frozen.advance(timedelta(seconds=5))
            desk.tag(router, who, calm.ticket_id, f"zz-{word}")
    browser = browser_of("agent")
    page = browser.get(f"/ticket/{calm.number}").text
    earlier = re.search(r'class="earlier"><a class="button" href="([^"]+)"', page)[1]
    older = browser.get(earlier.replace("&amp;", "&")).text
    told = [
        re.search(r'id="conversation".*?id="about"', one, re.DOTALL)[0] for one in (page, older)
    ]
    assert ["zz-late" in one for one in told] == [True, False]
    assert ["zz-early" in one for one in told] == [False, True]


def test_a_copy_that_fails_changes_the_word_that_open_pages_compare(
    router, browser_of, agents, calm
):
    who = Who(agents["agent"], "Agent", "agent", frozenset({1}), "en")
    letter = Letter("It is on its way.", [], ("third@party.example",))
    desk.reply(router, who, calm.ticket_id, letter, once="c")
    browser = browser_of("agent")

    def stamp():
        return re.search(r'data-stamp="(\w+)"', browser.get(f"/ticket/{calm.number}").text)[1]

    before = stamp()
    assert stamp() == before
    failed = "UPDATE outbox SET state = 'failed', reason = 'refused' WHERE purpose = 'copy'"
    assert router.store.write(lambda unit: unit.run(failed)) == 1
    assert stamp() != before


def test_a_failed_sender_is_a_warning_above_the_reply(mail, browser_of):
    ticket = mail("My transfer is pending", verification="failed")
    text = browser_of("agent").get(f"/ticket/{ticket.number}?lang=en").text
    assert "The sender&#39;s check failed" in text or "The sender's check failed" in text


# ---------------------------------------------------------------- the timeline's words


@cache
def _codes():
    """Every code some service writes on a timeline."""
    found = set()
    for path in (ROOT / "router").rglob("*.py"):
        text = path.read_text("utf-8")
        for node in ast.walk(ast.parse(text)) if ".note(" in text else ():
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "note"
                and len(node.args) >= 3
                and isinstance(node.args[2], ast.Constant)
            ):
                found.add(node.args[2].value)
    return found | {"follow_up", "linked", "outbox_queued", "outbox_cancelled"}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_entry_has_words_in_both_languages(language):
    words = catalogue()[language]
    assert {code for code in _codes() if f"entries.{code}" not in words} == set()


def test_both_languages_have_the_same_sentences_with_the_same_places():
    zh, en = catalogue()["zh"], catalogue()["en"]
    assert set(zh) == set(en)
    place = re.compile(r"\{(\w+)\}")
    differ = {key for key in zh if set(place.findall(zh[key])) != set(place.findall(en[key]))}
    assert differ == set()


def test_an_entry_is_told_in_the_readers_language(router, browser_of, agents, calm):
    who = Who(agents["agent"], "Agent", "agent", frozenset({1}), "en")
    desk.set_urgency(router, who, calm.ticket_id, "P1")
    browser = browser_of("agent")
    assert "changed the urgency from" in browser.get(f"/ticket/{calm.number}?lang=en").text
    assert "把紧急度从" in browser.get(f"/ticket/{calm.number}?lang=zh").text


def test_the_timeline_says_how_long_a_promise_is_and_the_standard_by_its_name(
    router, browser_of, calm
):
    told = {"kind": "resolution", "policy": "standard", "minutes": 4200, "was": 45, "due": 2**51}
    router.store.write(lambda unit: timeline.note(unit, calm.ticket_id, "sla_retargeted", **told))
    router.store.write(lambda unit: timeline.note(unit, calm.ticket_id, "called_back", agent=""))
    chinese, english = (
        browser_of("agent").get(f"/ticket/{calm.number}?lang={one}").text for one in ("zh", "en")
    )
    assert "按时限方案“标准”为 70 小时（原为 45 分钟）" in chinese
    assert "70 h by the policy Standard (before: 45 min)" in english
    assert "接听坐席：" not in chinese


def test_who_gives_a_ticket_to_themselves_took_it(router, browser_of, agents, calm):
    who = Who(agents["agent"], "Agent", "agent", frozenset({1}), "en")
    desk.assign(router, who, calm.ticket_id, agents["lead"])
    desk.assign(router, who, calm.ticket_id, agents["agent"])
    page = browser_of("agent").get(f"/ticket/{calm.number}?lang=en").text
    assert "<b>Agent</b> assigned it to Lead" in page
    assert "<b>Agent</b> took it" in page


# ---------------------------------------------------------------- acting


def test_a_reply_goes_to_the_outbox_and_the_page_comes_back(router, browser_of, calm):
    answer = browser_of("agent").post(
        f"/ticket/{calm.number}/reply?view=mine", {"text": "It arrives today.", "once": "a"}
    )
    assert answer.status_code == 303
    assert answer.headers["Location"].endswith(f"/ticket/{calm.number}?view=mine")
    assert _messages(router, calm.ticket_id, "out") == ["It arrives today."]
    assert _state(router, calm.ticket_id) == "waiting"


def test_a_double_click_replies_once(router, browser_of, calm):
    browser = browser_of("agent")
    page = browser.get(f"/ticket/{calm.number}").text
    once = re.search(r'name="once" value="([\w-]+)"', page)[1]
    for _ in range(2):
        browser.post(f"/ticket/{calm.number}/reply", {"text": "Yes.", "once": once})
    assert _messages(router, calm.ticket_id, "out") == ["Yes."]


def test_a_reply_may_close_the_ticket(router, browser_of, calm):
    browser_of("agent").post(f"/ticket/{calm.number}/reply", {"text": "Done.", "close": "1"})
    assert _state(router, calm.ticket_id) == "closed"


def test_a_note_is_never_sent(router, browser_of, calm):
    browser_of("agent").post(f"/ticket/{calm.number}/note", {"text": "He sounds scared."})
    assert _messages(router, calm.ticket_id, "note") == ["He sounds scared."]
    with router.store.reading() as unit:
        assert unit.value("SELECT 1 FROM outbox WHERE text LIKE '%scared%'") is None


def test_reply_and_note_differ_in_label_colour_and_button(browser_of, calm):
    page = browser_of("agent").get(f"/ticket/{calm.number}?lang=en").text
    reply = page[page.index('id="compose-reply"') : page.index('id="compose-note"')]
    note = page[page.index('id="compose-note"') :]
    assert "The requester will read this" in reply
    assert "Send reply" in reply
    assert "mail.example" in reply
    assert "The requester will never see this" in note
    assert "Save note" in note
    assert "Send reply" not in note.split("</form>")[0]


def test_what_was_written_comes_back_when_it_is_refused(router, browser_of, agents, calm):
    browser = browser_of("agent")
    who = Who(agents["lead"], "Lead", "lead", frozenset({1}), "en")
    desk.close(router, who, calm.ticket_id)
    answer = browser.post(f"/ticket/{calm.number}/reply?lang=en", {"text": "I had written this"})
    assert answer.status_code == 409
    assert "This was not done" in answer.text
    assert "I had written this" in answer.text
    assert _messages(router, calm.ticket_id, "out") == []


def test_an_empty_note_is_refused_in_words(browser_of, calm):
    answer = browser_of("agent").post(f"/ticket/{calm.number}/note?lang=en", {"text": "  "})
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text


def test_asked_for_a_part_the_pane_comes_back(browser_of, calm):
    answer = browser_of("agent").post(f"/ticket/{calm.number}/close", headers={"X-Part": "1"})
    assert answer.status_code == 200
    assert 'id="pane"' in answer.text
    assert "<html" not in answer.text


def test_every_field_of_a_ticket_can_be_corrected(router, browser_of, agents, calm):
    browser = browser_of("agent")
    at = f"/ticket/{calm.number}"
    browser.post(f"{at}/assign", {"agent": "me"})
    browser.post(f"{at}/category", {"category": "login.network"})
    browser.post(f"{at}/urgency", {"urgency": "P2"})
    browser.post(f"{at}/tag", {"tag": "vip"})
    browser.post(f"{at}/tag", {"tag": "慢"})
    browser.post(f"{at}/untag", {"tag": "vip"})
    with router.store.reading() as unit:
        row = unit.row("SELECT * FROM ticket WHERE id = :id", id=calm.ticket_id)
        tags = [one.tag for one in unit.rows("SELECT tag FROM ticket_tag")]
    assert (row.assignee_id, row.category, row.urgency) == (agents["agent"], "login.network", "P2")
    assert tags == ["慢"]
    browser.post(f"{at}/assign", {"agent": ""})
    browser.post(f"{at}/close")
    assert _state(router, calm.ticket_id) == "closed"
    browser.post(f"{at}/reopen")
    assert _state(router, calm.ticket_id) == "open"


@pytest.mark.parametrize(
    ("act", "data"),
    [
        ("assign", {"agent": "77"}),
        ("assign", {"agent": "9" * 40}),
        ("assign", {"agent": "x"}),
        ("category", {"category": "no.such"}),
        ("urgency", {"urgency": "P9"}),
        ("tag", {"tag": "<b>"}),
        ("team", {"team": "77"}),
        ("team", {"team": ""}),
    ],
)
def test_nonsense_is_refused_in_words(browser_of, calm, act, data):
    answer = browser_of("manager").post(f"/ticket/{calm.number}/{act}?lang=en", data)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text


def test_who_hands_a_ticket_to_a_foreign_team_goes_back_to_the_list(router, browser_of, calm):
    browser = browser_of("agent")
    answer = browser.post(f"/ticket/{calm.number}/team", {"team": "2"})
    assert answer.status_code == 303
    assert f"/ticket/{calm.number}" not in answer.headers["Location"]
    assert browser.get(f"/ticket/{calm.number}").status_code == 404


def test_the_requesters_other_tickets_are_shown(router, browser_of):
    first = submitted(router, "My transfer is pending", email="ann@mail.example")
    second = submitted(router, "I forgot my password", email="ann@mail.example")
    page = browser_of("agent").get(f"/ticket/{second.number}").text
    assert f'href="/ticket/{first.number}"' in page


def test_what_the_second_reader_made_of_it_stands_with_its_examples(router, browser_of, calm):
    opinion = Opinion(
        "security.suspicious_transaction",
        0.9,
        "transfer.pending",
        0.1,
        (Near("security.suspicious_transaction", "money left <b>by itself</b>", 0.8),),
    )
    router.store.write(
        lambda unit: readings.keep(
            unit, calm.message_id, opinion, bank="x", raised=True, urgency="P1"
        )
    )
    page = browser_of("agent").get(f"/ticket/{calm.number}?lang=en").text
    assert "Raised by its meaning to Suspicious transaction" in page
    assert "money left &lt;b&gt;by itself" in page


def test_what_climbs_is_told_once_with_all_its_causes_and_who_has_not_confirmed_it(
    router, browser_of, agents, alarm, frozen
):
    escalate.climb(router)
    frozen.advance(timedelta(minutes=40))
    escalate.sweep(router)
    escalate.climb(router)
    page = f"/ticket/{alarm.number}?lang=en"
    (told,) = _climbing(browser_of("manager").get(page).text)
    assert told.startswith("Nobody has taken it yet: A security matter · No answer in time")
    who = Who(agents["manager"], "Manager", "manager", frozenset({1, 2}), "en")
    desk.assign(router, who, alarm.ticket_id, agents["admin"])
    (told,) = _climbing(browser_of("manager").get(page).text)
    assert told.startswith("Admin has not responded to this yet: A security matter")


def test_who_takes_over_what_is_anothers_is_told_that_nothing_is_assigned(
    router, browser_of, agents, alarm
):
    escalate.climb(router)
    manager, page = browser_of("manager"), f"/ticket/{alarm.number}?lang=en"
    bar = manager.get(page).text.partition("climbing")[2].partition("</form>")[0]
    assert ("Assign to me" in bar, "I am on it" in bar) == (True, False)
    manager.post(f"/ticket/{alarm.number}/assign", {"agent": str(agents["admin"])})
    bar = manager.get(page).text.partition("climbing")[2].partition("</form>")[0]
    assert ("Assign to me" in bar, "I am on it" in bar) == (False, True)


def test_notices_say_whose_ticket_it_is_once_and_the_bar_how_many_are_unread(
    browser_of, router, alarm, frozen
):
    for _ in range(4):
        escalate.climb(router)
        frozen.advance(timedelta(minutes=20))
    browser = browser_of("manager")
    page = browser.get("/notices?lang=en").text
    assert page.count(f'<a href="/ticket/{alarm.number}">') == 1
    assert re.search(r"<p><bdi>[^<]+</bdi> · <bdi>[^<]+</bdi></p>", page)
    assert re.search(r'id="unread">\d+<', page)
    shown = dict(re.findall(r'name="(first|last)" value="(\d+)"', page))
    browser.post("/notices/seen", shown)
    assert 'id="unread" hidden' in browser.get("/notices?lang=en").text
    assert 'id="unread" hidden' in browser.get("/", headers={"X-Part": "1"}).text


def _climbing(text):
    found = re.findall(r'<div class="notice warn climbing"><span>(.*?)</span>', text, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", "", one).split()) for one in found]
