"""Somebody is erased whose words stand on tickets of others: theirs go, the others' stay."""

import pytest

from channels.contract import Refused
from router import deliver, desk, pipeline, retention
from router.desk import Passing
from router.prepared import Terms
from router.store import search
from tests.fakes import FakeDoor, FakeDoors
from tests.staff import hired
from tests.tables import tables_of

ANN, BO = "ann@mail.example", "bo@other.example"
PARTNER = ("case@partner.example",)


@pytest.fixture
def door():
    return FakeDoor()


@pytest.fixture
def router(assembled, door):
    return assembled(doors=FakeDoors(door), acknowledge={"per_address_gap_minutes": 0})


@pytest.fixture
def mei(router):
    return hired(router, "Mei", "admin")


@pytest.fixture
def tickets(router, door):
    """Of Ann and of Bo, with a file each; their ids."""
    found = []
    for address, name in ((ANN, "ann"), (BO, "bo")):
        raw = door.arrives(
            **{"from": address},
            subject=f"{name}subject",
            text=f"{name}text of a transfer\nthat is pending",
            message_id=f"<{name}mid@mail.example>",
            attachments=[(f"{name}file.txt", "text/plain", f"{name}text in a file")],
        )
        found.append(pipeline.receive(router, door, [raw], Terms())[0].ticket_id)
    return found


def _erase(router, ticket_id):
    with router.store.reading() as unit:
        requester = unit.value("SELECT requester_id FROM ticket WHERE id = :id", id=ticket_id)
    row_id = retention.ask(router, requester, agent_id=None)
    while not retention.is_done(router, row_id):
        assert retention.sweep(router)


def _left(router, *needles):
    """Which of these words stand in which table."""
    found = set()
    with router.store.reading() as unit:
        for table in set(tables_of(router.store)) - {"search"}:
            for row in unit.rows(f'SELECT * FROM "{table}"'):
                said = str(tuple(row))
                found |= {(table, one) for one in needles if one in said}
    return found


def _texts(router, ticket_id):
    with router.store.reading() as unit:
        return [
            row.text
            for row in unit.rows(
                "SELECT text FROM message WHERE ticket_id = :id ORDER BY id", id=ticket_id
            )
        ]


def test_what_stood_on_a_ticket_that_was_merged_into_anothers_goes_with_its_owner(
    router, mei, tickets
):
    ann, bo = tickets
    desk.note(router, mei, ann, "annnote: asked at the bank", once="n")
    desk.forward(router, mei, ann, Passing(PARTNER, "annforward", "all", files=True), once="f")
    desk.note(router, mei, bo, "bonote: asked at the bank", once="n2")
    desk.merge(router, mei, ann, bo)
    _erase(router, ann)
    words = ("anntext", "annsubject", "annfile", "annmid", "annnote", "annforward")
    assert _left(router, *words) == set()
    assert [one for one in _texts(router, bo) if one] == [
        "botext of a transfer\nthat is pending",
        "bonote: asked at the bank",
    ]


def test_of_what_was_passed_on_of_a_shared_ticket_only_the_pieces_of_who_is_erased_go(
    router, mei, tickets
):
    ann, bo = tickets
    desk.merge(router, mei, ann, bo)
    desk.forward(router, mei, bo, Passing(PARTNER, "please look", "all", files=True), once="f")
    _erase(router, ann)
    assert _left(router, "anntext", "annsubject", "annfile", "annmid") == set()
    passed = _texts(router, bo)[-1]
    assert passed.startswith("please look")
    assert "botext of a transfer\nthat is pending" in passed
    with router.store.reading() as unit:
        assert unit.value("SELECT text FROM outbox WHERE purpose = 'forward'") == passed
        names = [row.name for row in unit.rows("SELECT name FROM attachment ORDER BY id")]
        assert names == ["bofile.txt", "bofile.txt"]
        assert search.find(unit, "anntext", teams=None).found == []
        assert search.find(unit, "botext", teams=None).found


def test_an_answer_on_a_shared_ticket_names_no_mail_of_somebody_who_is_erased(router, mei, tickets):
    ann, bo = tickets
    desk.merge(router, mei, ann, bo)
    desk.reply(router, mei, bo, "It is there now.", once="r")
    _erase(router, ann)
    assert _left(router, "annmid") == set()
    with router.store.reading() as unit:
        chain = unit.value("SELECT thread_ids FROM outbox WHERE purpose = 'reply'")
    assert "<bomid@mail.example>" in chain.split()


def test_what_an_answer_on_a_tied_ticket_quotes_is_taken_out_of_what_was_sent_too(
    router, mei, tickets
):
    ann, bo = tickets
    desk.link(router, mei, ann, bo)
    desk.reply(router, mei, bo, "Somebody told us:\n> anntext of a transfer\nSo yes.", once="r")
    _erase(router, ann)
    assert _left(router, "anntext") == set()
    assert _texts(router, bo)[-1] == "Somebody told us:\n…\nSo yes."


def test_what_a_far_side_said_of_somebody_goes_from_what_was_sent_on_a_shared_ticket(
    router, door, mei, tickets
):
    ann, bo = tickets
    router.store.write(lambda unit: unit.run("DELETE FROM outbox WHERE ticket_id = :bo", bo=bo))
    door.answers.append(Refused(f"550 {ANN} has no mailbox here"))
    deliver.sweep(router)
    desk.merge(router, mei, ann, bo)
    with router.store.reading() as unit:
        assert ANN in unit.value("SELECT reason FROM outbox WHERE state = 'failed'")
    _erase(router, ann)
    assert _left(router, ANN) == set()


def test_a_merge_that_was_taken_back_leaves_nothing_of_anothers_to_erase(router, mei, tickets):
    ann, bo = tickets
    desk.note(router, mei, bo, "bonote: asked at the bank", once="n")
    desk.merge(router, mei, bo, ann)
    with router.store.reading() as unit:
        batch = unit.value("SELECT batch FROM act WHERE verb = 'merge' LIMIT 1")
    desk.undo(router, mei, batch)
    _erase(router, ann)
    assert "bonote: asked at the bank" in _texts(router, bo)


def test_what_is_merged_away_while_its_owner_is_being_erased_goes_too(router, mei, tickets):
    ann, bo = tickets
    desk.note(router, mei, ann, "annnote: asked at the bank", once="n")
    with router.store.reading() as unit:
        requester = unit.value("SELECT requester_id FROM ticket WHERE id = :id", id=ann)
    row_id = retention.ask(router, requester, agent_id=None)
    for job in retention.go_on(router, row_id):
        if job.step == "tickets" and not job.place:
            desk.merge(router, mei, ann, bo)
            break
    _lapse(router)
    while not retention.is_done(router, row_id):
        assert retention.sweep(router)
    assert _left(router, "anntext", "annnote") == set()


def _lapse(router):
    """Nobody works on anything any more."""
    router.store.write(lambda unit: unit.run("UPDATE erasure SET leased_until = 0"))


def _undo(router, who, verb):
    with router.store.reading() as unit:
        batch = unit.value(
            "SELECT batch FROM act WHERE verb = :verb AND undone_at IS NULL ORDER BY id LIMIT 1",
            verb=verb,
        )
    desk.undo(router, who, batch)


def test_what_repeats_somebody_on_a_ticket_from_which_theirs_was_taken_back_goes_too(
    router, mei, tickets
):
    ann, bo = tickets
    desk.merge(router, mei, ann, bo)
    desk.reply(router, mei, bo, "It is there now.", once="r")
    desk.forward(router, mei, bo, Passing(PARTNER, "please look", "all", files=True), once="f")
    _undo(router, mei, "merge")
    _erase(router, ann)
    assert _left(router, "anntext", "annfile", "annmid") == set()
    assert "botext of a transfer" in _texts(router, bo)[-1]


def test_what_did_not_come_back_from_a_ticket_that_was_merged_too_is_found(
    router, door, mei, tickets
):
    ann, bo = tickets
    raw = door.arrives(**{"from": "cy@mail.example"}, text="cytext")
    cy = pipeline.receive(router, door, [raw], Terms())[0].ticket_id
    desk.note(router, mei, ann, "annnote: asked at the bank", once="n")
    desk.merge(router, mei, ann, bo)
    desk.merge(router, mei, bo, cy)
    _undo(router, mei, "merge")
    _erase(router, ann)
    assert _left(router, "anntext", "annnote", "annfile") == set()
    assert "cytext" in _texts(router, cy)


def test_what_went_through_the_ticket_of_somebody_and_came_back_stays(router, mei, tickets, door):
    ann, bo = tickets
    raw = door.arrives(**{"from": "cy@mail.example"}, text="cytext")
    cy = pipeline.receive(router, door, [raw], Terms())[0].ticket_id
    desk.note(router, mei, bo, "bonote: asked at the bank", once="n")
    desk.merge(router, mei, bo, ann)
    desk.merge(router, mei, ann, cy)
    with router.store.reading() as unit:
        batches = unit.rows("SELECT DISTINCT batch FROM act WHERE verb = 'merge' ORDER BY batch")
    for row in reversed(batches):
        desk.undo(router, mei, row.batch)
    _erase(router, ann)
    assert _left(router, "anntext") == set()
    assert "bonote: asked at the bank" in _texts(router, bo)
    assert "botext of a transfer\nthat is pending" in _texts(router, bo)
