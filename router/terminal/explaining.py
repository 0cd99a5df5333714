"""What the command line tells of one message: the rules' decision, or a mail as the desk sees it.

Nothing is stored; the same code reads and judges as in the pipeline.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, TextIO

from rich.console import Console

from channels.email.report import parse_report
from router import showing
from router.core import language, markup
from router.core.cutting import quoting
from router.core.masking import redact
from router.second_reader import Reads
from rules.conditions import tag_word
from rules.contract import Facts, Finding, Tags, Urgency, Verdict
from rules.engine import Ruleset, load
from rules.raising import Judged, Opinion, Raised, denied, raised

#: What a line is that is no object with a text, or is nested without end.
_UNFIT = (ValueError, KeyError, TypeError, AttributeError, RecursionError)
#: The second reader reads so many messages at once at most.
_TOGETHER = 64


def lines(
    given: TextIO,
    told: TextIO,
    folder: Path | None,
    reader: Reads | None = None,
    *,
    tags: Sequence[str] = (),
) -> None:
    """One JSON object a line in (``id``, ``text``, optional ``channel``, ``subject`` and ``tags``),
    one out. ``tags`` speak for every line."""
    rules = load(folder)
    for batch in _batches(given):
        items = [_item(line, number) for number, line in batch]
        texts = [f"{one['subject']}\n{one['text']}".strip() for one in items if "error" not in one]
        opinions = iter(reader.read([redact.mask(one).text for one in texts]) if reader else ())
        for item in items:
            answer = item
            if "error" not in item:
                item["tags"] += tags
                answer = _answer(rules, item, next(opinions, None))
            told.write(json.dumps(answer, ensure_ascii=False) + "\n")
        told.flush()


def _batches(given: TextIO) -> Iterator[list[tuple[int, str]]]:
    """Numbered lines, as many together as have come: a file is read quickly, a person at once."""
    come: SimpleQueue[tuple[int, str] | None] = SimpleQueue()

    def listen() -> None:
        for number, line in enumerate(given, start=1):
            if line.strip():
                come.put((number, line))
        come.put(None)

    Thread(target=listen, daemon=True).start()
    one = come.get()
    while one is not None:
        batch = [one]
        with suppress(Empty):
            while len(batch) < _TOGETHER and (one := come.get_nowait()) is not None:
                batch.append(one)
        yield batch
        if one is not None:
            one = come.get()


def masked_lines(given: TextIO, told: TextIO) -> None:
    """One JSON object a line in (``id``, ``text``), one out: the text as it would be stored and
    the kinds of what was taken out of it."""
    for number, line in enumerate(given, start=1):
        if not line.strip():
            continue
        told.write(json.dumps(_masked_line(line, number), ensure_ascii=False) + "\n")
        told.flush()


def whole(text: str) -> str:
    """The text without what is no character: a byte that was none, or half of one."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _text(item: Any) -> str:
    """The text of one object; raises TypeError when there is none."""
    text = item["text"]
    if not isinstance(text, str):
        raise TypeError("its text is none")
    return whole(text)


def _masked_line(line: str, number: int) -> dict[str, Any]:
    try:
        item = json.loads(line)
        text = _text(item)
    except _UNFIT:
        return {"line": number, "error": "not an object with a text"}
    masked = redact.mask(text)
    return {"id": item.get("id"), "text": masked.text, "masked": list(masked.hits)}


def _item(line: str, number: int) -> dict[str, Any]:
    try:
        item = json.loads(line)
        text, subject = _text(item), whole(str(item.get("subject") or ""))
        channel = whole(str(item.get("channel") or ""))
        given = item.get("tags") or ()
        tags = [whole(str(one)) for one in ([given] if isinstance(given, str) else given)]
    except _UNFIT as fault:
        return {"line": number, "error": f"not an object with a text: {fault}"}
    told = {"id": item.get("id"), "text": text, "subject": subject, "channel": channel}
    return told | {"tags": tags}


def _answer(rules: Ruleset, item: dict[str, Any], opinion: Opinion | None) -> dict[str, Any]:
    verdict = judge(rules, item["text"], item["subject"], item["channel"], item["tags"])
    change = second_thoughts(rules, verdict, opinion)
    if opinion is not None:
        verdict = verdict.held()
    answer = {
        "id": item["id"],
        "category": change.category if change else verdict.category,
        "urgency": change.urgency.value if change else verdict.urgency.value,
        "findings": [_finding(one) for one in verdict.findings],
        "scores": dict(verdict.scores),
        "near": dict(verdict.near),
        "ruleset": verdict.ruleset,
    }
    if opinion is not None:
        answer["second"] = {
            "changed": change is not None,
            "alarm": round(opinion.alarm, 3),
            "like": [[one.category, one.text, one.likeness] for one in opinion.near],
        }
    return answer


def second_thoughts(rules: Ruleset, verdict: Verdict, opinion: Opinion | None) -> Raised | None:
    """What the second reader makes of the rules' verdict; None when it stands."""
    if opinion is None:
        return None
    suspected = verdict.category if verdict.until else ""
    verdict = verdict.held()
    judged = Judged(
        verdict.category,
        verdict.urgency,
        dict(verdict.scores).get(verdict.category, 0),
        denied(verdict.near, rules.alarms),
        suspected,
    )
    return raised(judged, opinion, rules.kinds)


def _finding(one: Finding) -> dict[str, Any]:
    return {
        "rule": one.rule,
        "words": one.words,
        "start": one.start,
        "end": one.end,
        "category": one.category,
        "urgency": one.urgency.value,
        "weight": one.weight,
        "read_as": one.read_as,
        "because": one.because,
    }


def judge(
    rules: Ruleset, text: str, subject: str = "", channel: str = "", tags: Sequence[str] = ()
) -> Verdict:
    """The rules' decision about a text as it came to a ticket with these tags."""
    masked = redact.mask(text).text
    return rules.judge(
        Facts(
            text=masked,
            subject=redact.mask(subject).text,
            channel=channel,
            language=language.detect(masked),
            tags=Tags(tuple(tag_word(one) for one in tags)),
        )
    )


def tell(
    text: str,
    folder: Path | None,
    console: Console,
    reader: Reads | None = None,
    *,
    tags: Sequence[str] = (),
) -> None:
    """The decision about one message, shown to a person: its words, the reasons, what was near."""
    rules = load(folder)
    shown, verdict = redact.mask(text).text, judge(rules, text, tags=tags)
    showing.show(console, rules, shown, verdict if reader is None else verdict.held())
    if reader is not None and (verdict.until or verdict.urgency is not Urgency.P1):
        opinion = reader.read([shown])[0]
        showing.second(console, rules, shown, opinion, second_thoughts(rules, verdict, opinion))


def mails(paths: Iterable[Path | str], told: TextIO) -> None:
    """Each mail file as :func:`mail` tells it, an object a line."""
    for path in paths:
        told.write(json.dumps(mail(Path(path)), ensure_ascii=False) + "\n")
        told.flush()


def mail(path: Path) -> dict[str, Any]:
    """A mail file as the desk sees it; what cannot be read says so and never raises."""
    try:
        data = path.read_bytes()
    except (OSError, ValueError) as fault:
        said = fault.strerror if isinstance(fault, OSError) else fault
        return {"error": f"{path}: {said}", "raw_kept": False}
    report = dict(parse_report(data))
    text, subject = str(report.get("body_text") or ""), str(report.get("subject") or "")
    named = [one for one in (report.get("in_reply_to"), *report.get("references", ())) if one]
    report["reply_text"] = quoting.split_reply(text, subject, named).reply
    if report.get("body_html"):
        report["body_html"] = markup.safe_html(str(report["body_html"]))
    return report
