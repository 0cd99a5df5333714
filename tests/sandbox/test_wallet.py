"""The wallet's backend and an SMS provider, over a socket: freezes, look-ups, codes by SMS."""

import json
import re
from datetime import timedelta

import pytest
import requests

from router import desk as acts
from router import pipeline
from router.core import standard_webhooks
from router.core.rights import Who
from router.errors import Conflict
from router.prepared import Terms
from tests.fakes import FakeDoor
from tests.staff import staffed

pytestmark = pytest.mark.one_database

FREEZE = "请马上帮我冻结账户，手机被偷了"
TOM = Who(id=2, name="Tom", role="agent", teams=frozenset({1, 2}), locale="en")


@pytest.fixture(autouse=True)
def wallet(desk, sandbox):
    """The desk knows where the wallet is; what it confirms, a test lets it confirm."""
    desk.wallet.join(sandbox.systems(), sandbox.secrets())
    sandbox.ledger.switch("wallet", "drop_after_accept", times=0)
    return sandbox.wallet


@pytest.fixture
def arrive(desk):
    door = FakeDoor()

    def make(text=FREEZE, **mail):
        raw = door.arrives(text=text, **{"verification": "verified", **mail})
        return pipeline.receive(desk, door, [raw], Terms())[0]

    return make


def calls(ask):
    return ask("SELECT * FROM outgoing_webhook WHERE target = 'wallet' ORDER BY id")


def codes(ask, taken):
    rows = ask("SELECT code FROM entry WHERE ticket_id = :t ORDER BY id", t=taken.ticket_id)
    return [row.code for row in rows]


def told(sandbox, what="freeze.requested"):
    return sandbox.ledger.told("wallet", "call", what)


def test_a_freeze_is_asked_for_at_once_and_its_confirmation_is_kept(
    arrive, work, wallet, sandbox, ask
):
    taken = arrive()
    work("playbooks", "webhooks")
    (line,) = told(sandbox)
    assert line.more["data"]["ticket"] == taken.number
    assert line.more["data"]["identity"] == {"kind": "email", "value": "ann@mail.example"}
    assert calls(ask)[0].state == "sent"
    assert wallet.confirm(line.id).status == 200
    assert wallet.confirm(line.id).status == 200
    assert calls(ask)[0].state == "confirmed"
    assert codes(ask, taken).count("wallet_confirmed") == 1


def test_a_freeze_goes_with_a_ticket_that_is_merged(
    desk, agent, arrive, work, wallet, sandbox, ask
):
    alarm, kept = arrive(), arrive("My transfer is pending")
    work("playbooks", "webhooks")
    acts.merge(desk, agent, alarm.ticket_id, kept.ticket_id)
    work("playbooks", "webhooks")
    (line,) = told(sandbox)
    assert wallet.confirm(line.id).status == 200
    assert codes(ask, kept)[-1] == "wallet_confirmed"
    with pytest.raises(Conflict, match="freeze_under_way"):
        acts.request_freeze(desk, agent, kept.ticket_id)


def test_a_freeze_of_another_requesters_account_stays_theirs(desk, agent, arrive, work, sandbox):
    alarm, kept = arrive(), arrive("My transfer is pending", **{"from": "bo@mail.example"})
    work("playbooks", "webhooks")
    acts.merge(desk, agent, alarm.ticket_id, kept.ticket_id)
    acts.request_freeze(desk, agent, kept.ticket_id)
    work("webhooks")
    asked = [line.more["data"]["identity"]["value"] for line in told(sandbox)]
    assert asked == ["ann@mail.example", "bo@mail.example"]


def test_whoever_is_not_verified_is_frozen_by_an_agents_word_only(
    desk, agent, arrive, work, sandbox
):
    taken = arrive(verification="unverified")
    work("playbooks", "webhooks")
    assert told(sandbox) == []
    acts.request_freeze(desk, agent, taken.ticket_id)
    with pytest.raises(Conflict, match="freeze_under_way"):
        acts.request_freeze(desk, agent, taken.ticket_id)
    work("webhooks")
    assert len(told(sandbox)) == 1


def test_a_backend_that_is_down_is_called_again_and_people_are_told(
    arrive, work, sandbox, ask, frozen
):
    taken = arrive()
    sandbox.ledger.switch("wallet", "status", times=3, value=503)
    work("playbooks")
    for wait in (0, 5, 10):
        frozen.advance(timedelta(seconds=wait))
        work("webhooks")
    climbing = ask("SELECT reason FROM climb WHERE ticket_id = :t", t=taken.ticket_id)
    assert [row.reason for row in climbing] == ["security", "wallet_silent"]
    frozen.advance(timedelta(seconds=30))
    work("webhooks")
    assert (calls(ask)[0].state, len(told(sandbox))) == ("sent", 1)


def test_what_the_backend_refuses_is_red_and_can_be_asked_again(
    desk, agent, arrive, work, sandbox, ask
):
    taken = arrive()
    sandbox.ledger.switch("wallet", "status", value=422)
    work("playbooks", "webhooks")
    (row,) = calls(ask)
    assert (row.state, row.reason) == ("failed", "http_422")
    assert "wallet_failed" in codes(ask, taken)
    acts.call_again(desk, agent, taken.ticket_id, row.id)
    work("webhooks")
    assert calls(ask)[0].state == "sent"


def test_a_confirmation_that_does_not_come_is_told_once(arrive, work, ask, frozen):
    taken = arrive()
    work("playbooks", "webhooks")
    frozen.advance(timedelta(minutes=3))
    work("webhooks", "webhooks")
    assert codes(ask, taken).count("wallet_unconfirmed") == 1


def test_a_worker_that_died_while_calling_freezes_nothing_twice(arrive, work, sandbox, ask, desk):
    arrive()
    work("playbooks", "webhooks")
    desk.store.write(
        lambda unit: unit.run("UPDATE outgoing_webhook SET state = 'sending', leased_until = 0")
    )
    work("webhooks")
    first, second = told(sandbox)
    assert first.id == second.id


@pytest.mark.parametrize("change", ["signature", "stamp", "nothing"])
def test_a_confirmation_that_was_not_signed_by_the_wallet_counts_for_nothing(
    arrive, work, wallet, sandbox, ask, change
):
    arrive()
    work("playbooks", "webhooks")
    row = calls(ask)[0]
    data = {"request_id": f"call_{row.id}"}
    body = json.dumps({"type": "freeze.confirmed", "data": data}).encode()
    now = int(sandbox.ledger.now())
    signed = standard_webhooks.headers(wallet.backend.secret, "msg_1", now, body)
    if change == "signature":
        signed["webhook-signature"] = "v1,AAAA"
    elif change == "stamp":
        signed = standard_webhooks.headers(wallet.backend.secret, "msg_1", now - 600, body)
    else:
        signed = {}
    answer = requests.post(wallet.caller.url, data=body, headers=signed, timeout=60)
    assert answer.status_code == 401
    assert calls(ask)[0].state == "sent"


@pytest.mark.parametrize("data", [{}, {"request_id": "call_7"}, {"request_id": "x" * 90}, [], None])
def test_a_confirmation_of_something_unknown_says_so(desk, wallet, data):
    assert wallet.say("freeze.confirmed", data).status == 404


def test_lifting_a_freeze_goes_out_once_two_people_agree(
    desk, agent, arrive, work, wallet, sandbox
):
    taken = arrive()
    work("playbooks", "webhooks")
    acts.pass_otherwise(desk, agent, taken.ticket_id, "unfreeze", "called_back")
    work("webhooks")
    assert told(sandbox, "freeze.lift_requested") == []
    staffed(desk, TOM)
    acts.agree(desk, TOM, taken.ticket_id)
    work("webhooks")
    (line,) = told(sandbox, "freeze.lift_requested")
    wallet.confirm(line.id, "freeze.lift.confirmed")
    acts.request_freeze(desk, agent, taken.ticket_id)


def test_an_account_is_looked_up_and_every_look_is_in_the_audit_log(
    desk, agent, arrive, work, ask, frozen
):
    taken = arrive()
    work("playbooks", "webhooks")
    for _ in range(2):
        look = acts.look_up(desk, agent, taken.ticket_id)
    assert [one.state for one in look.accounts] == ["frozen"]
    audited = ask("SELECT subject FROM audit WHERE action = 'ticket.look_up'")
    assert [row.subject for row in audited] == [f"ticket:{taken.ticket_id}"] * 2
    assert desk.wallet.seen(agent.id, taken.ticket_id, frozen.now()) == look
    assert desk.wallet.seen(TOM.id, taken.ticket_id, frozen.now()) is None
    frozen.advance(timedelta(seconds=desk.settings.wallet.cache_seconds))
    assert desk.wallet.seen(agent.id, taken.ticket_id, frozen.now()) is None


def test_what_was_looked_up_is_stored_nowhere(desk, agent, arrive, tmp_path):
    taken = arrive("My account is locked, please help")
    look = acts.look_up(desk, agent, taken.ticket_id)
    device = look.accounts[0].device.encode()
    assert device
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or device not in path.read_bytes()


def test_a_wallet_that_does_not_answer_hinders_nobody(desk, agent, arrive, sandbox):
    taken = arrive()
    sandbox.ledger.switch("wallet", "status", value=500)
    with pytest.raises(Conflict, match="wallet_silent"):
        acts.look_up(desk, agent, taken.ticket_id)


def test_a_code_goes_by_sms_to_a_number_the_wallet_knows(desk, agent, arrive, work, sandbox, ask):
    taken = arrive("My account is locked, please unlock it")
    number = "+8613800001234"
    person = ask("SELECT requester_id FROM ticket WHERE id = :t", t=taken.ticket_id)[0]
    desk.store.write(
        lambda unit: unit.run(
            "INSERT INTO identity (id, requester_id, kind, value, name, verified, created_at) "
            "VALUES (77, :person, 'phone', :number, '', :no, :now)",
            person=person.requester_id,
            number=number,
            no=False,
            now=unit.now_us,
        )
    )
    with pytest.raises(Conflict, match="not_on_file"):
        acts.send_code(desk, agent, taken.ticket_id, "unlock", 77)
    acts.look_up(desk, agent, taken.ticket_id)
    acts.send_code(desk, agent, taken.ticket_id, "unlock", 77)
    work("webhooks")
    (line,) = sandbox.ledger.told("phone", "out", "sms")
    assert line.person == number
    assert "sms_handed" in codes(ask, taken)
    (row,) = ask("SELECT body FROM outgoing_webhook WHERE kind = 'sms.send'")
    code = re.search(r"Code (\d{6})", line.text)[1]
    assert code not in row.body
    acts.enter_code(desk, agent, taken.ticket_id, code)
    acts.close(desk, agent, taken.ticket_id)
