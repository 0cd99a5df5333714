"""What is kept of a secret somebody sent, what becomes of its ticket, what its sender reads."""

import json

import pytest

from router import form, pipeline
from router.prepared import Terms
from tests.fakes import FakeDoor, FakeDoors

pytestmark = pytest.mark.one_database

PHRASE = "legal winner thank year wave sausage worth useful legal winner thank yellow"
KEY = "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318"
CARD = "4111 1111 1111 1111"


@pytest.fixture
def door():
    return FakeDoor()


@pytest.fixture
def router(assembled, door):
    return assembled(doors=FakeDoors(door))


def _arrive(router, door, **mail):
    return pipeline.receive(router, door, [door.arrives(**mail)], Terms())[0]


def _rows(router, sql, **params):
    with router.store.reading() as unit:
        return unit.rows(sql, **params)


def _ticket(router, taken):
    return _rows(router, "SELECT * FROM ticket WHERE id = :t", t=taken.ticket_id)[0]


def _kept(router, taken):
    return _rows(
        router, "SELECT * FROM masked_secret WHERE message_id = :m ORDER BY id", m=taken.message_id
    )


def _entries(router, taken):
    rows = _rows(router, "SELECT * FROM entry WHERE ticket_id = :t ORDER BY id", t=taken.ticket_id)
    return {row.code: json.loads(row.params or "{}") for row in rows}


def _said(router, taken):
    return _rows(router, "SELECT * FROM outbox WHERE ticket_id = :t", t=taken.ticket_id)[0]


# ---------------------------------------------------------------- what is kept


def test_of_each_secret_are_kept_its_kind_part_length_and_print(router, door):
    taken = _arrive(
        router,
        door,
        text=f"my seed phrase: {PHRASE}\n\nOn Monday Ann wrote:\n> the card is {CARD}\n> ok?",
        subject=f"Re: private key {KEY}",
        name=f"card {CARD}",
    )
    kept = {(one.kind, one.part): one for one in _kept(router, taken)}
    assert set(kept) == {
        ("private_key", "subject"),
        ("card", "name"),
        ("seed_phrase", "text"),
        ("card", "rest"),
    }
    assert kept["seed_phrase", "text"].length == 12
    assert kept["private_key", "subject"].length == 64
    assert kept["card", "name"].fingerprint == kept["card", "rest"].fingerprint
    assert len({one.fingerprint for one in kept.values()}) == 3
    assert KEY not in kept["private_key", "subject"].fingerprint


@pytest.mark.parametrize("room", range(440, 500, 12))
def test_a_subject_is_masked_before_it_is_cut(router, door, room):
    taken = _arrive(router, door, text="see above", subject=f"{'. ' * (room // 2)}{PHRASE} {CARD}")
    (row,) = _rows(router, "SELECT subject FROM message WHERE id = :m", m=taken.message_id)
    assert not set(PHRASE.split()) & set(row.subject.split())
    assert "4111" not in row.subject


def test_a_clean_message_keeps_nothing(router, door):
    taken = _arrive(router, door, text="My transfer is pending")
    assert _kept(router, taken) == []


def test_a_secret_between_the_tags_of_a_mail_is_found(router, door):
    cells = "".join(f"<td>{word}</td>" for word in PHRASE.split())
    taken = _arrive(router, door, text="see below", html=f"<table><tr>{cells}</tr></table>")
    (row,) = _rows(router, "SELECT html, defects FROM message WHERE id = :m", m=taken.message_id)
    assert (row.html, row.defects) == ("", "html_dropped")
    assert [one.kind for one in _kept(router, taken)] == ["seed_phrase"]


# ---------------------------------------------------------------- files and fields


def _with_file(router, door, name, text):
    return _arrive(router, door, text="see the file", attachments=[(name, "text/plain", text)])


def _file(router, taken):
    (row,) = _rows(
        router,
        "SELECT f.*, b.key_id, b.wrapped_key, b.blob FROM attachment f "
        "JOIN attachment_body b ON b.attachment_id = f.id WHERE f.message_id = :m",
        m=taken.message_id,
    )
    return row, router.keys.unseal(row.key_id, row.wrapped_key, row.blob, row.token.encode())


def test_a_text_file_with_a_secret_is_replaced_by_its_masked_copy(router, door):
    taken = _with_file(router, door, "notes.txt", f"notes\n{PHRASE}\nend\n")
    row, data = _file(router, taken)
    assert data.decode() == "notes\n••••\nend\n"
    assert row.size == len(data)
    assert _entries(router, taken)["masked_copy"] == {"names": ["notes.txt"]}
    assert [(one.kind, one.part) for one in _kept(router, taken)] == [("seed_phrase", "file")]


def test_a_file_without_a_secret_is_kept_byte_for_byte(router, door):
    given = "date,amount\r\n2026-11-24,15\r\n"
    taken = _with_file(router, door, "list.csv", given)
    assert _file(router, taken)[1] == given.encode()
    assert "masked_copy" not in _entries(router, taken)


def test_the_ticket_names_the_files_that_were_not_looked_through(router, door):
    long = "a word " * 150_000
    files = [(f"{n}.txt", "text/plain", long) for n in range(3)]
    taken = _arrive(router, door, text="see the files", attachments=files)
    assert _entries(router, taken)["unread_file"] == {"names": ["0.txt", "1.txt", "2.txt"]}


def test_a_page_too_long_to_be_read_is_not_kept(router, door):
    page = "<p>hello</p>" * 100_000
    taken = _arrive(router, door, text="hello", html=page)
    (row,) = _rows(router, "SELECT html, defects FROM message WHERE id = :m", m=taken.message_id)
    assert (row.html, row.defects) == ("", "html_dropped")


def test_the_field_for_a_transaction_keeps_its_hash_and_masks_a_phrase(router):
    fields = {
        "idempotency_key": "key-1",
        "locale": "en",
        "subject": "Help",
        "body": "My transfer is pending since yesterday.",
        "email": "ann@mail.example",
        "transaction_ref": f"0x{KEY}",
        "device": f"phone, {PHRASE}",
    }
    taken = form.submit(router, fields, [], source="203.0.113.9", spam=False)
    (row,) = _rows(router, "SELECT fields FROM message WHERE id = :m", m=taken.message_id)
    fields = json.loads(row.fields)
    assert fields["transaction_ref"] == f"0x{KEY}"
    assert "winner" not in fields["device"]
    assert [(one.kind, one.part) for one in _kept(router, taken)] == [("seed_phrase", "field")]


# ---------------------------------------------------------------- what becomes of the ticket


@pytest.mark.parametrize("text", [f"help me please {PHRASE}", f"私钥是{KEY}，帮我转一下"])
def test_a_phrase_or_a_key_makes_it_a_security_matter(router, door, text):
    taken = _arrive(router, door, text=text)
    ticket = _ticket(router, taken)
    assert (ticket.security, ticket.urgency, ticket.category) == (
        True,
        "P1",
        "security.compromised",
    )
    (team,) = _rows(router, "SELECT key FROM team WHERE id = :t", t=ticket.team_id)
    assert team.key == "security"
    assert "secret_received" in _entries(router, taken)


def test_a_phrase_in_a_file_or_in_the_quotes_counts_as_much(router, door):
    text = f"any news?\n\nOn Monday Ann wrote:\n> {PHRASE}\n> help"
    quoted = _arrive(router, door, text=text, subject="Re: transfer")
    filed = _with_file(router, door, "a.txt", PHRASE)
    assert {_ticket(router, one).urgency for one in (quoted, filed)} == {"P1"}


def test_a_card_alone_changes_nothing_about_the_ticket(router, door):
    taken = _arrive(router, door, text=f"How do I export my records? card {CARD}")
    assert not _ticket(router, taken).security
    assert "secret_received" not in _entries(router, taken)


def test_what_the_rules_found_stays_beside_it(router, door):
    text = f"There is a payment I did not make, somebody hacked my account. {PHRASE}"
    plain = _arrive(router, door, text=text.replace(PHRASE, ""))
    taken = _arrive(router, door, text=text, **{"from": "bo@mail.example"})
    assert _ticket(router, taken).category == _ticket(router, plain).category
    findings = [
        {
            row.rule
            for row in _rows(
                router,
                "SELECT rule FROM finding f JOIN verdict v ON v.id = f.verdict_id "
                "WHERE v.message_id = :m",
                m=one.message_id,
            )
        }
        for one in (plain, taken)
    ]
    assert findings[0] == findings[1] != set()


def test_a_later_message_with_a_phrase_raises_its_ticket(router, door):
    first = _arrive(router, door, text="How do I export my records?")
    before = _ticket(router, first)
    second = _arrive(router, door, text=PHRASE, tokens=[router.tokens.reply_token(first.ticket_id)])
    after = _ticket(router, first)
    assert second.ticket_id == first.ticket_id
    assert (before.urgency, before.security) != (after.urgency, after.security) == ("P1", True)
    (promise,) = _rows(
        router,
        "SELECT due_at FROM sla_clock WHERE ticket_id = :t AND kind = 'first_response'",
        t=first.ticket_id,
    )
    assert promise.due_at - after.opened_at <= 3600 * 1_000_000


def test_the_timeline_says_that_a_phrase_handed_its_ticket_to_another_team(router, door):
    first = _arrive(router, door, text="How do I export my records?")
    _arrive(router, door, text=PHRASE, tokens=[router.tokens.reply_token(first.ticket_id)])
    assert _entries(router, first)["team"] == {"team": "security", "was": "support"}


def test_a_machine_that_quotes_a_phrase_wakes_nobody(router, door):
    taken = _arrive(router, door, text=PHRASE, automatic="auto_submitted")
    assert not _ticket(router, taken).security
    assert [one.kind for one in _kept(router, taken)] == ["seed_phrase"]


@pytest.mark.parametrize("code", ["list", "precedence", "suppressed", "null_sender", "no_reply"])
def test_a_phrase_in_a_mail_that_nobody_answers_counts_as_much(router, door, code):
    ticket = _ticket(router, _arrive(router, door, text=PHRASE, automatic=code))
    assert (ticket.urgency, ticket.state, bool(ticket.security)) == ("P1", "new", True)


# ---------------------------------------------------------------- what the sender reads


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"Hello, please help me, this is it: {PHRASE}", "new wallet with a new seed phrase"),
        (f"请帮我看看，钱包打不开了，这是 {PHRASE}", "使用新的助记词"),
        (f"請幫我看看，錢包打不開了，這是 {PHRASE}", "使用新的助記詞"),
    ],
)
def test_the_acknowledgement_tells_to_move_the_funds_and_never_to_send_it(
    router, door, text, words
):
    said = _said(router, _arrive(router, door, text=text))
    assert said.wording == "security"
    assert words in said.text
    assert "winner" not in said.text


def test_who_sent_no_secret_is_not_told_so(router, door):
    said = _said(router, _arrive(router, door, text="Somebody hacked my account!"))
    assert "new wallet with a new seed phrase" not in said.text
    assert "$secret" not in said.text
