"""Search finds what was written, Chinese of two characters included, and only what one may see."""

import pytest

from router.store import search
from router.store.batch import Draft, write
from router.store.shapes import Identity, Message, Requester


@pytest.fixture
def told(store):
    """Three messages on tickets of two teams."""

    def fill(unit):
        person, handle = unit.new_id(), unit.new_id()
        unit.put(Requester, id=person, created_at=1)
        unit.put(
            Identity,
            id=handle,
            requester_id=person,
            kind="email",
            value="a@x.example",
            created_at=1,
        )
        ids = []
        for team, text in (
            (1, "昨天转账失败，请帮我查一下"),
            (2, "账户被盗，请马上冻结"),
            (1, "Transfer FAILED twice, order 88421"),
        ):
            ticket = Draft(
                id=unit.new_id(),
                number=f"WT-{text[:4]}",
                subject="",
                requester_id=person,
                identity_id=handle,
                channel="email",
                account="a",
                team_id=team,
                category="other.unsorted",
                urgency="P3",
                opened_at=1,
                updated_at=1,
                new=True,
            )
            write(unit, [ticket])
            message = unit.new_id()
            unit.put(
                Message,
                id=message,
                ticket_id=ticket.id,
                direction="in",
                channel="email",
                text=text,
                arrived_at=1,
                seen_at=1,
            )
            unit.flush()
            search.add(unit, [(message, search.prepare(text, 4000))])
            ids.append(message)
        return ids

    return store.write(fill)


def _find(store, words, teams=None):
    with store.reading() as unit:
        return [message for message, _ in search.find(unit, words, teams=teams).found]


@pytest.mark.parametrize(
    ("words", "place"),
    [("转账", 0), ("冻结", 1), ("failed", 2), ("FAILED", 2), ("88421", 2), ("转账 失败", 0)],
)
def test_a_word_finds_its_message(store, told, words, place):
    assert _find(store, words) == [told[place]]


@pytest.mark.parametrize(
    ("written", "sought"),
    [
        ("我的轉帳失敗了", "转账失败"),
        ("我的转账失败了", "轉賬"),
        ("帐户登陆不上", "账户登录"),
        ("我的賬戶", "帐户"),
        ("ＡＰＰ裡的頭髮", "app里的头发"),
    ],
)
def test_a_word_is_found_however_its_characters_are_written(store, told, written, sought):
    def more(unit):
        message = unit.new_id()
        ticket = unit.value("SELECT ticket_id FROM message WHERE id = :id", id=told[0])
        unit.put(
            Message,
            id=message,
            ticket_id=ticket,
            direction="in",
            channel="email",
            text=written,
            arrived_at=1,
            seen_at=1,
        )
        unit.flush()
        search.add(unit, [(message, search.prepare(written, 4000))])
        return message

    message = store.write(more)
    assert message in _find(store, sought)


def test_a_long_query_in_chinese_is_answered(store, told):
    assert _find(store, "转账失败干" * 40) == []


def test_pairs_that_only_stand_apart_are_not_found(store, told):
    assert _find(store, "转账冻结") == []


def test_a_word_that_is_not_there_finds_nothing(store, told):
    assert _find(store, "abracadabra") == []


def test_an_agent_finds_only_what_the_teams_hold(store, told):
    assert _find(store, "冻结", teams=[1]) == []
    assert _find(store, "冻结", teams=[2]) == [told[1]]


@pytest.mark.parametrize("words", ["", "  ", '"', 'a"b OR 1', "NEAR(", "转'账", "%", "_", "*"])
def test_no_query_is_too_strange(store, told, words):
    assert isinstance(_find(store, words), list)


def test_a_removed_message_is_not_found_again(store, told):
    text = "账户被盗，请马上冻结"
    store.write(lambda unit: search.remove(unit, [(told[1], search.prepare(text, 4000))]))
    with store.reading() as unit:
        assert search.find(unit, "冻结", teams=None).found == []


#: How often each word stands in the newest five thousand messages, from everywhere to nowhere.
WORDS = {"每天": 1, "weekly": 7, "月报": 90, "yearly": 1500, "only": 4999, "never": 10_000}


@pytest.fixture
def many(store, told):
    """A long row of messages on the first ticket; their ids by word, newest first."""

    def fill(unit):
        ticket = unit.value("SELECT ticket_id FROM message WHERE id = :id", id=told[0])
        found = {word: [] for word in WORDS}
        entries = []
        for number in range(5000):
            words = [word for word, every in WORDS.items() if number % every == every - 1]
            message = unit.new_id()
            unit.put(
                Message,
                id=message,
                ticket_id=ticket,
                direction="in",
                channel="email",
                text=" ".join(words),
                arrived_at=1,
                seen_at=1,
            )
            entries.append((message, search.prepare(" ".join(words), 4000)))
            for word in words:
                found[word].insert(0, message)
        unit.flush()
        search.add(unit, entries)
        return found

    return store.write(fill)


def test_frequent_or_rare_a_word_finds_the_newest_first_and_page_by_page(store, many):
    for word, ids in many.items():
        with store.reading() as unit:
            first = [one for one, _ in search.find(unit, word, teams=None, limit=20).found]
            before = first[-1] if first else 2**62
            more = search.find(unit, word, teams=None, limit=20, before=before).found
        assert first + [one for one, _ in more] == ids[:40], word
