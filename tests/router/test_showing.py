"""`router explain` in a terminal: the words marked, the reasons in words, in both languages."""

from io import StringIO

import pytest
from rich.console import Console

from router import showing
from router.rulebook import compiled
from router.terminal import explaining
from rules.raising import Opinion

SITE = """
[[rule]]
id = "site.vip"
any = ["golden parrot"]
floor = "P1"
match = ["the golden parrot"]
no_match = ["a wasp"]
[[rule]]
id = "site.chat-only"
category = "other.service"
any = ["silver parrot"]
when = { channel = "chat" }
match = ["the silver parrot"]
no_match = ["a wasp"]
[[rule]]
id = "site.watched"
category = "other.service"
any = ["bronze parrot", "铜鹦鹉"]
when = { tagged = ["fraud-watch", "vip"] }
floor = "P2"
match = ["the bronze parrot"]
no_match = ["a wasp"]
"""


@pytest.fixture(scope="session")
def rules():
    return compiled({"site.toml": SITE})


@pytest.fixture
def shown(rules):
    """What is printed about a text; with ``styled`` the colours too."""

    def of(text, *, styled=False, tags=()):
        out = StringIO()
        console = Console(file=out, width=200, force_terminal=styled, highlight=False)
        showing.show(console, rules, text, explaining.judge(rules, text, tags=tags))
        return out.getvalue()

    return of


def test_the_telling_words_are_marked_where_they_stand(shown):
    assert "my wallet was \x1b[1;4;31mhacked\x1b[0m today" in shown(
        "my wallet was hacked today", styled=True
    )


def test_the_decision_comes_first_with_its_name(shown):
    first = shown("transfer failed").splitlines()[0].split()

    assert first == ["P2", "Transfer", "failed", "transfer.failed"]


def test_a_chinese_message_is_explained_in_chinese(shown):
    told = shown("账号被盗了,转账失败")

    assert "账户被入侵" in told
    assert "安全问题优先" in told
    assert "转账失败 (transfer.failed)" in told


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("my account was not hacked", "“not” denies it"),
        ("I lost my card but I found it in my coat", "says it is over"),
        ("how do i unfreeze my account, did you freeze my account", "speaks against it"),
        ("the silver parrot", "its condition “channel” does not hold"),
        ("我的账户没有被盗", "被“没有”否定"),
    ],
)
def test_what_nearly_matched_says_why_it_did_not(shown, text, reason):
    assert reason in shown(text)


def test_what_else_scored_is_told(shown):
    assert "Thanks (other.praise)" in shown("transfer failed, thank you so much")


def test_a_word_read_otherwise_says_how(shown):
    assert "“h a c k e d”, read as “hacked”" in shown("my account was h a c k e d")


def test_a_floor_says_which_rule_raised_the_message(shown):
    told = shown("hello, the golden parrot")

    assert told.split()[0] == "P1"
    assert "at least P1: rule site.vip" in told


def test_a_long_letter_is_cut_around_its_telling_words(shown):
    told = shown("x " * 2000 + "my wallet was hacked" + " y" * 2000)

    assert "my wallet was hacked" in told
    assert told.count("[…]") == 2
    assert len(told) < 2000


@pytest.mark.parametrize("text", ["", "\n", "[bold]", "[/]", "\x1b[31m", "x" * 5000])
def test_any_text_can_be_shown(shown, text):
    assert shown(text)


def test_no_message_can_steer_the_terminal(shown):
    told = shown("\x1b[2J my account was \x1b]0;title\x07 hacked")

    assert "\x1b" not in told
    assert "\x07" not in told


def test_the_tags_of_the_ticket_can_be_said_and_are_told_as_a_reason(shown):
    told = shown("the bronze parrot", tags=["VIP", "fraud watch", "new"])

    assert "weight 1, because the ticket bears the tag “fraud-watch” “vip”" in told
    assert "at least P2: rule site.watched, because the ticket bears the tag" in told
    assert "，因为工单带有标签 “vip”" in shown("铜鹦鹉", tags=["vip"])


def test_without_the_tag_its_condition_is_named_as_what_was_lacking(shown):
    assert "its condition “tagged” does not hold" in shown("the bronze parrot", tags=["new"])


class Doubting:
    """A reader who thinks nothing an incident."""

    version = "doubting"

    def read(self, texts):
        return [Opinion("security.phishing", 0.0, "other.product", 0.0, chinese=True)] * len(texts)


@pytest.mark.parametrize(("reader", "urgency"), [(None, "P1"), (Doubting(), "P2")])
def test_a_suspicion_is_shown_as_what_comes_of_it(reader, urgency):
    out = StringIO()
    explaining.tell("我被骗了三万块", None, Console(file=out, width=200), reader)
    told = out.getvalue()

    assert told.split()[0] == urgency
    assert ("只是怀疑，先由第二读者判断" in told) == (reader is not None)
