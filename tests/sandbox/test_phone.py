"""The telephone end to end, over a socket, against a provider with fault switches."""

import csv
import json
from datetime import timedelta
from functools import partial

import pytest

from channels.contract import Refused, Transient
from channels.phone.files import COLUMNS
from router import polling
from router.sandbox.phone import Provider
from router.vault import Vault
from tests.sandbox.conftest import ACCOUNT

WHO, OTHER = "+8613800000000", "+8613911112222"
OF_THE_OTHER = {"channels.phone.other.signing_secret": Provider.secret}


@pytest.fixture
def told(work, ask):
    """The tickets of the telephone, once the desk has worked on what it heard."""

    def rows():
        work("journal", "calls", "deliver")
        return ask("SELECT * FROM ticket WHERE channel = 'phone' ORDER BY id")

    return rows


@pytest.fixture
def waits(ask):
    """Whom to call back."""
    return lambda: ask("SELECT * FROM call_back WHERE done_at IS NULL ORDER BY ticket_id")


def messages(ask, ticket):
    return ask("SELECT * FROM message WHERE ticket_id = :id ORDER BY id", id=ticket.id)


def test_a_missed_call_is_a_ticket_whose_caller_is_called_back_in_service_hours(
    sandbox, told, waits, ask
):
    assert sandbox.phone.missed(WHO).status == 202
    (ticket,) = told()
    assert (ticket.state, ticket.verification) == ("new", "unverified")
    assert ticket.due_at is not None
    (waiting,) = waits()
    assert (waiting.ticket_id, waiting.calls, waiting.tries) == (ticket.id, 1, 0)
    (ack,) = ask("SELECT * FROM outbox WHERE ticket_id = :id", id=ticket.id)
    assert (ack.state, ack.reason) == ("held", "no_channel")


def test_the_menus_key_for_security_puts_a_call_before_all_others(sandbox, told):
    sandbox.phone.missed(WHO, choice="3-security")
    (ticket,) = told()
    assert ticket.security
    assert ticket.category.startswith("security.")


def test_a_call_told_twice_and_out_of_order_is_one_ticket(sandbox, told, ask):
    sandbox.ledger.switch("phone", "duplicate")
    sandbox.phone.missed(WHO)
    call_id = sandbox.ledger.told("phone", "in")[0].id
    sandbox.phone.standard(
        "call.started", {"call_id": call_id, "direction": "inbound", "from": WHO}
    )
    sandbox.phone.standard("call.ended", {"call_id": call_id, "disposition": "missed", "from": WHO})
    (ticket,) = told()
    assert ticket.messages == 1
    (call,) = ask("SELECT * FROM call")
    assert (call.stage, call.outcome) == (2, "missed")


def test_a_call_centre_is_told_what_was_here_before(sandbox, told):
    first = sandbox.phone.ended("acd-1", WHO, "missed")
    again = sandbox.phone.ended("acd-1", WHO, "missed")
    assert json.loads(first.body) == {"accepted": True, "duplicate": False}
    assert json.loads(again.body) == {"accepted": True, "duplicate": True}
    assert len(told()) == 1


def test_two_call_centres_may_number_their_calls_alike(desk, sandbox, told, waits, ask):
    lend = partial(Vault, store=desk.store, keys=desk.keys, lent=OF_THE_OTHER)
    desk.doors.switch_on({"phone": {"other": {}}}, lend)
    sandbox.phone.ended("acd-1", WHO, "missed")
    first = told()
    sandbox.phone.caller.url = sandbox.phone.caller.url.replace(ACCOUNT, "other")
    sandbox.phone.ended("acd-1", OTHER, "missed")
    assert len(first) == 1
    assert len(told()) == 2
    numbers = ask("SELECT c.number FROM call_back b JOIN call c ON c.id = b.call_id ORDER BY 1")
    assert [one.number for one in numbers] == [WHO, OTHER]
    assert len(waits()) == 2


def test_three_calls_of_one_number_in_half_an_hour_are_one_ticket_and_a_later_one_is_not(
    sandbox, told, waits, frozen
):
    for _ in range(3):
        sandbox.phone.missed(WHO)
        told()
        frozen.advance(timedelta(minutes=9))
    sandbox.phone.missed(OTHER)
    assert len(told()) == 2
    assert [one.calls for one in waits()] == [3, 1]
    frozen.advance(timedelta(minutes=31))
    sandbox.phone.missed(WHO)
    assert len(told()) == 3


def test_a_call_without_a_number_is_a_ticket_of_its_own_that_nobody_can_call_back(
    sandbox, told, waits, ask
):
    sandbox.phone.missed("anonymous")
    sandbox.phone.missed("anonymous")
    first, second = told()
    assert first.requester_id != second.requester_id
    assert waits() == []
    assert {row.kind for row in ask("SELECT kind FROM identity")} == {"call"}


def test_an_answered_call_is_no_ticket_until_somebody_notes_something(sandbox, told, ask):
    sandbox.phone.answered(WHO)
    assert told() == []
    sandbox.phone.noted(WHO, "客户的账户被盗，请立即冻结", wrap_up_code="security")
    (ticket,) = told()
    assert ticket.security
    (note,) = messages(ask, ticket)
    assert (note.direction, note.text) == ("note", "客户的账户被盗，请立即冻结")
    clocks = ask("SELECT * FROM sla_clock WHERE kind = 'first_response'")
    assert [one.met_at is not None for one in clocks] == [True]
    held = ask("SELECT params FROM entry WHERE code = 'ack_held'")
    assert json.loads(held[0].params) == {"reason": "spoken"}


def test_a_voicemail_is_read_like_any_message_and_masked(sandbox, told, ask):
    sandbox.phone.voicemail(WHO, "我的卡号是 4111 1111 1111 1111，账户被盗了")
    (ticket,) = told()
    assert ticket.security
    said = " ".join(one.text for one in messages(ask, ticket))
    assert "被盗" in said
    kept = [*ask("SELECT transcript FROM call"), *ask("SELECT text FROM message")]
    assert not any("4111 1111 1111 1111" in str(row) for row in kept)


def test_a_recording_that_comes_later_joins_the_ticket_of_its_call(
    sandbox, desk, told, waits, ask, frozen
):
    frozen.advance(timedelta(hours=13))  # 23:00: nobody is there
    call_id, heard = sandbox.phone.at_night(WHO)
    assert heard.status == 200
    assert "<Record" in heard.body.decode()
    assert "recordingStatusCallback=" in heard.body.decode()
    sandbox.phone.twilio(sandbox.phone.leg_of(call_id, WHO, "completed", CallDuration="30"))
    (ticket,) = told()
    assert len(waits()) == 1
    frozen.advance(timedelta(minutes=5))
    sandbox.phone.recorded(call_id)
    assert [one.id for one in told()] == [ticket.id]
    (call,) = ask("SELECT * FROM call")
    assert call.outcome == "voicemail"
    door = desk.doors.open("phone", ACCOUNT)
    assert door.fetch(call.recording).data[:4] == b"RIFF"
    with pytest.raises(Refused):
        door.fetch("http://somewhere.example/RE1")


def test_who_has_left_a_message_is_not_asked_for_it_again(sandbox, told, waits, ask, frozen):
    frozen.advance(timedelta(hours=13))
    call_id, heard = sandbox.phone.at_night(WHO)
    after = sandbox.phone.spoken(call_id, WHO, heard)
    assert (after.status, b"<Record" in after.body, b"<Hangup" in after.body) == (200, False, True)
    sandbox.phone.twilio(sandbox.phone.leg_of(call_id, WHO, "completed", CallDuration="30"))
    sandbox.phone.recorded(call_id)
    assert len(told()) == 1
    (call,) = ask("SELECT * FROM call")
    assert (call.outcome, call.choice) == ("voicemail", "")


def test_in_service_hours_a_call_goes_on_as_the_provider_is_set_up(sandbox, told):
    _, heard = sandbox.phone.at_night(WHO)
    assert heard.body.decode().endswith("<Response></Response>")
    assert told() == []


def test_a_call_that_is_put_through_and_not_picked_up_is_a_missed_one(desk, sandbox, told, waits):
    lend = partial(Vault, store=desk.store, keys=desk.keys, lent=sandbox.secrets())
    given = sandbox.channels()["phone"][ACCOUNT]
    desk.doors.close()
    desk.doors.switch_on({"phone": {ACCOUNT: {**given, "dial": "+861000000001"}}}, lend)
    for picked_up, number in ((False, WHO), (True, OTHER)):
        call_id, heard = sandbox.phone.at_night(number)
        assert "+861000000001</Number></Dial>" in heard.body.decode()
        leg = sandbox.phone.leg_of(
            f"{call_id}-leg",
            "+861000000001",
            "in-progress" if picked_up else "no-answer",
            Direction="outbound-dial",
            ParentCallSid=call_id,
        )
        sandbox.phone.twilio(leg)
        sandbox.phone.twilio(sandbox.phone.leg_of(call_id, number, "completed", CallDuration="9"))
    assert len(told()) == 1
    assert len(waits()) == 1


def test_a_call_that_cannot_be_told_keeps_no_other_caller_waiting(
    desk, sandbox, work, waits, monkeypatch
):
    door = desk.doors.reader("phone", ACCOUNT)
    document = door.document

    def broken(telling):
        if telling.call.number == WHO:
            raise LookupError("an outcome nobody foresaw")
        return document(telling)

    monkeypatch.setattr(type(door), "document", lambda _, telling: broken(telling))
    sandbox.phone.missed(WHO)
    sandbox.phone.missed(OTHER)
    work("journal")
    with pytest.raises(LookupError):
        work("calls")
    assert len(waits()) == 1


def test_calling_back_ends_the_wait_and_keeps_the_promise_once(sandbox, told, waits, ask):
    sandbox.phone.missed(WHO)
    (ticket,) = told()
    sandbox.phone.called_back(WHO, reached=False)
    told()
    assert [one.tries for one in waits()] == [1]
    sandbox.ledger.switch("phone", "duplicate")
    sandbox.phone.called_back(WHO)
    told()
    assert waits() == []
    codes = [row.code for row in ask("SELECT code FROM entry WHERE ticket_id = :id", id=ticket.id)]
    assert codes.count("called_back") == 1
    assert codes.count("call_back_tried") == 1
    (clock,) = ask("SELECT * FROM sla_clock WHERE kind = 'first_response'")
    assert clock.met_at is not None


def test_what_is_signed_for_another_address_or_with_another_secret_is_refused(sandbox, told):
    leg = sandbox.phone.leg_of("CA1", WHO, "no-answer")
    assert sandbox.phone.twilio(leg, host="https://elsewhere.example").status == 401
    sandbox.ledger.switch("phone", "wrong_signature", times=2)
    assert sandbox.phone.twilio(leg).status == 401
    sandbox.ledger.switch("phone", "wrong_signature", times=2)
    assert sandbox.phone.missed(WHO).status == 401
    sandbox.ledger.switch("phone", "clock_skew", times=0, value=301)
    assert sandbox.phone.missed(WHO).status == 401
    assert told() == []


def test_what_the_contract_does_not_know_is_refused_or_counted(sandbox, told, ask):
    assert sandbox.phone.standard("call.ended", {"direction": "inbound"}).status == 400
    assert sandbox.phone.standard("call.sung", {"call_id": "acd-1"}).status == 202
    assert sandbox.phone.standard(
        "call.noted", {"call_id": "x", "notes": "y" * 270_000}
    ).status == (413)
    assert told() == []
    keys = [row.key for row in ask("SELECT key FROM budget")]
    assert f"heard:phone:{ACCOUNT}:event:unknown_event" in keys


def test_an_outage_of_calls_is_one_incident_that_holds_every_caller(
    sandbox, told, waits, work, ask, frozen
):
    sandbox.phone.missed(WHO)
    told()
    frozen.advance(timedelta(hours=4))
    for minute in range(2):
        for number in range(15):
            sandbox.phone.missed(f"+8613800{minute}001{number:02}")
        told()
        frozen.advance(timedelta(minutes=4))
    work("waves")
    (incident,) = ask("SELECT * FROM incident")
    assert incident.kind == "outage"
    tied = {row.ticket_id for row in ask("SELECT ticket_id FROM incident_ticket")}
    assert len(tied) == 30
    assert tied < {one.ticket_id for one in waits()}


# ---------------------------------------------------------------- the provider's own list


@pytest.fixture
def look(desk):
    """Looks through the provider's list of calls."""
    return lambda: polling.poll(desk, desk.doors.open("phone", ACCOUNT))


def test_a_call_whose_report_was_lost_is_found_in_the_providers_list(sandbox, told, look, frozen):
    sandbox.phone.lost(OTHER)
    look()
    assert told() == []  # what was before the first look is not ours
    frozen.advance(timedelta(hours=5))
    sandbox.phone.lost(WHO)
    look()
    assert len(told()) == 1
    look()
    assert len(told()) == 1


def test_the_first_call_of_an_empty_list_is_found_too(sandbox, told, look):
    look()
    sandbox.phone.lost(WHO)
    look()
    assert len(told()) == 1


def test_a_call_that_was_reported_and_listed_is_one(sandbox, told, look, ask, frozen):
    sandbox.phone.lost(OTHER)
    look()
    frozen.advance(timedelta(hours=5))
    call_id = sandbox.phone.lost(WHO)
    leg = sandbox.phone.leg_of(call_id, WHO, "no-answer", SequenceNumber="2")
    sandbox.phone.twilio(leg)
    told()
    look()
    (ticket,) = told()
    assert ticket.messages == 1
    assert len(ask("SELECT * FROM call")) == 1


@pytest.fixture
def through(desk, sandbox):
    """The line puts calls through to the agents' number itself."""
    lend = partial(Vault, store=desk.store, keys=desk.keys, lent=sandbox.secrets())
    given = sandbox.channels()["phone"][ACCOUNT]
    desk.doors.close()
    desk.doors.switch_on({"phone": {ACCOUNT: {**given, "dial": "+861000000001"}}}, lend)


def test_a_listed_call_that_we_put_through_was_answered_if_a_leg_to_somebody_was(
    through, sandbox, told, look, waits, ask
):
    look()
    sandbox.phone.lost(WHO, status="completed", seconds=4)  # the desk was away: nobody was called
    picked_up = sandbox.phone.lost(OTHER, status="completed", seconds=60)
    sandbox.phone.lost("+861000000001", status="completed", seconds=50, parent=picked_up)
    look()
    (ticket,) = told()
    assert [one.ticket_id for one in waits()] == [ticket.id]
    calls = ask("SELECT number, outcome, agent FROM call ORDER BY number")
    assert [(one.number, one.outcome) for one in calls] == [(WHO, "missed"), (OTHER, "answered")]
    assert calls[1].agent == "+861000000001"


def test_a_list_of_many_pages_is_read_to_the_place_it_is_known(sandbox, told, look, frozen, ask):
    sandbox.phone.lost(OTHER)
    look()
    frozen.advance(timedelta(hours=5))
    for number in range(230):
        sandbox.phone.lost(f"+86139{number:08}", status="completed", seconds=5)
    look()
    told()
    assert len(ask("SELECT id FROM call")) == 230


def test_a_provider_that_is_busy_or_refuses_us_is_told_apart(sandbox, look):
    sandbox.ledger.switch("phone", "rate")
    with pytest.raises(Transient) as busy:
        look()
    assert busy.value.after == timedelta(seconds=7)
    sandbox.ledger.switch("phone", "status", value=503)
    with pytest.raises(Transient):
        look()
    sandbox.phone.provider.auth_token = "another"
    with pytest.raises(Refused) as refused:
        look()
    assert refused.value.channel_fault


# ---------------------------------------------------------------- files of a switch


def row(number, uniqueid, **more):
    told = {
        "src": number,
        "dst": "4000",
        "clid": f'"李雷" <{number}>',
        "start": "2026-11-24 09:30:02",
        "end": "2026-11-24 09:30:42",
        "disposition": "NO ANSWER",
        "uniqueid": uniqueid,
        **more,
    }
    return [told.get(name, "") for name in COLUMNS]


@pytest.fixture
def drop(desk, sandbox, tmp_path):
    """A folder of a switch, and the door that looks into it."""
    folder = tmp_path / "pbx-1"
    folder.mkdir()
    lend = partial(Vault, store=desk.store, keys=desk.keys, lent={})
    desk.doors.switch_on(
        {"phone": {"files": {"folder": str(folder), "folder_zone": "Asia/Shanghai"}}}, lend
    )
    door = desk.doors.open("phone", "files")
    return folder, lambda: polling.poll(desk, door)


def test_a_log_is_read_once_it_stands_still_and_read_on_when_it_grows(drop, told, ask):
    folder, look = drop
    path = folder / "Master.csv"
    with path.open("w", encoding="gb18030", newline="") as file:
        csv.writer(file).writerow(row("13800000000", "1795397402.17"))
    look()
    assert told() == []
    look()
    assert len(told()) == 1
    with path.open("a", encoding="gb18030", newline="") as file:
        csv.writer(file).writerows(
            [row("13800000000", "1795397402.17"), row("13911112222", "1795397403.18")]
        )
    look()
    look()
    assert len(told()) == 2
    (first, *_) = ask("SELECT * FROM call ORDER BY id")
    assert first.number == "+8613800000000"
    assert first.call_id == "pbx-1:1795397402.17"
    look()
    assert len(ask("SELECT * FROM call")) == 2


def test_lines_of_json_are_read_like_webhooks_and_a_broken_one_is_parked(drop, told, ask):
    folder, look = drop
    event = {
        "type": "call.ended",
        "timestamp": "2026-11-24T01:33:20Z",
        "data": {"call_id": "acd-9", "direction": "inbound", "from": WHO, "disposition": "missed"},
    }
    path = folder / "calls.jsonl"
    path.write_text(json.dumps(event) + "\n{broken\n", "utf-8")
    look()
    look()
    parked = [one for one in told() if one.parked]
    assert len(parked) == 1
    assert len(ask("SELECT * FROM call_back")) == 1
