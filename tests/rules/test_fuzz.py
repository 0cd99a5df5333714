"""Whatever is written, in a message or in a rule file: an answer or a fault in words, no crash."""

import string

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules.contract import GROUPS, Facts, Urgency
from rules.engine import RulesFault, compile_book, load
from rules.load import read

RULESET = load()
KINDS = st.sampled_from([*RULESET.categories, "", "x", "security.", ".", "other.new"])
PIECES = [
    "not ",
    "没有",
    "hacked",
    "h4cked",
    "h a c k",
    "被 盗",
    "\n",
    ". ",
    "万一",
    "我的卡",
    "$5",
    "★",
    "*",
]
TEXTS = st.one_of(st.text(), st.lists(st.sampled_from(PIECES), max_size=30).map("".join))


@given(TEXTS, TEXTS, st.sampled_from(["", "chat", "\x00"]), KINDS)
def test_any_message_has_a_verdict(text, subject, channel, hint):
    verdict = RULESET.judge(Facts(text=text, subject=subject, channel=channel, category_hint=hint))

    assert verdict.category in RULESET.categories
    assert verdict.urgency in list(Urgency)
    assert verdict.group in GROUPS


# Terms with all the signs that mean something in a rule file, good and bad.
TERM = st.text(alphabet="ab 被|()@*'.[]{}\\?+$^", max_size=12)
SCALAR = st.one_of(TERM, st.integers(-2, 300), st.booleans(), st.floats(allow_nan=False))
VALUE = st.one_of(
    SCALAR,
    st.lists(SCALAR, max_size=3),
    st.lists(st.lists(SCALAR, max_size=4), max_size=2),
    st.dictionaries(st.sampled_from(["channel", "hours", "amount_over", "x"]), SCALAR, max_size=2),
)
KEYS = st.sampled_from(
    ["id", "category", "urgency", "floor", "weight", "any", "all", "none", "near", "regex", "when"]
    + ["negatable", "match", "no_match", "owner", "since", "anyy"]
)


def toml(value) -> str:
    """``value`` as TOML, however odd it is."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        safe = "".join(
            c if c.isprintable() and c not in '"\\' else f"\\u{ord(c):04x}" for c in value
        )
        return f'"{safe}"'
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {toml(one)}" for key, one in value.items()) + "}"
    return repr(value)


@st.composite
def rule_files(draw) -> str:
    lines = []
    words = draw(st.dictionaries(st.sampled_from(["a", "b", "negation"]), VALUE, max_size=2))
    if words:
        lines += ["[words]", *(f"{name} = {toml(value)}" for name, value in words.items())]
    for number in range(draw(st.integers(1, 3))):
        entry = {
            "id": f"r{number}",
            "category": "other.service",
            "any": ["blue parrot"],
            "match": ["x"],
            "no_match": ["y"],
            **draw(st.dictionaries(KEYS, VALUE, max_size=4)),
        }
        lines += ["[[rule]]", *(f"{key} = {toml(value)}" for key, value in entry.items())]
    return "\n".join(lines)


def read_or_faults(files):
    try:
        return read([], files), []
    except RulesFault as fault:
        return None, fault.faults


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(rule_files(), st.text(alphabet=string.printable, max_size=60)), TEXTS)
def test_any_rule_file_is_compiled_or_told_what_is_wrong(file, text):
    house = {"house.toml": '[categories."other.service"]\nurgency = "P3"\nen = "S"\nzh = "服"\n'}
    unsorted = '[categories."other.unsorted"]\nurgency = "P3"\nen = "U"\nzh = "未"\n'
    book, faults = read_or_faults({**house, "unsorted.toml": unsorted, "site.toml": file})

    if book is not None:
        assert compile_book(book).judge(Facts(text)).urgency in list(Urgency)
    else:
        assert faults
        assert all(fault.message for fault in faults)
