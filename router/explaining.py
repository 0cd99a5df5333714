"""What the command line tells of one message: the rules' decision, or a mail as the desk sees it.

Nothing is stored; the same code reads and judges as in the pipeline.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TextIO

from rich.console import Console

from channels.email.report import parse_report
from router import showing
from router.core import language, markup, quoting, redact
from rules.contract import Facts, Finding, Verdict
from rules.engine import Ruleset, load


def lines(given: TextIO, told: TextIO, folder: Path | None) -> None:
    """One JSON object a line in (``id``, ``text``, optional ``channel``, ``subject``), one out."""
    rules = load(folder)
    for number, line in enumerate(given, start=1):
        if not line.strip():
            continue
        told.write(json.dumps(_line(rules, line, number), ensure_ascii=False) + "\n")
        told.flush()


def masked_lines(given: TextIO, told: TextIO) -> None:
    """One JSON object a line in (``id``, ``text``), one out: the text as it would be stored and
    the kinds of what was taken out of it."""
    for number, line in enumerate(given, start=1):
        if not line.strip():
            continue
        told.write(json.dumps(_masked_line(line, number), ensure_ascii=False) + "\n")
        told.flush()


def _masked_line(line: str, number: int) -> dict[str, Any]:
    try:
        item = json.loads(line)
        text = str(item["text"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return {"line": number, "error": "not an object with a text"}
    masked = redact.mask(text)
    return {"id": item.get("id"), "text": masked.text, "masked": list(masked.hits)}


def _line(rules: Ruleset, line: str, number: int) -> dict[str, Any]:
    try:
        item = json.loads(line)
        text, subject = str(item["text"]), str(item.get("subject") or "")
    except (ValueError, KeyError, TypeError, AttributeError) as fault:
        return {"line": number, "error": f"not an object with a text: {fault}"}
    verdict = judge(rules, text, subject, str(item.get("channel") or ""))
    return {
        "id": item.get("id"),
        "category": verdict.category,
        "urgency": verdict.urgency.value,
        "findings": [_finding(one) for one in verdict.findings],
        "scores": dict(verdict.scores),
        "near": dict(verdict.near),
        "ruleset": verdict.ruleset,
    }


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
    }


def judge(rules: Ruleset, text: str, subject: str = "", channel: str = "") -> Verdict:
    """The rules' decision about a text as it came."""
    masked = redact.mask(text).text
    return rules.judge(
        Facts(
            text=masked,
            subject=redact.mask(subject).text,
            channel=channel,
            language=language.detect(masked),
        )
    )


def tell(text: str, folder: Path | None, console: Console) -> None:
    """The decision about one message, shown to a person: its words, the reasons, what was near."""
    rules = load(folder)
    showing.show(console, rules, redact.mask(text).text, judge(rules, text))


def mail(path: Path) -> dict[str, Any]:
    """A mail file as the desk sees it; what cannot be read says so and never raises."""
    try:
        data = path.read_bytes()
    except OSError as fault:
        return {"error": f"{path}: {fault.strerror}", "raw_kept": False}
    report = dict(parse_report(data))
    text, subject = str(report.get("body_text") or ""), str(report.get("subject") or "")
    report["reply_text"] = quoting.split_reply(text, subject).reply
    if report.get("body_html"):
        report["body_html"] = markup.safe_html(str(report["body_html"]))
    return report
