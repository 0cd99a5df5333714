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
    assert lead.post(address).location == f"/outbox?state=held&cursor={cursor}"


def test_buttons_of_one_name_in_a_long_list_say_of_which_ticket_they_are(browser_of, calm):
    page = browser_of("lead").get("/outbox?lang=en").text
    described = re.search(r'aria-describedby="(of-\d+)">Do not send', page)[1]
    assert calm.number in page.partition(f'id="{described}"')[2].partition("</p>")[0]
