"""What mail programs mark as quoted in HTML, carried into plain text as lines that begin with
``>``. A forward is meant to be read and is left alone."""

import re
from dataclasses import dataclass

BEGIN, END = "\ue000", "\ue001"
_MARK = re.compile(f"[{BEGIN}{END}]")
_WORTH = re.compile(
    r"blockquote|gmail_attr|moz-cite-prefix|yahoo_quoted|protonmail_quote|olk_src_body",
    re.IGNORECASE,
)
_TAG = re.compile(r"<(/?)(blockquote|div|span)\b([^<>]*)>", re.IGNORECASE)
_ANY_TAG = re.compile(r"<[^<>]*>")
_CITED = re.compile(
    r"type\s*=\s*[\"']?cite|gmail_quote|protonmail_quote|iosymail|isReplyContent", re.IGNORECASE
)
_QUOTED = re.compile(
    r"gmail_attr|moz-cite-prefix|yahoo_quoted|protonmail_quote",
    re.IGNORECASE,
)
#: Outlook on a Mac: all below is history, whatever closes before its end.
_HISTORY = re.compile(
    r"<(?:blockquote|div|span)\b(?=[^<>]*olk_src_body_section)[^<>]*+>", re.IGNORECASE
)
#: How editors write an indented paragraph.
_INDENTED = re.compile(r"border(?:-width)?\s*:\s*(?:none|0)", re.IGNORECASE)
_FORWARDED = re.compile(
    r"forwarded (?:message|mail)|转发(?:的|邮件)|轉寄(?:的|郵件)|開始轉寄", re.IGNORECASE
)
#: Printed headers and ruled titles say in the text itself what they are.
_TITLED = re.compile(
    r"\A(?:-{2,}|[\s_]*(?:from|发\s*件\s*人|發\s*件\s*人|寄\s*件\s*[人者])\s*[:：])", re.IGNORECASE
)


@dataclass(slots=True)
class _Open:
    tag: str
    start: int
    cited: bool
    box: bool


def marked(markup: str) -> str:
    """The markup with a mark where each quotation begins and ends."""
    if not _WORTH.search(markup):
        return markup
    markup = _MARK.sub("", markup)
    spans = [(start, end) for start, end in _spans(markup) if not _speaks(markup[start:end])]
    out: list[str] = []
    at = 0
    for place, mark in sorted(
        [(start, BEGIN) for start, _ in spans] + [(end, END) for _, end in spans]
    ):
        out += (markup[at:place], f"<div>{mark}</div>")
        at = place
    return "".join((*out, markup[at:]))


def quoted(text: str) -> str:
    """Marks become quote marks before the lines they stand around."""
    if BEGIN not in text and END not in text:
        return text
    out: list[str] = []
    depth = first = 0
    for line in text.split("\n"):
        begun, ended = line.count(BEGIN), line.count(END)
        bare = _MARK.sub("", line) if begun or ended else line
        if begun and not depth:
            first = len(out)
        depth += begun
        if bare.strip() or not (depth or ended):
            out.append(f"{'>' * min(depth, 20)} {bare}" if depth else bare)
        elif depth and not (begun or ended) and len(out) > first and out[-1] != ">":
            out.append(">")
        depth = max(0, depth - ended)
        if ended and not depth and len(out) - first == 1:
            out.append(">")  # one such line alone could be anything
    return "\n".join(out)


def _spans(markup: str) -> list[tuple[int, int]]:
    """Where quotations stand; a last block with nothing below it is one whatever it is called."""
    found: list[tuple[int, int]] = []
    boxes: list[tuple[int, int]] = []
    opened: list[_Open] = []
    history = _history(markup)
    for match in _TAG.finditer(markup, 0, history[0] if history else len(markup)):
        tag = match[2].lower()
        if not match[1]:
            box = tag == "blockquote"
            cited = (_CITED if box else _QUOTED).search(match[3]) is not None
            plain = box and not cited and _INDENTED.search(match[3]) is None
            opened.append(_Open(tag, match.end(), cited, plain))
            continue
        while opened and opened[-1].tag != tag and tag == "blockquote":
            opened.pop()
        if opened and opened[-1].tag == tag:
            last = opened.pop()
            if last.cited:
                found.append((last.start, match.start()))
            elif last.box and not any(one.box for one in opened):
                boxes.append((last.start, match.start()))
    if history:
        return [*found, (history[1], len(markup))]
    return found + _last(markup, boxes, found)


def _history(markup: str) -> tuple[int, int] | None:
    """The tag below which all is history, and above which something was written."""
    at = 0
    for match in _HISTORY.finditer(markup):
        if _visible(markup[at : match.start()]):
            return match.span()
        at = match.start()
    return None


def _last(
    markup: str, boxes: list[tuple[int, int]], found: list[tuple[int, int]]
) -> list[tuple[int, int]]:
    """The boxes below which nothing is seen but other quotations; none when nothing is above."""
    last: list[tuple[int, int]] = []
    below = len(markup)
    for start, end in sorted(boxes + found, key=lambda span: -span[1]):
        if end > below:  # within the one just seen
            continue
        if _visible(markup[end:below]):
            break
        if (start, end) in boxes:
            last.append((start, end))
        below = start
    return last if last and _visible(markup[:below]) else []


def _visible(markup: str) -> bool:
    return bool(_ANY_TAG.sub("", markup).replace("&nbsp;", " ").strip())


def _speaks(markup: str) -> bool:
    """Whether the text within tells what it is: a forward, or history under its own title."""
    beginning = _ANY_TAG.sub("", markup[:3_000]).replace("&nbsp;", " ").strip()[:200]
    return _FORWARDED.search(beginning) is not None or _TITLED.match(beginning) is not None
