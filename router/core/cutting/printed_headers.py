"""The headers that mail programs print above the history: from, date, to and subject, in the words
of many languages, with the line and the title that are drawn above them."""

from __future__ import annotations

import re

from router.core.cutting import sign_offs

ENOUGH = 3  # headers that are no chance
_MAIL = r"[^\s<>@\"]{1,80}@[^\s<>@\"]{1,80}"
_FROM = (
    r"(?:from|sender|von|de|da|van|fra|från|od|от|від|kimden|gönderen|lähettäjä|feladó|expeditor"
    r"|de la|từ"
    r"|message du|από|dari|จาก|מאת|من|šalje|pošiljatelj|saatja"
    r"|发\s*件\s*人|寄\s*件\s*[者人]|發\s*件\s*人|差出人|보낸 사람)"
)
_NAMES = (
    r"(?:from|sender|sent(?: time)?|date|to|recipients?|cc|bcc|subject|reply-to|importance"
    r"|von|gesendet|datum|an|betreff|kopie|de|envoyé|date|à|a|cc|copie à|objet|sujet|message du"
    r"|da|inviato|data|risposta|oggetto|para|fecha|enviado(?: el)?|asunto|assunto|van|verzonden"
    r"|aan|onderwerp|fra|sendt|dato|til|emne|från|skickat|till|ämne|od|do|temat|wysłano|от|кому"
    r"|дата|тема|отправлено|від|надіслано|kimden|gönderen|gönderil\w{2,3}|kime|tarih|konu"
    r"|lähettäjä|lähetetty|vastaanottaja|kopio|aihe|odesláno|komu|předmět|feladó|elküldve|címzett|tárgy"
    r"|expeditor|de la|trimis|către|subiect|từ|đã gửi|đến|chủ đề"
    r"|από|στάλθηκε|προς|κοιν|θέμα|dari|dikirim|kepada|subjek|จาก|ส่ง(?:เมื่อ)?|ถึง|เรื่อง"
    r"|מאת|נשלח|אל|נושא|תאריך|من|إلى|الموضوع|التاريخ|تم الإرسال|تاريخ الإرسال"
    r"|изпратено|до|относно|šalje|pošiljatelj|poslano|poslato|prima|za|predmet|zadeva"
    r"|saatja|saadetud|adressaat|teema|nuo|išsiųsta|kam|tema|nosūtīts|tēma"
    r"|发\s*件\s*人|寄\s*件\s*[者人]|發\s*件\s*人|(?:发送|发件)\s*(?:时间|日期)|send time"
    r"|寄件日期|傳送時間|發送時間"
    r"|日\s*期|时\s*间|時\s*間|收\s*件\s*[人者]|抄\s*送|副\s*本|密送|主\s*[题題旨]|标\s*题|回复"
    r"|差出人|送信日時|宛先|件名|보낸 사람|받는 사람|제목)"
)
_EDGE = r"[\s|*\"“”#]{0,6}"
_HEADER = re.compile(rf"{_EDGE}{_NAMES}{_EDGE}(?:[:：]|\|)", re.IGNORECASE)
_FIRST = re.compile(rf"{_EDGE}{_FROM}{_EDGE}(?:[:：]|\|)", re.IGNORECASE)
_TO = re.compile(rf"{_EDGE}(?:to|an|à|para|a|aan|till|til)\s*[:：]", re.IGNORECASE)
_WHEN_ALONE = re.compile(
    r"(?P<who>[^\n]{2,120} on )?\d{1,4}[/.-]\d{1,2}[/.-]\d{2,4} \d{1,2}:\d{2}(?::\d{2})?"
    r"(?: ?[AP]M)?(?: [A-Z]{3,4})?\Z",
    re.IGNORECASE,
)
_LONGEST_NAME = 80
_ABOVE, _BELOW = 8, 6
_LONGEST = 200
#: What a line is drawn with.
DRAWN = r"[\-_=*~\u2010-\u2014]"
RULED = re.compile(
    rf"\s*+{DRAWN}{{2,}}+\s*+(?P<words>(?!{DRAWN})[^\s][^\n]{{0,60}}?)\s*{DRAWN}{{2,}}\s*\Z"
)
_RULE_ONLY = re.compile(rf"\s*{DRAWN}{{3,}}\s*\Z")
_TITLE = re.compile(
    r"(?:(?:原始|(?:回复|回覆|引用)的?)[邮郵]件|[邮郵]件原[文件]|original (?:message|e-?mail))"
    r"\s*[:：]?\Z",
    re.IGNORECASE,
)
_ADDRESS_ALONE = re.compile(rf"(?:e-?mail\s*[:：]\s*|[邮郵]箱\s*[:：]\s*)?{_MAIL}\Z", re.IGNORECASE)


def is_one(line: str) -> bool:
    """Whether a line begins as a header."""
    return _HEADER.match(line[:_LONGEST]) is not None


def around(lines: list[str], place: int) -> tuple[int, int] | None:
    """From where to where headers stand around a line, as Outlook and Foxmail print them."""
    if not is_one(lines[place]):
        return None
    window = range(max(0, place - _ABOVE), place + 1)
    first = next((at for at in window if _FIRST.match(lines[at][:_LONGEST])), None)
    if first is None:
        return _signed_with_date(lines, place)
    while first > window[0] and is_one(lines[first - 1]):
        first -= 1  # some programs begin with the date
    if sum(map(is_one, lines[first : place + 1 + _BELOW])) < ENOUGH:
        return None
    return _above(lines, first), place + 1


def _signed_with_date(lines: list[str], place: int) -> tuple[int, int] | None:
    """Headers without the first one, as Lotus Notes prints them: who and when stand above."""
    first = place
    while first and place - first < _ABOVE and is_one(lines[first - 1]):
        first -= 1
    if place - first + 1 < ENOUGH or not _TO.match(lines[first][:_LONGEST]):
        return None
    above = first - 1 if lines[first - 1].strip() else first - 2
    when = _WHEN_ALONE.match(lines[above].strip()[:_LONGEST]) if above > 0 else None
    if when is None:
        return None
    named = not when["who"] and 0 < len(lines[above - 1].strip()) <= _LONGEST_NAME
    return (above - 1 if named else above), place + 1


def past(lines: list[str], place: int) -> int:
    """The first line from here on that is no header."""
    while place < len(lines) and is_one(lines[place]):
        place += 1
    return place


def above_introduction(lines: list[str], first: int) -> int:
    """Where a line is drawn above headers above an introduction, as Yandex does; the introduction
    itself where none is."""
    above = first - 1
    while above > max(first - ENOUGH - 1, 0) and is_one(lines[above]):
        above -= 1
    drawn = 0 <= above < first - 1 and _RULE_ONLY.match(lines[above][:_LONGEST])
    return above if drawn else first


def _above(lines: list[str], first: int) -> int:
    """The rule and the title above printed headers, and the address that Foxmail signs with."""
    signed = -1
    for above in range(first - 1, max(first - 15, -1), -1):
        line = lines[above].strip()
        if not line or _is_rule(line) or _TITLE.match(line):
            first = above
        elif signed < 0 and _ADDRESS_ALONE.match(line[:_LONGEST]):
            first = signed = above
        else:
            break
    return first if signed < 0 else _name_card(lines, first, signed)


def _name_card(lines: list[str], first: int, signed: int) -> int:
    """A name or two between a rule and the address that was signed with, or one right above it."""
    for above in range(signed - 1, max(signed - 4, -1), -1):
        line = lines[above].strip()
        if len(line) > 40:
            break
        if _is_rule(line):
            return min(first, above)
    named = first == signed > 1 and sign_offs.is_name(lines[signed - 1])
    return signed - 1 if named and not lines[signed - 2].strip() else first


def _is_rule(line: str) -> bool:
    """A line of dashes alone, or with few words among them."""
    short = line[:_LONGEST]
    return _RULE_ONLY.match(short) is not None or RULED.match(short) is not None
