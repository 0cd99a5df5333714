"""How the desk's rules change: drafts, checks, a second person, back again; in every process."""

from datetime import timedelta

import pytest

from router import desk, pipeline, rulemaking, sweeps
from router.assemble import assemble
from router.core.rights import Who
from router.errors import Conflict, Invalid, NotAllowed, NotFound
from router.prepared import Terms
from router.rulebook import compiled, shipped_version
from router.store import rulesets
from tests.drafts import ALARM, BEES
from tests.fakes import FakeDoor, FakeDoors
from tests.staff import staffed

HUA = Who(id=11, name="Hua", role="lead", teams=frozenset({1, 2}))
TOM = Who(id=12, name="Tom", role="lead", teams=frozenset({1, 2}))
ADA = Who(id=13, name="Ada", role="admin")
MEI = Who(id=14, name="Mei", role="agent", teams=frozenset({1, 2}))

ZEBRA = "There is a zebra on my account"

pytestmark = [pytest.mark.one_database, pytest.mark.usefixtures("desk_rules")]


@pytest.fixture
def door():
    return FakeDoor()


@pytest.fixture
def router(assembled, door):
    return staffed(assembled(doors=FakeDoors(door)), HUA, TOM, ADA, MEI)


@pytest.fixture
def arrives(router, door):
    def make(text, where=None):
        raw = door.arrives(text=text, **{"from": f"p{len(door.inbox)}@mail.example"})
        taken = pipeline.receive(where or router, door, [raw], Terms())[0]
        with router.store.reading() as unit:
            return unit.row("SELECT * FROM ticket WHERE id = :id", id=taken.ticket_id)

    return make


@pytest.fixture
def drafted(router):
    """Writes a draft with these files as Hua; its id."""

    def make(text, who=HUA):
        draft_id = rulemaking.begin(router, who)
        rulemaking.save(router, who, draft_id, seen(router, draft_id), {"desk.toml": text})
        return draft_id

    return make


def row_of(router, draft_id):
    with router.store.reading() as unit:
        return rulesets.find(unit, draft_id)


def seen(router, draft_id):
    return row_of(router, draft_id).digest


def backtest(router, draft_id, who=HUA):
    rulemaking.Check(router, who, draft_id, "backtest").run()
    return row_of(router, draft_id).report["backtest"]


def published(router, draft_id, who=TOM):
    backtest(router, draft_id)
    return rulemaking.publish(router, who, draft_id, seen(router, draft_id))


def refused(router, draft_id, who=TOM):
    with pytest.raises(Conflict) as told:
        rulemaking.publish(router, who, draft_id, seen(router, draft_id))
    return told.value.code


# ---------------------------------------------------------------- writing


def test_a_draft_keeps_what_cannot_be_read(router, drafted):
    draft_id = drafted("[[rule]\nid =")
    assert row_of(router, draft_id).files == {"desk.toml": "[[rule]\nid ="}
    (fault,) = rulemaking.faults(row_of(router, draft_id).files)
    assert (fault.file, fault.code) == ("desk.toml", "broken")


def test_who_saves_over_a_text_not_read_is_refused_and_nothing_is_lost(router, drafted):
    draft_id = drafted(BEES)
    before = seen(router, draft_id)
    rulemaking.save(router, TOM, draft_id, before, {"desk.toml": ALARM})
    with pytest.raises(Conflict, match="draft_changed"):
        rulemaking.save(router, HUA, draft_id, before, {"desk.toml": "# mine"})
    assert row_of(router, draft_id).files == {"desk.toml": ALARM}


def test_saving_the_same_again_changes_nothing(router, drafted):
    draft_id = drafted(BEES)
    backtest(router, draft_id)
    rulemaking.save(router, TOM, draft_id, "whatever", {"desk.toml": BEES.replace("\n", "\r\n")})
    row = row_of(router, draft_id)
    assert row.author_id == HUA.id
    assert row.report


@pytest.mark.parametrize("name", ["../evil.toml", "a.txt", "", "a/b.toml", ".toml", "蜂.toml"])
def test_a_file_has_a_plain_name(router, drafted, name):
    draft_id = drafted(BEES)
    with pytest.raises(Invalid, match="bad_rule_file"):
        rulemaking.save(router, HUA, draft_id, seen(router, draft_id), {name: ""})


def test_an_agent_neither_writes_nor_publishes(router, drafted):
    draft_id = drafted(BEES)
    for act in (
        lambda: rulemaking.begin(router, MEI),
        lambda: rulemaking.save(router, MEI, draft_id, "", {}),
        lambda: rulemaking.Check(router, MEI, draft_id, "lint"),
        lambda: rulemaking.publish(router, MEI, draft_id, ""),
        lambda: rulemaking.discard(router, MEI, draft_id),
    ):
        with pytest.raises(NotAllowed):
            act()


def test_a_draft_given_up_is_kept_and_cannot_be_published(router, drafted):
    draft_id = drafted(BEES)
    backtest(router, draft_id)
    rulemaking.discard(router, HUA, draft_id)
    assert row_of(router, draft_id).files == {"desk.toml": BEES}
    with pytest.raises(NotFound):
        rulemaking.publish(router, TOM, draft_id, seen(router, draft_id))


# ---------------------------------------------------------------- two people


def test_who_wrote_it_last_cannot_publish_it(router, drafted):
    draft_id = drafted(BEES)
    backtest(router, draft_id)
    assert refused(router, draft_id, HUA) == "second_person"
    assert published(router, draft_id, TOM) == router.rules.version


def test_whoever_changes_a_draft_becomes_its_author(router, drafted):
    draft_id = drafted(BEES)
    rulemaking.save(router, TOM, draft_id, seen(router, draft_id), {"desk.toml": BEES + "\n#"})
    backtest(router, draft_id)
    assert refused(router, draft_id, TOM) == "second_person"


def test_an_admin_may_publish_their_own(router, drafted):
    assert published(router, drafted(BEES, ADA), ADA)


def test_nothing_is_published_before_it_was_backtested_as_it_is(router, drafted):
    draft_id = drafted(BEES)
    assert refused(router, draft_id) == "backtest_first"
    backtest(router, draft_id)
    rulemaking.save(router, HUA, draft_id, seen(router, draft_id), {"desk.toml": BEES + "# more"})
    assert refused(router, draft_id) == "backtest_first"


def test_a_backtest_against_rules_no_longer_in_force_is_not_enough(router, drafted):
    one, other = drafted(BEES), drafted(ALARM)
    backtest(router, one)
    published(router, other)
    assert refused(router, one) == "backtest_against_old"


def test_a_backtest_holds_for_a_day(router, drafted, frozen):
    draft_id = drafted(BEES)
    backtest(router, draft_id)
    frozen.advance(timedelta(days=1, minutes=1))
    assert refused(router, draft_id) == "backtest_stale"


def test_what_was_not_seen_is_not_published(router, drafted):
    draft_id = drafted(BEES)
    backtest(router, draft_id)
    with pytest.raises(Conflict, match="draft_changed"):
        rulemaking.publish(router, TOM, draft_id, "another text")


def test_a_broken_draft_cannot_be_published(router, drafted):
    draft_id = drafted("[[rule]]")
    assert backtest(router, draft_id)["state"] == "failed"
    assert refused(router, draft_id) == "backtest_first"


# ---------------------------------------------------------------- what must not be lost


def test_an_edit_that_loses_an_alarm_is_refused_until_a_person_says_it_was_none(
    router, drafted, arrives
):
    published(router, drafted(ALARM))
    ticket = arrives(ZEBRA)
    assert ticket.category == "security.compromised"
    draft_id = drafted(BEES)
    report = backtest(router, draft_id)
    assert report["result"]["refusals"] == ["security_lost"]
    assert report["result"]["changes"][0]["ticket"] == ticket.number
    assert refused(router, draft_id) == "backtest_refused"
    desk.set_category(router, HUA, ticket.id, "other.chitchat")
    assert published(router, draft_id)


def test_making_alarms_of_small_matters_is_refused_until_a_person_says_they_are(
    router, drafted, arrives
):
    ticket = arrives("where can I see your opening hours and the fees?")
    assert ticket.category.startswith("other.")
    assert ticket.category != "other.unsorted"
    wide = ALARM.replace('"zebra on my account"', '"opening hours"').replace(
        "there is a zebra on my account", "your opening hours"
    )
    draft_id = drafted(wide)
    assert backtest(router, draft_id)["result"]["refusals"] == ["calm_to_p1"]
    assert refused(router, draft_id) == "backtest_refused"
    desk.set_category(router, HUA, ticket.id, "security.compromised")
    assert published(router, draft_id)


def test_a_report_holds_no_word_of_a_requester(router, drafted, arrives):
    published(router, drafted(ALARM))
    arrives(ZEBRA)
    draft_id = drafted(BEES)
    backtest(router, draft_id)
    with router.store.reading() as unit:
        said = unit.value("SELECT report FROM ruleset WHERE id = :id", id=draft_id)
    assert "zebra" not in said
    assert '"places": [["text", 11, 30, "desk.alarm"]]' in said


# ---------------------------------------------------------------- in every process


def test_another_process_judges_by_new_rules_with_its_next_message(
    router, drafted, arrives, settings_of, frozen, shipped_rules
):
    other = assemble(settings_of(), clock=frozen, rules=shipped_rules)
    try:
        published(router, drafted(BEES))
        assert other.rules.version != router.rules.version
        ticket = arrives("the beehive fell on my phone", other)
        assert other.rules.version == router.rules.version
        assert ticket.category == "other.bees"
        with other.store.reading() as unit:
            assert unit.value("SELECT ruleset FROM verdict") == router.rules.version
    finally:
        other.close()


def test_a_process_that_starts_later_begins_with_what_was_published(
    router, drafted, settings_of, frozen
):
    version = published(router, drafted(BEES))
    later = assemble(settings_of(), clock=frozen)
    later.close()
    assert later.rules.version == version == compiled({"desk.toml": BEES}).version


def test_the_clock_follows_even_when_no_message_comes(
    router, drafted, settings_of, frozen, shipped_rules
):
    other = assemble(settings_of(), clock=frozen, rules=shipped_rules)
    try:
        version = published(router, drafted(BEES))
        duty = next(one for one in sweeps.DUTIES if one.name == "rules")
        sweeps.attempt(other, duty)
        assert other.rules.version == version
    finally:
        other.close()


def test_a_published_version_that_cannot_be_read_leaves_the_one_before_at_work(
    router, drafted, arrives
):
    version = published(router, drafted(BEES))
    bad = drafted("[[rule]]")
    router.store.write(
        lambda unit: unit.run(
            "UPDATE ruleset SET state = 'published', published_at = 9000000000000000, "
            "version = 'bad' WHERE id = :id",
            id=bad,
        )
    )
    assert arrives("the beehive fell").category == "other.bees"
    assert router.rules.version == version
    duty = next(one for one in sweeps.DUTIES if one.name == "rules")
    sweeps.attempt(router, duty)
    with router.store.reading() as unit:
        assert not unit.value("SELECT ok FROM health WHERE name = 'sweep:rules'")


# ---------------------------------------------------------------- versions


def test_a_version_stays_with_the_tickets_it_decided(router, drafted, arrives):
    first = published(router, drafted(BEES))
    arrives("the beehive fell")
    published(router, drafted(BEES + ALARM))
    with router.store.reading() as unit:
        decided_by = unit.value("SELECT ruleset FROM verdict")
        kept = rulesets.named(unit, decided_by)
    assert decided_by == first
    assert (kept.state, kept.files) == ("retired", {"desk.toml": BEES})
    assert (kept.author, kept.publisher) == ("Hua", "Tom")


def test_the_first_publishing_keeps_the_folder_as_a_version_to_go_back_to(
    settings_of, frozen, tmp_path, router
):
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "own.toml").write_text(BEES, "utf-8")
    seeded = assemble(settings_of(rules={"folder": str(folder)}), clock=frozen)
    draft_id = rulemaking.begin(seeded, HUA)
    assert row_of(seeded, draft_id).files == {"own.toml": BEES}
    rulemaking.save(seeded, HUA, draft_id, seen(seeded, draft_id), {"own.toml": BEES + ALARM})
    published(seeded, draft_id)
    seeded.close()
    with router.store.reading() as unit:
        before = rulesets.history(unit)[1]
    assert (before.note, before.files) == ("baseline", {"own.toml": BEES})


def test_going_back_is_a_draft_that_is_backtested_and_published_by_a_second_person(
    router, drafted, arrives
):
    first = published(router, drafted(BEES))
    published(router, drafted(BEES + ALARM))
    with router.store.reading() as unit:
        old = rulesets.named(unit, first)
    draft_id = rulemaking.restore(router, HUA, old.id)
    assert refused(router, draft_id) == "backtest_first"
    backtest(router, draft_id)
    assert refused(router, draft_id, HUA) == "second_person"
    assert rulemaking.publish(router, TOM, draft_id, seen(router, draft_id)) == first
    assert arrives(ZEBRA).category != "security.compromised"


def test_going_back_to_rules_that_would_lose_an_alarm_is_refused(router, drafted, arrives):
    first = published(router, drafted(BEES))
    published(router, drafted(BEES + ALARM))
    arrives(ZEBRA)
    with router.store.reading() as unit:
        old = rulesets.named(unit, first)
    draft_id = rulemaking.restore(router, HUA, old.id)
    backtest(router, draft_id)
    assert refused(router, draft_id) == "backtest_refused"


def test_only_one_version_is_ever_in_force(router, drafted):
    for text in (BEES, ALARM, BEES):
        published(router, drafted(text))
    with router.store.reading() as unit:
        count = unit.value("SELECT COUNT(*) FROM ruleset WHERE state = 'published'")
        bases = {one.base for one in rulesets.history(unit)}
    assert count == 1
    assert bases == {shipped_version()}


def test_every_change_is_in_the_audit_log(router, drafted):
    draft_id = drafted(BEES)
    rulemaking.Check(router, HUA, draft_id, "lint").run()
    published(router, draft_id)
    rulemaking.discard(router, TOM, drafted(ALARM))
    with router.store.reading() as unit:
        rows = unit.rows("SELECT actor, action FROM audit WHERE action LIKE 'rules.%' ORDER BY id")
    assert [(row.actor, row.action) for row in rows] == [
        ("agent:11", "rules.drafted"),
        ("agent:11", "rules.saved"),
        ("agent:11", "rules.checked.lint"),
        ("agent:11", "rules.checked.backtest"),
        ("agent:12", "rules.published"),
        ("agent:11", "rules.drafted"),
        ("agent:11", "rules.saved"),
        ("agent:12", "rules.discarded"),
    ]


# ---------------------------------------------------------------- checks


def test_lint_says_what_is_to_be_mended_in_the_drafts_own_files(router, drafted):
    twice = BEES.replace('"beehive"', '"beehive", "beehive"')
    draft_id = drafted(twice)
    rulemaking.Check(router, HUA, draft_id, "lint").run()
    remarks = rulemaking.unpacked(row_of(router, draft_id).report["lint"]["remarks"])
    assert [(one.file, one.rule, one.code) for one in remarks] == [
        ("desk.toml", "desk.bees", "duplicate")
    ]


def test_a_check_says_nothing_about_a_draft_that_was_changed_meanwhile(router, drafted):
    draft_id = drafted(BEES)
    check = rulemaking.Check(router, HUA, draft_id, "backtest")
    rulemaking.save(router, TOM, draft_id, seen(router, draft_id), {"desk.toml": ALARM})
    check.run()
    assert row_of(router, draft_id).report == {}


def test_two_checks_of_one_draft_do_not_run_at_once(router, drafted, frozen):
    draft_id = drafted(BEES)
    rulemaking.Check(router, HUA, draft_id, "backtest")
    with pytest.raises(Conflict, match="check_running"):
        rulemaking.Check(router, TOM, draft_id, "lint")
    frozen.advance(timedelta(minutes=2))
    rulemaking.Check(router, TOM, draft_id, "lint").run()
    assert row_of(router, draft_id).report["lint"]["state"] == "done"
