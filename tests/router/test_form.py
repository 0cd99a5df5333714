"""A sent form becomes one acknowledged ticket, however often it is sent."""

import threading
import tracemalloc
from datetime import timedelta

import pytest

from channels.contract import Attachment
from router import form
from router.errors import Conflict, Invalid, OverLimit

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


def _fields(**changes):
    given = {
        "idempotency_key": "0b0e0d5c-0000-4000-8000-000000000001",
        "locale": "zh-CN",
        "subject": "转账没有到账",
        "body": "我昨天转账给朋友，显示处理中，一直没有到账。",
        "name": "李雷",
        "email": "li.lei@mail.example",
        "device": "Pixel 9",
    }
    return {**given, **changes}


def _submit(router, files=(), spam=False, source="203.0.113.9", **changes):
    return form.submit(router, _fields(**changes), list(files), source=source, spam=spam)


def _ticket(router, ticket_id):
    with router.store.reading() as unit:
        return unit.row("SELECT * FROM ticket WHERE id = :id", id=ticket_id)


def test_a_form_becomes_a_triaged_ticket(desk_router):
    taken = _submit(desk_router)
    ticket = _ticket(desk_router, taken.ticket_id)
    assert (taken.outcome, ticket.channel, ticket.state) == ("new", "webform", "new")
    assert ticket.category.startswith("transfer.")
    assert ticket.number == taken.number
    assert ticket.language == "zh"


def test_its_acknowledgement_waits_in_the_outbox(desk_router):
    taken = _submit(desk_router)
    with desk_router.store.reading() as unit:
        row = unit.row("SELECT * FROM outbox WHERE ticket_id = :id", id=taken.ticket_id)
    assert (row.purpose, row.state, row.reason) == ("acknowledgement", "held", "no_channel")
    assert taken.number in row.text
    assert "昨天" not in row.text


def test_a_double_click_gets_the_ticket_it_already_has(desk_router):
    first = _submit(desk_router)
    again = _submit(desk_router)
    assert (again.outcome, again.ticket_id, again.number) == (
        "seen",
        first.ticket_id,
        first.number,
    )


def test_twenty_simultaneous_sends_make_one_ticket(desk_router):
    taken = []

    def send():
        taken.append(_submit(desk_router).ticket_id)

    threads = [threading.Thread(target=send) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with desk_router.store.reading() as unit:
        assert len(unit.rows("SELECT id FROM ticket")) == 1
    assert len(taken) >= 1
    assert len(set(taken)) == 1


def test_a_key_that_was_used_for_another_text_is_refused(desk_router):
    _submit(desk_router)
    with pytest.raises(Conflict, match="other_body"):
        _submit(desk_router, body="另外一件事")


def test_everything_wrong_is_told_at_once(desk_router):
    with pytest.raises(Invalid) as caught:
        _submit(desk_router, body="", email="nobody")
    assert set(caught.value.more) == {("body", "required"), ("email", "bad_email")}


def test_a_source_that_sends_too_much_is_told_when_to_come_back(desk_router):
    for number in range(5):
        _submit(desk_router, idempotency_key=f"k{number}", email=f"p{number}@mail.example")
    with pytest.raises(OverLimit) as caught:
        _submit(desk_router, idempotency_key="k9", email="p9@mail.example")
    assert caught.value.retry_after > 0


def test_a_form_past_the_limit_is_refused_before_its_files_are_packed(desk_router):
    for number in range(5):
        _submit(desk_router, idempotency_key=f"k{number}", email=f"p{number}@mail.example")
    photos = [Attachment(f"{one}.png", "image/png", PNG + bytes(4_000_000)) for one in range(5)]
    tracemalloc.start()
    try:
        with pytest.raises(OverLimit):
            _submit(desk_router, photos, idempotency_key="k9", email="p9@mail.example")
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < len(photos[0].data)


def test_a_key_that_was_used_for_other_files_is_refused(desk_router):
    one, other = (Attachment("a.png", "image/png", PNG + end) for end in (b"1", b"2"))
    first = _submit(desk_router, [one])
    assert _submit(desk_router, [one]).ticket_id == first.ticket_id
    for files in ([other], [], [one, other]):
        with pytest.raises(Conflict):
            _submit(desk_router, files)


def test_a_robots_form_is_a_tagged_ticket_without_an_acknowledgement(desk_router):
    taken = _submit(desk_router, spam=True)
    with desk_router.store.reading() as unit:
        tags = unit.rows("SELECT tag FROM ticket_tag WHERE ticket_id = :id", id=taken.ticket_id)
        assert [row.tag for row in tags] == ["suspected_spam"]
        assert not unit.rows("SELECT id FROM outbox")


def test_a_seed_phrase_in_the_text_is_nowhere_in_the_database(desk_router):
    words = "abandon " * 11 + "about"
    taken = _submit(desk_router, body=f"my seed phrase is {words}, please help")
    with desk_router.store.reading() as unit:
        message = unit.row("SELECT * FROM message WHERE id = :id", id=taken.message_id)
        assert not unit.rows("SELECT id FROM message WHERE text LIKE '%abandon%'")
    assert "seed_phrase" in message.masked


def test_an_attachment_is_sealed_and_opens_again(desk_router):
    taken = _submit(desk_router, files=[Attachment("screen.png", "image/png", PNG)])
    with desk_router.store.reading() as unit:
        row = unit.row(
            "SELECT a.token, a.name, b.key_id, b.wrapped_key, b.blob FROM attachment a "
            "JOIN attachment_body b ON b.attachment_id = a.id WHERE a.message_id = :id",
            id=taken.message_id,
        )
    assert PNG not in row.blob
    opened = desk_router.keys.unseal(row.key_id, row.wrapped_key, row.blob, row.token.encode())
    assert opened == PNG


def test_a_second_unverified_form_of_a_day_is_not_acknowledged(desk_router, frozen):
    _submit(desk_router)
    frozen.advance(timedelta(minutes=30))
    second = _submit(desk_router, idempotency_key="second", body="还有一件事想问")
    with desk_router.store.reading() as unit:
        entries = unit.rows(
            "SELECT code, params FROM entry WHERE ticket_id = :id", id=second.ticket_id
        )
    assert any(row.code == "ack_held" for row in entries)


def test_one_mailbox_in_many_spellings_fills_its_share_of_forms(assembled):
    router = assembled(web={"form_per_address_hour": 2})
    for number in range(2):
        _submit(router, idempotency_key=f"k{number}", email=f"li.lei+{number}@mail.example")
    with pytest.raises(OverLimit, match="form_address"):
        _submit(router, idempotency_key="k2", email="li.lei+2@mail.example")
