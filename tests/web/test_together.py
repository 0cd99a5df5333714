"""The inbox over HTTP where several people and many tickets meet: drafts, collisions, many at once,
macros, saved views, finding, new tickets."""

import re
from datetime import timedelta

import pytest

from router import desk, pipeline
from router.core.clock import from_us
from router.core.rights import Who
from router.prepared import Terms
from router.store import people, saved, writings
from router.store import tickets as store_tickets
from tests.fakes import FakeDoors
from tests.web.conftest import submitted

pytestmark = pytest.mark.one_database


@pytest.fixture
def router(assembled, door):
    """A desk whose replies wait ten seconds."""
    return assembled(doors=FakeDoors(door), deliver={"undo_seconds": 10})


def _field(page, name):
    return re.search(rf'name="{name}" value="([^"]*)"', page.text)[1]


def _undo(browser, page, **data):
    return browser.post(re.search(r'action="(/undo/\d+)', page.text)[1], data)


def _state(router, ticket_id):
    with router.store.reading() as unit:
        return unit.value("SELECT state FROM ticket WHERE id = :id", id=ticket_id)


def _numbers(page):
    return re.findall(r'id="line-([^"]+)"', page.text)


# ---------------------------------------------------------------- writing


def test_what_was_begun_is_there_after_a_reload_and_signing_in_again(browser_of, calm):
    at = f"/ticket/{calm.number}"
    data = {"kind": "reply", "text": "Dear <Ann>, your mo"}
    assert browser_of("agent").post(f"{at}/draft", data).status_code == 204
    assert "Dear &lt;Ann&gt;, your mo</textarea>" in browser_of("agent").get(at).text
    assert "your mo" not in browser_of("lead").get(at).text


def test_a_draft_of_a_kind_nobody_knows_is_refused(browser_of, calm):
    answer = browser_of("agent").post(f"/ticket/{calm.number}/draft", {"kind": "poem", "text": "x"})
    assert answer.status_code == 400


def test_undoing_a_reply_brings_its_text_back_into_the_box(browser_of, mail):
    ticket = mail()
    browser = browser_of("agent")
    at = f"/ticket/{ticket.number}"
    browser.post(f"{at}/reply", {"text": "It will arrive.", "once": "o1"})
    page = browser.get(at)
    assert 'data-act="undo"' in page.text
    page = _undo(browser, page, number=ticket.number)
    assert page.status_code == 303
    page = browser.get(at).text
    assert "It will arrive.</textarea>" in page
    assert 'class="message out"' not in page


def test_of_two_replies_the_second_is_stopped_and_shown_the_first(browser_of, mail, router):
    ticket = mail()
    at = f"/ticket/{ticket.number}"
    one, other = browser_of("agent"), browser_of("lead")
    seen = _field(one.get(at), "seen")
    first = {"text": "It will arrive today.", "once": "a", "seen": seen}
    assert one.post(f"{at}/reply", first).status_code == 303
    second = {"text": "It was sent back.", "once": "b", "seen": seen}
    stopped = other.post(f"{at}/reply?lang=en", second)
    assert stopped.status_code == 409
    assert "It was sent back.</textarea>" in stopped.text
    assert "<blockquote" in stopped.text
    assert "It will arrive today." in stopped.text.split("<blockquote")[1]
    again = {"text": "It was sent back.", "once": "c", "seen": _field(stopped, "seen")}
    assert other.post(f"{at}/reply", again).status_code == 303


# ---------------------------------------------------------------- one ticket


def test_a_ticket_is_put_to_sleep_and_waked_by_undo(router, browser_of, calm):
    browser, at = browser_of("agent"), f"/ticket/{calm.number}"
    for nap in ("hour", "three_hours", "tomorrow", "monday"):
        assert browser.post(f"{at}/snooze", {"nap": nap}).status_code == 303
        assert _state(router, calm.ticket_id) == "snoozed"
    assert calm.number in browser.get("/?view=snoozed").text
    assert browser.post(f"{at}/snooze", {"nap": "at", "at": "2026-11-25T09:30"}).status_code == 303
    for wrong in ({"nap": "at", "at": "soon"}, {"nap": "ages"}, {"nap": "at", "at": "2020-01-01"}):
        assert browser.post(f"{at}/snooze", wrong).status_code == 422
    browser.post(f"{at}/reopen")
    _undo(browser, browser.get(at), number=calm.number)
    assert _state(router, calm.ticket_id) == "snoozed"


def test_two_tickets_are_merged_by_number_and_parted_again(router, browser_of, calm):
    other = submitted(router, "My transfer is pending, canary-two")
    browser, at = browser_of("agent"), f"/ticket/{calm.number}"
    assert browser.post(f"{at}/merge", {"other": "WT-none"}).status_code == 422
    assert (
        browser.post(f"{at}/merge", {"other": other.number.lower(), "sure": "yes"}).status_code
        == 303
    )
    page = browser.get(at)
    assert "canary-two" in page.text
    gone = browser.get(f"/ticket/{other.number}")
    assert f'href="/ticket/{calm.number}' in gone.text
    assert "/reopen?" not in gone.text
    _undo(browser, page, number=calm.number)
    assert "pending, again" not in re.sub(
        r"<aside.*?</aside>", "", browser.get(at).text, flags=re.DOTALL
    )
    assert _state(router, other.ticket_id) == "new"


def test_two_peoples_tickets_are_merged_only_by_who_says_so(router, door, browser_of):
    kept, gone = (_of(router, door, name) for name in ("ann", "bob"))
    browser, at = browser_of("agent"), f"/ticket/{kept.number}"
    asked = browser.post(f"{at}/merge?lang=en", {"other": gone.number})
    assert (asked.status_code, "two different customers" in asked.text) == (409, True)
    assert _state(router, gone.ticket_id) == "new"
    sure = browser.post(f"{at}/merge", {"other": gone.number, "sure": "yes"})
    assert sure.status_code == 303
    assert _state(router, gone.ticket_id) == "closed"


def test_two_tickets_of_one_person_are_merged_at_once(router, door, browser_of, frozen):
    kept = _of(router, door, "ann")
    frozen.advance(timedelta(days=3))
    gone = _of(router, door, "ann")
    assert gone.number != kept.number
    answer = browser_of("agent").post(f"/ticket/{kept.number}/merge", {"other": gone.number})
    assert answer.status_code == 303


def _of(router, door, name):
    raw = door.arrives(text="My transfer is pending", **{"from": f"{name}@mail.example"})
    return pipeline.receive(router, door, [raw], Terms())[0]


def test_a_link_stands_on_both_tickets(router, browser_of, calm):
    other = submitted(router, "I forgot my password")
    browser = browser_of("agent")
    browser.post(f"/ticket/{calm.number}/link", {"other": other.number})
    assert f'href="/ticket/{calm.number}"' in browser.get(f"/ticket/{other.number}").text


def test_a_mention_waits_until_its_reader_has_looked(router, browser_of, agents, calm):
    browser_of("lead").post(f"/ticket/{calm.number}/note", {"text": "@Agent please look"})
    browser = browser_of("agent")
    assert 'href="/?view=mentions"><span class="name">提到我</span><span class="count">1<' in (
        browser.get("/?lang=zh").text
    )
    assert _numbers(browser.get("/?view=mentions")) == [calm.number]
    browser.get(f"/ticket/{calm.number}")
    page = browser.get("/?view=mentions&lang=zh")
    assert _numbers(page) == [calm.number]
    assert "提到我</span><span" not in page.text


def test_who_else_is_at_a_ticket_is_told_and_forgotten(browser_of, calm):
    at = f"/ticket/{calm.number}"
    one, other = browser_of("agent"), browser_of("lead")
    assert 'class="seat ' not in one.post(f"{at}/here", {"doing": "writing"}).text
    assert "seat writing" in other.post(f"{at}/here", {"doing": "reading"}).text
    assert 'class="l-seat"' in other.get("/").text
    one.post(f"{at}/here", {"doing": ""})
    assert 'class="seat ' not in other.post(f"{at}/here", {"doing": "reading"}).text


def test_a_customers_name_or_the_beginning_of_a_number_finds_their_tickets(browser_of, mail):
    theirs = mail(**{"from": "liu@mail.example", "name": "刘芳"})
    said = mail("请告诉刘芳，我的钱没到", **{"from": "bo@mail.example", "name": "Emily Chen"})
    mail("Something else", **{"from": "cy@mail.example", "name": "Cy"})
    browser = browser_of("agent")
    assert _numbers(browser.get("/?q=刘芳")) == [said.number, theirs.number]
    assert _numbers(browser.get("/?q=emily chen")) == [said.number]
    assert _numbers(browser.get("/?q=LIU@mail.example")) == [theirs.number]
    for piece in (theirs.number[:6], theirs.number[:9], theirs.number[3:8].lower()):
        assert theirs.number in _numbers(browser.get(f"/?q={piece}")), piece


# ---------------------------------------------------------------- many


def test_many_tickets_are_changed_and_undone_at_once(router, browser_of, agents, alarm):
    made = [submitted(router, f"My transfer is pending {n}") for n in range(3)]
    browser = browser_of("agent")
    numbers = [one.number for one in (*made, alarm)]
    answer = browser.post("/bulk", {"ticket": numbers, "change": "close"})
    assert answer.status_code == 303
    assert "done=3&of=4" in answer.headers["Location"]
    assert {_state(router, one.ticket_id) for one in made} == {"closed"}
    assert _state(router, alarm.ticket_id) != "closed"
    page = browser.get(answer.headers["Location"])
    _undo(browser, page)
    assert {_state(router, one.ticket_id) for one in made} == {"new"}


@pytest.mark.parametrize(
    "data",
    [
        {"change": "assign:me"},
        {"change": "assign:"},
        {"change": "urgency:P2"},
        {"change": "category:login.network"},
        {"change": "snooze:tomorrow"},
        {"tag": "refund wave"},
    ],
)
def test_every_change_of_many_works(browser_of, calm, data):
    answer = browser_of("agent").post("/bulk", {"ticket": calm.number, **data})
    assert answer.status_code == 303
    assert "done=1" in answer.headers["Location"]


def test_a_change_and_a_tag_are_done_together_and_undone_together(router, browser_of, calm):
    browser = browser_of("agent")
    answer = browser.post("/bulk", {"ticket": calm.number, "change": "close", "tag": "wave"})
    assert "done=1" in answer.headers["Location"]
    assert (_state(router, calm.ticket_id), _tags(router, calm)) == ("closed", ["wave"])
    _undo(browser, browser.get(answer.headers["Location"]))
    assert (_state(router, calm.ticket_id), _tags(router, calm)) == ("new", [])


def test_nothing_chosen_is_said_in_the_list_and_what_was_ticked_stays(browser_of, calm):
    data = {"ticket": calm.number, "tag": "-"}
    page = browser_of("agent").post("/bulk?lang=en", data).text
    assert "Choose at least one ticket and what to change." in page
    data = {"ticket": calm.number, "change": "team:99", "tag": "wave"}
    page = browser_of("agent").post("/bulk?lang=en", data).text
    assert 'class="pick" checked' in page
    assert 'name="tag" maxlength="41" value="wave"' in page


def _tags(router, ticket):
    with router.store.reading() as unit:
        return store_tickets.tags(unit, ticket.ticket_id)


@pytest.mark.parametrize(
    "data",
    [
        {"change": "close"},
        {"ticket": "WT-none", "change": "close"},
        {"ticket": True, "change": "explode:now"},
        {"ticket": True, "change": "assign:x"},
        {"ticket": True, "change": "team:99"},
        {"ticket": True, "change": ""},
    ],
)
def test_nonsense_changes_nothing(router, browser_of, calm, data):
    if data.get("ticket") is True:
        data = {**data, "ticket": calm.number}
    answer = browser_of("agent").post("/bulk", data)
    assert answer.status_code == 422
    assert 'id="list"' in answer.text
    assert 'role="alert"' in answer.text
    assert _state(router, calm.ticket_id) == "new"


# ---------------------------------------------------------------- macros


MACRO = {
    "name": "Pending, explained",
    "word": "pending",
    "key": "1",
    "text_zh": "{客户}您好：转账处理中。{坐席}",
    "text_en": "Dear {name}, {number} is on its way. {agent}",
    "tags": "explained",
    "then": "close",
    "send": "yes",
}


def test_a_macro_answers_tags_and_closes_in_one_and_is_undone_in_one(router, browser_of, mail):
    ticket = mail(name="Ann")
    browser, at = browser_of("agent"), f"/ticket/{ticket.number}"
    assert browser.post("/macros", MACRO).status_code == 303
    page = browser.get(at)
    macro = re.search(r'name="macro" value="(\d+)" data-key="1"', page.text)[1]
    offered = browser.get(f"{at}/macros").text
    assert f"Dear Ann, {ticket.number} is on its way. Agent" in offered
    data = {"macro": macro, "once": "m1", "seen": _field(page, "seen")}
    browser.post(f"{at}/macro", data)
    browser.post(f"{at}/macro", data)
    page = browser.get(at)
    assert page.text.count("is on its way. Agent</div>") == 1
    assert _state(router, ticket.ticket_id) == "closed"
    _undo(browser, page, number=ticket.number)
    assert _state(router, ticket.ticket_id) == "new"
    with router.store.reading() as unit:
        assert unit.rows("SELECT tag FROM ticket_tag") == []


def test_a_macro_is_its_writers_and_a_shared_one_is_a_leads(browser_of):
    agent, lead = browser_of("agent"), browser_of("lead")
    agent.post("/macros", MACRO)
    assert "Pending, explained" not in lead.get("/macros").text
    assert agent.post("/macros", {**MACRO, "shared": "yes"}).status_code == 409
    assert lead.post("/macros", {**MACRO, "name": "For all", "shared": "yes"}).status_code == 303
    page = agent.get("/macros")
    assert "For all" in page.text
    with agent.client.application.extensions["router"].store.reading() as unit:
        shared = unit.value("SELECT id FROM macro WHERE owner_id IS NULL")
        own = unit.value("SELECT id FROM macro WHERE owner_id IS NOT NULL")
    assert agent.post(f"/macros/{shared}/drop").status_code == 409
    assert lead.post(f"/macros/{own}/drop").status_code == 404
    assert agent.post(f"/macros/{own}/drop").status_code == 303


def _named_on(router, who, *tickets):
    for ticket in tickets:
        desk.note(router, who, ticket.ticket_id, "@Agent please look", once=f"n{ticket.number}")


def test_mentions_are_narrowed_as_other_views(router, browser_of, agents, calm):
    other = submitted(router, "I cannot log in, I forgot my password")
    lead = Who(agents["lead"], "Lead", "lead", frozenset({1}), "en")
    _named_on(router, lead, calm, other)
    browser = browser_of("agent")
    assert set(_numbers(browser.get("/?view=mentions"))) == {calm.number, other.number}
    for narrowed, left in (
        ("category=login", [other.number]),
        ("category=transfer&team=support", [calm.number]),
        ("urgency=P1", []),
        ("channel=wechat", []),
        ("tag=nosuch", []),
        ("team=security", []),
    ):
        assert _numbers(browser.get(f"/?view=mentions&{narrowed}")) == left


def test_a_mention_on_a_ticket_of_another_team_is_not_counted(router, browser_of, agents, calm):
    manager = Who(agents["manager"], "Manager", "manager", frozenset(), "en")
    _named_on(router, manager, calm)
    badge = re.compile(r'view=mentions"><span class="name">[^<]*</span><span class="count">1<')
    assert badge.search(browser_of("agent").get("/").text)
    with router.store.reading() as unit:
        security = people.team_ids(unit)["security"]
    desk.move_team(router, manager, calm.ticket_id, security)
    assert not badge.search(browser_of("agent").get("/").text)


def _shown(browser):
    """The hidden fields of the only macro's form."""
    page = browser.get("/macros").text
    return {name: re.search(rf'name="{name}" value="(\w+)"', page)[1] for name in ("macro", "seen")}


def test_of_two_who_edit_a_shared_macro_the_second_is_told_and_keeps_their_words(browser_of):
    first, second = browser_of("lead"), browser_of("manager")
    shared = {**MACRO, "shared": "yes"}
    first.post("/macros", shared)
    seen, theirs = _shown(first), _shown(second)
    changed = {**shared, "text_en": "What the lead wrote."}
    assert first.post("/macros", {**seen, **changed}).status_code == 303
    typed = {**shared, "text_en": "What the manager wrote."}
    answer = second.post("/macros?lang=en", {**theirs, **typed})
    assert answer.status_code == 409
    assert "Somebody else changed this macro" in answer.text
    assert '<div class="text" lang="en">What the lead wrote.</div>' in answer.text
    assert ">What the manager wrote.</textarea>" in answer.text
    assert "What the lead wrote." in first.get("/macros").text
    again = dict(theirs, seen=re.search(r'name="seen" value="(\w+)"', answer.text)[1])
    assert second.post("/macros", {**again, **typed}).status_code == 303
    assert "What the manager wrote." in first.get("/macros").text


def test_the_same_macro_sent_twice_is_no_conflict(browser_of):
    browser = browser_of("lead")
    browser.post("/macros", MACRO)
    seen, changed = _shown(browser), {**MACRO, "text_en": "Changed."}
    assert browser.post("/macros", {**seen, **changed}).status_code == 303
    assert browser.post("/macros", {**seen, **changed}).status_code == 303


def test_words_for_a_macro_that_is_gone_are_kept_for_a_new_one(browser_of):
    first, second = browser_of("lead"), browser_of("manager")
    shared = {**MACRO, "shared": "yes"}
    first.post("/macros", shared)
    seen = _shown(second)
    first.post(f"/macros/{seen['macro']}/drop")
    answer = second.post("/macros?lang=en", {**seen, **shared, "text_en": "What I wrote."})
    assert answer.status_code == 409
    assert "Somebody deleted this macro" in answer.text
    assert ">What I wrote.</textarea>" in answer.text
    assert 'name="macro"' not in answer.text


@pytest.mark.parametrize(
    "wrong", [{"name": ""}, {"key": "0"}, {"text_en": "{nobody}"}, {"category": "x"}, {"tags": "<"}]
)
def test_a_macro_that_could_not_be_used_is_not_kept(browser_of, wrong):
    browser = browser_of("agent")
    answer = browser.post("/macros", {**MACRO, **wrong})
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert "转账处理中" in answer.text
    assert "Pending, explained" not in browser.get("/macros").text


def test_a_macro_that_is_refused_keeps_what_was_written_over_it(browser_of):
    browser = browser_of("agent")
    browser.post("/macros", MACRO)
    known = re.search(r'name="macro" value="(\d+)"', browser.get("/macros").text)[1]
    page = browser.post("/macros", {**MACRO, "macro": known, "text_en": "{nobody} it is"}).text
    assert "{nobody} it is" in page
    assert page.count("Pending, explained") == 2
    assert "<details open><summary><b><bdi>Pending" in page


def test_a_tag_and_a_number_that_are_refused_stay_in_their_fields(browser_of, calm):
    browser, at = browser_of("agent"), f"/ticket/{calm.number}"
    assert 'value="&lt;/&gt;"' in browser.post(f"{at}/tag", {"tag": "</>"}).text
    for act in ("merge", "link"):
        assert 'value="WT-none"' in browser.post(f"{at}/{act}", {"other": "WT-none"}).text


# ---------------------------------------------------------------- views and finding


def test_a_saved_view_is_its_writers_until_it_is_shared(browser_of, calm):
    agent, lead = browser_of("agent"), browser_of("lead")
    query = "view=open&category=transfer&evil=1"
    answer = agent.post("/views", {"name": "Transfers", "query": query, "shared": "yes"})
    assert answer.headers["Location"] == "/?view=open&category=transfer"
    assert (
        'aria-current="page"><span class="name"><bdi>Transfers'
        in agent.get("/?view=open&category=transfer").text
    )
    assert "Transfers</bdi>" not in lead.get("/").text
    lead.post("/views", {"name": "All zh", "query": "view=all&language=zh", "shared": "yes"})
    page = agent.get("/?view=all&language=zh")
    assert "All zh</bdi>" in page.text
    assert re.search(r"/views/\d+/drop", page.text) is None
    drop = re.search(r"/views/\d+/drop", lead.get("/?view=all&language=zh").text)[0]
    assert agent.post(drop).status_code == 404
    assert lead.post(drop).status_code == 303


def test_many_shared_views_hide_none_of_ones_own(router, browser_of, agents):
    def keep(unit):
        for lead in range(3):
            address = f"lead{lead}@desk.example"
            agent_id = people.create_agent(unit, address, "Lead", "lead", ["support"])
            who = Who(agent_id, "Lead", "lead", frozenset({1}), "en")
            for number in range(saved.MOST):
                saved.save(unit, who, f"A view {lead} {number}", "view=open", shared=True)
        own = Who(agents["agent"], "Agent", "agent", frozenset({1}), "en")
        saved.save(unit, own, "Zebras", "view=mine", shared=False)

    router.store.write(keep)
    page = browser_of("agent").get("/").text
    assert "Zebras</bdi>" in page
    assert "A view 0 0</bdi>" in page


def test_a_view_whose_filter_is_no_more_is_an_empty_list(browser_of, calm):
    page = browser_of("agent").get("/?view=open&category=gone.for_good&team=nowhere")
    assert page.status_code == 200
    assert _numbers(page) == []


@pytest.mark.parametrize(
    ("typed", "finds"),
    [
        ("转账", True),
        ("转账 from:ann@mail.example", True),
        ("from:Ann", True),
        ("from:bob@mail.example", False),
        ("转账 channel:email", True),
        ("渠道:webform", False),
        ("category:transfer is:new", True),
        ("category:login", False),
        ("before:2026-11-20", False),
        ("之后:2026-11-20", True),
        ("team:security", False),
        ("等了三天 -", False),
    ],
)
def test_tickets_are_found_by_words_and_filters(browser_of, mail, typed, finds):
    ticket = mail("我的转账还没到账,等了很久", name="Ann", **{"from": "ann@mail.example"})
    page = browser_of("agent").get("/", query_string={"q": typed})
    assert _numbers(page) == ([ticket.number] if finds else [])


def test_another_teams_tickets_are_not_found_by_filters_either(browser_of, alarm):
    for typed in ("category:security", "is:new", "urgency:P1"):
        assert _numbers(browser_of("agent").get("/", query_string={"q": typed})) == []
        assert _numbers(browser_of("manager").get("/", query_string={"q": typed}))


def test_what_is_due_or_late_stands_in_its_view(browser_of, calm, frozen):
    browser = browser_of("agent")
    with browser.client.application.extensions["router"].store.reading() as unit:
        due = unit.value("SELECT due_at FROM ticket WHERE id = :id", id=calm.ticket_id)
    assert due
    assert _numbers(browser.get("/?view=breached")) == []
    frozen.set(from_us(due) - timedelta(minutes=10))
    browser = browser_of("agent")
    assert _numbers(browser.get("/?view=due_soon")) == [calm.number]
    frozen.set(from_us(due) + timedelta(minutes=1))
    browser = browser_of("agent")
    assert _numbers(browser.get("/?view=due_soon")) == []
    assert _numbers(browser.get("/?view=breached")) == [calm.number]


# ---------------------------------------------------------------- a ticket of the desk's own


LETTER = {
    "channel": "email:support",
    "handle": "New.Person@Mail.example",
    "name": "New Person",
    "subject": "About your refund",
    "text": "Your refund is on its way.",
    "category": "transfer.pending",
    "team": "1",
    "once": "n1",
}


def test_an_agent_begins_a_ticket_and_the_answer_joins_it(router, door, browser_of, mail):
    browser = browser_of("agent")
    assert browser.get("/new").status_code == 200
    answer = browser.post("/new", LETTER)
    assert answer.status_code == 303
    assert browser.post("/new", LETTER).headers["Location"] == answer.headers["Location"]
    page = browser.get(answer.headers["Location"])
    assert "Your refund is on its way." in page.text
    with router.store.reading() as unit:
        row = unit.row("SELECT * FROM ticket")
        clocks = unit.rows("SELECT kind, due_at FROM sla_clock")
    assert (row.state, row.messages, row.due_at) == ("waiting", 1, None)
    assert [(one.kind, one.due_at) for one in clocks] == [("resolution", None)]
    token = router.tokens.reply_token(row.id)
    later = mail("Thank you", tokens=[token], **{"from": "new.person@mail.example"})
    assert later.ticket_id == row.id


@pytest.mark.parametrize(
    "wrong",
    [
        {"handle": "nobody"},
        {"channel": "x:1"},
        {"category": "x"},
        {"text": " "},
        {"subject": ""},
        {"text": "card 4111 1111 1111 1111"},
    ],
)
def test_a_ticket_begun_badly_keeps_what_was_written(router, browser_of, wrong):
    page = browser_of("agent").post("/new", {**LETTER, **wrong})
    assert page.status_code == 422
    assert 'role="alert"' in page.text
    assert 'value="New Person"' in page.text
    with router.store.reading() as unit:
        assert unit.rows("SELECT id FROM ticket") == []


def test_nobody_begins_a_ticket_in_a_foreign_team(browser_of):
    assert browser_of("agent").post("/new", {**LETTER, "team": "2"}).status_code == 403


def test_a_draft_moves_with_a_merge(router, browser_of, agents, calm):
    other = submitted(router, "My transfer is pending, again")
    who = Who(agents["agent"], "Agent", "agent", frozenset({1}))
    desk.keep_draft(router, who, other.ticket_id, "reply", "half an answer")
    browser_of("agent").post(f"/ticket/{calm.number}/merge", {"other": other.number, "sure": "yes"})
    with router.store.reading() as unit:
        kept = writings.of_ticket(unit, router.keys, who.id, calm.ticket_id)
    assert kept == {"reply": "half an answer"}


def test_a_ticket_given_to_a_foreign_team_by_mistake_is_taken_back(browser_of, calm):
    browser = browser_of("agent")
    answer = browser.post(f"/ticket/{calm.number}/team", {"team": "2"})
    assert browser.get(f"/ticket/{calm.number}").status_code == 404
    assert _undo(browser, browser.get(answer.headers["Location"])).status_code == 303
    assert browser.get(f"/ticket/{calm.number}").status_code == 200
