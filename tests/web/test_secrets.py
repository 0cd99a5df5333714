"""What an agent sees of a masked secret, and is asked before sending one."""

import re

import pytest

from tests.web.conftest import submitted

pytestmark = pytest.mark.one_database

PHRASE = "legal winner thank year wave sausage worth useful legal winner thank yellow"
CARD = "4111 1111 1111 1111"


@pytest.fixture
def lead(browser_of):
    return browser_of("admin")


def _messages(router, ticket_id):
    with router.store.reading() as unit:
        return unit.rows(
            "SELECT * FROM message WHERE ticket_id = :t AND direction <> 'in' ORDER BY id",
            t=ticket_id,
        )


def _confirmed(page):
    return re.search(r'name="confirmed" value="([0-9a-f]+)"', page.text)[1]


@pytest.mark.parametrize(
    ("language", "shown"),
    [
        ("en", "masked: seed phrase (12 words), in a field of the form"),
        ("zh", "已遮盖：助记词（12 个词），在表单字段里"),
    ],
)
def test_a_chip_says_what_was_masked_how_long_it_was_and_where(router, lead, language, shown):
    taken = submitted(router, "My wallet is empty", device=PHRASE)
    page = lead.get(f"/ticket/{taken.number}?lang={language}")
    assert shown in page.text
    assert "winner" not in page.text


def test_two_like_ones_are_one_chip(router, lead):
    taken = submitted(router, f"cards {CARD} and {CARD[:-1]}1".replace("1111 and", "1111, and"))
    page = lead.get(f"/ticket/{taken.number}?lang=en")
    assert "masked: card number (16 characters) × 2" in page.text


def test_the_timeline_says_why_it_is_urgent(router, lead):
    taken = submitted(router, f"it is {PHRASE}")
    page = lead.get(f"/ticket/{taken.number}?lang=en")
    assert "Somebody sent us what opens a wallet (seed phrase)" in page.text
    chinese = lead.get(f"/ticket/{taken.number}?lang=zh")
    assert "客户发来了能打开钱包的信息（助记词）" in chinese.text


@pytest.mark.parametrize("form", ["reply", "note"])
def test_a_text_with_a_secret_comes_back_with_its_masked_form_first(router, lead, calm, form):
    text = f"Is this your card: {CARD}?"
    page = lead.post(f"/ticket/{calm.number}/{form}", {"text": text, "once": "a"})
    assert page.status_code == 422
    assert "Is this your card: •••• 1111?" in page.text
    assert f">{text}</textarea>" in page.text
    assert _messages(router, calm.ticket_id) == []


@pytest.mark.parametrize("form", ["reply", "note"])
def test_once_confirmed_it_is_kept_masked(router, lead, calm, form):
    text = f"Is this your card: {CARD}?"
    page = lead.post(f"/ticket/{calm.number}/{form}", {"text": text, "once": "a"})
    given = {"text": text, "once": "a", "confirmed": _confirmed(page)}
    assert lead.post(f"/ticket/{calm.number}/{form}", given).status_code == 303
    (message,) = _messages(router, calm.ticket_id)
    assert (message.text, message.masked) == ("Is this your card: •••• 1111?", "card")
    with router.store.reading() as unit:
        (kept,) = unit.rows("SELECT * FROM masked_secret WHERE message_id = :m", m=message.id)
    assert (kept.kind, kept.part, kept.length) == ("card", "text", 16)


def test_a_yes_counts_for_the_text_that_was_shown_only(router, lead, calm):
    first = lead.post(f"/ticket/{calm.number}/reply", {"text": f"card {CARD}", "once": "a"})
    given = {"text": f"card {CARD}, phrase {PHRASE}", "once": "a", "confirmed": _confirmed(first)}
    second = lead.post(f"/ticket/{calm.number}/reply", given)
    assert second.status_code == 422
    assert _confirmed(second) != _confirmed(first)
    assert _messages(router, calm.ticket_id) == []


def test_a_clean_text_is_sent_at_once(router, lead, calm):
    given = {"text": "The transaction is 0x" + "4c08" * 16 + " and pending.", "once": "a"}
    assert lead.post(f"/ticket/{calm.number}/reply", given).status_code == 303
    assert "4c08" in _messages(router, calm.ticket_id)[0].text
