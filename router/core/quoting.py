"""What somebody wrote now, apart from the history and the signature under it.

Mail programs mark their quotes in a few dozen ways. Each mark is known by its shape, never by a
customer's words; when a shape is doubtful nothing is cut. The rule: greeting and text stay;
signature, phone footer and disclaimer go; answers written between quoted lines stay and the quoted
lines go; a forward stays whole.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Split(NamedTuple):
    """``reply`` is what was written now; ``rest`` everything else, in its order."""

    reply: str
    rest: str


_FLAGS = re.IGNORECASE
_MAIL = r"[^\s<>@]{1,80}@[^\s<>@]{1,80}"
#: "On … wrote:" in the shapes of Gmail, Apple Mail, Thunderbird and their Chinese sisters; the line
#: may be broken once or twice by the program that wrapped it.
_WROTE = (
    re.compile(
        r"^\s*(?:on|le|am|el|il)\b.{5,200}\b(?:wrote|écrit|schrieb|escribió|ha scritto)\s*:\s*$",
        _FLAGS,
    ),
    re.compile(r"^\s*[-—]*\s*.{0,120}(?:写道|寫道|来信|寫信)\s*[:：]?\s*[-—]*\s*$"),
    re.compile(
        rf"^\s*(?:在|于|於)?\s*\d{{4}}\s*[-/年.]\s*\d{{1,2}}.{{0,80}}{_MAIL}.{{0,20}}[:：]?\s*$"
    ),
    re.compile(
        rf"^\s*\d{{4}}[-/]\d{{1,2}}[-/]\d{{1,2}}.{{0,20}}GMT.{{0,80}}{_MAIL}>?\s*:?\s*$", _FLAGS
    ),
)
_BROKEN_WROTE = re.compile(r"^\s*(?:on\s.{0,20}\d|在\s*\d{4}|\d{4}\s*[-/年])", _FLAGS)
_SEPARATOR = re.compile(
    r"^\s*(?:[-_=]{2,}\s*(?:original message|original email|原始邮件|原始郵件|"
    r"原邮件|原郵件|回复的原邮件|"
    r"回复的邮件|邮件原件|ursprüngliche nachricht|message d'origine|mensaje original)\s*[-_=]{2,}"
    r"|_{20,}|-{20,})\s*$",
    _FLAGS,
)
_FORWARD = re.compile(
    r"^\s*(?:[-_=]{2,}\s*(?:forwarded (?:message|by)|转发的?邮件|轉寄的?郵件|"
    r"转发邮件信息|begin forwarded|"
    r"weitergeleitete nachricht)|begin forwarded message\s*:|转发的邮件[:：]|开始转发的邮件)",
    _FLAGS,
)
_HEADER = re.compile(
    r"^\s*[*>]?\s*[\"“]?\*{0,2}(?:from|sent|to|cc|subject|date|"
    r"发件人|寄件者|寄件人|发送时间|发送日期|日期|时间|收件人|收件者|抄送|副本|主题|主旨|von|gesendet|an|betreff|de|envoyé|à|objet)\*{0,2}[\"”]?"
    r"\s*[:：]",
    _FLAGS,
)
_HEADER_START = re.compile(
    r"^\s*\*{0,2}[\"“]?(?:from|发件人|寄件者|寄件人|von|de)[\"”]?\s*\*{0,2}[\"”]?\s*[:：]",
    _FLAGS,
)
_DELIMITER = re.compile(r"^(?:-- ?|—{2}|__)\s*$")
_PHONE = re.compile(
    r"^\s*(?:sent (?:from|via|with|by) (?:my |the )?\S.{0,60}|get outlook for \S.{0,40}|"
    r"发自我的.{1,30}|發自我的.{1,30}|从我的.{1,20}发送|從我的.{1,20}傳送|来自我的.{1,20}|"
    r"发自.{1,20}(?:邮箱|手机|客户端)|"
    r"sent with proton mail.{0,40}|yahoo mail:.{0,80}|获取\s*outlook.{0,40}|下载\s*outlook.{0,40}|"
    r"von meinem \S.{0,30} gesendet|envoyé de mon \S.{0,30})\s*$",
    _FLAGS,
)
_DISCLAIMER = re.compile(
    r"^\s*\*{0,3}\s*(?:confidentiality notice|disclaimer\s*:|legal notice|this (?:e-?mail|message|"
    r"communication)(?: and any| \(including| is | contains| may ).{0,80}(?:confidential|intended|"
    r"privileged)|the information (?:contained )?in this (?:e-?mail|message)|"
    r"免责声明|保密声明|保密提示|本邮件(?:及其附件)?(?:含有|包含|可能).{0,30}(?:保密|机密))",
    _FLAGS,
)
#: A text without any of these has neither history nor signature that we would know.
_MARKS = (
    *(":", "：", ">", "＞", "--", "__", "==", "——", "@"),  # noqa: RUF001  # full width
    *("写道", "寫道", "来信", "寫信", "发自", "發自", "从我的", "從我的", "来自我的"),
    *("sent from", "sent via", "sent with", "sent by", "outlook", "proton", "forwarded"),
    *("confidential", "disclaimer", "legal notice", "免责", "保密", "转发", "轉寄", "下载", "获取"),
    *("this e", "this m", "this c", "the information", "gesendet", "envoyé", "weitergeleitete"),
)
#: The same of one line: most lines need no closer look.
_MARKED = re.compile(
    r"[:：>＞@]|--|__|==|——|写道|寫道|来信|寫信|^\s*(?:[oO][nN]\s|在\s*\d|\d{4})"  # noqa: RUF001
)
_LONGEST_LINE = 2000
_SIGNATURE_LINES = 12
_MOST_LINES = 20_000


def split_reply(text: str) -> Split:
    """Cut the history and the signature off; the whole text when cutting would leave nothing."""
    low = text.lower()
    if not any(mark in low for mark in _MARKS):
        return Split(text.strip(), "")
    lines = text.replace("\r\n", "\n").split("\n")
    if len(lines) > _MOST_LINES:
        return Split(text, "")
    if _is_forward(lines):
        return Split(text, "")
    kept, rest = _without_history(lines)
    kept, signature = _without_signature(kept)
    reply = "\n".join(kept).strip()
    if not reply:
        return Split(text, "")
    return Split(reply, "\n".join([*signature, *rest]).strip("\n"))


def _is_forward(lines: list[str]) -> bool:
    return any(_FORWARD.match(line[:200]) for line in lines if line.lstrip()[:1] in _FORWARD_STARTS)


_FORWARD_STARTS = tuple("-_=bB转轉开")


def _without_history(lines: list[str]) -> tuple[list[str], list[str]]:
    kept: list[str] = []
    rest: list[str] = []
    place = 0
    while place < len(lines):
        line = lines[place][:_LONGEST_LINE]
        if not _MARKED.search(line):
            kept.append(lines[place])
            place += 1
            continue
        if _quoted(line):
            rest.append(lines[place])
            place += 1
            continue
        length = _introduction(lines, place)
        if length:
            after = place + length
            rest += lines[place:after]
            if not _quote_follows(lines, after):
                # Unmarked history: everything below it is history too.
                rest += lines[after:]
                break
            place = after
            continue
        if _starts_history(lines, place):
            rest += lines[place:]
            break
        kept.append(lines[place])
        place += 1
    return kept, rest


def _quoted(line: str) -> bool:
    stripped = line.lstrip()
    return stripped.startswith((">", "＞"))  # noqa: RUF001  # full width


def _introduction(lines: list[str], place: int) -> int:
    """How many lines "On … wrote:" takes here; 0 when it does not stand here."""
    line = lines[place][:_LONGEST_LINE]
    if len(line) <= 300 and any(pattern.match(line) for pattern in _WROTE):
        return 1
    if not _BROKEN_WROTE.match(line):
        return 0
    for count in (2, 3):
        joined = " ".join(one.strip() for one in lines[place : place + count])
        if len(joined) <= 300 and any(pattern.match(joined) for pattern in _WROTE):
            return count
    return 0


def _quote_follows(lines: list[str], place: int) -> bool:
    for line in lines[place : place + 4]:
        if line.strip():
            return _quoted(line)
    return False


def _starts_history(lines: list[str], place: int) -> bool:
    """A separator, or a block of headers as Outlook and QQ Mail print them."""
    line = lines[place][:_LONGEST_LINE]
    if _SEPARATOR.match(line):
        return "original" in line.lower() or "原" in line or _headers_follow(lines, place + 1)
    return bool(_HEADER_START.match(line)) and _headers_follow(lines, place)


def _headers_follow(lines: list[str], place: int) -> bool:
    """At least three header lines (From, Sent, To, Subject) close together."""
    near = [line for line in lines[place : place + 10] if line.strip()][:7]
    return sum(bool(_HEADER.match(line[:200])) for line in near) >= 3


def _without_signature(lines: list[str]) -> tuple[list[str], list[str]]:
    """Cut from the first sure mark of a signature; a mark far from the end is a mark of nothing."""
    lines = _trimmed(lines)
    for place, line in enumerate(lines):
        short = line[:200]
        if _DELIMITER.match(short) and 0 < len(lines) - place - 1 <= _SIGNATURE_LINES:
            return lines[:place], lines[place:]
        if _DISCLAIMER.match(short) and place:
            return lines[:place], lines[place:]
        if _PHONE.match(short) and len(lines) - place <= 4:
            return lines[:place], lines[place:]
    return lines, []


def _trimmed(lines: list[str]) -> list[str]:
    end = len(lines)
    while end and not lines[end - 1].strip():
        end -= 1
    return lines[:end]
