"""The second reading: it raises, sorts the unsorted, and leaves alone what a person decided."""

from dataclasses import replace
from datetime import timedelta

import pytest

from router import desk, form, pipeline, rereading
from router.core.rights import Who
from router.prepared import Terms
from router.store import people, splitting
from rules.raising import Near, Opinion
from tests.fakes import FakeDoor, FakeDoors

QUIET = "the drawer was shut and the number is smaller than this morning"


#: Words of an incident, of which the second reader is asked first.
SUSPECT = "我被骗了三万块"


class FakeReader:
    """Says of every text what it was told to say, and keeps a ledger of what it read."""

    def __init__(self):
        self.on = True
        self.version = "fake+1"
        self.says = Opinion("security.suspicious_transaction", 0.0, "other.product", 0.0)
        self.texts = []

    def open(self):
        return self if self.on else None

    def read(self, texts):
        if self.says is None:
            raise TypeError("the reader is broken")
        self.texts += texts
        return [self.says] * len(texts)


@pytest.fixture
def reader():
    return FakeReader()


@pytest.fixture
def door():
    return FakeDoor()


@pytest.fixture
def router(assembled, door, reader):
    return assembled(doors=FakeDoors(door), reader=reader)


@pytest.fixture
def arrive(router, door):
    def make(text, **mail):
        raw = door.arrives(text=text, **mail)
        return pipeline.receive(router, door, [raw], Terms())[0]

    return make


def _ticket(router, taken):
    with router.store.reading() as unit:
        return unit.row("SELECT * FROM ticket WHERE id = :id", id=taken.ticket_id)


def _codes(router, taken):
    with router.store.reading() as unit:
        sql = "SELECT code FROM entry WHERE ticket_id = :id ORDER BY id"
        return [row.code for row in unit.rows(sql, id=taken.ticket_id)]


def _ack(router, taken):
    with router.store.reading() as unit:
        return unit.row("SELECT * FROM outbox WHERE once = :once", once=f"ack:{taken.ticket_id}")


def _alarm(**changes):
    near = (Near("security.suspicious_transaction", "money left by itself", 0.9),)
    values = {"alarm": 0.97, "calm": "other.product", "score": 0.01, "near": near, **changes}
    return Opinion("security.suspicious_transaction", **values)


def test_a_message_without_a_telling_word_is_raised_by_its_meaning(router, arrive, reader):
    taken = arrive(QUIET)
    assert _ticket(router, taken).category == "other.unsorted"
    reader.says = _alarm()
    assert rereading.sweep(router) == 1
    ticket = _ticket(router, taken)
    assert (ticket.category, ticket.urgency) == ("security.suspicious_transaction", "P1")
    assert ticket.security
    assert "reread" in _codes(router, taken)


def test_what_is_added_by_a_status_link_is_read_a_second_time_too(router, arrive, reader):
    taken = arrive("How can I export my records as PDF?")
    rereading.sweep(router)
    assert not _ticket(router, taken).security
    reader.says = _alarm()
    form.add(router, taken.ticket_id, {"body": QUIET, "idempotency_key": "k"}, source="203.0.113.9")
    assert rereading.sweep(router) == 1
    ticket = _ticket(router, taken)
    assert (ticket.security, ticket.urgency) == (True, "P1")
    with router.store.reading() as unit:
        kept = unit.value("SELECT COUNT(*) FROM verdict v JOIN message m ON m.id = v.message_id")
    assert kept == 2


def test_a_suspicion_added_by_a_status_link_is_asked_about_first(router, arrive, reader):
    taken = arrive("How can I export my records as PDF?")
    rereading.sweep(router)
    added = {"body": SUSPECT, "idempotency_key": "k"}
    form.add(router, taken.ticket_id, added, source="203.0.113.9")
    assert not _ticket(router, taken).security
    reader.says = _alarm()
    rereading.sweep(router)
    assert _ticket(router, taken).security


def test_the_reason_is_kept_with_the_nearest_examples(router, arrive, reader):
    taken = arrive(QUIET)
    reader.says = _alarm()
    rereading.sweep(router)
    with router.store.reading() as unit:
        row = unit.row("SELECT * FROM reading WHERE message_id = :id", id=taken.message_id)
    assert "money left by itself" in row.nearest
    assert (row.bank, bool(row.raised)) == ("fake+1", True)


def test_the_acknowledgement_waits_and_then_has_the_words_of_an_alarm(router, arrive, reader):
    taken = arrive(QUIET)
    before = _ack(router, taken)
    assert before.wording == "open"
    assert before.due_at > before.created_at
    reader.says = _alarm()
    rereading.sweep(router)
    after = _ack(router, taken)
    assert after.wording == "security"
    assert after.rfc_id == before.rfc_id


def test_an_acknowledgement_that_was_tried_keeps_its_words(router, arrive, reader):
    taken = arrive(QUIET)
    router.store.write(
        lambda unit: unit.run(
            "UPDATE outbox SET attempts = 1, state = 'sent' WHERE ticket_id = :id",
            id=taken.ticket_id,
        )
    )
    reader.says = _alarm()
    rereading.sweep(router)
    assert _ack(router, taken).wording == "open"


def test_a_suspicion_is_seen_soon_and_is_no_alarm_yet(router, arrive):
    taken = arrive(SUSPECT)
    ticket = _ticket(router, taken)
    assert (ticket.category, ticket.urgency, ticket.security) == ("other.unsorted", "P2", 0)


def test_a_suspicion_is_an_alarm_when_the_reader_agrees(router, arrive, reader):
    taken = arrive(SUSPECT)
    reader.says = _alarm(alarm=0.3, chinese=True)
    rereading.sweep(router)
    ticket = _ticket(router, taken)
    assert (ticket.category, ticket.urgency) == ("security.phishing", "P1")
    assert ticket.security
    assert _ack(router, taken).wording == "security"


def test_a_suspicion_that_the_reader_does_not_share_stays_to_be_seen_soon(router, arrive, reader):
    taken = arrive(SUSPECT)
    reader.says = _alarm(alarm=0.05, chinese=True)
    rereading.sweep(router)
    ticket = _ticket(router, taken)
    assert (ticket.urgency, ticket.security) == ("P2", 0)


def test_a_suspicion_is_an_alarm_where_nobody_can_be_asked(router, arrive, reader):
    taken = arrive(SUSPECT)
    router.reader.on = False
    rereading.sweep(router)
    assert _ticket(router, taken).urgency == "P1"


def test_a_suspicion_is_an_alarm_when_the_reader_fails(router, arrive, reader):
    taken, quiet = arrive(SUSPECT), arrive(QUIET)
    reader.says = None
    with pytest.raises(TypeError):
        rereading.sweep(router)
    assert _ticket(router, taken).urgency == "P1"
    reader.says = _alarm()
    assert rereading.sweep(router) == 1
    assert _ticket(router, quiet).urgency == "P1"


def test_a_suspicion_is_an_alarm_when_the_reader_fails_however_much_waits_before_it(
    router, door, arrive, reader
):
    raws = [door.arrives(text=QUIET) for _ in range(rereading.TOGETHER)]
    pipeline.receive(router, door, raws, Terms())
    taken = arrive(SUSPECT, **{"from": "bo@mail.example"})
    reader.says = None
    with pytest.raises(TypeError):
        rereading.sweep(router)
    assert _ticket(router, taken).urgency == "P1"


def test_a_suspicion_is_an_alarm_when_the_reader_does_not_open(router, arrive, monkeypatch):
    taken = arrive(SUSPECT)

    def broken():
        raise OSError("the encoder is cut short")

    monkeypatch.setattr(router.reader, "open", broken)
    with pytest.raises(OSError, match="cut short"):
        rereading.sweep(router)
    assert _ticket(router, taken).urgency == "P1"


def test_what_nobody_reads_again_is_an_alarm_at_once(router, door, reader):
    reader.on = False
    raw = door.arrives(text=SUSPECT)
    taken = pipeline.receive(router, door, [raw], Terms())[0]
    assert _ticket(router, taken).urgency == "P1"


def test_an_unsorted_message_is_sorted_but_never_calmed(router, arrive, reader):
    taken = arrive(QUIET)
    reader.says = Opinion("security.phishing", 0.01, "other.chitchat", 0.9)
    rereading.sweep(router)
    ticket = _ticket(router, taken)
    assert (ticket.category, ticket.urgency) == ("other.chitchat", "P3")


def test_what_the_rules_heard_denied_is_not_raised_by_its_sound(router, arrive, reader):
    taken = arrive("My account was not hacked")
    reader.says = _alarm(alarm=0.85)
    rereading.sweep(router)
    assert _ticket(router, taken).category == "other.unsorted"


def test_a_doubtful_opinion_changes_nothing(router, arrive, reader):
    taken = arrive(QUIET)
    reader.says = _alarm(alarm=0.5, score=0.15)
    rereading.sweep(router)
    assert _ticket(router, taken).category == "other.unsorted"


def test_an_incident_may_be_renamed_by_a_surer_reader(router, arrive, reader):
    taken = arrive("There is a payment I did not make, my account was hacked")
    before = _ticket(router, taken)
    reader.says = replace(_alarm(named=0.95), threat="security.phishing")
    rereading.sweep(router)
    after = _ticket(router, taken)
    assert before.category != after.category == "security.phishing"
    assert (after.urgency, after.security) == (before.urgency, before.security)


def test_an_incident_is_never_calmed(router, arrive, reader):
    taken = arrive("There is a payment I did not make, my account was hacked")
    before = _ticket(router, taken)
    reader.says = _alarm(alarm=0.0, score=0.99, calm="other.praise")
    rereading.sweep(router)
    after = _ticket(router, taken)
    assert (after.category, after.urgency) == (before.category, before.urgency)


def test_the_acknowledgement_of_an_incident_waits_for_no_reading(router, arrive):
    taken = arrive("There is a payment I did not make, my account was hacked")
    ack = _ack(router, taken)
    assert ack.due_at == ack.created_at


def test_a_person_who_decided_is_not_overruled(router, arrive, reader):
    taken = arrive(QUIET)
    agent = router.store.write(
        lambda unit: people.create_agent(unit, "a@desk.example", "A", "agent", ["support"])
    )
    who = Who(agent, "A", "agent", frozenset({1}))
    desk.set_category(router, who, taken.ticket_id, "other.product")
    reader.says = _alarm()
    rereading.sweep(router)
    ticket = _ticket(router, taken)
    assert (ticket.category, bool(ticket.security)) == ("other.product", False)


@pytest.fixture
def sorts(router):
    """A colleague puts a ticket under a category."""
    agent = router.store.write(
        lambda unit: people.create_agent(unit, "b@desk.example", "B", "agent", ["support"])
    )
    who = Who(agent, "B", "agent", frozenset({1}))
    return lambda taken, category: desk.set_category(router, who, taken.ticket_id, category)


def test_a_suspicion_on_a_ticket_that_was_sorted_before_is_an_alarm(
    router, arrive, reader, sorts, frozen
):
    first = arrive(QUIET, message_id="<first@mail.example>")
    rereading.sweep(router)
    sorts(first, "other.product")
    frozen.advance(timedelta(minutes=5))
    later = arrive(SUSPECT, thread_ids=["<first@mail.example>"])
    assert later.ticket_id == first.ticket_id
    reader.says = _alarm(alarm=0.3, chinese=True)
    rereading.sweep(router)
    ticket = _ticket(router, first)
    assert (ticket.urgency, bool(ticket.security)) == ("P1", True)


def test_a_suspicion_that_a_person_judged_meanwhile_stays_judged(router, arrive, reader, sorts):
    taken = arrive(SUSPECT)
    sorts(taken, "other.product")
    reader.says = _alarm(alarm=0.9, chinese=True)
    rereading.sweep(router)
    ticket = _ticket(router, taken)
    assert (ticket.category, bool(ticket.security)) == ("other.product", False)


@pytest.mark.parametrize(("alarm", "urgency", "asked"), [(0.3, "P1", 0), (0.05, "P2", 1)])
def test_what_is_kept_of_a_suspicion_is_what_came_of_it(
    router, arrive, reader, alarm, urgency, asked
):
    taken = arrive(SUSPECT)
    reader.says = _alarm(alarm=alarm, chinese=True)
    rereading.sweep(router)
    with router.store.reading() as unit:
        row = unit.row("SELECT * FROM verdict WHERE message_id = :id", id=taken.message_id)
        found = splitting.found(unit, [taken.message_id])
    assert (row.urgency, found.urgency) == (urgency, urgency)
    assert row.near.count("asked:") == asked


def test_a_message_is_read_once(router, arrive, reader):
    arrive(QUIET)
    rereading.sweep(router)
    assert rereading.sweep(router) == 0
    assert len(reader.texts) == 1


def test_where_there_is_no_reader_nothing_waits_for_one(router, arrive, reader):
    arrive(QUIET)
    reader.on = False
    rereading.sweep(router)
    with router.store.reading() as unit:
        assert unit.value("SELECT 1 FROM unread") is None


def test_a_machine_and_an_import_are_not_read(router, door, arrive, reader):
    arrive(QUIET, automatic="auto_submitted")
    raw = door.arrives(text=QUIET + " old")
    pipeline.receive(router, door, [raw], Terms(old=True))
    assert rereading.sweep(router) == 0
