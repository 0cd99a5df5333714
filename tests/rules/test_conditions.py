"""`when` and `floor`: what must be true besides the words, and how soon at the least."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.conditions import kind_of
from rules.contract import UNSORTED, Facts, Tags, Urgency
from rules.engine import RulesFault, compile_files

HOUSE = """
[categories."other.unsorted"]
urgency = "P3"
en = "Unsorted"
zh = "未分类"
[categories."other.service"]
urgency = "P3"
en = "Service"
zh = "服务"
[categories."login.credential_change"]
urgency = "P3"
en = "Changing a password"
zh = "修改密码"
[categories."transfer.failed"]
urgency = "P2"
en = "Transfer failed"
zh = "转账失败"
[categories."security.compromised"]
urgency = "P1"
en = "Hacked"
zh = "被盗"
[[rule]]
id = "house.pin"
category = "login.credential_change"
any = ["change my pin"]
match = ["how do i change my pin"]
no_match = ["a wasp"]
[[rule]]
id = "house.transfer"
category = "transfer.failed"
any = ["transfer failed"]
match = ["my transfer failed"]
no_match = ["a wasp"]
[[rule]]
id = "house.alarm"
category = "security.compromised"
any = ["was hacked"]
match = ["my wallet was hacked"]
no_match = ["a wasp"]
"""
RULE = """
[[rule]]
id = "site.parrot"
category = "other.service"
any = ["blue parrot"]
{more}
match = ["a blue parrot"]
no_match = ["a wasp"]
"""
FLOOR = RULE.replace('category = "other.service"\n', "")


@pytest.fixture
def ruled():
    """The rules of a small house and one more, with these lines in it."""

    def of(more, rule=RULE):
        return compile_files([], {"house.toml": HOUSE, "site.toml": rule.format(more=more)})

    return of


@pytest.fixture(scope="module")
def tagged():
    """The small house with a rule that only tickets of three tags can meet."""
    more = 'floor = "P2"\nwhen = { tagged = ["vip", "calm", "spam"] }'
    return compile_files([], {"house.toml": HOUSE, "site.toml": FLOOR.format(more=more)})


@pytest.mark.parametrize(
    ("when", "met", "unmet"),
    [
        ('channel = "chat"', {"channel": "chat"}, {"channel": "email"}),
        ('channel = ["chat", "x"]', {"channel": "x"}, {"channel": ""}),
        ('language = "zh"', {"language": "zh-Hant"}, {"language": "en"}),
        ('language = "zh-Hant"', {"language": "zh-Hant"}, {"language": "zh"}),
        ('hours = "outside"', {"hours": "outside"}, {"hours": "inside"}),
        ('sender = "known"', {"sender": "known"}, {"sender": "unknown"}),
        ('sender = "unknown"', {"sender": "unknown"}, {}),
        ("repeat_minutes = 60", {"minutes_since": 60}, {"minutes_since": 61}),
        ("repeat_minutes = 60", {"minutes_since": 0}, {}),
        (
            "amount_over = 500",
            {"text": "a blue parrot for $501"},
            {"text": "a blue parrot for $500"},
        ),
        ("amount_over = 500", {"text": "三千块, a blue parrot"}, {"text": "blue parrot 12345678"}),
        (
            "amount_over = { CNY = 50000 }",
            {"text": "五万一千元 blue parrot"},
            {"text": "$60,000 blue parrot"},
        ),
        ('attachment = "image"', {"attachments": ("image", "pdf")}, {"attachments": ("pdf",)}),
        ('attachment = ["program", "archive"]', {"attachments": ("archive",)}, {}),
        ('tagged = "vip"', {"tags": Tags(("new", "vip"))}, {"tags": Tags(("new",))}),
        ('tagged = ["vip", "fraud-watch"]', {"tags": Tags(("fraud-watch",), "sender")}, {}),
        (
            'channel = "chat", hours = "outside"',
            {"channel": "chat", "hours": "outside"},
            {"channel": "chat", "hours": "inside"},
        ),
    ],
)
def test_a_rule_holds_only_when_its_conditions_do(ruled, when, met, unmet):
    ruleset = ruled(f"when = {{ {when} }}")
    words = {"text": "a blue parrot"}

    assert ruleset.judge(Facts(**{**words, **met})).category == "other.service"
    assert ruleset.judge(Facts(**{**words, **unmet})).category == UNSORTED


def test_a_condition_that_does_not_hold_is_a_near_miss(ruled):
    verdict = ruled('when = { channel = "chat", hours = "inside" }').judge(
        Facts("a blue parrot", channel="chat", hours="outside")
    )

    assert verdict.near == (("site.parrot", "when: hours"),)


def test_only_what_some_rule_asks_for_need_be_looked_up(ruled):
    assert ruled('when = { sender = "known" }').asks == {"sender"}
    assert ruled('when = { tagged = "vip" }').asks == {"tagged"}


def test_a_tag_is_read_as_people_put_it_on(ruled):
    ruleset = ruled('when = { tagged = [" VIP", "Fraud watch"] }')

    assert ruleset.rules[-1].when.tagged == ("fraud-watch", "vip")


def test_a_finding_tells_which_tags_made_its_rule_hold_and_what_bears_them(ruled):
    ruleset = ruled('when = { tagged = ["vip", "fraud-watch", "gone"] }')

    (finding,) = ruleset.judge(Facts("a blue parrot", tags=Tags(("vip", "fraud-watch")))).findings
    (other,) = ruleset.judge(Facts("a blue parrot", tags=Tags(("vip", "x"), "sender"))).findings

    assert (finding.because, other.because) == ("ticket: fraud-watch vip", "sender: vip")


def test_a_rule_that_asks_for_no_tag_gives_none_as_its_reason(ruled):
    (finding,) = ruled("").judge(Facts("a blue parrot", tags=Tags(("vip",)))).findings

    assert finding.because == ""


@given(
    words=st.lists(st.sampled_from(["was hacked", "transfer failed", "change my pin", "parrot"])),
    tags=st.lists(st.sampled_from(["vip", "calm", "spam"])),
)
def test_tags_take_no_finding_away(tagged, words, tags):
    facts = Facts(", ".join(words))
    bare, borne = tagged.judge(facts), tagged.judge(replace(facts, tags=Tags(tuple(tags))))

    assert {one.rule for one in bare.findings} <= {one.rule for one in borne.findings}
    assert borne.urgency <= bare.urgency
    assert borne.is_security >= bare.is_security


# ---------------------------------------------------------------- floors


def test_a_floor_raises_whatever_category_wins(ruled):
    ruleset = ruled('floor = "P2"', FLOOR)

    verdict = ruleset.judge(Facts("how do i change my pin? a blue parrot"))

    assert (verdict.category, verdict.urgency) == ("login.credential_change", Urgency.P2)


def test_a_floor_never_lowers(ruled):
    verdict = ruled('floor = "P3"', FLOOR).judge(Facts("my wallet was hacked by a blue parrot"))

    assert (verdict.is_security, verdict.urgency) == (True, Urgency.P1)


def test_a_floor_alone_says_nothing_of_the_category(ruled):
    verdict = ruled('floor = "P2"', FLOOR).judge(Facts("a blue parrot"))

    assert (verdict.category, verdict.urgency, verdict.scores) == (UNSORTED, Urgency.P2, ())
    assert [finding.rule for finding in verdict.findings] == ["site.parrot"]


def test_a_floor_may_have_a_condition(ruled):
    ruleset = ruled('floor = "P1"\nwhen = { repeat_minutes = 30 }', FLOOR)

    assert ruleset.judge(Facts("a blue parrot", minutes_since=5)).urgency is Urgency.P1
    assert ruleset.judge(Facts("a blue parrot", minutes_since=50)).urgency is Urgency.P3


def test_a_rule_with_a_category_may_have_a_floor_too(ruled):
    verdict = ruled('floor = "P1"\nweight = 0.5').judge(Facts("transfer failed, blue parrot"))

    assert (verdict.category, verdict.urgency) == ("transfer.failed", Urgency.P1)


# ---------------------------------------------------------------- faults


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ('when = "chat"', "when is not readable; write when = {"),
        ("when = {}", "when is not readable"),
        ('when = { chanel = "chat" }', "did you mean 'channel'?"),
        ("when = { channel = 3 }", "when.channel must be a word or a list"),
        ('when = { language = "french" }', "write one of zh, zh-Hant, en"),
        ('when = { hours = "closed" }', "when.hours must be one of inside, outside"),
        ('when = { hours = "" }', "when.hours must be one of"),
        ('when = { sender = "vip" }', "when.sender must be one of known, unknown"),
        ('when = { repeat_minutes = "60" }', "whole number of minutes"),
        ("when = { repeat_minutes = 0 }", "whole number of minutes"),
        ('when = { amount_over = "many" }', "numbers by currency"),
        ("when = { amount_over = { XAU = 1 } }", "knows no currency 'XAU'"),
        ("when = { amount_over = -1 }", "must be a number"),
        ('when = { attachment = "photo" }', "write one of image"),
        ("when = { tagged = [] }", "when.tagged must be a word or a list"),
        ("when = { tagged = 3 }", "when.tagged must be a word or a list"),
        ('when = { tagged = "a/b" }', "no tag can be 'a/b'"),
        ('floor = "P4"', "floor must be P1, P2 or P3"),
        ("floor = 1", "floor must be P1, P2 or P3"),
    ],
)
def test_a_fault_says_what_to_write(ruled, more, told):
    with pytest.raises(RulesFault) as caught:
        ruled(more)

    assert any(told in fault.message for fault in caught.value.faults), str(caught.value)


# ---------------------------------------------------------------- attachments


@pytest.mark.parametrize(
    ("name", "mime", "kind"),
    [
        ("Screenshot.PNG", "application/octet-stream", "image"),
        ("", "image/heic", "image"),
        ("statement.pdf", "application/pdf", "pdf"),
        ("", "application/pdf", "pdf"),
        ("wallet.apk", "image/png", "program"),
        ("invoice.pdf.exe", "application/pdf", "program"),
        ("voice", "audio/amr; rate=8000", "audio"),
        ("table.csv", "text/csv", "sheet"),
        ("note", "text/plain", "document"),
        ("old.zip", "", "archive"),
        ("mail", "message/rfc822", "mail"),
        ("thing.xyz", "application/x-thing", "other"),
        ("", "", "other"),
    ],
)
def test_the_kind_of_a_file_is_told_by_its_name_before_its_type(name, mime, kind):
    assert kind_of(name, mime) == kind
