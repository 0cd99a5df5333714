"""The inbox's questions: every view is what its count says, along an index, in one's own teams."""

import itertools

import pytest

from channels.contract import Call
from router.core.lifecycle import STANDING
from router.core.rights import Who
from router.errors import Invalid, NotFound
from router.store import calls, counters, pages, people
from router.store import shapes as t
from router.store.batch import UNSORTED, Draft, write
from router.store.counters import VIEWS
from router.store.pages import Filters
from router.store.pages import calls as pages_calls

BOSS = Who(id=3, name="Ada", role="manager")
KINDS = (
    ("security.phishing", True, "P1"),
    (UNSORTED, False, "P3"),
    ("transfer.pending", False, "P2"),
    ("login.locked_account", False, "P4"),
)


@pytest.fixture
def teams(store):
    return store.write(people.team_ids)


@pytest.fixture
def mei(store, teams):
    """An agent of the support team."""

    def work(unit):
        return people.create_agent(unit, "mei@desk.example", "Mei", "agent", ["support"])

    made = store.write(work)
    return Who(id=made, name="Mei", role="agent", teams=frozenset({teams["support"]}))


@pytest.fixture
def drafted():
    """Makes a requester in a unit, and the draft of a ticket of theirs with these columns."""
    numbers = itertools.count()

    def make(unit, team_id, **columns):
        step = next(numbers)
        person, handle, ticket_id = unit.new_id(), unit.new_id(), unit.new_id()
        unit.put(t.Requester, id=person, name=f"Ann {step}", created_at=unit.now_us)
        unit.put(
            t.Identity,
            id=handle,
            requester_id=person,
            kind="email",
            value=f"ann{step}@mail.example",
            created_at=unit.now_us,
        )
        given = {
            "category": "transfer.pending",
            "urgency": "P2",
            "channel": "email",
            "account": "support",
            "closed_at": unit.now_us + step if columns.get("state") == "closed" else None,
            **columns,
        }
        return Draft(
            id=ticket_id,
            number=f"WT-{step:05}",
            subject=f"Matter {step}",
            requester_id=person,
            identity_id=handle,
            team_id=team_id,
            opened_at=unit.now_us,
            updated_at=unit.now_us + step,
            new=True,
            **given,
        )

    return make


@pytest.fixture
def put(drafted):
    """Makes a ticket with these columns in a unit; its draft."""

    def make(unit, team_id, *, says="", tags=(), **columns):
        draft = drafted(unit, team_id, **columns)
        write(unit, [draft])
        for tag in tags:
            unit.put(t.TicketTag, ticket_id=draft.id, tag=tag)
        if says:
            unit.put(
                t.Message,
                id=unit.new_id(),
                ticket_id=draft.id,
                direction="in",
                channel="email",
                text=says,
                arrived_at=unit.now_us,
                seen_at=unit.now_us,
            )
        return draft

    return make


@pytest.fixture
def opened(store, put):
    """Makes a ticket with these columns; its draft."""

    def make(team_id, **columns):
        return store.write(lambda unit: put(unit, team_id, **columns))

    return make


@pytest.fixture
def desk(store, drafted, teams, mei):
    """One ticket of every sort: team × kind × state × whose."""

    def work(unit):
        made = []
        for team in teams.values():
            for category, security, urgency in KINDS:
                owners = (None, mei.id) if team in mei.teams else (None,)
                for state, assignee in itertools.product(STANDING, owners):
                    columns = {
                        "category": category,
                        "security": security,
                        "urgency": urgency,
                        "state": state,
                        "assignee_id": assignee,
                        "parked": category == UNSORTED and assignee is None,
                    }
                    made.append(drafted(unit, team, **columns))
        write(unit, made)
        return made

    return store.write(work)


def _walk(store, who, view="open", limit=7, **narrow):
    """Every line of a view, read page by page."""
    found, cursor = [], None
    while True:
        with store.reading() as unit:
            page = pages.list_tickets(
                unit, view=view, who=who, filters=Filters(**narrow), cursor=cursor, limit=limit
            )
        found += page.rows
        cursor = page.next
        if cursor is None:
            return found


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_holds_what_its_count_says(store, desk, mei, view):
    lines = _walk(store, mei, view)
    with store.reading() as unit:
        assert pages.counts(unit, mei)[view] == len(lines) > 0


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_holds_the_tickets_whose_own_keys_name_it(store, desk, mei, view):
    (team,) = mei.teams
    key = f"a{mei.id}:mine" if view == "mine" else f"t{team}:{view}"
    wanted = set()
    for one in desk:
        keys = one.counted().keys()
        if key in keys:
            wanted.add(one.id)
    assert {line.id for line in _walk(store, mei, view)} == wanted


@pytest.mark.parametrize("view", VIEWS)
def test_pages_of_a_view_neither_repeat_nor_drop_a_ticket(store, desk, view):
    by_page = [line.id for line in _walk(store, BOSS, view, limit=3)]
    at_once = [line.id for line in _walk(store, BOSS, view, limit=500)]
    assert by_page == at_once
    assert len(set(by_page)) == len(by_page)


def test_a_page_begun_before_a_ticket_came_goes_on_where_it_was(store, opened, teams, desk):
    with store.reading() as unit:
        first = pages.list_tickets(
            unit, view="open", who=BOSS, filters=Filters(), cursor=None, limit=5
        )
    opened(teams["security"], category="security.phishing", security=True, urgency="P1")
    with store.reading() as unit:
        second = pages.list_tickets(
            unit, view="open", who=BOSS, filters=Filters(), cursor=first.next, limit=500
        )
    assert not {one.id for one in first.rows} & {one.id for one in second.rows}


def test_security_stands_above_the_unsorted_and_those_above_the_rest(store, desk):
    bands = [
        0 if line.security else 1 if line.category == UNSORTED else 2
        for line in _walk(store, BOSS, "open", limit=500)
    ]
    assert bands == sorted(bands)
    assert set(bands) == {0, 1, 2}


def test_what_was_closed_last_stands_first_among_the_closed(store, opened, teams):
    made = [opened(teams["support"], state="closed") for _ in range(4)]
    lines = _walk(store, BOSS, "closed")
    assert [line.id for line in lines] == [one.id for one in reversed(made)]


@pytest.mark.parametrize("view", VIEWS)
def test_nobody_reads_another_teams_tickets(store, desk, teams, mei, view):
    assert all(line.team_id == teams["support"] for line in _walk(store, mei, view))


@pytest.mark.parametrize("view", VIEWS)
def test_somebody_without_a_team_sees_no_ticket_at_all(store, desk, view):
    stray = Who(id=9, name="Stray", role="agent")
    assert _walk(store, stray, view) == []


def test_asking_for_another_teams_list_finds_nothing(store, desk, mei):
    assert _walk(store, mei, "open", team="security") == []
    assert _walk(store, BOSS, "open", team="security") != []


@pytest.mark.parametrize(
    ("narrow", "kept"),
    [
        ({"category": "transfer.pending"}, lambda line: line.category == "transfer.pending"),
        ({"category": "security"}, lambda line: line.category.startswith("security.")),
        ({"urgency": "P1"}, lambda line: line.urgency == "P1"),
    ],
)
def test_a_filter_keeps_what_it_names_and_nothing_else(store, desk, narrow, kept):
    lines, everything = _walk(store, BOSS, **narrow), _walk(store, BOSS)
    assert [line.id for line in lines] == [line.id for line in everything if kept(line)]
    assert 0 < len(lines) < len(everything)


def test_tags_channel_and_language_narrow_a_list(store, opened, teams):
    one = opened(teams["support"], tags=["refund"], channel="webform", language="zh-Hant")
    opened(teams["support"], tags=["other"], language="en")
    for narrow in ({"tag": "refund"}, {"channel": "webform"}, {"language": "zh"}):
        assert [line.id for line in _walk(store, BOSS, **narrow)] == [one.id]


def test_an_address_finds_every_ticket_of_its_owner(store, opened, teams, mei):
    hers = opened(teams["support"])
    foreign = opened(teams["security"])
    with store.reading() as unit:
        handles = [
            unit.value("SELECT value FROM identity WHERE id = :id", id=one.identity_id)
            for one in (hers, foreign)
        ]
    assert [line.id for line in _walk(store, mei, q=handles[0].upper())] == [hers.id]
    assert _walk(store, mei, q=handles[1]) == []


@pytest.mark.parametrize("cursor", ["x", "!", "MQ", "LTEuMS4x", "9" * 60])
def test_a_cursor_that_is_not_ours_is_refused(store, cursor):
    with store.reading() as unit, pytest.raises(Invalid):
        pages.list_tickets(unit, view="open", who=BOSS, filters=Filters(), cursor=cursor)


# ---------------------------------------------------------------- what a page costs


class Ledger:
    """Stands before a unit and writes down every question."""

    def __init__(self, unit):
        self._unit = unit
        self.asked = []

    def __getattr__(self, name):
        return getattr(self._unit, name)

    def rows(self, sql, /, **params):
        self.asked.append((sql, params))
        return self._unit.rows(sql, **params)

    def row(self, sql, /, **params):
        self.asked.append((sql, params))
        return self._unit.row(sql, **params)

    def value(self, sql, /, **params):
        self.asked.append((sql, params))
        return self._unit.value(sql, **params)


def _plans(unit, asked):
    for sql, params in asked:
        for row in unit.rows(f"EXPLAIN QUERY PLAN {sql}", **params):
            yield row.detail


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("place", ["first", "later"])
def test_a_page_is_read_along_an_index_never_scanned_nor_sorted(store, desk, mei, view, place):
    if not store.single_writer:
        pytest.skip("SQLite tells its plans in these words")
    for who in (mei, BOSS):
        with store.reading() as unit:
            ledger = Ledger(unit)
            cursor = pages.list_tickets(
                ledger, view=view, who=who, filters=Filters(), cursor=None, limit=1
            ).next
            if place == "later" and cursor is not None:
                ledger.asked.clear()
                pages.list_tickets(
                    ledger, view=view, who=who, filters=Filters(), cursor=cursor, limit=1
                )
            plans = list(_plans(unit, ledger.asked))
        assert any("ix_ticket" in plan for plan in plans)
        assert not [one for one in plans if "TEMP B-TREE" in one]
        assert not [one for one in plans if one.startswith("SCAN t")]


@pytest.mark.parametrize("view", ["due_soon", "breached"])
def test_what_is_due_is_read_along_its_own_index(store, desk, mei, view):
    if not store.single_writer:
        pytest.skip("SQLite tells its plans in these words")
    for who in (mei, BOSS):
        with store.reading() as unit:
            ledger = Ledger(unit)
            pages.list_tickets(ledger, view=view, who=who, filters=Filters(), cursor=None)
            plans = list(_plans(unit, ledger.asked[:1]))
        assert any("ix_ticket_due" in plan for plan in plans), plans
        assert not [one for one in plans if "TEMP B-TREE" in one]


@pytest.mark.parametrize("view", VIEWS)
def test_no_page_of_the_list_counts_or_skips(store, desk, mei, view):
    with store.reading() as unit:
        ledger = Ledger(unit)
        pages.list_tickets(ledger, view=view, who=mei, filters=Filters(), cursor=None)
        pages.counts(ledger, mei)
    told = " ".join(sql for sql, _ in ledger.asked).upper()
    assert "COUNT(" not in told
    assert "OFFSET" not in told


def test_a_ticket_costs_the_same_questions_however_long_it_is(store, opened, teams):
    short = opened(teams["support"], says="one")
    long = opened(teams["support"], says="one")

    def talk(unit):
        for step in range(150):
            unit.put(
                t.Message,
                id=unit.new_id(),
                ticket_id=long.id,
                direction="in",
                channel="email",
                text=f"part {step}",
                arrived_at=unit.now_us + step,
                seen_at=unit.now_us + step,
            )

    store.write(talk)
    spent = []
    for one in (short, long):
        with store.reading() as unit:
            ledger = Ledger(unit)
            shown = pages.ticket_view(ledger, one.id, BOSS)
            spent.append(len(ledger.asked))
    assert spent[0] == spent[1]
    assert len(shown.messages) == 100
    assert shown.messages[-1].text == "part 149"
    with store.reading() as unit:
        older = pages.ticket_view(unit, long.id, BOSS, before=shown.earlier)
    assert len(older.messages) == 51
    assert older.earlier is None


# ---------------------------------------------------------------- one ticket


def test_a_ticket_of_another_team_does_not_exist(store, opened, teams, mei):
    foreign = opened(teams["security"])
    with store.reading() as unit:
        with pytest.raises(NotFound):
            pages.ticket_id(unit, foreign.number, mei)
        with pytest.raises(NotFound):
            pages.ticket_view(unit, foreign.id, mei)


def test_the_other_tickets_of_a_requester_are_shown_only_from_ones_own_teams(
    store, opened, teams, mei
):
    mine, foreign = opened(teams["support"]), opened(teams["security"])

    def same_person(unit):
        unit.run(
            "UPDATE ticket SET requester_id = :r WHERE id = :id",
            r=mine.requester_id,
            id=foreign.id,
        )

    store.write(same_person)
    with store.reading() as unit:
        assert pages.ticket_view(unit, mine.id, mei).others == ()
        assert [one.id for one in pages.ticket_view(unit, mine.id, BOSS).others] == [foreign.id]


def test_a_linked_ticket_of_another_team_is_not_even_named(store, opened, teams, mei):
    mine, foreign = opened(teams["support"]), opened(teams["security"])

    def link(unit):
        unit.put(
            t.Link,
            id=unit.new_id(),
            ticket_id=mine.id,
            other_id=foreign.id,
            kind="follow_up",
            at=unit.now_us,
        )

    store.write(link)
    with store.reading() as unit:
        assert pages.ticket_view(unit, mine.id, mei).links == ()
        (seen,) = pages.ticket_view(unit, mine.id, BOSS).links
    assert (seen.kind, seen.number) == ("follow_up", foreign.number)


def test_a_file_and_a_mail_are_read_only_within_ones_teams(store, opened, teams, mei):
    foreign = opened(teams["security"])

    def send(unit):
        message = unit.new_id()
        unit.put(
            t.Message,
            id=message,
            ticket_id=foreign.id,
            direction="in",
            channel="email",
            html="<p>hello</p>",
            arrived_at=unit.now_us,
            seen_at=unit.now_us,
        )
        file = unit.new_id()
        unit.put(t.Attachment, id=file, message_id=message, token="tok", name="a.png", size=3)
        unit.put(t.AttachmentBody, attachment_id=file, key_id="k", wrapped_key=b"w", blob=b"b")
        return message

    message = store.write(send)
    with store.reading() as unit:
        with pytest.raises(NotFound):
            pages.attachment(unit, "tok", mei)
        with pytest.raises(NotFound):
            pages.message_html(unit, message, mei)
        view, *sealed = pages.attachment(unit, "tok", BOSS)
        assert (view.name, *map(bytes, sealed[1:])) == ("a.png", b"w", b"b")
        assert pages.message_html(unit, message, BOSS) == "<p>hello</p>"


# ---------------------------------------------------------------- outbox and parked items


def test_the_outbox_is_read_newest_first_in_ones_own_teams(store, opened, teams, mei):
    mine, foreign = opened(teams["support"]), opened(teams["security"])

    def queue(unit):
        for step, one in enumerate((mine, foreign, mine, mine)):
            unit.put(
                t.Outbox,
                id=unit.new_id(),
                ticket_id=one.id,
                purpose="reply",
                once=f"r{step}",
                channel="email",
                account="support",
                identity_id=one.identity_id,
                state="held" if step == 2 else "sent",
                reason="no_channel" if step == 2 else "",
                due_at=unit.now_us,
                created_at=unit.now_us,
            )

    store.write(queue)
    with store.reading() as unit:
        first = pages.outbox_rows(unit, mei, None, limit=2)
        rest = pages.outbox_rows(unit, mei, first.next, limit=2)
        held = pages.outbox_rows(unit, mei, None, "held")
        everything = pages.outbox_rows(unit, BOSS, None)
    ids = [one.id for one in (*first.rows, *rest.rows)]
    assert ids == sorted(ids, reverse=True)
    assert (len(ids), rest.next) == (3, None)
    assert {one.number for one in (*first.rows, *rest.rows)} == {mine.number}
    assert [one.reason for one in held.rows] == ["no_channel"]
    assert len(everything.rows) == 4


def test_parked_items_are_listed_with_their_error_and_ticket(store, opened, teams, mei):
    mine, foreign = opened(teams["support"]), opened(teams["security"])

    def park(unit):
        for one in (mine, foreign):
            unit.put(
                t.Journal,
                id=unit.new_id(),
                kind="email",
                account="support",
                remote_id=one.number,
                state="parked",
                received_at=unit.now_us,
                ticket_id=one.id,
                error="ValueError",
                trace="made-up",
            )

    store.write(park)
    with store.reading() as unit:
        assert [one.number for one in pages.parked_rows(unit, mei, None).rows] == [mine.number]
        both = pages.parked_rows(unit, BOSS, None)
    assert [(one.error, one.trace) for one in both.rows] == [("ValueError", "made-up")] * 2


def test_counts_add_up_what_was_folded_and_what_was_not(store, opened, teams, mei):
    opened(teams["support"])
    store.write(counters.fold)
    opened(teams["support"])
    with store.reading() as unit:
        assert pages.counts(unit, mei)["open"] == 2


@pytest.fixture
def regular(store, drafted, teams):
    """Seventy tickets of one person, the oldest of them closed."""

    def work(unit):
        made = [
            drafted(unit, teams["support"], state="open" if step else "closed")
            for step in range(70)
        ]
        for one in made:
            one.requester_id, one.identity_id = made[0].requester_id, made[0].identity_id
        write(unit, made)
        return made

    return store.write(work)


def test_all_tickets_of_an_address_are_found_however_many_there_are(store, regular, mei):
    found, cursor = [], None
    with store.reading() as unit:
        while cursor or not found:
            page = pages.search_tickets(unit, mei, Filters(q="ann0@mail.example"), cursor)
            found += [one.id for one in page.rows]
            cursor = page.next
        wanted = Filters(q="Ann0@mail.example", state="closed")
        (closed,) = pages.search_tickets(unit, mei, wanted, None).rows
    assert found == [one.id for one in reversed(regular)]
    assert closed.id == regular[0].id


def test_a_ticket_says_when_its_requester_has_more_others_than_it_lists(store, regular, mei):
    with store.reading() as unit:
        shown = pages.ticket_view(unit, regular[0].id, mei)
        assert (len(shown.others), shown.more_others) == (8, True)


def test_what_happened_among_early_messages_is_read_with_them(store, opened, teams, frozen, mei):
    ticket = opened(teams["support"])

    def work(unit):
        for step in range(110):
            at = unit.now_us + 5 * step
            unit.put(
                t.Message,
                id=unit.new_id(),
                ticket_id=ticket.id,
                direction="in",
                channel="email",
                arrived_at=at,
                seen_at=at,
            )
            for later in range(1, 5):
                given = {"code": "tagged", "params": "{}", "at": at + later}
                unit.put(t.Entry, id=unit.new_id(), ticket_id=ticket.id, **given)

    store.write(work)
    with store.reading() as unit:
        newest = pages.ticket_view(unit, ticket.id, mei)
        early = pages.ticket_view(unit, ticket.id, mei, before=newest.earlier)
    assert len(early.messages) == 10
    assert len([one for one in early.entries if one.code == "tagged"]) == 40
    assert max(one.at for one in early.entries) < newest.messages[0].at


def test_everybody_who_waits_for_a_call_is_counted_listed_or_not(store, regular, mei):
    def work(unit):
        call = calls.hear(unit, "phone", "line", Call(id="1", number="+8613800138000"))
        for one in regular:
            unit.put(t.CallBack, ticket_id=one.id, call_id=call, asked_at=unit.now_us)

    store.write(work)
    with store.reading() as unit:
        assert pages_calls.waiting(unit, mei) == 69
