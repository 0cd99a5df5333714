"""What leads do with an incident: tell all its people once, above all; never calm anything."""

import json

import pytest

from router import deliver, desk, incidents, pipeline
from router.core.rights import Who
from router.errors import Conflict, Invalid, NotAllowed, NotFound
from router.prepared import Terms
from router.store import incidents as store
from router.store import people
from tests.fakes import FakeDoor, FakeDoors

ZH, EN = "转账通道已经恢复，请勿重复提交。", "Transfers work again; please do not send twice."


@pytest.fixture
def door():
    return FakeDoor()


@pytest.fixture
def router(assembled, door):
    return assembled(doors=FakeDoors(door))


@pytest.fixture
def lead(router):
    """Hua leads both teams."""
    agent = router.store.write(
        lambda unit: people.create_agent(
            unit, "hua@desk.example", "Hua", "lead", ["support", "security"]
        )
    )
    return Who(id=agent, name="Hua", role="lead", teams=frozenset({1, 2}), locale="zh")


@pytest.fixture
def mail(router, door):
    def make(text, **more):
        number = len(door.inbox)
        raw = door.arrives(text=text, **{"from": f"p{number}@mail.example", **more})
        return pipeline.receive(router, door, [raw], Terms())[0].ticket_id

    return make


@pytest.fixture
def tickets(mail):
    """One in English, one in simplified, one in traditional characters, one urgent."""
    return (
        mail("My transfer is pending"),
        mail("我的转账一直处理中，还没有到账"),
        mail("我的轉帳一直處理中，還沒有到帳"),
        mail("There is a payment I did not make, my account was hacked"),
    )


@pytest.fixture
def incident(router, lead, tickets):
    numbers = [ticket(router, one).number for one in tickets]
    return incidents.open_by_hand(router, lead, "Slow transfers", "transfer", numbers)


def ticket(router, ticket_id):
    with router.store.reading() as unit:
        return unit.row("SELECT * FROM ticket WHERE id = :id", id=ticket_id)


def clocks(router, ticket_id):
    with router.store.reading() as unit:
        rows = unit.rows("SELECT * FROM sla_clock WHERE ticket_id = :t", t=ticket_id)
        return {row.kind: row for row in rows}


def answers(router, ticket_id):
    with router.store.reading() as unit:
        rows = unit.rows(
            "SELECT * FROM outbox WHERE ticket_id = :t AND purpose = 'reply'", t=ticket_id
        )
        return list(rows)


def audited(router):
    with router.store.reading() as unit:
        return [row.action for row in unit.rows("SELECT action FROM audit ORDER BY id")]


def told(router, lead, incident):
    incidents.write_answer(router, lead, incident, ZH, EN)
    return incidents.send_answer(router, lead, incident, ZH, EN)


def test_each_ticket_gets_the_answer_once_in_its_own_language(router, lead, incident, tickets):
    assert told(router, lead, incident) == 4
    assert incidents.send_answer(router, lead, incident, ZH, EN) == 0
    texts = [[row.text for row in answers(router, one)] for one in tickets]
    assert texts == [[EN], [ZH], ["轉帳通道已經恢復，請勿重複提交。"], [EN]]
    (row,) = answers(router, tickets[0])
    assert row.once == f"incident:{incident}:{tickets[0]}"
    assert (row.channel, row.language) == ("email", "en")


def test_it_is_an_agents_reply_and_meets_the_promise(router, lead, incident, tickets, door):
    told(router, lead, incident)
    after = ticket(router, tickets[0])
    assert (after.state, after.assignee_id) == ("waiting", None)
    assert clocks(router, tickets[0])["first_response"].met_at is not None
    assert clocks(router, tickets[0])["resolution"].due_at is None
    deliver.sweep(router)
    assert EN in [one.text for one in door.sent if not one.automatic]
    with router.store.reading() as unit:
        said = unit.row(
            "SELECT agent_id FROM entry WHERE ticket_id = :t AND code = 'replied'", t=tickets[0]
        )
    assert said.agent_id == lead.id


def test_an_urgent_ticket_is_told_and_neither_closed_nor_calmed(router, lead, incident, tickets):
    before, running = ticket(router, tickets[3]), clocks(router, tickets[3])
    told(router, lead, incident)
    after = ticket(router, tickets[3])
    assert len(answers(router, tickets[3])) == 1
    for column in ("state", "standing", "urgency", "rank", "due_at", "security", "closed_at"):
        assert getattr(after, column) == getattr(before, column), column
    assert clocks(router, tickets[3]) == running


def test_closing_an_incident_closes_no_ticket(router, lead, incident, tickets):
    states = [ticket(router, one).state for one in tickets]
    incidents.close(router, lead, incident)
    assert [ticket(router, one).state for one in tickets] == states
    with pytest.raises(Conflict):
        told(router, lead, incident)
    incidents.reopen(router, lead, incident)
    assert told(router, lead, incident) == 4


def test_who_joins_later_is_answered_by_the_next_click(router, lead, incident, tickets, mail):
    told(router, lead, incident)
    late = mail("my transfer is pending too")
    incidents.add(router, lead, incident, ticket(router, late).number)
    assert incidents.send_answer(router, lead, incident, ZH, EN) == 1
    assert [row.text for row in answers(router, late)] == [EN]
    assert len(answers(router, tickets[0])) == 1


def test_closed_spoofed_and_foreign_tickets_are_left_out(router, lead, incident, tickets, mail):
    spoofed = mail("my transfer is pending", verification="failed")
    incidents.add(router, lead, incident, ticket(router, spoofed).number)
    desk.close(router, lead, tickets[0])
    support = Who(id=lead.id, name="Hua", role="lead", teams=frozenset({1}), locale="zh")
    with router.store.reading() as unit:
        found = incidents.recipients(router, unit, support, incident)
    assert found.languages == {"zh": 1, "zh-Hant": 1}
    assert found.without == {"closed": 1, "failed_sender": 1, "other_team": 1}
    assert told(router, support, incident) == 2
    for one in (spoofed, tickets[0], tickets[3]):
        assert answers(router, one) == []


def test_what_was_changed_meanwhile_is_not_sent(router, lead, incident, tickets):
    incidents.write_answer(router, lead, incident, ZH, EN)
    incidents.write_answer(router, lead, incident, ZH, "Something else.")
    with pytest.raises(Conflict):
        incidents.send_answer(router, lead, incident, ZH, EN)
    assert answers(router, tickets[0]) == []


def test_an_answer_needs_both_languages_and_holds_no_secret(router, lead, incident):
    for zh, en in ((ZH, " "), ("", EN)):
        with pytest.raises(Invalid):
            incidents.write_answer(router, lead, incident, zh, en)
    incidents.write_answer(router, lead, incident, ZH, "card 4111 1111 1111 1111")
    with router.store.reading() as unit:
        assert "4111 1111" not in store.find(unit, incident).answer_en


def test_a_ticket_taken_out_is_not_answered_and_can_be_put_back(router, lead, incident, tickets):
    number = ticket(router, tickets[0]).number
    incidents.leave_out(router, lead, incident, number)
    assert told(router, lead, incident) == 3
    assert answers(router, tickets[0]) == []
    incidents.add(router, lead, incident, number)
    assert incidents.send_answer(router, lead, incident, ZH, EN) == 1
    with pytest.raises(Conflict):
        incidents.add(router, lead, incident, number)


def test_every_ticket_says_that_it_was_made_part_of_it(router, incident, tickets, lead):
    with router.store.reading() as unit:
        rows = unit.rows("SELECT * FROM entry WHERE code = 'incident_joined' ORDER BY ticket_id")
    assert [row.ticket_id for row in rows] == sorted(tickets)
    assert {row.agent_id for row in rows} == {lead.id}
    assert json.loads(rows[0].params) == {"incident": str(incident), "reason": "by_hand"}


def test_every_act_is_audited(router, lead, incident, tickets):
    told(router, lead, incident)
    incidents.set_banner(router, lead, incident, ZH, EN)
    incidents.leave_out(router, lead, incident, ticket(router, tickets[0]).number)
    incidents.add(router, lead, incident, ticket(router, tickets[0]).number)
    incidents.close(router, lead, incident)
    incidents.reopen(router, lead, incident)
    said = [one for one in audited(router) if one.startswith("incident.")]
    assert said == [
        "incident.opened",
        "incident.answer_written",
        "incident.answered",
        "incident.banner_set",
        "incident.ticket_left_out",
        "incident.ticket_added",
        "incident.closed",
        "incident.reopened",
    ]
    assert audited(router).count("ticket.reply") == 4


def test_agents_do_not_handle_incidents_and_strangers_tickets_are_not_there(
    router, lead, incident, tickets
):
    agent = Who(id=lead.id, name="Mei", role="agent", teams=frozenset({1, 2}), locale="zh")
    with pytest.raises(NotAllowed):
        incidents.close(router, agent, incident)
    with pytest.raises(NotAllowed):
        incidents.open_by_hand(router, agent, "x", "transfer", [])
    with pytest.raises(NotFound):
        incidents.close(router, lead, incident + 1)
    support = Who(id=lead.id, name="Hua", role="lead", teams=frozenset({1}), locale="zh")
    with pytest.raises(Invalid):
        incidents.add(router, support, incident, ticket(router, tickets[3]).number)


# ---------------------------------------------------------------- the banner


def _acknowledgement(router, ticket_id):
    with router.store.reading() as unit:
        return unit.row(
            "SELECT text FROM outbox WHERE ticket_id = :t AND purpose = 'acknowledgement'",
            t=ticket_id,
        ).text


def test_a_banner_stands_above_acknowledgements_of_its_group_while_it_is_open(
    router, lead, incident, mail
):
    incidents.set_banner(router, lead, incident, ZH, EN)
    assert _acknowledgement(router, mail("my transfer is pending")).startswith(EN)
    assert _acknowledgement(router, mail("我的转账一直处理中")).startswith(ZH)
    assert EN not in _acknowledgement(router, mail("I forgot my password"))
    incidents.close(router, lead, incident)
    assert EN not in _acknowledgement(router, mail("my transfer is pending"))


def test_a_banner_can_be_taken_down(router, lead, incident, mail):
    incidents.set_banner(router, lead, incident, ZH, EN)
    incidents.set_banner(router, lead, incident, "", " ")
    assert EN not in _acknowledgement(router, mail("my transfer is pending"))
    with pytest.raises(Invalid):
        incidents.set_banner(router, lead, incident, ZH, "")
