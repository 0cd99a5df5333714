"""A token names a ticket; only who takes part in it joins."""

import re
import string
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.core.keys import Keyring
from router.core.threads import Candidate, Decision, Tokens, decide

RING = Keyring.ephemeral()
TOKENS = Tokens(RING)
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ids = st.integers(1, 2**63 - 1)
relaxed = settings(deadline=None)


@given(ids)
@relaxed
def test_a_reply_token_names_its_ticket_in_any_case(ticket_id):
    token = TOKENS.reply_token(ticket_id)
    assert TOKENS.open_reply(token) == TOKENS.open_reply(token.upper()) == ticket_id


@given(ids)
@relaxed
def test_a_reply_token_fits_the_tag_of_a_mail_address(ticket_id):
    assert re.fullmatch(r"[a-z2-7]{32}", TOKENS.reply_token(ticket_id))


@given(ids, st.integers(0, 31), st.sampled_from(string.ascii_lowercase + string.digits + "=.-é"))
@relaxed
def test_a_token_with_one_other_character_names_nothing(ticket_id, place, wrong):
    token = TOKENS.reply_token(ticket_id)
    forged = token[:place] + wrong + token[place + 1 :]
    assert forged == token or TOKENS.open_reply(forged) is None


@given(ids, st.integers(1, 31))
@relaxed
def test_a_truncated_or_padded_token_names_nothing(ticket_id, left):
    token = TOKENS.reply_token(ticket_id)
    assert TOKENS.open_reply(token[:left]) is None
    assert TOKENS.open_reply(token[:left].ljust(32, "=")) is None
    assert TOKENS.open_reply(token + "a" * left) is None


def test_the_mac_of_one_ticket_does_not_sign_another():
    one, other = TOKENS.reply_token(7), TOKENS.reply_token(1 << 40)
    assert TOKENS.open_reply(one[:12] + other[12:]) is None
    assert TOKENS.open_reply(other[:12] + one[12:]) is None


def test_a_token_of_another_desk_names_nothing():
    assert TOKENS.open_reply(Tokens(Keyring.ephemeral()).reply_token(7)) is None


def test_a_form_stamp_is_no_reply_token_though_it_is_as_long():
    stamp = TOKENS.form_stamp(NOW)
    assert len(stamp) == len(TOKENS.reply_token(7))
    assert TOKENS.open_reply(stamp) is None
    assert TOKENS.form_age(TOKENS.reply_token(7), NOW) is None


@pytest.mark.parametrize("junk", ["", "=" * 32, "\x00" * 32, "é" * 32, "1" * 32, "a" * 10_000])
def test_junk_opens_as_nothing(junk):
    assert TOKENS.open_reply(junk) is None
    assert TOKENS.open_status(junk, NOW) is None
    assert TOKENS.form_age(junk, NOW) is None


def test_a_status_link_works_until_its_time_is_over():
    token = TOKENS.status_token(7, NOW + HOUR)
    assert TOKENS.open_status(token, NOW) == 7
    assert TOKENS.open_status(token, NOW + HOUR - timedelta(seconds=1)) == 7
    assert TOKENS.open_status(token, NOW + HOUR) is None


@given(st.integers(0, 39), st.sampled_from(string.ascii_lowercase + "234567"))
@relaxed
def test_nobody_lengthens_the_life_of_a_status_link(place, wrong):
    token = TOKENS.status_token(7, NOW)
    forged = token[:place] + wrong + token[place + 1 :]
    assert TOKENS.open_status(forged, NOW) is None


def test_the_word_of_a_browser_is_good_for_its_agent_its_time_and_nothing_else():
    token = TOKENS.browser_token(7, NOW + HOUR)
    assert TOKENS.open_browser(token, NOW) == 7
    assert TOKENS.open_browser(token, NOW + HOUR) is None
    assert TOKENS.open_status(token, NOW) is None
    assert TOKENS.open_chat(token, NOW) is None
    assert TOKENS.open_browser(TOKENS.chat_token(7, NOW + HOUR), NOW) is None


def test_a_form_knows_how_old_it_is():
    stamp = TOKENS.form_stamp(NOW)
    assert TOKENS.form_age(stamp, NOW + HOUR) == HOUR
    assert TOKENS.form_age(stamp, NOW - HOUR) == timedelta()


# ---------------------------------------------------------------- decide


def said(candidates, mine=(), reopen_days=14):
    return decide(candidates, sender_is_participant=set(mine), now=NOW, reopen_days=reopen_days)


def test_a_message_that_names_nothing_opens_a_ticket():
    assert said([]) == Decision("new", None, "")


@pytest.mark.parametrize("how", ["token", "message_id", "conversation"])
def test_a_participant_joins_their_open_ticket(how):
    assert said([Candidate(7, how)], mine=[7]) == Decision("append", 7, how)


@given(
    st.lists(
        st.builds(
            Candidate,
            ticket_id=st.integers(1, 5),
            how=st.sampled_from(("token", "message_id", "conversation")),
            closed_at=st.none() | st.integers(0, 60).map(lambda days: NOW - timedelta(days=days)),
        )
    ),
    st.sets(st.integers(1, 5)),
)
@relaxed
def test_a_stranger_never_joins(candidates, mine):
    decision = said(candidates, mine)
    if decision.kind in ("append", "reopen"):
        assert decision.ticket_id in mine
    if candidates and not {one.ticket_id for one in candidates} & mine:
        assert decision.kind == "linked"


def test_a_stranger_with_a_valid_token_gets_a_ticket_linked_to_that_one():
    assert said([Candidate(7, "token")], mine=[8]) == Decision("linked", 7, "not_a_participant")


def test_a_reply_soon_after_closing_reopens():
    closed = Candidate(7, "message_id", NOW - timedelta(days=14))
    assert said([closed], mine=[7]) == Decision("reopen", 7, "message_id")


def test_a_reply_long_after_closing_opens_a_follow_up():
    closed = Candidate(7, "token", NOW - timedelta(days=14, seconds=1))
    assert said([closed], mine=[7]) == Decision("follow_up", 7, "closed_too_long")


def test_a_token_outweighs_a_quoted_id_and_that_a_conversation():
    candidates = [Candidate(3, "conversation"), Candidate(2, "message_id"), Candidate(1, "token")]
    assert said(candidates, mine=[1, 2, 3]).ticket_id == 1
    assert said(candidates, mine=[2, 3]).ticket_id == 2
    assert said(candidates, mine=[3]).ticket_id == 3


def test_the_nearest_quoted_id_wins():
    candidates = [Candidate(5, "message_id"), Candidate(4, "message_id")]
    assert said(candidates, mine=[4, 5]).ticket_id == 5


def test_a_ticket_that_can_be_joined_outweighs_one_closed_too_long_ago():
    old = Candidate(1, "token", NOW - timedelta(days=90))
    assert said([old, Candidate(2, "message_id")], mine=[1, 2]).ticket_id == 2


def test_a_strangers_token_does_not_keep_them_from_their_own_ticket():
    candidates = [Candidate(1, "token"), Candidate(2, "message_id")]
    assert said(candidates, mine=[2]) == Decision("append", 2, "message_id")
