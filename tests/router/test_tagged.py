"""Rules that ask for tags: of the ticket a message joins, or of its sender's other tickets."""

from datetime import timedelta

import pytest

from router import backtest, desk, form, intake, pipeline
from router.backtest import Contest
from router.core.promises.hours import ALWAYS
from router.core.rights import Who
from router.judges import Source, facts_of
from router.prepared import Terms
from router.rulebook import Rulebook
from router.store import acts, judged, macros, people, tickets
from router.store.macros import MacroView
from router.store.pages import ticket as pages_ticket
from rules.engine import compile_files
from tests.drafts import WATCHED
from tests.fakes import FakeDoor, FakeDoors

PLAIN = WATCHED.replace('when = { tagged = ["vip", "fraud-watch"] }\n', "")
UNSORTED, MET = "other.unsorted", "other.service"


class Desk:
    """A desk whose only rule asks for tags, and an admin at it."""

    def __init__(self, router, door):
        self.router, self.door = router, door
        made = router.store.write(
            lambda unit: people.create_agent(unit, "ada@desk.example", "Ada", "admin", [])
        )
        self.ada = Who(id=made, name="Ada", role="admin")

    def takes(self, **mail):
        """What became of a mail about a blue parrot."""
        raw = self.door.arrives(**{"text": "a blue parrot", **mail})
        return pipeline.receive(self.router, self.door, [raw], Terms())[0]

    def joins(self, taken, **mail):
        """What became of an answer to that mail's ticket."""
        token = self.router.tokens.reply_token(taken.ticket_id)
        return self.takes(tokens=[token], **mail)

    def tags(self, taken, tag="vip"):
        desk.tag(self.router, self.ada, taken.ticket_id, tag)

    def closes(self, taken):
        desk.close(self.router, self.ada, taken.ticket_id)

    def verdict(self, taken):
        """The category of a message, and because of which tags."""
        with self.router.store.reading() as unit:
            row = unit.row(
                "SELECT v.category, f.because FROM verdict v "
                "LEFT JOIN finding f ON f.verdict_id = v.id WHERE v.message_id = :id",
                id=taken.message_id,
            )
        return row.category, row.because


@pytest.fixture
def make(assembled):
    def of(rules=WATCHED):
        door = FakeDoor()
        book = Rulebook(compile_files([], {"a.toml": rules}), {})
        return Desk(assembled(doors=FakeDoors(door), rules=book), door)

    return of


@pytest.fixture
def office(make):
    return make()


def test_a_message_on_a_tagged_ticket_meets_a_rule_that_asks_for_the_tag(office):
    first = office.takes()
    office.tags(first)
    later = office.joins(first)

    assert office.verdict(first) == (UNSORTED, None)
    assert (later.outcome, office.verdict(later)) == ("joined", (MET, "ticket: vip"))


def test_a_tag_that_was_taken_off_speaks_no_more(office):
    first = office.takes()
    office.tags(first)
    desk.untag(office.router, office.ada, first.ticket_id, "vip")

    assert office.verdict(office.joins(first)) == (UNSORTED, None)


def test_another_tag_is_not_the_one_asked_for(office):
    first = office.takes()
    office.tags(first, "refund")

    assert office.verdict(office.joins(first)) == (UNSORTED, None)


def test_a_new_ticket_is_spoken_for_by_its_senders_other_tickets(office):
    office.tags(office.takes(), "fraud-watch")
    later = office.takes(subject="something else")

    assert (later.outcome, office.verdict(later)) == ("new", (MET, "sender: fraud-watch"))


def test_on_a_ticket_of_its_own_a_message_borrows_no_tag_of_another(office):
    first, other = office.takes(), office.takes(subject="something else")
    office.tags(other)

    assert office.verdict(office.joins(first)) == (UNSORTED, None)


def test_tags_of_other_people_speak_for_nobody_else(office):
    office.tags(office.takes())

    assert office.verdict(office.takes(**{"from": "eve@mail.example"})) == (UNSORTED, None)


def test_a_stranger_who_holds_the_token_of_a_tagged_ticket_borrows_no_tag(office):
    first = office.takes()
    office.tags(first)
    stranger = office.joins(first, **{"from": "eve@mail.example"})

    assert (stranger.outcome, office.verdict(stranger)) == ("new", (UNSORTED, None))


@pytest.mark.parametrize(("days", "found"), [(89, (MET, "sender: vip")), (91, (UNSORTED, None))])
def test_tags_of_a_closed_ticket_speak_for_ninety_days(office, days, found):
    first = office.takes()
    office.tags(first)
    office.closes(first)
    office.router.clock.advance(timedelta(days=days))

    assert office.verdict(office.takes(subject="something else")) == found


def test_tags_of_an_open_ticket_speak_however_old_it_is(office):
    office.tags(office.takes())
    office.router.clock.advance(timedelta(days=900))

    assert office.verdict(office.takes(subject="something else")) == (MET, "sender: vip")


def test_a_ticket_that_was_merged_has_handed_its_tags_on(office):
    gone, kept = office.takes(), office.takes(subject="something else")
    office.tags(gone)
    desk.merge(office.router, office.ada, gone.ticket_id, kept.ticket_id)
    desk.untag(office.router, office.ada, kept.ticket_id, "vip")

    assert office.verdict(office.takes(subject="a third thing")) == (UNSORTED, None)


def test_each_message_of_a_batch_is_spoken_for_by_its_own_ticket(office):
    tagged, bare = office.takes(), office.takes(**{"from": "bob@mail.example"})
    office.tags(tagged)
    answers = [
        office.door.arrives(
            text="a blue parrot", tokens=[office.router.tokens.reply_token(one)], **{"from": sender}
        )
        for one, sender in (
            (bare.ticket_id, "bob@mail.example"),
            (tagged.ticket_id, "ann@mail.example"),
        )
    ]
    found = pipeline.receive(office.router, office.door, answers, Terms())

    assert [office.verdict(one) for one in found] == [(UNSORTED, None), (MET, "ticket: vip")]


def test_what_is_added_by_the_requesters_own_page_is_spoken_for_too(office):
    first = office.takes()
    office.tags(first)
    added = {"body": "a blue parrot", "idempotency_key": "1"}
    form.add(office.router, first.ticket_id, added, source="203.0.113.9")
    with office.router.store.reading() as unit:
        urgency = unit.value("SELECT urgency FROM ticket WHERE id = :id", id=first.ticket_id)

    assert urgency == "P2"


def test_while_no_rule_asks_for_tags_none_are_read(make):
    office = make(PLAIN)
    first = office.takes()
    office.tags(first)
    token = office.router.tokens.reply_token(first.ticket_id)
    answer = office.door.arrives(text="a blue parrot", tokens=[token])
    inbounds = office.door.parse(answer)

    assert intake.known_before(office.router, inbounds).tags == {}
    assert office.verdict(office.joins(first)) == (MET, "")


def test_our_own_rules_ask_for_no_tags(desk_router):
    assert "tagged" not in desk_router.rules.asks


def test_the_ticket_tells_which_tags_made_a_rule_hold(office):
    first = office.takes()
    office.tags(first)
    office.joins(first)
    with office.router.store.reading() as unit:
        assert tickets.tags(unit, first.ticket_id) == ["vip"]
        shown = pages_ticket.ticket_view(unit, first.ticket_id, office.ada)

    assert [one.because for line in shown.messages for one in line.findings] == ["ticket: vip"]


# ---------------------------------------------------------------- as it was


def lived(office):
    """Tickets that were tagged, untagged, closed, merged and written to, a day between; what came
    of each message."""
    clock, ada = office.router.clock, office.ada
    bob = {"from": "bob@mail.example"}
    first, theirs = office.takes(), office.takes(**bob)
    seen = [first, theirs, office.joins(first)]
    for step in (
        lambda: office.tags(first),
        lambda: seen.append(office.joins(first)),
        lambda: seen.append(office.joins(theirs, **bob)),
        lambda: seen.append(office.takes(subject="a second thing")),
        lambda: seen.append(office.joins(seen[-1])),
        lambda: desk.untag(office.router, ada, first.ticket_id, "vip"),
        lambda: seen.append(office.joins(first)),
        lambda: office.tags(first, "fraud-watch"),
        lambda: office.tags(first, "vip"),
        lambda: office.closes(first),
        lambda: seen.append(office.takes(subject="a third thing")),
        lambda: clock.advance(timedelta(days=90)),
        lambda: seen.append(office.takes(subject="a fourth thing")),
        lambda: office.tags(seen[-1]),
        lambda: seen.append(office.takes(subject="a fifth thing")),
    ):
        clock.advance(timedelta(days=1))
        step()
    return seen


def test_messages_are_judged_anew_by_the_tags_that_spoke_for_them_then(office):
    was = [office.verdict(one)[1] for one in lived(office)]
    router = office.router
    stored = judged.walk(router.store, tags=True)
    verdicts = [router.rules.judge(facts_of(one, ALWAYS)) for one in stored]
    again = [next((one.because for one in verdict.findings), None) for verdict in verdicts]

    assert was[3:6] == ["ticket: vip", None, "sender: vip"]
    assert was[6:9] == [None, None, "sender: fraud-watch vip"]
    assert was[9:] == [None, "sender: vip"]
    assert again == was


def test_a_draft_that_asks_for_tags_changes_only_what_bore_them_then(make):
    office = make(PLAIN)
    lived(office)
    router = office.router
    rules = [compile_files([], {"a.toml": text}) for text in (PLAIN, WATCHED)]
    contest = Contest(Source(()), Source(()), *rules)
    outcome = backtest.compare(router.store, contest, ALWAYS)

    assert outcome.messages == 11
    assert outcome.flow == {(MET, UNSORTED): 7}


def test_a_tag_that_was_undone_counts_as_never_put_on(office):
    first = office.takes()
    office.tags(first)
    with office.router.store.reading() as unit:
        batch = acts.last(unit, office.ada.id, first.ticket_id).batch
    desk.undo(office.router, office.ada, batch)
    office.router.clock.advance(timedelta(days=1))
    office.joins(first)
    walked = [one.tags for one in judged.walk(office.router.store, tags=True)]
    office.tags(first)
    office.joins(first, subject="once more")
    again = [one.tags for one in judged.walk(office.router.store, tags=True)]

    assert walked == [(), ()]
    assert again == [(), (), ("vip",)]


def test_tags_of_the_router_itself_count_from_the_beginning_of_their_ticket(office):
    first = office.takes(automatic="auto_reply")
    office.router.clock.advance(timedelta(days=1))
    office.joins(first)
    before, after = judged.walk(office.router.store, tags=True)

    assert (before.tags, after.tags) == ((), ("automatic",))


def test_a_census_knows_the_tags_that_tickets_bear_and_that_macros_put_on(office):
    router = office.router
    office.tags(office.takes(), "vip")
    rules = compile_files([], {"a.toml": WATCHED})
    assert backtest.census(router.store, rules, ALWAYS, 100).tags == {"vip"}
    macro = MacroView(1, "Watch", "", "", "", "", True, {"tags": ["fraud-watch", "else"]})
    router.store.write(lambda unit: macros.put(unit, macro, None))
    assert backtest.census(router.store, rules, ALWAYS, 100).tags == {"fraud-watch", "vip"}
