"""Numbers people read aloud: not countable, and a slip of the tongue is caught."""

import re
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.core.keys import Keyring
from router.core.references import (
    ALPHABET,
    message_id,
    normalise_number,
    number_range,
    outgoing_id,
    ticket_number,
)
from router.errors import Invalid

RING = Keyring.ephemeral()
numbers = st.integers(1, 2**63 - 1).map(lambda one: ticket_number(one, RING))
relaxed = settings(deadline=None)


@given(numbers)
@relaxed
def test_a_number_is_its_own_one_spelling(number):
    assert normalise_number(number) == number


@given(numbers)
@relaxed
def test_every_single_wrong_character_is_caught(number):
    for place, right in enumerate(number):
        for wrong in string.ascii_uppercase + string.digits:
            if right not in ("-", wrong):
                assert normalise_number(number[:place] + wrong + number[place + 1 :]) is None


@given(numbers)
@relaxed
def test_every_swap_of_neighbours_is_caught(number):
    letters = number.replace("-", "")
    for place in range(len(letters) - 1):
        swapped = [*letters]
        swapped[place], swapped[place + 1] = swapped[place + 1], swapped[place]
        if "".join(swapped) != letters:
            assert normalise_number("".join(swapped)) is None


@given(numbers)
@relaxed
def test_a_lost_or_doubled_character_is_caught(number):
    for place, character in enumerate(number):
        if character != "-":
            assert normalise_number(number[:place] + number[place + 1 :]) is None
            assert normalise_number(number[:place] + character + number[place:]) is None


@given(numbers)
@relaxed
def test_a_number_is_understood_however_it_was_typed(number):
    wide = str.maketrans({chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)})
    for typed in (
        number.lower(),
        f"  #{number} ",
        number.replace("-", ""),
        number.removeprefix("WT-"),
        number.replace("-", " – "),
        number.translate(wide),
    ):
        assert normalise_number(typed) == number


def test_numbers_of_neighbouring_tickets_have_nothing_in_common():
    drawn = [ticket_number(one, RING) for one in range(1, 3001)]
    assert len(set(drawn)) == len(drawn)
    for place in (3, 7, 9, 13):
        assert len({number[place] for number in drawn}) == len(ALPHABET)


def test_a_number_can_not_be_told_without_the_key():
    assert ticket_number(7, RING) != ticket_number(7, Keyring.ephemeral())


def test_no_character_looks_like_another():
    assert not set("01OIL") & set(ALPHABET)


@pytest.mark.parametrize("text", ["", "WT-", "hello", "WT-00000-00000", "钱" * 12, "A" * 100_000])
def test_what_is_no_number_is_none(text):
    assert normalise_number(text) is None


def test_a_mail_of_ours_has_an_id_that_tells_nothing():
    ids = {outgoing_id("desk.example") for _ in range(100)}
    assert len(ids) == 100
    assert all(re.fullmatch(r"<o\.[0-9a-f]{32}@desk\.example>", one) for one in ids)


def test_a_message_id_is_token_at_domain():
    assert message_id("t.abc123", "mail.example.com") == "<t.abc123@mail.example.com>"


@pytest.mark.parametrize(
    ("token", "domain"),
    [
        ("a\r\nBcc: x", "example.com"),
        ("a b", "example.com"),
        ("a>", "example.com"),
        ("", "example.com"),
        ("a", ""),
        ("a", "exa mple.com"),
        ("a", "example.com>\n"),
    ],
)
def test_nothing_smuggles_a_header_into_a_message_id(token, domain):
    with pytest.raises(Invalid):
        message_id(token, domain)


@given(st.integers(min_value=1, max_value=2**62), st.integers(min_value=5, max_value=9))
@settings(deadline=None)
def test_the_beginning_of_a_number_spans_it(ticket_id, shown):
    number = ticket_number(ticket_id, RING)
    half = number if number.startswith("WT-WT") else number[3:]
    for typed in (number[: shown + 3], half[:shown].lower(), f"wt {number[3:5]}"):
        first, last = number_range(typed)
        assert first <= number <= last, typed


@pytest.mark.parametrize(
    "words", ["", "card", "WT", "WT-7", "转账", "hello", "WT-7KQ2M-XF4TCABC", "0"]
)
def test_what_begins_no_number_spans_nothing(words):
    assert number_range(words) is None
