"""Lists that grew long: nothing is cut off in silence, and nobody acts on what no page showed."""

import re

import pytest

from router.store import notices, pages, people
from router.store.pages.listing import pack

pytestmark = pytest.mark.one_database


def _tell(router, agent_id, numbers):
    def work(unit):
        for one in numbers:
            named = {"channel": "email", "account": f"box {one}"}
            notices.tell(unit, f"stop {one}", "channel_stopped", [agent_id], [], **named)

    router.store.write(work)


def test_notices_no_page_showed_and_those_that_came_meanwhile_stay_unread(
    browser_of, router, agents
):
    _tell(router, agents["manager"], range(130))
    manager = browser_of("manager")
    page = manager.get("/notices?lang=en").text
    assert ("box 129<" in page, "box 29<" in page) == (True, False)
    older = re.search(r'href="(/notices\?cursor=[^"]+)"', page)[1]
    assert "box 0<" in manager.get(older).text
    _tell(router, agents["manager"], [130])
    manager.post("/notices/seen", dict(re.findall(r'name="(first|last)" value="(\d+)"', page)))
    with router.store.reading() as unit:
        assert notices.unseen(unit, agents["manager"]) == 31


def test_of_more_tickets_than_are_changed_at_once_the_count_tells_those_that_were_left(
    browser_of, calm
):
    ticked = [calm.number, *(f"{calm.number}{one}" for one in range(220))]
    answer = browser_of("lead").post("/bulk", {"change": "close", "ticket": ticked})
    assert "done=1&of=221" in answer.location


def test_an_incident_is_opened_over_all_the_tickets_that_were_named_or_over_none(
    browser_of, router, calm
):
    given = {"title": "Slow", "category": "transfer"}
    named = [calm.number] * 900
    lead = browser_of("lead")
    refused = lead.post("/incidents", {**given, "tickets": " ".join([*named, "WT-NONE"])})
    assert refused.status_code == 422
    assert lead.post("/incidents", {**given, "tickets": " ".join(named)}).status_code == 303


def test_whoever_is_called_like_a_colleague_is_told_apart_where_one_is_chosen(router, agents):
    def work(unit):
        for one in ("wei1", "wei2"):
            people.create_agent(unit, f"{one}@desk.example", "王伟", "agent", ["support"])

    router.store.write(work)
    with router.store.reading() as unit:
        names = [one.name for one in pages.all_agents(unit)]
    assert {"王伟 · wei1@desk.example", "王伟 · wei2@desk.example", "Lead"} <= set(names)


def test_whoever_decides_about_an_old_message_stays_on_its_page_of_the_outbox(
    browser_of, router, calm
):
    with router.store.reading() as unit:
        row_id = unit.value("SELECT id FROM outbox WHERE ticket_id = :id", id=calm.ticket_id)
    router.store.write(
        lambda unit: unit.run("UPDATE outbox SET state = 'held' WHERE id = :id", id=row_id)
    )
    cursor = pack(row_id + 1)
    lead = browser_of("lead")
    page = lead.get(f"/outbox?state=held&cursor={cursor}").text
    address = re.search(r'action="(/outbox/\d+/cancel[^"]*)"', page)[1].replace("&amp;", "&")
    went = lead.post(address).location
    assert went.startswith(f"/outbox?state=held&cursor={cursor}&")
    assert "Nothing more is sent." in lead.get(went + "&lang=en").text


def test_buttons_of_one_name_in_a_long_list_say_of_which_ticket_they_are(browser_of, calm):
    page = browser_of("lead").get("/outbox?lang=en").text
    described = re.search(r'aria-describedby="(of-\d+)">Do not send', page)[1]
    assert calm.number in page.partition(f'id="{described}"')[2].partition("</p>")[0]


@pytest.fixture
def hundreds(router, agents):
    """A hundred and twenty colleagues, the last of whom is called otherwise."""

    def work(unit):
        made = [
            people.create_agent(unit, f"w{n}@desk.example", f"Wei {n:03}", "agent", ["support"])
            for n in range(120)
        ]
        people.change(unit, made[-1], name="Zoë Ångström")
        return made

    return router.store.write(work)


def _rows(page):
    return re.findall(r'<summary class="person-row">\s*<span.*\s*<span.*?<b><bdi>(.*?)<', page)


def test_each_of_hundreds_of_people_is_on_one_page_and_no_page_is_long(browser_of, hundreds):
    admin, address, seen = browser_of("admin"), "/people", []
    while address:
        page = admin.get(address).text
        rows = _rows(page)
        assert 0 < len(rows) <= 50
        seen += rows
        further = re.search(r'href="(/people\?after=\d+)"', page)
        address = further and further[1]
    assert len(seen) == len(set(seen)) == 120 + 4


@pytest.mark.parametrize("words", ["zoë ÅNG", "w119@desk", "ångström support"])
def test_somebody_is_found_by_what_their_line_says(browser_of, hundreds, words):
    page = browser_of("admin").get("/people", query_string={"q": words, "lang": "en"}).text
    assert _rows(page) == ["Zoë Ångström"]


def test_who_is_not_found_is_said_with_the_way_back_to_everybody(browser_of, hundreds):
    page = browser_of("admin").get("/people?q=nobody+at+all&lang=en").text
    assert _rows(page) == []
    assert "Nobody here is called so." in page
    assert '<a class="button" href="/people">Show everybody</a>' in page


def test_whoever_changes_somebody_far_down_comes_back_to_them(browser_of, router, hundreds):
    admin, last = browser_of("admin"), hundreds[-1]
    page = admin.get("/people?q=zo&lang=en").text
    action = re.search(rf'action="(/people/{last}\?[^"]*)"', page)[1].replace("&amp;", "&")
    answer = admin.post(action, {"role": "lead", "team": "security", "active": "yes"})
    after = admin.get(answer.location + "&lang=en").text
    assert _rows(after) == ["Zoë Ångström"]
    assert "Saved." in after
    with router.store.reading() as unit:
        assert people.teams_of_all(unit)[last] == ["security"]


def test_a_change_that_is_refused_is_said_beside_whom_it_was_about_on_any_page(
    browser_of, hundreds
):
    last = hundreds[-1]
    answer = browser_of("admin").post(
        f"/people/{last}?lang=en", {"role": "agent", "active": "yes", "seen": "stale"}
    )
    assert answer.status_code == 409
    assert "Zoë Ångström" in answer.text
    assert "Somebody changed this person meanwhile" in answer.text


def test_shifts_of_hundreds_are_told_page_by_page_and_found(browser_of, hundreds):
    admin = browser_of("admin")
    page = admin.get("/shifts").text
    assert page.count('class="card"') == 50
    assert re.search(r'href="/shifts\?after=\d+"', page)
    found = admin.get("/shifts", query_string={"q": "zoë"}).text
    assert found.count('class="card"') == 1
    assert f'action="/shifts/{hundreds[-1]}?q=zo%C3%AB"' in found


def test_a_message_that_cannot_go_is_said_on_its_row_of_the_outbox(browser_of, router, calm):
    with router.store.reading() as unit:
        row_id = unit.value("SELECT id FROM outbox WHERE ticket_id = :id", id=calm.ticket_id)
    router.store.write(
        lambda unit: unit.run("UPDATE outbox SET state = 'sent' WHERE id = :id", id=row_id)
    )
    answer = browser_of("lead").post(f"/outbox/{row_id}/cancel?state=&lang=en")
    row = answer.text.split(f'id="o{row_id}"')[1].split("</li>")[0]
    assert answer.status_code == 409
    assert 'role="alert"' in row


@pytest.mark.parametrize(
    ("left", "leads"),
    [
        ("http://localhost/shifts?q=mei", "/shifts?q=mei"),
        ("http://localhost/people/invite", "/"),  # a page that cannot be asked for again
        ("http://elsewhere.example/shifts", "/"),
        ("", "/"),
    ],
)
def test_what_cannot_be_done_leads_back_to_the_page_it_was_asked_on(
    browser_of, agents, left, leads
):
    page = browser_of("lead").post(
        f"/shifts/{agents['agent']}", {"state": "asleep"}, headers={"Referer": left}
    )
    assert page.status_code == 400
    assert f'<a class="button primary" href="{leads}">' in page.text
