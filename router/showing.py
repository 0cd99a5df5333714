"""A verdict on a terminal: the words where they stand, and the reasons in words.

Told in the language of the message, so that whoever can read the one can read the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from router.core import language
from rules.contract import UNSORTED, Finding, Rule, Urgency, Verdict
from rules.engine import FLOOR, Ruleset
from rules.raising import Opinion, Raised

_COLOURS = {"P1": "bold white on red", "P2": "bold black on yellow", "P3": "bold", "P4": "dim"}
_FOUND = {True: "bold red underline", False: "bold underline"}
#: Stretches without a finding are cut to so many characters at either end.
_CONTEXT = 240
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

_WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "why": "Why",
        "nothing": "no rule found anything it knows; a person sorts it",
        "found": "“{words}”",
        "read_as": ", read as “{read_as}”",
        "says": "{name}: rule {rule}, weight {weight}",
        "floor": "at least {urgency}: rule {rule}",
        "because": ", because the ticket bears the tag {tags}",
        "security": "Security comes before whatever else was said.",
        "raised": "{urgency}, because something else that was said is more pressing.",
        "also": "What else scored",
        "believed": "believed",
        "too_little": "too little; {floor} is needed",
        "near": "What nearly matched",
        "excluded": "{rule}: “{cue}” in the same clause speaks against it",
        "negated": "{rule}: “{cue}” denies it",
        "settled": "{rule}: “{cue}” says it is over",
        "supposed": "{rule}: “{cue}” only supposes it",
        "asked": "{rule}: alone it is a suspicion; the second reader is asked first",
        "when": "{rule}: the words are there, but its condition “{cue}” does not hold",
        "ruleset": "rules {version}",
        "second": "The second reader",
        "stands": "lets the rules' decision stand",
        "makes": "makes it {name}, {urgency}, because it reads like",
    },
    "zh": {
        "why": "判断依据",
        "nothing": "没有规则认得这段话，由人工分类",
        "found": "“{words}”",
        "read_as": "，读作“{read_as}”",
        "says": "{name}：规则 {rule}，权重 {weight}",
        "floor": "至少 {urgency}：规则 {rule}",
        "because": "，因为工单带有标签 {tags}",
        "security": "安全问题优先于其他一切内容。",
        "raised": "{urgency}：消息中还有更紧急的内容。",
        "also": "其他得分",
        "believed": "成立",
        "too_little": "证据不足，需达到 {floor}",
        "near": "险些命中",
        "excluded": "{rule}：同一分句里有“{cue}”，不算",
        "negated": "{rule}：被“{cue}”否定",
        "settled": "{rule}：“{cue}”说明事情已了结",
        "supposed": "{rule}：“{cue}”只是假设",
        "asked": "{rule}：单凭这条只是怀疑，先由第二读者判断",
        "when": "{rule}：用词相符，但条件“{cue}”不成立",
        "ruleset": "规则版本 {version}",
        "second": "第二读者",
        "stands": "维持规则的判断",
        "makes": "改为{name}，{urgency}，因为读起来像",
    },
}


def show(console: Console, rules: Ruleset, text: str, verdict: Verdict) -> None:
    """Print ``verdict`` on ``text`` (masked, as it was judged)."""
    chinese = language.detect(text).startswith("zh")
    said = _WORDS["zh" if chinese else "en"]
    kind = rules.kinds[verdict.category]
    head = Text.assemble(
        (f" {verdict.urgency} ", _COLOURS[verdict.urgency]),
        f"  {kind.zh if chinese else kind.en}  ",
        (verdict.category, "dim"),
    )
    console.print(head)
    console.print(Padding(_marked(text, verdict), (1, 2), expand=False))
    by_id = {rule.id: rule for rule in rules.rules}
    _part(console, said["why"], _reasons(rules, by_id, verdict, said, chinese=chinese))
    _part(console, said["also"], _others(rules, verdict, said, chinese=chinese))
    _part(console, said["near"], (_nearly(rule, why, said) for rule, why in verdict.near))
    console.print(Text(said["ruleset"].format(version=verdict.ruleset), "dim"))


def second(
    console: Console, rules: Ruleset, text: str, opinion: Opinion, change: Raised | None
) -> None:
    """What the second reader makes of it, and the examples it thought of."""
    chinese = language.detect(text).startswith("zh")
    said = _WORDS["zh" if chinese else "en"]
    told = said["stands"]
    if change is not None:
        kind = rules.kinds[change.category]
        name = kind.zh if chinese else kind.en
        told = said["makes"].format(name=name, urgency=change.urgency)
    near = (f"“{_plain(one.text)}”  {one.likeness:.2f}" for one in opinion.near)
    _part(console, said["second"], iter((told, *near)))


def _part(console: Console, title: str, lines: Iterator[Text | str]) -> None:
    told = list(lines)
    if not told:
        return
    console.print(Text(title, "bold"))
    for line in told:
        told_line = line if isinstance(line, Text) else Text(line)
        console.print(Padding(told_line, (0, 0, 0, 2), expand=False))
    console.print()


def _marked(text: str, verdict: Verdict) -> Text:
    """The message with its telling words marked; what lies far from any is left out."""
    marked = Text(_plain(text))
    for one in verdict.findings:
        marked.stylize(_FOUND[one.category.startswith("security.")], one.start, one.end)
    shown, at = Text(), 0
    for low, high in _kept(verdict, len(text)):
        if low > at:
            shown.append(" […] ", "dim")
        shown.append_text(marked[low:high])
        at = high
    if at < len(text):
        shown.append(" […]", "dim")
    return shown


def _plain(text: str) -> str:
    """What a message cannot do to the terminal it is shown on."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def _kept(verdict: Verdict, length: int) -> Iterator[tuple[int, int]]:
    """The stretches worth showing, in order, none overlapping."""
    spans = sorted((one.start, one.end) for one in verdict.findings) or [(0, 0)]
    low, high = 0, 0
    for start, end in spans:
        if start - _CONTEXT > high:
            if high:
                yield low, high
            low = start - _CONTEXT
        high = max(high, min(length, end + _CONTEXT))
    yield low, length if length - high < _CONTEXT else high


def _reasons(
    rules: Ruleset,
    by_id: Mapping[str, Rule],
    verdict: Verdict,
    said: Mapping[str, str],
    *,
    chinese: bool,
) -> Iterator[Text | str]:
    own = [one for one in verdict.findings if one.category == verdict.category != UNSORTED]
    if not verdict.findings:
        yield said["nothing"]
    for one in own:
        kind = rules.kinds[one.category]
        yield _reason(one, kind.zh if chinese else kind.en, said)
    for one in verdict.findings:
        floor = by_id[one.rule].floor if one.rule in by_id else None
        if floor:
            yield Text.assemble(
                (said["found"].format(words=_plain(one.words)), "bold"),
                "  ",
                said["floor"].format(urgency=floor, rule=one.rule) + _because(one, said),
            )
    if verdict.is_security and len(dict(verdict.scores)) > 1:
        yield said["security"]
    elif own and verdict.urgency < _calmest(own):
        yield said["raised"].format(urgency=verdict.urgency)


def _calmest(findings: list[Finding]) -> Urgency:
    return max(one.urgency for one in findings)


def _reason(one: Finding, name: str, said: Mapping[str, str]) -> Text:
    read_as = said["read_as"].format(read_as=one.read_as) if one.read_as else ""
    told = said["says"].format(name=name, rule=one.rule, weight=f"{one.weight:g}")
    return Text.assemble(
        (said["found"].format(words=_plain(one.words)), "bold"),
        (read_as, "italic"),
        f"  {told}{_because(one, said)}",
    )


def _because(one: Finding, said: Mapping[str, str]) -> str:
    """The tags without which the rule would not have held."""
    tags = one.because.partition(": ")[2].split()
    told = " ".join(said["found"].format(words=tag) for tag in tags)
    return said["because"].format(tags=told) if tags else ""


def _others(
    rules: Ruleset, verdict: Verdict, said: Mapping[str, str], *, chinese: bool
) -> Iterator[str]:
    for category, score in verdict.scores:
        if category != verdict.category:
            kind = rules.kinds[category]
            state = said["believed"] if score >= FLOOR else said["too_little"]
            told = state.format(floor=f"{FLOOR:g}")
            words = dict.fromkeys(
                said["found"].format(words=_plain(one.words))
                for one in verdict.findings
                if one.category == category
            )
            name = kind.zh if chinese else kind.en
            yield f"{name} ({category})  {score:g}, {told}  {' '.join(words)}"


def _nearly(rule: str, why: str, said: Mapping[str, str]) -> str:
    code, _, cue = why.partition(": ")
    return said[code].format(rule=rule, cue=cue) if code in said else f"{rule}: {why}"
