"""What other rules would have made of stored messages."""

import json
import sys
import time
from dataclasses import replace
from datetime import timedelta
from functools import cache

import pytest

from router import backtest, desk, seeding
from router.backtest import ALARM, LOST, Contest
from router.core.clock import to_us
from router.core.promises.hours import ALWAYS
from router.core.rights import Who
from router.judges import Source, facts_of, side_by_side
from router.store import judged, people
from router.terminal import ruling
from rules.contract import Urgency
from rules.engine import compile_book
from rules.lint import SHIPPED
from rules.load import read
from tests.web.conftest import submitted

PENDING = "My transfer is still pending since yesterday"
HACKED = "There is a payment I did not make, somebody hacked my account"
THANKS = "thank you very much"


@pytest.fixture(scope="module")
def book():
    return read([SHIPPED])


@pytest.fixture(scope="module")
def rules_without(book):
    """The shipped rules without those whose name begins so."""

    @cache
    def make(*names):
        kept = [rule for rule in book.rules if not rule.id.startswith(names)]
        return compile_book(replace(book, rules=kept))

    return make


@pytest.fixture
def ada(desk_router):
    made = desk_router.store.write(
        lambda unit: people.create_agent(unit, "ada@desk.example", "Ada", "admin", [])
    )
    return Who(id=made, name="Ada", role="admin")


def compared(router, old, new, **options):
    nowhere = Source(())  # so few messages are judged here
    contest = Contest(nowhere, nowhere, old, new)
    return backtest.compare(router.store, contest, router.policies.hours, **options)


def test_the_same_rules_change_nothing(desk_router, shipped_rules):
    submitted(desk_router, PENDING)
    outcome = compared(desk_router, shipped_rules, shipped_rules)
    assert (outcome.messages, outcome.tickets, outcome.changes) == (1, 1, [])
    assert outcome.refusals == []
    assert outcome.load_old == outcome.load_new == {("support", "P2"): 1}


def test_a_changed_decision_is_listed_with_its_words_and_rules(
    desk_router, shipped_rules, rules_without
):
    ticket = submitted(desk_router, PENDING)
    outcome = compared(desk_router, shipped_rules, rules_without("transfer.pending"))
    (change,) = outcome.changes
    assert change.number == ticket.number
    assert (change.old.category, change.old.urgency) == ("transfer.pending", "P2")
    assert "transfer.pending.waiting" in change.lost
    assert any("pending" in word for word in change.words)
    assert outcome.flow == {("transfer.pending", change.new.category): 1}


def test_a_security_verdict_that_nobody_overruled_must_not_be_lost(
    desk_router, shipped_rules, rules_without
):
    submitted(desk_router, HACKED)
    outcome = compared(desk_router, shipped_rules, rules_without("security."))
    assert (outcome.lost, outcome.refusals) == (1, [LOST])
    assert outcome.load_new[("security", "P1")] == 0


def test_a_security_verdict_that_a_person_confirmed_must_not_be_lost(
    desk_router, shipped_rules, rules_without, ada
):
    ticket = submitted(desk_router, HACKED)
    desk.set_category(desk_router, ada, ticket.ticket_id, "security.phishing")
    outcome = compared(desk_router, shipped_rules, rules_without("security."))
    assert outcome.refusals == [LOST]


def test_a_security_verdict_that_a_person_overruled_may_be_lost(
    desk_router, shipped_rules, rules_without, ada
):
    ticket = submitted(desk_router, HACKED)
    desk.set_category(desk_router, ada, ticket.ticket_id, "transfer.pending")
    outcome = compared(desk_router, shipped_rules, rules_without("security."))
    assert (outcome.lost, outcome.refusals) == (0, [])


def test_an_alarm_made_less_urgent_is_lost_too(desk_router, shipped_rules, book, ada):
    submitted(desk_router, HACKED)
    calmer = [
        replace(rule, category="security.advice", urgency=Urgency.P3)
        if rule.category.startswith("security.")
        else rule
        for rule in book.rules
    ]
    outcome = compared(desk_router, shipped_rules, compile_book(replace(book, rules=calmer)))
    assert outcome.changes[0].new.security
    assert outcome.refusals == [LOST]


def _alarming(book, words):
    rule = next(one for one in book.rules if one.category == "security.compromised")
    wide = replace(rule, id="zz.wide", any=(words,), all=(), near=(), regex=(), none=(), when=None)
    return compile_book(replace(book, rules=[*book.rules, wide]))


def test_thanks_that_become_an_alarm_are_refused(desk_router, shipped_rules, book):
    submitted(desk_router, THANKS, subject="")
    outcome = compared(desk_router, shipped_rules, _alarming(book, "thank you"))
    assert (outcome.alarms_old, outcome.alarms_new) == (0, 1)
    assert outcome.refusals == [ALARM]


def test_what_was_not_understood_may_become_an_alarm(desk_router, shipped_rules, book):
    submitted(desk_router, "qwertz uiop", subject="")
    outcome = compared(desk_router, shipped_rules, _alarming(book, "qwertz"))
    assert outcome.changes
    assert outcome.refusals == []


def test_what_people_said_is_held_against_both(desk_router, shipped_rules, rules_without, ada):
    ticket = submitted(desk_router, PENDING)
    desk.set_category(desk_router, ada, ticket.ticket_id, "transfer.failed")
    desk.set_category(desk_router, ada, ticket.ticket_id, "transfer.pending")
    outcome = compared(desk_router, shipped_rules, rules_without("transfer.pending"))
    assert (outcome.labelled, outcome.agreed(new=False), outcome.agreed(new=True)) == (1, 1, 0)
    told = outcome.as_dict(10, words=True)
    assert ["transfer.pending", "transfer.pending", 1, 0] in told["confusion"]


def test_old_messages_can_be_left_out(desk_router, shipped_rules, frozen):
    submitted(desk_router, PENDING)
    later = to_us(frozen.now()) + 1
    assert compared(desk_router, shipped_rules, shipped_rules, since_us=later).messages == 0


def test_what_was_known_of_a_message_besides_its_words_is_known_again(desk_router, frozen):
    hours = desk_router.policies.hours
    submitted(desk_router, PENDING, email="ann@mail.example")
    frozen.advance(timedelta(hours=16))
    submitted(desk_router, f"{PENDING}!", email="ann@mail.example")
    first, second = (facts_of(one, hours) for one in judged.walk(desk_router.store))
    assert (first.hours, first.sender, first.minutes_since) == ("inside", "unknown", None)
    assert (second.hours, second.sender, second.minutes_since) == ("outside", "known", 960)
    assert first.channel == "webform"


def test_a_census_counts_what_fires_on_calm_messages(desk_router, shipped_rules):
    submitted(desk_router, PENDING)
    submitted(desk_router, HACKED)
    found = backtest.census(desk_router.store, shipped_rules, ALWAYS, 100)
    assert (found.messages, found.calm) == (2, 1)
    assert found.calm_fired["transfer.pending.waiting"] == 1
    assert backtest.census(desk_router.store, shipped_rules, ALWAYS, 1).messages == 1


def test_progress_is_told_and_ends_at_the_whole(desk_router, shipped_rules):
    list(seeding.seed(desk_router, 400))
    heard = []
    outcome = compared(
        desk_router, shipped_rules, shipped_rules, tell=lambda *told: heard.append(told)
    )
    assert len(heard) > 1
    assert heard[-1] == (outcome.messages, outcome.messages)


SMALL = """
[categories."other.unsorted"]
urgency = "P3"
en = "Unsorted"
zh = "未分类"
[categories."transfer.pending"]
urgency = "P2"
en = "Pending"
zh = "处理中"
[[rule]]
id = "transfer.pending"
category = "transfer.pending"
any = ["WORD"]
match = ["my WORD"]
no_match = ["a wasp"]
"""


@pytest.mark.one_database
def test_processes_of_their_own_judge_the_same_in_the_same_order(desk_router):
    list(seeding.seed(desk_router, 300))
    known = [(one, facts_of(one, ALWAYS)) for one in judged.walk(desk_router.store)]
    old, new = (Source((), {"a.toml": SMALL.replace("WORD", one)}) for one in ("transfer", "转账"))
    told = list(side_by_side(known, old, new))
    assert [one for one, *_ in told] == [one for one, _ in known]
    judges = old.rules(), new.rules()
    assert [list(verdicts) for _, *verdicts in told] == [
        [rules.judge(facts) for rules in judges] for _, facts in known
    ]
    assert len({verdict.category for _, *verdicts in told for verdict in verdicts}) == 2


@pytest.mark.slow
def test_ten_thousand_tickets_are_judged_anew_on_every_core(
    desk_router, settings_of, tmp_path, ada, capsys
):
    list(seeding.seed(desk_router, 10_000))
    with desk_router.store.reading() as unit:
        alarm = unit.row(
            "SELECT t.id, t.number FROM ticket t JOIN message m ON m.ticket_id = t.id "
            "WHERE t.category LIKE 'security.%' AND t.language = 'en' AND m.direction = 'in'"
        )
    desk.set_category(desk_router, ada, alarm.id, "security.phishing")
    new = tmp_path / "new"
    new.mkdir()
    for path in SHIPPED.glob("*.toml"):
        text = path.read_text("utf-8")
        if path.name.startswith("security-"):
            text = text.partition("[[rule]]")[0]  # its rules are lost
        (new / path.name).write_text(text, "utf-8")
    begun, cpu = time.perf_counter(), time.process_time()
    code = ruling.compare(settings_of(), (str(SHIPPED), str(new)), None, as_json=True, every=True)
    wall, cpu = time.perf_counter() - begun, time.process_time() - cpu
    told = json.loads(capsys.readouterr().out)
    with capsys.disabled():
        sys.stdout.write(
            f"\n{told['messages']} messages of {told['tickets']} tickets, two sets of rules: "
            f"{wall:.1f} s, {cpu:.1f} CPU seconds\n"
        )
    assert told["tickets"] == 10_000
    assert code == 1
    assert "security_lost" in told["refusals"]
    lost = {one["ticket"]: one for one in told["changes"] if one["refused"] == "security_lost"}
    assert lost[alarm.number]["label"] == "security.phishing"
