"""A person is erased, and nothing of theirs is left: every byte the desk keeps is searched."""

import io
import json
import logging
from collections import defaultdict
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import BigInteger, Boolean, LargeBinary, String

from router import deliver, desk, form, log, pipeline, retention
from router.prepared import Terms
from router.settings import LogSettings
from router.store import search
from router.store.erasable import (
    BESIDE,
    KEPT,
    OF_HANDLES,
    OF_MESSAGES,
    OF_TICKETS,
    WALKED,
    Dropped,
    Emptied,
)
from router.store.shapes import SavedView
from router.store.tables import metadata
from router.writing import Letter
from tests.fakes import FakeDoor, FakeDoors
from tests.staff import hired
from tests.tables import tables_of

ANN = "ann.canaryhandle@mail.example"
BO = "bo@other.example"


@pytest.fixture
def door():
    return FakeDoor()


@pytest.fixture
def router(assembled, door):
    return assembled(doors=FakeDoors(door))


@pytest.fixture
def mei(router):
    return hired(router, "Mei", "admin")


@pytest.fixture
def said():
    """Everything the desk logs."""
    written, root = io.StringIO(), logging.getLogger()
    before, level = root.handlers, root.level
    log.begin(LogSettings(level="debug", json_lines=True), written)
    yield written
    root.handlers = before
    root.setLevel(level)


def arrives(router, door, **mail):
    raw = door.arrives(**mail)
    (taken,) = pipeline.receive(router, door, [raw], Terms())
    return taken


def erase(router, reference):
    """Ask for it and see it through."""
    row_id = retention.ask(router, reference, agent_id=None)
    while not retention.is_done(router, row_id):
        assert retention.sweep(router)
    return row_id


def requester_of(router, ticket_id):
    with router.store.reading() as unit:
        return unit.value("SELECT requester_id FROM ticket WHERE id = :id", id=ticket_id)


def everything(router, said, tmp_path):
    """All that is kept or said, by where it lies, as bytes."""
    with router.store.reading() as unit:
        tables = tables_of(router.store)
        for table in tables if unit.dialect != "sqlite" else (set(tables) - {"search"}):
            rows = unit.rows(f'SELECT * FROM "{table}"')
            yield f"table {table}", b"\n".join(_bytes(value) for row in rows for value in row)
    yield "the index", " ".join(indexed(router)).encode()
    for file in sorted(Path(tmp_path).rglob("*")):
        if file.is_file() and file.suffix != ".key":
            yield f"file {file.name}", file.read_bytes()
    yield "the log", said.getvalue().encode()


def indexed(router):
    """Every word of SQLite's index; its file keeps them without what they share at the front."""
    if not router.store.single_writer:
        return []
    with router.store.pool.connect() as connection:
        ask = connection.execute
        ask("CREATE VIRTUAL TABLE temp.words USING fts5vocab('main', 'search', 'row')")
        found = [row[0] for row in ask("SELECT term FROM temp.words")]
        ask("DROP TABLE temp.words")
    return found


def _bytes(value):
    if isinstance(value, bytes | memoryview):
        return bytes(value)
    return str(value).encode("utf-8", "surrogatepass")


NEEDLES = (
    *("canaryhandle", "CanaryName", "canarysubject", "canarytext", "canaryquote", "canaryfile"),
    *("canaryreply", "canarynote", "canarytag", "canarydraft", "金丝雀", "canaryhtml"),
    *("canarymid", "canarytail"),
)


def live(router, door, mei, frozen):
    """A life of a person at the desk; their tickets."""
    long = "canarytext 金丝雀在这里 " + "transfer pending " * 400 + " canarytail"
    first = arrives(
        router,
        door,
        **{"from": ANN},
        name="CanaryName Ann",
        subject="Re: canarysubject my transfer",
        text=f"{long}\n\nOn Monday Bo wrote:\n> canaryquote of earlier\n",
        html="<p>canaryhtml</p>",
        message_id="<canarymid@mail.example>",
        attachments=[("canaryfile.txt", "text/plain", "canarytext in a file")],
    )
    second = arrives(router, door, **{"from": ANN}, subject="again", text="canarytext once more")
    desk.reply(router, mei, first.ticket_id, "canaryreply to you", once="r")
    desk.note(router, mei, first.ticket_id, f"canarynote: asked {ANN} again", once="n")
    desk.tag(router, mei, first.ticket_id, "canarytag")
    desk.set_category(router, mei, first.ticket_id, "transfer.pending")
    frozen.advance(timedelta(minutes=5))
    deliver.sweep(router)
    desk.reply(router, mei, second.ticket_id, "canaryreply that never leaves", once="r2")
    return first, second


def test_nothing_of_an_erased_person_is_left_anywhere(router, door, mei, frozen, said, tmp_path):
    first, _ = live(router, door, mei, frozen)
    erase(router, requester_of(router, first.ticket_id))
    hits = [
        (needle, where)
        for where, data in everything(router, said, tmp_path)
        for needle in NEEDLES
        if needle.encode() in data or json.dumps(needle)[1:-1].encode() in data
    ]
    assert hits == []


def test_the_same_search_finds_all_of_it_before(router, door, mei, frozen, said, tmp_path):
    live(router, door, mei, frozen)
    found = {
        needle
        for where, data in everything(router, said, tmp_path)
        for needle in NEEDLES
        if needle.encode() in data or json.dumps(needle)[1:-1].encode() in data
    }
    assert set(NEEDLES) - found <= {"canarydraft"}


# ---------------------------------------------------------------- every column there is


def planted(unit, table, ids):
    """A row of a table that belongs to somebody, with a word in every text and every blob."""
    row = {}
    for column in table.columns:
        target = next((key.column.table.name for key in column.foreign_keys), "")
        if target:
            row[column.name] = ids[target]
        elif column.name == "id" or (column.primary_key and isinstance(column.type, BigInteger)):
            row[column.name] = unit.new_id()
        elif isinstance(column.type, LargeBinary):
            row[column.name] = b"planted"
        elif isinstance(column.type, Boolean):
            row[column.name] = False
        elif isinstance(column.type, String):
            row[column.name] = "planted"
        else:
            row[column.name] = 1
    row |= {"state": "queued"} if "state" in row else {}
    row |= {"params": '{"tag": "planted"}'} if table.name == "entry" else {}
    names = ", ".join(f'"{one}"' for one in row)
    marks = ", ".join(f":{one}" for one in row)
    unit.run(f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})', **row)
    return row.get("id")


def test_what_becomes_of_every_column_is_decided():
    """Whoever adds a column says whether it goes when its owner does, or why it stays."""
    gone, emptied = set(), defaultdict(set)
    for one in (*OF_MESSAGES, *OF_TICKETS, *OF_HANDLES):
        if isinstance(one, Dropped):
            gone.add(one.table)
        else:
            emptied[one.table] |= {*one.columns, *one.more}
    undecided = []
    for table in metadata.sorted_tables:
        kept = KEPT.get(table.name, {})
        decided = {*emptied[table.name], *BESIDE.get(table.name, ()), *WALKED.get(table.name, ())}
        undecided += [
            f"{table.name}.{column.name}"
            for column in table.columns
            if isinstance(column.type, String | LargeBinary)
            and table.name not in gone
            and column.name not in decided
            and column.name not in kept
            and "*" not in kept
        ]
    assert undecided == []


def test_every_decision_is_about_a_column_that_exists():
    known = {
        table.name: {column.name for column in table.columns} for table in metadata.sorted_tables
    }
    named = [
        (table, column)
        for lists in (BESIDE, WALKED, KEPT)
        for table, columns in lists.items()
        for column in columns
        if column != "*"
    ]
    named += [
        (one.table, column)
        for one in (*OF_MESSAGES, *OF_TICKETS, *OF_HANDLES)
        if isinstance(one, Emptied)
        for column in (*one.columns, *one.more)
    ]
    assert [one for one in named if one[1] not in known[one[0]]] == []


LARGE = ("outbox", "message", "entry", "ticket", "journal", "attachment", "finding", "verdict")


def test_no_piece_of_work_reads_all_rows_of_a_large_table(store):
    """Whoever writes meanwhile would wait for it."""
    pieces = (*OF_MESSAGES, *OF_TICKETS)
    with store.reading() as unit:
        if unit.dialect != "sqlite":
            pytest.skip("needs SQLite, which has one writer")
        plans = [
            str(line.detail)
            for one in pieces
            for line in unit.rows(f"EXPLAIN QUERY PLAN {one.sql}", ids=[1, 2], now=1)
        ]
    assert not {f"SCAN {table}" for table in LARGE} & set(plans)


def test_a_word_in_any_column_of_theirs_is_gone_afterwards(router, door, mei):
    taken = arrives(router, door, **{"from": ANN}, text="hello")
    with router.store.reading() as unit:
        ticket = unit.row("SELECT * FROM ticket WHERE id = :id", id=taken.ticket_id)
    theirs = {"ticket", "message", "identity", "attachment", "verdict", "chat", "outbox", "call"}

    def plant(unit):
        ids = {
            "ticket": ticket.id,
            "message": taken.message_id,
            "identity": ticket.identity_id,
            "requester": ticket.requester_id,
            "agent": mei.id,
            "team": ticket.team_id,
        }
        for table in metadata.sorted_tables:
            targets = {key.column.table.name for key in table.foreign_keys}
            if table.name in ("ticket", "participant", "happening", "erasure"):
                continue
            if targets & theirs and targets <= {*ids}:
                ids.setdefault(table.name, planted(unit, table, ids))
        return set(ids)

    written = router.store.write(plant)
    assert {one.table for one in OF_TICKETS} - {"participant", "incident_ticket"} <= written
    erase(router, ticket.requester_id)
    left = []
    with router.store.reading() as unit:
        for table in metadata.sorted_tables:
            kept = KEPT.get(table.name, {})
            for row in unit.rows(f'SELECT * FROM "{table.name}"'):
                left += [
                    f"{table.name}.{name}"
                    for name, value in row.as_dict().items()
                    if b"planted" in _bytes(value) and name not in kept and "*" not in kept
                ]
    assert left == []


def test_a_handle_that_others_wrote_down_is_taken_out_of_their_texts(router, door, mei, frozen):
    ann = arrives(router, door, **{"from": ANN}, text="hello")
    bo = arrives(router, door, **{"from": BO}, subject="Ann", text=f"I know {ANN.upper()} well")
    desk.note(router, mei, bo.ticket_id, f"same as {ANN}?", once="n")
    desk.reply(router, mei, bo.ticket_id, f"we asked {ANN}", once="r")
    router.store.write(
        lambda unit: unit.put(
            SavedView, id=unit.new_id(), owner_id=mei.id, name="Ann", query=f"sender={ANN}", at=1
        )
    )
    erase(router, requester_of(router, ann.ticket_id))
    with router.store.reading() as unit:
        texts = [row.text for row in unit.rows("SELECT text FROM message WHERE text <> ''")]
        assert "I know … well" in texts
        assert "same as …?" in texts
        assert search.find(unit, "canaryhandle", teams=None).found == []
        assert search.find(unit, "know", teams=None).found == [(bo.message_id, bo.ticket_id)]
        (view,) = unit.rows("SELECT query FROM saved_view")
    assert view.query == "sender=…"


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ("zhang@公司.example", "zhang@公司.example"),
        ("info@müller.example", "INFO@MÜLLER.example"),
        ("jörg@mail.example", "JÖRG@mail.example"),
        ("info@straße.example", "info@straße.example"),
    ],
)
def test_a_handle_in_letters_of_its_own_is_taken_out_however_it_is_written(router, door, own, said):
    theirs = arrives(router, door, **{"from": own}, text="hello")
    other = arrives(router, door, **{"from": BO}, text=f"Ask {said} please")
    erase(router, requester_of(router, theirs.ticket_id))
    with router.store.reading() as unit:
        text = unit.value("SELECT text FROM message WHERE id = :id", id=other.message_id)
    assert text == "Ask … please"


def test_only_answers_that_name_them_are_forgotten(router, door):
    theirs = arrives(router, door, **{"from": "jörg@mail.example"}, text="hello")

    def answered(unit):
        for key, answer in (("a", "to JÖRG@mail.example"), ("b", "to jürg@mail.example")):
            unit.run(
                "INSERT INTO idempotency (key, body_hash, answer, expires_at) "
                "VALUES (:key, '', :answer, :later)",
                key=key,
                answer=answer,
                later=unit.now_us + 1,
            )

    router.store.write(answered)
    erase(router, requester_of(router, theirs.ticket_id))
    with router.store.reading() as unit:
        assert [row.key for row in unit.rows("SELECT key FROM idempotency")] == ["b"]


def test_what_they_wrote_on_somebody_elses_ticket_goes_too(router, door, mei):
    ann = arrives(router, door, **{"from": ANN}, text="the words of canarytext")
    bo = arrives(router, door, **{"from": BO}, text="mine stays")
    desk.merge(router, mei, ann.ticket_id, bo.ticket_id)
    erase(router, requester_of(router, ann.ticket_id))
    with router.store.reading() as unit:
        rows = unit.rows("SELECT text FROM message WHERE ticket_id = :id", id=bo.ticket_id)
        state = unit.value("SELECT state FROM ticket WHERE id = :id", id=bo.ticket_id)
    assert {row.text for row in rows} == {"", "mine stays"}
    assert state != "closed"


def test_what_others_quote_on_a_tied_ticket_goes_too(router, door, mei):
    ann = arrives(router, door, **{"from": ANN}, text="my secret sentence about rent")
    bo = arrives(
        router, door, **{"from": BO}, text="Look what she wrote:\nmy secret sentence about rent\nhm"
    )
    desk.link(router, mei, bo.ticket_id, ann.ticket_id)
    erase(router, requester_of(router, ann.ticket_id))
    with router.store.reading() as unit:
        text = unit.value("SELECT text FROM message WHERE id = :id", id=bo.message_id)
    assert text == "Look what she wrote:\n…\nhm"


def test_a_copy_of_somebody_elses_answer_stays_theirs(router, door, mei):
    ann = arrives(router, door, **{"from": ANN}, text="hello")
    bo = arrives(router, door, **{"from": BO}, text="please tell Ann as well")
    letter = Letter("this is for Bo", cc=[ANN])
    desk.reply(router, mei, bo.ticket_id, letter, once="r")
    erase(router, requester_of(router, ann.ticket_id))
    with router.store.reading() as unit:
        texts = {row.text for row in unit.rows("SELECT text FROM message WHERE text <> ''")}
        sent = {row.text for row in unit.rows("SELECT text FROM outbox WHERE purpose = 'reply'")}
    assert "this is for Bo" in texts
    assert len(sent) == 1


def test_a_number_others_gave_as_theirs_is_forgotten(router, door, mei):
    first = form_of(router, "hello", email="", phone="138 0000 0000")
    form_of(router, "hello too", email=BO, phone="+86 138 0000 0000")
    erase(router, requester_of(router, first))
    with router.store.reading() as unit:
        given = unit.value("SELECT COUNT(*) FROM given_handle")
        fields = " ".join(row.fields for row in unit.rows("SELECT fields FROM message"))
    assert given == 0
    assert json.loads(fields)["phone"] == "+86 …"


def form_of(router, body, **fields):
    given = {"idempotency_key": body, "locale": "en", "body": body, "name": "", **fields}
    return form.submit(router, given, [], source="203.0.113.9", spam=False).ticket_id
