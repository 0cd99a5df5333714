"""Words that are old enough go, and what reports count stays; an erased person is a new person."""

import io
import json
import os
import signal
import zipfile
from datetime import timedelta
from functools import partial

import pytest

from channels.contract import Unknown
from router import deliver, desk, examining, exporting, pipeline, reports, retention, sweeps
from router.assemble import assemble
from router.errors import Conflict
from router.prepared import Terms
from router.reports.keeping import differing
from router.store import audit, erasures, figures, journal, search
from tests.fakes import FakeDoor, FakeDoors
from tests.staff import hired

ANN = "ann@mail.example"


@pytest.fixture
def door():
    return FakeDoor()


@pytest.fixture
def router(assembled, door):
    return assembled(doors=FakeDoors(door), retention={"days": 30, "groups": {"security": 0}})


@pytest.fixture
def mei(router):
    return hired(router, "Mei", "admin")


@pytest.fixture
def arrives(router, door):
    """Lets a mail come in, from Ann unless said otherwise; what became of it."""

    def arrive(text="My transfer is pending since Monday", **mail):
        raw = door.arrives(**{"from": ANN, "text": text, **mail})
        taken = pipeline.receive(router, door, [raw], Terms())
        return taken[0] if taken else None

    return arrive


@pytest.fixture
def closed(router, arrives, mei):
    """Makes a ticket that was answered and closed."""

    def make(**mail):
        taken = arrives(**mail)
        desk.reply(router, mei, taken.ticket_id, "done", once=f"r{taken.ticket_id}")
        desk.close(router, mei, taken.ticket_id)
        return taken

    return make


def requester_of(router, ticket_id):
    with router.store.reading() as unit:
        return unit.value("SELECT requester_id FROM ticket WHERE id = :id", id=ticket_id)


def erase(router, taken):
    row_id = retention.ask(router, requester_of(router, taken.ticket_id), agent_id=None)
    finish(router, row_id)
    return row_id


def finish(router, row_id):
    while not retention.is_done(router, row_id):
        assert retention.sweep(router)


def age(router):
    """What the hourly duty and the one after it do."""
    retention.age(router)
    with router.store.reading() as unit:
        if not retention.pending(unit):
            return
    retention.sweep(router)


def words(router, taken):
    with router.store.reading() as unit:
        return unit.value("SELECT text FROM message WHERE id = :id", id=taken.message_id)


# ---------------------------------------------------------------- old enough


def test_a_closed_ticket_keeps_its_words_for_as_long_as_the_settings_say(router, closed, frozen):
    taken = closed()
    frozen.advance(timedelta(days=29))
    age(router)
    assert words(router, taken)


def test_then_its_words_go_and_its_number_stays(router, closed, frozen):
    taken = closed()
    frozen.advance(timedelta(days=31))
    age(router)
    with router.store.reading() as unit:
        row = unit.row("SELECT * FROM ticket WHERE id = :id", id=taken.ticket_id)
    assert words(router, taken) == ""
    assert (row.number, row.subject, row.state) == (taken.number, "", "closed")


def test_an_open_ticket_is_never_old_enough(router, arrives, frozen):
    taken = arrives()
    frozen.advance(timedelta(days=400))
    age(router)
    assert words(router, taken)


def test_a_group_of_categories_may_be_kept_for_ever(router, closed, frozen):
    taken = closed(text="somebody hacked my account and took my money")
    frozen.advance(timedelta(days=400))
    age(router)
    assert words(router, taken)


def test_who_wrote_is_still_known_when_only_words_were_old_enough(router, closed, arrives, frozen):
    old = closed()
    frozen.advance(timedelta(days=31))
    age(router)
    new = arrives(text="me again")
    assert new.ticket_id != old.ticket_id
    assert requester_of(router, new.ticket_id) == requester_of(router, old.ticket_id)


def test_all_of_one_day_is_one_line_with_its_counts(router, closed, frozen):
    closed()
    closed(**{"from": "bo@mail.example"})
    frozen.advance(timedelta(days=31))
    age(router)
    age(router)
    with router.store.reading() as unit:
        (row,) = erasures.listed(unit)
    assert json.loads(row.counts)["tickets"] == 2
    assert row.done_at is not None


def test_nothing_is_erased_where_no_days_are_set(assembled, door, frozen):
    router = assembled(doors=FakeDoors(door))
    raw = door.arrives(text="hello", automatic="list")
    (taken,) = pipeline.receive(router, door, [raw], Terms())
    frozen.advance(timedelta(days=4000))
    retention.age(router)
    with router.store.reading() as unit:
        assert not retention.pending(unit)
    assert words(router, taken)


def test_the_doctor_says_when_it_is_behind(router, closed, frozen):
    router.settings.data_path.mkdir()

    def said():
        return next(one for one in examining.look(router) if one.what == "retention")

    closed()
    frozen.advance(timedelta(days=30, hours=12))
    assert said().ok
    frozen.advance(timedelta(days=1))
    assert not said().ok
    age(router)
    assert said().ok


# ---------------------------------------------------------------- what stays


def _life(router, arrives, closed, mei, frozen, door):
    first = closed()
    frozen.advance(timedelta(hours=3))
    second = arrives(text="somebody hacked my account and took my money")
    desk.assign(router, mei, second.ticket_id, mei.id)
    frozen.advance(timedelta(hours=30))
    desk.set_category(router, mei, second.ticket_id, "transfer.pending")
    third = arrives(text="Hello", **{"from": "bo@mail.example"})
    desk.reply(router, mei, third.ticket_id, "hi", once="x")
    deliver.sweep(router)
    sweeps.attempt(router, next(one for one in sweeps.DUTIES if one.name == "escalate"))
    frozen.advance(timedelta(minutes=5))
    reports.sweep(router)
    return first, second, third


def _kept(router):
    with router.store.reading() as unit:
        return {cell: n for cell, n in figures.kept(unit).items() if cell.what != "open"}


def test_every_figure_is_the_same_after_an_erasure_and_equal_to_a_recount(
    router, arrives, closed, mei, frozen, door
):
    first, _, _ = _life(router, arrives, closed, mei, frozen, door)
    before = _kept(router)
    erase(router, first)
    frozen.advance(timedelta(minutes=5))
    reports.sweep(router)
    assert _kept(router) == before
    assert differing(router) == []
    for _ in reports.rebuild(router):
        pass
    assert _kept(router) == before


def test_every_raw_copy_that_is_old_enough_goes_however_many_there_are(router, frozen):
    sealed = router.keys.seal(b"a mail")

    def work(unit):
        for number in range(1100):
            item = journal.Item("email", "support", f"mail {number}")
            journal.put(unit, item, "done", sealed=sealed)

    router.store.write(work)
    frozen.advance(timedelta(days=router.settings.intake.keep_raw_days, seconds=1))
    sweeps.tick(router, next(one for one in sweeps.DUTIES if one.name == "purge"))
    with router.store.reading() as unit:
        assert unit.value("SELECT COUNT(*) FROM journal WHERE raw IS NOT NULL") == 0


def test_open_promises_end_neither_kept_nor_broken(router, arrives, frozen):
    taken = arrives()
    erase(router, taken)
    with router.store.reading() as unit:
        codes = {
            row.code
            for row in unit.rows("SELECT code FROM entry WHERE ticket_id = :id", id=taken.ticket_id)
        }
        row = unit.row("SELECT * FROM ticket WHERE id = :id", id=taken.ticket_id)
    assert {"sla_waived", "erased"} <= codes
    assert "sla_met" not in codes
    assert (row.state, row.due_at) == ("closed", None)
    frozen.advance(timedelta(minutes=5))
    reports.sweep(router)
    assert not [cell for cell in _kept(router) if cell.what in ("kept", "broken", "closed")]


def test_the_audit_chain_holds_and_tells_of_it_without_a_name(router, closed):
    taken = closed()
    router.store.write(lambda unit: audit.seal(unit, router.keys))
    erase(router, taken)
    while router.store.write(lambda unit: audit.seal(unit, router.keys)):
        pass
    with router.store.reading() as unit:
        assert audit.verify(unit, router.keys) is None
        actions = [row.action for row in unit.rows("SELECT action FROM audit")]
    assert {"requester.erasure_asked", "ticket.erased", "requester.erased"} <= {*actions}


def test_kept_counts_of_the_views_follow(router, arrives):
    taken = arrives()
    erase(router, taken)
    with router.store.reading() as unit:
        rows = unit.rows("SELECT key, delta FROM counter_delta")
    tally = {}
    for row in rows:
        view = row.key.partition(":")[2]
        tally[view] = tally.get(view, 0) + row.delta
    assert (tally["open"], tally["closed"], tally["all"]) == (0, 1, 1)


# ---------------------------------------------------------------- a new person


def test_a_late_mail_opens_a_new_ticket_as_from_a_new_person(router, closed, arrives):
    old = closed()
    erase(router, old)
    new = arrives(text="It is me, Ann")
    assert new.outcome == "new"
    assert requester_of(router, new.ticket_id) != requester_of(router, old.ticket_id)


def test_a_mail_that_quotes_the_old_one_brings_nothing_back(router, closed, arrives):
    old = closed(message_id="<first@mail.example>")
    token = router.tokens.reply_token(old.ticket_id)
    erase(router, old)
    new = arrives(text="again", thread_ids=["<first@mail.example>"], tokens=[token])
    with router.store.reading() as unit:
        links = unit.rows("SELECT id FROM link")
    assert new.outcome == "new"
    assert new.ticket_id != old.ticket_id
    assert list(links) == []
    assert words(router, old) == ""


@pytest.mark.parametrize("account", ["support", "import"])
def test_the_same_mail_imported_again_was_seen(router, closed, door, account):
    taken = closed()
    erase(router, taken)
    again = FakeDoor(account)
    assert pipeline.receive(router, again, [door.inbox[0]], Terms(old=True)) == []


def test_an_item_that_is_pushed_again_was_seen(router, closed, door):
    erase(router, closed())
    item = journal.Item(door.kind, door.account, door.inbox[0].remote_id)
    sealed = router.keys.seal(b"again", journal.about(item))
    assert not router.store.write(lambda unit: journal.receive(unit, router.keys, item, sealed))


def test_nothing_more_is_sent_to_somebody_who_is_erased(router, arrives, mei, door):
    taken = arrives()
    desk.reply(router, mei, taken.ticket_id, "soon", once="r")
    retention.ask(router, requester_of(router, taken.ticket_id), agent_id=mei.id)
    deliver.sweep(router)
    assert door.sent == []


def test_what_nobody_knows_was_sent_to_somebody_who_is_erased_is_asked_about_no_more(
    router, arrives, mei, door, frozen
):
    taken = arrives()
    door.answers.append(Unknown("line died"))
    deliver.sweep(router)
    frozen.advance(timedelta(minutes=1))
    retention.ask(router, requester_of(router, taken.ticket_id), agent_id=mei.id)
    with router.store.reading() as unit:
        assert not deliver.waits_for_look_up(unit)
        assert [row.state for row in unit.rows("SELECT state FROM outbox")] == ["cancelled"]


def test_nobody_adds_to_a_ticket_whose_words_are_gone(router, closed, mei):
    taken = closed()
    erase(router, taken)
    for act in (desk.reopen, lambda *given: desk.note(*given, "a note", once="n")):
        with pytest.raises(Conflict, match="erased"):
            act(router, mei, taken.ticket_id)


def test_nobody_is_erased_twice(router, closed):
    taken = closed()
    erase(router, taken)
    with pytest.raises(Conflict, match="erased"):
        retention.ask(router, requester_of(router, taken.ticket_id), agent_id=None)


# ---------------------------------------------------------------- stopped on the way


def test_it_goes_on_wherever_it_was_stopped(router, closed, arrives, frozen):
    """Each piece is the last one of its process; after its lease another goes on."""
    first = closed()
    for number in range(30):
        arrives(text=f"again {number}")
    row_id = retention.ask(router, requester_of(router, first.ticket_id), agent_id=None)
    stops = 0
    while not retention.is_done(router, row_id):
        for done, _ in enumerate(retention.go_on(router, row_id)):
            if done:
                break
        stops += 1
        frozen.advance(timedelta(minutes=3))
    with router.store.reading() as unit:
        left = unit.value("SELECT COUNT(*) FROM message WHERE text <> ''")
        row = erasures.find(unit, row_id)
    assert stops > len(retention.STEPS)
    assert left == 0
    assert json.loads(row.counts)["tickets"] == 31


def test_while_somebody_reads_the_log_is_cut_a_little_later(router, closed, frozen):
    if not router.store.single_writer:
        pytest.skip("PostgreSQL cleans up by itself")
    taken = closed()
    row_id = retention.ask(router, requester_of(router, taken.ticket_id), agent_id=None)
    with router.store.reading() as unit:
        unit.value("SELECT COUNT(*) FROM message")
        retention.sweep(router)
        assert not retention.is_done(router, row_id)
    frozen.advance(timedelta(seconds=6))
    retention.sweep(router)
    assert retention.is_done(router, row_id)


# ---------------------------------------------------------------- taken out


def test_what_is_kept_of_somebody_is_taken_out_whole(router, arrives, mei, tmp_path):
    taken = arrives(
        subject="Transfer",
        text="my card is 4111 1111 1111 1111",
        attachments=[("../proof.txt", "text/plain", "proof")],
    )
    desk.reply(router, mei, taken.ticket_id, "we look", once="r")
    desk.note(router, mei, taken.ticket_id, "strange", once="n")
    person = exporting.begin(router, requester_of(router, taken.ticket_id), agent_id=mei.id)
    packed = b"".join(exporting.packed(router, person, notes=False))
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        told = json.loads(archive.read(exporting.LIST))
        (file,) = [name for name in archive.namelist() if name != exporting.LIST]
        assert archive.read(file) == b"proof"
        assert ".." not in file.split("/")
    (ticket,) = told["tickets"]
    assert told["handles"][0]["handle"] == ANN
    assert [one["direction"] for one in ticket["messages"]] == ["in", "out"]
    assert "4111" not in packed.decode("latin-1")
    assert ticket["messages"][0]["files"] == [file]
    with router.store.reading() as unit:
        actions = [row.action for row in unit.rows("SELECT action FROM audit")]
    assert "requester.exported" in actions


def told_of(router, ticket_id, by):
    """What is handed out to whose ticket it was, as text."""
    with router.store.reading() as unit:
        identity = unit.value("SELECT identity_id FROM ticket WHERE id = :id", id=ticket_id)
        sql = "SELECT requester_id FROM identity WHERE id = :id"
        requester_id = unit.value(sql, id=identity)
    person = exporting.begin(router, requester_id, agent_id=by.id)
    packed = b"".join(exporting.packed(router, person, notes=False))
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        files = [archive.read(one).decode() for one in archive.namelist() if one != exporting.LIST]
        return archive.read(exporting.LIST).decode() + "".join(files)


def test_of_two_peoples_tickets_made_one_each_is_handed_out_their_own_words(router, arrives, mei):
    file = [("proof.txt", "text/plain", "a file of Bo")]
    ann, bo = (
        arrives("Words of Ann", subject="Of Ann"),
        arrives("Words of Bo", subject="Of Bo", attachments=file, **{"from": "bo@mail.example"}),
    )
    desk.reply(router, mei, ann.ticket_id, "An answer to Ann", once="a")
    desk.reply(router, mei, bo.ticket_id, "An answer to Bo", once="b")
    desk.merge(router, mei, bo.ticket_id, ann.ticket_id)
    desk.reply(router, mei, ann.ticket_id, "Another answer to Ann", once="c")
    told = told_of(router, ann.ticket_id, mei)
    assert all(word in told for word in ("Words of Ann", "An answer to Ann", "Another answer"))
    assert not [one for one in ("of Bo", "to Bo", "bo@mail.example", bo.number) if one in told]
    told = told_of(router, bo.ticket_id, mei)
    assert all(word in told for word in ("Words of Bo", "An answer to Bo", "a file of Bo"))
    assert not [one for one in ("of Ann", "to Ann", "Another answer", ANN) if one in told]


# ---------------------------------------------------------------- killed on the way


@pytest.mark.slow
@pytest.mark.one_database
def test_killed_after_any_commit_it_is_seen_through(
    assembled, settings_of, door, frozen, shipped_rules, keys, database_kind
):
    """A child dies by SIGKILL after its n-th commit; whoever comes next ends it, for every n."""
    if database_kind != "sqlite":
        pytest.skip("a forked child cannot share PostgreSQL's connections")
    killed = ended = 0
    while not ended:
        router = assembled(doors=FakeDoors(door))
        taken = [_arrives(router, door, f"canary {killed} {one}") for one in range(3)]
        row_id = retention.ask(router, requester_of(router, taken[0].ticket_id), agent_id=None)
        router.close()
        parts = {"clock": frozen, "rules": shipped_rules, "keys": keys}
        ended = not _dies(partial(assemble, settings_of(), **parts), row_id, killed)
        killed += 1
        frozen.advance(timedelta(minutes=3))
        again = assembled(doors=FakeDoors(door))
        if not ended:
            finish(again, row_id)
        assert retention.is_done(again, row_id)
        with again.store.reading() as unit:
            assert unit.value("SELECT COUNT(*) FROM message WHERE text LIKE '%canary%'") == 0
            assert not search.find(unit, "canary", teams=None).found
        again.close()
    assert killed > len(retention.STEPS)


def _arrives(router, door, text):
    raw = door.arrives(**{"from": ANN, "text": text})
    return pipeline.receive(router, door, [raw], Terms())[0]


def _dies(opened, row_id, after):
    """Erase in a child that is killed after so many commits; whether it was."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            router = opened()
            left = [after]

            def count():
                left[0] -= 1
                if left[0] < 0:
                    os.kill(os.getpid(), signal.SIGKILL)

            router.store.on_commit.append(count)
            finish(router, row_id)
            code = 0
        finally:
            os._exit(code)
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def test_what_was_being_taken_in_meanwhile_goes_too(router, arrives, frozen):
    """On a desk of many processes a message may be written by who knew them a moment before."""
    taken = arrives()
    person = requester_of(router, taken.ticket_id)
    row_id = retention.ask(router, person, agent_id=None)
    late = arrives(text="canary", **{"from": "bo@mail.example"})
    for job in retention.go_on(router, row_id):
        if job.step == "places":
            router.store.write(
                lambda unit: unit.run(
                    "UPDATE ticket SET requester_id = :person WHERE id = :id",
                    person=person,
                    id=late.ticket_id,
                )
            )
            break
    frozen.advance(timedelta(minutes=3))
    finish(router, row_id)
    assert words(router, late) == ""
