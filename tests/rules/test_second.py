"""The second view: mistyped and disguised words, and nothing that was not written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.contract import Facts, Urgency
from rules.engine import load
from rules.typos import Speller

RULESET = load()


@pytest.mark.parametrize(
    ("text", "read_as"),
    [
        ("my account was h a c k e d", "hacked"),
        ("my account was h.a.c.k.e.d", "hacked"),
        ("my account was h*cked", "hacked"),
        ("my account was h\u0430ck\u0435d", "hacked"),  # Cyrillic letters
        ("my account was h4ck3d", "hacked"),
        ("my account was hackeeeed", "hacked"),
        ("my account was hakced", "hacked"),
        ("my account was hcked", "hacked"),
        ("I was scamm3d", "scammed"),
        ("m y  w a l l e t  w a s  s t o l e n", "stolen"),
        ("我的账号被dao了", "被盗"),
        ("卡被盗★刷了", "盗刷"),
    ],
)
def test_disguised_and_mistyped_words_are_read(text, read_as):
    verdict = RULESET.judge(Facts(text))

    assert verdict.urgency is Urgency.P1
    assert any(read_as in (finding.read_as or finding.words) for finding in verdict.findings)


@pytest.mark.parametrize(
    "text",
    [
        "I have packed and backed up my tracked parcel",
        "a random contact was talking about the beach",
        "he played the sacred song while we were staying",
        "it changed, then I changed my mind",
        "version 4.0.1 of app2 on android14",
        "please contact me about 0x52908400098527886E0F7030069857D2E4169EE7",
        "A B C D E F G",
        "1 2 3 4 5 6 7 8 9 0",
        "see www.example.com/a-b-c",
        "打卡★真棒★",
    ],
)
def test_ordinary_words_are_no_disguise(text):
    assert not any(finding.read_as for finding in RULESET.judge(Facts(text)).findings)


@pytest.mark.parametrize("text", ["my account was not h a c k e d", "my acount was not hakced"])
def test_a_denial_counts_in_the_second_view_too(text):
    assert not RULESET.judge(Facts(text)).is_security


def test_a_guessed_word_weighs_less_and_says_how_it_was_read():
    plain = RULESET.judge(Facts("I was scammed")).findings[0]
    guessed = RULESET.judge(Facts("I was scamm3d")).findings[0]

    assert (plain.read_as, guessed.read_as) == ("", "scammed")
    assert guessed.words == "scamm3d"
    assert guessed.weight == pytest.approx(plain.weight * 0.6)


def test_nothing_is_guessed_once_an_alarm_was_found():
    verdict = RULESET.judge(Facts("my wallet was hacked and my phone st0len"))

    assert verdict.is_security
    assert not any(finding.read_as for finding in verdict.findings)


def test_a_question_about_safety_does_not_keep_an_alarm_from_being_guessed():
    verdict = RULESET.judge(Facts("how can i protect my account? I was scamm3d"))

    assert verdict.urgency is Urgency.P1


def test_a_site_lists_spellings_of_its_own(site):
    folder = site(a='[spellings]\n"被盗" = ["贝刀"]\n')

    verdict = load(extra=folder).judge(Facts("我的账号贝刀了"))

    assert verdict.category == "security.compromised"
    assert "贝刀" in verdict.findings[0].words


def test_the_words_shown_stand_in_the_original():
    text = "Hello!\r\nM\u00a0y   wallet was s t o l e n, 账號被dao了"
    facts = Facts(text, subject="h4cked!!")

    for finding in RULESET.judge(facts).findings:
        part = facts.subject if finding.part == "subject" else facts.text
        assert part[finding.part_start :].startswith(finding.words)


@given(
    st.text(alphabet="hacked4 .*-|a\u0435\u043e\u043e被盗号dao★@$!0ﬁ\u200b\n", max_size=80),
    st.text(max_size=9),
)
def test_any_disguise_is_shown_where_it_stands(text, subject):
    facts = Facts(text, subject=subject)

    for finding in RULESET.judge(facts).findings:
        part = facts.subject if finding.part == "subject" else facts.text
        assert finding.words
        assert part[finding.part_start :].startswith(finding.words)


# ---------------------------------------------------------------- one slip


WORDS = Speller(["hacked", "stolen", "account", "unauthorised"])


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("hakced", "hacked"),
        ("haked", "hacked"),
        ("hacvked", "hacked"),
        ("hscked", "hacked"),
        ("acount", "account"),
        ("unautherised", "unauthorised"),
        ("packed", ""),  # never the first letter
        ("hacke", ""),  # nor the last alone
        ("stoles", ""),
        ("stolens", ""),
        ("hocked", ""),  # no neighbour on the keyboard
        ("hkaecd", ""),  # more than one slip
        ("", ""),
        ("x" * 1000, ""),
    ],
)
def test_one_slip_is_forgiven_where_people_make_it(written, meant):
    assert WORDS.meant(written) == meant


@given(st.text(max_size=30))
def test_whatever_is_written_means_a_known_word_or_none(written):
    assert WORDS.meant(written) in ("", "hacked", "stolen", "account", "unauthorised")
