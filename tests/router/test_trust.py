"""Who may join a ticket, whose a passed-on mail is, and what a returned mail does."""

import pytest

from channels.contract import Unknown
from router import deliver, desk, pipeline
from router.core.rights import Who
from router.prepared import Terms
from router.store import outbox
from tests.fakes import FakeDoor, FakeDoors
from tests.staff import staffed

ADMIN = Who(id=1, name="Mei", role="admin")
MEI = "mei@desk.example"


@pytest.fixture
def door():
    return FakeDoor()


@pytest.fixture
def router(assembled, door):
    return staffed(
        assembled(doors=FakeDoors(door), desk={"guarded_names": ["wallet.example"]}), ADMIN
    )


def _arrive(router, door, **mail):
    return pipeline.receive(router, door, [door.arrives(**mail)], Terms())[0]


def _row(router, sql, **params):
    with router.store.reading() as unit:
        return unit.row(sql, **params)


def _codes(router, ticket_id):
    with router.store.reading() as unit:
        rows = unit.rows("SELECT code FROM entry WHERE ticket_id = :t ORDER BY id", t=ticket_id)
    return [row.code for row in rows]


# ---------------------------------------------------------------- senders


def test_a_sender_who_failed_its_check_joins_nothing(router, door):
    first = _arrive(router, door, text="my transfer is pending")
    token = router.tokens.reply_token(first.ticket_id)
    other = _arrive(router, door, text="hello", tokens=[token], verification="failed")
    assert other.ticket_id != first.ticket_id
    assert _row(router, "SELECT reason_of.kind FROM link reason_of").kind == "linked"


def test_a_verified_senders_ticket_is_not_joined_by_quoting_an_id_alone(router, door):
    first = _arrive(
        router, door, text="pending", verification="verified", message_id="<a@mail.example>"
    )
    spoofed = _arrive(router, door, text="send it to me", thread_ids=["<a@mail.example>"])
    assert spoofed.ticket_id != first.ticket_id
    genuine = _arrive(
        router, door, text="any news", thread_ids=["<a@mail.example>"], verification="verified"
    )
    assert genuine.ticket_id == first.ticket_id


def test_a_look_alike_of_ours_is_marked_on_message_and_ticket(router, door):
    taken = _arrive(router, door, text="hi", **{"from": "help@waIlet.example"})
    assert _row(router, "SELECT imitates FROM ticket").imitates == "wallet.example"
    found = _row(router, "SELECT imitates FROM message WHERE id = :m", m=taken.message_id)
    assert found.imitates == "wallet.example"


def test_a_name_that_holds_somebody_elses_address_is_marked(router, door):
    _arrive(router, door, text="hi", name="help@bank.example", **{"from": "evil@x.example"})
    assert _row(router, "SELECT imitates FROM ticket").imitates == "help@bank.example"


def test_a_stranger_dressed_up_as_the_requester_is_marked(router, door):
    first = _arrive(router, door, text="pending", **{"from": "lin@mail.example"})
    token = router.tokens.reply_token(first.ticket_id)
    other = _arrive(router, door, text="hi", tokens=[token], **{"from": "1in@mail.example"})
    found = _row(router, "SELECT imitates FROM ticket WHERE id = :t", t=other.ticket_id)
    assert found.imitates == "lin@mail.example"


def test_an_honest_sender_is_not_marked(router, door):
    _arrive(router, door, text="hi", name="Lin", **{"from": "lin@mail.example"})
    _arrive(router, door, text="hi", name="x@wallet.example", **{"from": "x@wallet.example"})
    with router.store.reading() as unit:
        assert {row.imitates for row in unit.rows("SELECT imitates FROM ticket")} == {""}


def test_an_agent_who_made_sure_says_how_and_the_ticket_says_so(router, door):
    first = _arrive(router, door, text="I want to change my phone number")
    desk.vouch(router, ADMIN, first.ticket_id, "called_back")
    assert _row(router, "SELECT verification FROM ticket").verification == "vouched"
    assert _codes(router, first.ticket_id)[-1] == "vouched"


# ---------------------------------------------------------------- passed on


FORWARD = (
    "Please look at this one.\n\n---------- Forwarded message ---------\n"
    "From: Lin Mei <lin@mail.example>\nDate: Mon, 23 Nov 2026 at 09:00\n"
    "Subject: Transfer is missing\nTo: Mei <mei@desk.example>\n\n"
    "My transfer of yesterday did not arrive.\n"
)
CHINESE = (
    "请处理\n\n------------------ 原始邮件 ------------------\n"
    '发件人: "林梅" <lin@mail.example>;\n发送时间: 2026年11月23日(星期一) 上午9:00\n'
    '收件人: "Mei"<mei@desk.example>;\n主题: 转账没到\n\n昨天的转账没到账。\n'
)


@pytest.mark.parametrize(
    ("subject", "text", "words"),
    [
        ("Fwd: Transfer is missing", FORWARD, "did not arrive"),
        ("转发：转账没到", CHINESE, "没到账"),
    ],
)
def test_what_a_colleague_passes_on_is_the_requesters_ticket(router, door, subject, text, words):
    mail = {"from": MEI, "verification": "verified"}
    taken = _arrive(router, door, subject=subject, text=text, **mail)
    row = _row(
        router,
        "SELECT i.value, t.verification, m.text, m.fields FROM ticket t JOIN identity i "
        "ON i.id = t.identity_id JOIN message m ON m.ticket_id = t.id WHERE t.id = :t",
        t=taken.ticket_id,
    )
    assert (row.value, row.verification) == ("lin@mail.example", "unverified")
    assert words in row.text
    assert MEI in row.fields
    assert "Forwarded" not in row.text
    assert "ack_held" in _codes(router, taken.ticket_id)
    desk.reply(router, ADMIN, taken.ticket_id, "We are looking.", once="a")
    deliver.sweep(router)
    assert [one.to.value for one in door.sent] == ["lin@mail.example"]


@pytest.mark.parametrize(
    "changed",
    [
        {"verification": "unverified"},
        {"verification": "failed"},
        {"from": "stranger@mail.example"},
        {"subject": "Transfer is missing"},
    ],
)
def test_nobody_else_passes_anything_on(router, door, changed):
    mail = {"from": MEI, "verification": "verified", "subject": "Fwd: x", "text": FORWARD}
    taken = _arrive(router, door, **(mail | changed))
    row = _row(
        router,
        "SELECT i.value FROM ticket t JOIN identity i ON i.id = t.identity_id WHERE t.id = :t",
        t=taken.ticket_id,
    )
    assert row.value == (mail | changed)["from"]


# ---------------------------------------------------------------- came back


@pytest.fixture
def replied(router, door):
    """A ticket whose reply is out; the ticket's id and the reply's Message-ID."""
    taken = _arrive(router, door, text="pending", **{"from": "lin@mail.example"})
    desk.reply(router, ADMIN, taken.ticket_id, "It is on its way.", once="a")
    deliver.sweep(router)
    (reply,) = (one for one in door.sent if not one.automatic)
    return taken.ticket_id, reply.message_id


def _bounce(router, door, rfc_id, **changed):
    bounce = {
        "recipients": ["lin@mail.example"],
        "status": "5.1.1",
        "reason": "user unknown",
        "original_message_id": rfc_id,
    }
    return _arrive(
        router,
        door,
        text="Undelivered",
        automatic="bounce",
        bounce=bounce | changed,
        **{"from": "mailer-daemon@mx.example"},
    )


def _state(router, rfc_id):
    return _row(router, "SELECT state, reason FROM outbox WHERE rfc_id = :r", r=rfc_id)


def test_a_bounce_turns_the_sent_reply_red_and_the_ticket_is_ours_again(router, door, replied):
    ticket_id, rfc_id = replied
    back = _bounce(router, door, rfc_id)
    assert back.ticket_id == ticket_id
    assert _state(router, rfc_id) == ("failed", "5.1.1 user unknown")
    assert _row(router, "SELECT state FROM ticket WHERE id = :t", t=ticket_id).state == "open"
    assert "bounced" in _codes(router, ticket_id)


def test_a_late_mail_is_told_and_nothing_else(router, door, replied):
    ticket_id, rfc_id = replied
    _bounce(router, door, rfc_id, status="4.4.1", permanent=False)
    assert _state(router, rfc_id).state == "sent"
    assert _row(router, "SELECT state FROM ticket WHERE id = :t", t=ticket_id).state == "waiting"


@pytest.mark.parametrize(
    "changed",
    [{"recipients": ["other@mail.example"]}, {"original_message_id": "<guess@desk.example>"}],
)
def test_a_report_about_somebody_else_changes_nothing(router, door, replied, changed):
    ticket_id, rfc_id = replied
    back = _bounce(router, door, rfc_id, **changed)
    assert back.ticket_id != ticket_id
    assert _state(router, rfc_id).state == "sent"
    assert "bounced" not in _codes(router, ticket_id)


@pytest.mark.parametrize(("status", "state"), [("5.1.1", "failed"), ("2.0.0", "sent")])
def test_what_nobody_knew_is_settled_by_a_report(router, door, status, state):
    taken = _arrive(router, door, text="pending", **{"from": "lin@mail.example"})
    deliver.sweep(router)
    door.answers.append(Unknown("cut"))
    desk.reply(router, ADMIN, taken.ticket_id, "It is on its way.", once="a")
    deliver.sweep(router)
    row = _row(router, "SELECT rfc_id FROM outbox WHERE state = 'unknown'")
    _bounce(router, door, row.rfc_id, status=status, permanent=status[0] == "5")
    assert _state(router, row.rfc_id).state == state


@pytest.fixture
def retried(router, door):
    """A reply of which nobody knew what became of it, and that somebody has queued again; its
    ticket's id and its Message-ID."""
    taken = _arrive(router, door, text="pending", **{"from": "lin@mail.example"})
    deliver.sweep(router)
    door.sent.clear()
    door.answers.append(Unknown("cut"))
    desk.reply(router, ADMIN, taken.ticket_id, "It is on its way.", once="a")
    deliver.sweep(router)
    row = _row(router, "SELECT id, rfc_id FROM outbox WHERE state = 'unknown'")
    desk.retry_outbox(router, ADMIN, row.id)
    return taken.ticket_id, row.rfc_id


@pytest.mark.parametrize(("status", "state"), [("5.1.1", "failed"), ("2.0.0", "sent")])
def test_what_a_report_settles_does_not_go_out_again(router, door, retried, status, state):
    _, rfc_id = retried
    _bounce(router, door, rfc_id, status=status, permanent=status[0] == "5")
    deliver.sweep(router)
    assert (_state(router, rfc_id).state, door.sent) == (state, [])


def test_a_reply_that_comes_back_before_its_sender_has_settled_it_is_ours_again(router, door):
    taken = _arrive(router, door, text="pending", **{"from": "lin@mail.example"})
    deliver.sweep(router)
    desk.reply(router, ADMIN, taken.ticket_id, "It is on its way.", once="a")
    row = router.store.write(lambda unit: outbox.claim(unit, lease_us=120_000_000))
    _bounce(router, door, row.rfc_id)
    assert _state(router, row.rfc_id).state == "failed"
    ticket = _row(router, "SELECT state FROM ticket WHERE id = :t", t=taken.ticket_id)
    assert ticket.state == "open"
