"""A conversation from its first message on: a ticket, in order, nothing twice, nothing lost."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from channels.contract import Attachment, BadSignature
from router import chat_duties, chatting, deliver, desk, pipeline, settling, sweeps
from router.core.clock import to_us
from router.core.rights import Who
from router.errors import Conflict, Invalid, NotFound, OverLimit
from router.prepared import Terms
from router.store import chats, pages, people
from tests.chats import ChatDoors, begun, say, token

PHRASE = "legal winner thank year wave sausage worth useful legal winner thank yellow"
PNG = b"\x89PNG\r\n\x1a\nmade up"


@pytest.fixture
def doors():
    return ChatDoors()


@pytest.fixture
def router(assembled, doors):
    return assembled(doors=doors)


@pytest.fixture
def agent(router):
    def work(unit):
        return people.create_agent(unit, "mei@desk.example", "林美", "agent", ["support"])

    number = router.store.write(work)
    with router.store.reading() as unit:
        return Who(number, "林美", "agent", frozenset(people.team_ids(unit).values()))


def events(router, row, after=0):
    with router.store.reading() as unit:
        return [(one.seq, one.code, one.text) for one in chats.events(unit, row.id, after)]


def codes(router, row):
    return [code for _, code, _ in events(router, row)]


def now(router, row):
    with router.store.reading() as unit:
        return chats.find(unit, row.id)


def at(clock, written):
    clock.set(datetime.fromisoformat(written).replace(tzinfo=ZoneInfo("Asia/Shanghai")))


def test_the_first_message_opens_a_ticket_and_the_next_joins_it(router):
    row, _ = begun(router)

    first = say(router, row, "转账失败了", "made-up-0001")
    second = say(router, row, "钱已经扣了", "made-up-0002")

    assert (first.seq, second.seq) == (1, 3)
    assert events(router, row) == [
        (1, "message", "转账失败了"),
        (2, "ticket_opened", ""),
        (3, "message", "钱已经扣了"),
    ]
    with router.store.reading() as unit:
        ticket = unit.row("SELECT channel, account, messages, category FROM ticket")
    assert tuple(ticket) == ("chat", "site", 2, "transfer.failed")


def test_a_ticket_without_a_subject_keeps_the_words_it_began_with(router):
    row, _ = begun(router)
    say(router, row, "你好", key="made-up-0001")
    say(router, row, "昨天的转账还没有到账", key="made-up-0002")
    say(router, row, "人呢", key="made-up-0003")

    with router.store.reading() as unit:
        assert unit.value("SELECT snippet FROM ticket") == "你好 昨天的转账还没有到账"


def test_a_conversation_in_which_nothing_was_written_is_no_ticket_and_is_forgotten(router, frozen):
    _, word = begun(router)
    frozen.advance(timedelta(days=1, minutes=1))
    chat_duties.sweep(router)

    with router.store.reading() as unit:
        assert unit.value("SELECT COUNT(*) FROM ticket") == 0
    with pytest.raises(NotFound):
        chatting.enter(router, word)


def test_a_message_sent_again_is_answered_alike_and_is_there_once(router):
    row, _ = begun(router)

    first = say(router, row, "hello")
    again = say(router, row, "hello")

    assert (again.message_id, again.seq) == (first.message_id, first.seq)
    assert (first.duplicate, again.duplicate) == (False, True)
    assert codes(router, row).count("message") == 1


def test_the_same_message_from_many_tabs_at_once_is_one_and_opens_one_ticket(router):
    row, _ = begun(router)

    def tab(number):
        return say(router, row, "hello" if number % 2 else "hi", f"made-up-000{number % 2}")

    with ThreadPoolExecutor(20) as tabs:
        said = list(tabs.map(tab, range(20)))

    assert len({one.message_id for one in said}) == 2
    assert sum(not one.duplicate for one in said) == 2
    with router.store.reading() as unit:
        assert unit.value("SELECT COUNT(*) FROM ticket") == 1
        assert unit.value("SELECT messages FROM ticket") == 2


def test_another_text_under_the_same_number_is_refused_not_swallowed(router):
    row, _ = begun(router)
    say(router, row, "hello")

    with pytest.raises(Conflict, match="other_body"):
        say(router, row, "something else")


def test_what_is_masked_in_the_ticket_is_masked_in_the_chat(router):
    row, _ = begun(router)
    say(router, row, "my card is 4111 1111 1111 1111")

    assert "4111" not in events(router, row)[0][2]


def names(router):
    """Every name that is kept of anybody."""
    with router.store.reading() as unit:
        return " ".join(
            row.name
            for table in ("requester", "identity", "chat")
            for row in unit.rows(f"SELECT name FROM {table}")
        )


def test_a_name_beside_a_left_address_is_masked_like_any_other(router):
    row, _ = begun(router)
    say(router, row, "hello", name=f"{PHRASE}, Lin", email="lin@mail.example")
    chatting.leave_address(
        router, now(router, row), {"name": "4111 1111 1111 1111", "email": "wei@mail.example"}
    )
    assert "winner" not in names(router)
    assert "4111" not in names(router)
    assert "••••, Lin" in names(router)


def test_the_name_in_a_token_is_masked_before_it_is_cut(router, frozen):
    proof = token(frozen.now(), name=f"Lin of the thirteenth floor, {PHRASE}")
    row, _ = begun(router, proof)
    say(router, row, "hello")
    assert "winner" not in names(router)
    assert "Lin of the thirteenth floor, ••••" in names(router)


def test_the_acknowledgement_appears_in_the_conversation_once(router, frozen):
    row, _ = begun(router)
    say(router, row, "转账失败了")
    frozen.advance(timedelta(seconds=5))
    deliver.sweep(router)
    deliver.sweep(router)

    shown = [text for _, code, text in events(router, row) if code == "message"]
    assert len(shown) == 2
    assert "WT-" in shown[1]


def test_an_answer_is_seen_in_the_commit_that_sends_it(router, agent):
    row, _ = begun(router)
    say(router, row, "hello")
    ticket = now(router, row).ticket_id

    for _ in range(2):  # a double click
        desk.reply(router, agent, ticket, "您好，马上为您查询。", once="a")

    assert events(router, row, 2) == [
        (3, "agent_joined", ""),
        (4, "message", "您好，马上为您查询。"),
    ]
    with router.store.reading() as unit:
        sent = unit.rows("SELECT state FROM outbox WHERE purpose = 'reply'")
    assert [one.state for one in sent] == ["sent"]


def test_who_writes_has_joined_whoever_was_given_the_ticket(router, agent):
    def colleague(unit):
        return people.create_agent(unit, "tom@desk.example", "Tom", "agent", ["support"])

    row, _ = begun(router)
    say(router, row, "hello")
    ticket = now(router, row).ticket_id
    desk.assign(router, agent, ticket, router.store.write(colleague))
    assert "agent_joined" not in codes(router, row)  # Tom has not looked yet
    for once in "ab":
        desk.reply(router, agent, ticket, "Hello.", once=once)

    assert codes(router, row)[2:] == ["agent_joined", "message", "message"]


def test_a_note_never_reaches_the_visitor(router, agent):
    row, _ = begun(router)
    say(router, row, "hello")
    before = events(router, row)
    desk.note(router, agent, now(router, row).ticket_id, "canary: he sounds odd", once="n")

    assert events(router, row) == before


def test_an_answer_whose_worker_died_is_shown_after_all_and_once(router, agent, frozen):
    row, _ = begun(router)
    say(router, row, "hello")
    frozen.advance(timedelta(seconds=5))
    with router.store.reading() as unit:
        ack = unit.value("SELECT id FROM outbox")
    router.store.write(
        lambda unit: unit.run(
            "UPDATE outbox SET state = 'sending', attempts = 1, tried_at = :now WHERE id = :id",
            now=unit.now_us,
            id=ack,
        )
    )
    frozen.advance(timedelta(minutes=5))
    settling.recover(router)
    frozen.advance(timedelta(seconds=31))
    deliver.look_up(router)
    deliver.sweep(router)
    deliver.sweep(router)

    assert codes(router, row).count("message") == 2


def test_closing_with_an_answer_says_the_answer_first(router, agent):
    row, _ = begun(router)
    say(router, row, "hello")
    ticket = now(router, row).ticket_id
    desk.reply(router, agent, ticket, "Done.", once="a", close=True)

    assert codes(router, row)[-2:] == ["message", "closed"]
    say(router, row, "one more thing", "made-up-0002")
    assert now(router, row).ended_at is None
    assert now(router, row).ticket_id == ticket


def test_the_visitor_may_end_it_and_the_ticket_stays_open(router):
    row, _ = begun(router)
    say(router, row, "hello")
    chatting.end(router, now(router, row))
    chatting.end(router, now(router, row))

    assert codes(router, row)[-1] == "closed"
    assert codes(router, row).count("closed") == 1
    assert now(router, row).ticket_state != "closed"


def test_reading_is_told_both_ways(router, agent):
    row, _ = begun(router)
    say(router, row, "hello")
    ticket = now(router, row).ticket_id

    chatting.seen(router, ticket)
    chatting.seen(router, ticket)
    desk.reply(router, agent, ticket, "Hello.", once="a")
    row = now(router, row)
    chatting.read(router, row, row.seq)
    chatting.read(router, row, row.seq + 50)

    assert codes(router, row).count("read") == 1
    assert (now(router, row).desk_seq, now(router, row).visitor_seq) == (1, row.seq)


# ---------------------------------------------------------------- who it is


def test_whom_the_wallet_vouches_for_is_verified_and_finds_their_chat_on_another_device(
    router, frozen
):
    first, _ = begun(router, token(frozen.now()))
    say(router, first, "hello")
    second, _ = begun(router, token(frozen.now(), jti="once-2"))

    assert second.id == first.id
    with router.store.reading() as unit:
        ticket = unit.row("SELECT verification FROM ticket")
        person = unit.row("SELECT name, value FROM identity WHERE kind = 'chat'")
    assert ticket.verification == "verified"
    assert tuple(person) == ("林晓雨", "user:w-4711")


def test_a_token_works_once(router, frozen):
    begun(router, token(frozen.now()))

    with pytest.raises(BadSignature):
        begun(router, token(frozen.now()))


def test_a_guest_has_a_name_of_their_own(router):
    first, _ = begun(router)
    second, _ = begun(router)

    assert first.handle != second.handle
    assert first.handle.startswith("guest:")


def test_a_word_that_is_forged_or_over_lets_nobody_in(router, frozen):
    _, word = begun(router)

    with pytest.raises(NotFound):
        chatting.enter(router, word[:-1] + ("a" if word[-1] != "a" else "b"))
    with pytest.raises(NotFound):
        chatting.enter(router, router.tokens.status_token(1, frozen.now() + timedelta(days=1)))
    frozen.advance(chatting.LASTS)
    with pytest.raises(NotFound):
        chatting.enter(router, word)


# ---------------------------------------------------------------- limits


def test_ten_messages_in_ten_seconds_are_enough(router, frozen):
    row, _ = begun(router)
    for number in range(10):
        say(router, row, "hello", f"made-up-{number:04}")

    with pytest.raises(OverLimit):
        say(router, row, "hello", "made-up-0010")
    assert say(router, row, "hello", "made-up-0003").duplicate  # asks for nothing new
    frozen.advance(timedelta(seconds=21))
    assert say(router, row, "hello", "made-up-0010").seq


def test_one_network_cannot_begin_conversations_without_end(assembled):
    router = assembled(doors=ChatDoors(sessions_per_minute=2))
    begun(router)
    begun(router)

    with pytest.raises(OverLimit):
        begun(router)
    begun(router, source="198.51.100.7")


def test_everything_wrong_with_a_message_is_told_and_nothing_is_written(router):
    row, _ = begun(router)
    large = Attachment("a.png", "image/png", PNG + bytes(10 * 1024 * 1024))

    with pytest.raises(Invalid) as told:
        say(router, row, "字" * 10_000, files=[large])
    assert told.value.more == (("text", "too_long"), ("attachments", "file_too_big"))
    assert events(router, row) == []


def test_files_come_with_the_message_and_only_their_own_conversation_gives_them_out(router):
    row, _ = begun(router)
    other, _ = begun(router)
    said = say(router, row, "", files=[Attachment("../shot.png", "", PNG)])

    with router.store.reading() as unit:
        file = chats.files(unit, [said.message_id])[said.message_id][0]
        assert (file.name, file.mime, file.size) == ("shot.png", "image/png", len(PNG))
        assert chats.file(unit, row.id, file.token) is not None
        assert chats.file(unit, other.id, file.token) is None


# ---------------------------------------------------------------- hours


def test_a_chat_without_any_opening_to_come_names_none(assembled, frozen):
    hours = {"weekly": {}, "open": {"2026-11-20": [("08:00", "22:00")]}}
    told = chatting.hours(assembled(hours=hours), "site", frozen.now())
    assert (told.open, told.opens_at) == (False, None)


def test_at_21_59_the_chat_is_open_and_at_22_00_it_is_not(router, frozen):
    at(frozen, "2026-11-24T21:59:59.999999")
    before = chatting.hours(router, "site", frozen.now())
    at(frozen, "2026-11-24T22:00:00")
    after = chatting.hours(router, "site", frozen.now())

    assert before.open
    assert before.closes_at.astimezone(ZoneInfo("Asia/Shanghai")).hour == 22
    assert not after.open
    assert after.opens_at == datetime(2026, 11, 25, 8, tzinfo=ZoneInfo("Asia/Shanghai"))


def test_what_was_begun_before_closing_and_sent_after_is_taken_and_told_when_people_are_back(
    router, frozen
):
    at(frozen, "2026-11-24T21:59:59")
    row, _ = begun(router)
    at(frozen, "2026-11-24T22:00:00")
    say(router, row, "hello")
    say(router, row, "anybody?", "made-up-0002")

    assert codes(router, row) == ["message", "ticket_opened", "offline_notice", "message"]


def test_a_chat_that_runs_past_closing_is_told_once_and_goes_on(router, agent, frozen):
    at(frozen, "2026-11-24T21:58:00")
    row, _ = begun(router)
    say(router, row, "hello")
    at(frozen, "2026-11-24T21:59:59")
    assert chat_duties.sweep(router) == 0
    at(frozen, "2026-11-24T22:00:00")
    assert chat_duties.sweep(router) == 1
    assert chat_duties.sweep(router) == 0
    desk.reply(router, agent, now(router, row).ticket_id, "Nearly done.", once="a")
    say(router, row, "thanks", "made-up-0002")

    assert codes(router, row)[2:] == ["offline_notice", "agent_joined", "message", "message"]


def test_the_next_evening_it_is_told_again(router, frozen):
    at(frozen, "2026-11-24T21:58:00")
    row, _ = begun(router)
    say(router, row, "hello")
    at(frozen, "2026-11-24T22:00:00")
    chat_duties.sweep(router)
    at(frozen, "2026-11-25T21:58:00")
    say(router, row, "still there?", "made-up-0002")
    at(frozen, "2026-11-25T22:00:00")
    chat_duties.sweep(router)

    assert codes(router, row).count("offline_notice") == 2


# ---------------------------------------------------------------- leaving


def test_an_answer_that_is_not_read_goes_by_mail_and_the_reply_to_it_joins(
    router, doors, agent, frozen
):
    row, _ = begun(router)
    say(router, row, "转账失败了", email="lin@mail.example")
    ticket = now(router, row).ticket_id
    desk.reply(router, agent, ticket, "钱已经退回。", once="a")
    frozen.advance(timedelta(minutes=2))
    assert chat_duties.sweep(router) == 0
    frozen.advance(timedelta(minutes=2))
    assert chat_duties.sweep(router) == 1
    assert chat_duties.sweep(router) == 0
    deliver.sweep(router)

    mail = next(one for one in doors.door.sent if "钱已经退回。" in one.text)
    assert (mail.to.value, mail.automatic) == ("lin@mail.example", False)
    word = mail.text.split("/chat/talk#")[1].split()[0]
    assert chatting.enter(router, word).id == row.id
    tag = mail.reply_to.split("+t.")[1].split("@")[0]
    came = {"from": "lin@mail.example", "text": "收到了，谢谢", "tokens": [tag]}
    raw = doors.door.arrives(**came)
    taken = pipeline.receive(router, doors.door, [raw], Terms())
    assert (taken[0].outcome, taken[0].ticket_id) == ("joined", ticket)


def test_an_answer_that_was_read_is_not_mailed(router, agent, frozen):
    row, _ = begun(router)
    say(router, row, "hello", email="lin@mail.example")
    desk.reply(router, agent, now(router, row).ticket_id, "Hello.", once="a")
    row = now(router, row)
    chatting.read(router, row, row.seq)
    frozen.advance(timedelta(minutes=10))

    assert chat_duties.sweep(router) == 0


def test_a_chat_in_which_nothing_is_to_be_done_wakes_no_page(router):
    """Whoever commits wakes them, and every desk has an old chat."""
    row, _ = begun(router)
    say(router, row, "hello")
    duty = next(one for one in sweeps.DUTIES if one.name == "chats")
    before = router.store.commits
    sweeps.tick(router, duty)
    assert router.store.commits == before


def test_two_workers_mail_an_unread_answer_once(router, agent, frozen):
    row, _ = begun(router)
    say(router, row, "hello", email="lin@mail.example")
    desk.reply(router, agent, now(router, row).ticket_id, "Hello.", once="a")
    frozen.advance(timedelta(minutes=10))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(chat_duties.sweep, [router] * 4))
    with router.store.reading() as unit:
        sql = "SELECT COUNT(*) FROM outbox WHERE purpose = 'follow_up'"
        assert unit.value(sql) == 1


def test_an_answer_of_before_a_restore_is_held_for_it_may_have_been_mailed(router, agent, frozen):
    row, _ = begun(router)
    say(router, row, "hello", email="lin@mail.example")
    desk.reply(router, agent, now(router, row).ticket_id, "Hello.", once="a")
    frozen.advance(timedelta(days=1))
    chat_duties.sweep(replace(router, restored_us=to_us(frozen.now())))
    with router.store.reading() as unit:
        (mail,) = unit.rows("SELECT state, reason FROM outbox WHERE purpose = 'follow_up'")
        held = [one.id for one in pages.outbox_rows(unit, agent, None, "held").rows]
        assert pages.held_since_restored(unit, agent) == held
    assert tuple(mail) == ("held", "restored")


def test_an_address_may_be_left_later_and_proves_nothing(router, doors):
    raw = doors.door.arrives(**{"from": "lin@mail.example", "text": "my own matter"})
    pipeline.receive(router, doors.door, [raw], Terms())
    row, _ = begun(router)
    say(router, row, "hello")
    chatting.leave_address(router, now(router, row), {"email": "Lin@Mail.example "})

    with router.store.reading() as unit:
        people = unit.rows("SELECT requester_id FROM ticket")
        assert unit.value("SELECT COUNT(*) FROM identity WHERE kind = 'email'") == 1
    assert len({one.requester_id for one in people}) == 2
    with pytest.raises(Invalid):
        chatting.leave_address(router, row, {})
    for number in range(5):
        chatting.leave_address(router, row, {"email": f"lin{number}@mail.example"})
    with pytest.raises(OverLimit):
        chatting.leave_address(router, row, {"email": "lin9@mail.example"})


def test_a_message_that_cannot_be_read_is_kept_and_holds_its_place(router, doors, monkeypatch):
    row, _ = begun(router)

    def poisoned(raw):
        raise ValueError("made-up poison")

    monkeypatch.setattr(doors.chat, "parse", poisoned)
    said = say(router, row, "hello")
    monkeypatch.undo()

    assert said.seq == 1
    with router.store.reading() as unit:
        assert unit.value("SELECT COUNT(*) FROM journal WHERE state = 'parked'") == 1


def test_nobody_is_written_to_first_in_a_chat(router):
    assert [kind for kind, _, _ in desk.ways(router)] == ["email"]
