"""The marks that mail programs put around what they quote, forward and sign."""

from __future__ import annotations

import re

from ahocorasick_rs import AhoCorasick, MatchKind

from router.core.cutting import disclaimers, footers
from router.core.cutting import printed_headers as printed

WROTE, HEADER, RULE, FORWARD, FOOTER, DISCLAIMER = (
    *("wrote", "header", "rule", "forward"),
    *("footer", "disclaimer"),
)
_QUOTE = "quote"
_HINTS: dict[str, tuple[str, ...]] = {
    _QUOTE: ("\n>", "\n >", "\n\uff1e"),
    WROTE: (
        *(
            "wrote",
            "writes",
            "quoting",
            "zitat von",
            "写道",
            "寫道",
            "écrit",
            "schrieb",
            "geschreven",
            "schreef",
            "escribió",
            "schreibt",
        ),
        *(
            "escreveu",
            "scritto",
            "skrev",
            "kirjoitti",
            "napisał",
            "napsal",
            "написал",
            "yazd\u0131",
        ),
        *("írta", "pisze", "napísal", "a scris", "menulis", "va escriure", "đã viết", "пише"),
        *("написа", "έγραψε", "كتب", "כתב", "のメール", "님이 작성", "เขียน", ">\u200f:", ">:"),
        *("> :", ">：", "]:", " gmt+", " gmt-"),
        *(":\n>", ":\n\n>", "：\n>", "：\n\n>"),
    ),
    HEADER: (
        *("subject", "主题", "主題", "主旨", "betreff", "objet", "sujet", "oggetto", "asunto"),
        *("assunto", "onderwerp", "emne:", "ämne", "temat:", "тема:", "konu:", "件名", "제목"),
        *("aihe:", "předmět", "tárgy", "subiect", "chủ đề", "θέμα:", "subjek:", "เรื่อง:"),
        *("נושא:", "الموضوع:", "относно:", "predmet:", "zadeva:", "teema:", "tēma:", "tema:"),
        *("主　题", "主　題", "主 题", "主 題", "标题", "標題", "收件人", "收件者"),
    ),
    RULE: (
        "--",
        "__",
        "==",
        "**",
        "~~",
        "- -",
        "\u2010\u2010",
        "──",
        "—",
        "above this line",
        "此行上方",
        "本行以上",
    ),
    FORWARD: (
        *("forwarded", "转发", "轉發", "轉寄", "weitergeleitet", "transféré", "inoltrato"),
        *("reenviado", "doorgestuurd", "encaminhada", "пересылаемое"),
    ),
    FOOTER: (*footers.HINTS, "定制", "customized by "),
    DISCLAIMER: disclaimers.HINTS,
}
_WORDS = [(word, kind) for kind, words in _HINTS.items() for word in words]
_LOOK = AhoCorasick([word for word, _ in _WORDS], matchkind=MatchKind.LeftmostLongest)
_QUOTES = len(_HINTS[_QUOTE])  # they come first; where each stands does not matter
_KINDS = [kind for _, kind in _WORDS]
_MOST_HINTS = 5_000


def hints(text: str) -> list[tuple[int, str]]:
    """Where a word stands that some mark needs, in order; none when there can be no mark."""
    low = text.lower()
    if len(low) != len(text):  # a letter whose small form is two letters long
        low = "".join(one.lower() if len(one.lower()) == 1 else one for one in text)
    seen = _LOOK.find_matches_as_indexes(low)
    found = [(at, _KINDS[word]) for word, at, _ in seen if word >= _QUOTES]
    if not found and (seen or text[:1] in (">", "\uff1e")):
        return [(0, _QUOTE)]
    return found if len(found) <= _MOST_HINTS else []


# ---------------------------------------------------------------- introductions of a quote

_LONGEST, _SHORT = 400, 80
_MAIL = r"[^\s<>@\"]{1,80}@[^\s<>@\"]{1,80}"
_WHO = re.compile(_MAIL)
_WHEN = re.compile(
    r"\d{1,2}[:.h]\d{2}|\d{4}\s?[年./-]|\d{1,2}[/.]\d{1,2}[/.]\d{2,4}|\b(?:19|20)\d\d\b"
)
_CLOCK = re.compile(r"\d{1,2}[:.h]\d{2}")
#: Nobody puts an address into brackets but a program.
_BRACKETED = re.compile(rf"[<(\[]{_MAIL}[>)\]]")
_COLON = re.compile(r"[:：]\s*\Z")
_TIME_LAST = re.compile(
    r"\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}[, T]{1,2}\d{1,2}:\d{2}(?::\d{2})?(?: ?[ap]\.?m\.?)?"
    r"(?: [+-]\d{4}| [A-Z]{2,4})?[\])]?\s*[:：]\s*\Z",
    re.IGNORECASE,
)
_SPEAKS = re.compile(
    r"(?<!\w)(?:(?-i:I)|i'm|my|me|we|our|us|you|your)(?!\w)|[我你您]", re.IGNORECASE
)
_SENTENCE = re.compile(r"[^\W\d_]{4}[.!?] (?=[^\W\d_])|[。！？；]")
#: The verb is the last word, or (in the north) comes before the name and the date.
_VERB_LAST = re.compile(
    r"(?:\b(?:wrote|writes|a écrit|écrit|schrieb|schreibt|geschreven|escribió|escribe|escreveu"
    r"|ha scritto|scrisse|scrive"
    r"|napisał(?:\(a\)|a)?|nap(?:sal|ísal)(?:\(a\)|a)?|pisze|написа\S{0,4}|пишет?|yazd\u0131|írta"
    r"|a scris|menulis|va escriure|đã viết|έγραψε|كتب|כתב)"
    r"|写道|寫道|のメール|님이 작성|เขียน(?:ว่า)?)\s*[:：]?[\s\-—]*\Z",
    re.IGNORECASE,
)
#: Nothing but the verb: who and when were broken off above.
_VERB_ALONE = re.compile(
    rf"\s*(?:tarihinde )?(?:şunu )?(?:ezt )?(?:\u03bf/\u03b7 )?{_VERB_LAST.pattern}", re.IGNORECASE
)
#: How Horde and others begin.
_QUOTING = re.compile(
    r"\s*(?:quoting|quoth|thus spake|excerpts from|zitat von"
    r"|citando(?: a)?|citation de|citazione di|cita de|citaat van|citerar"
    r"|citat fra|cytowanie|цитирую)\s[^\n]{2,160}[:：]\s*\Z",
    re.IGNORECASE,
)
_BIDI = str.maketrans("", "", "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_CLOSING = re.compile(rf">\s*{_VERB_LAST.pattern}", re.IGNORECASE)
_VERB_INSIDE = re.compile(
    r"\b(?:schrieb|schreef|skrev|kirjoitti|írta)\b.*[:：]\s*\Z", re.IGNORECASE
)
#: Gmail's line of a name without an address has neither a verb nor a colon.
_BARE_LINE = re.compile(
    r"\s*\d{4}-\d\d-\d\d \d{1,2}:\d\d GMT[+-]\d{1,2}:\d\d [^\n]{1,80}\Z", re.IGNORECASE
)
_NO_VERB = re.compile(rf"(?:{_WHEN.pattern}).*{_MAIL}[>\])\s\u200f]{{0,3}}[:：]\s*\Z", re.DOTALL)
_OPENS = re.compile(
    r"[\s\-—*]*(?:(?:on|at|le|am|em|el|il|op|den|dne|dnia|w dniu|in data|pe)\b|在|于|於"
    r"|[\u0430-\u044f]{2,11}[,.\s]|בתאריך|في|στις|vào|pada|ในวันที่"
    r"|(?:mon|tue|wed|thu|fri|sat|sun|lun|mar|mer|jeu|ven|sam|dim|tir|ons|tor|fre|søn)\w{0,8}[,. ]"
    r"|\d{1,4}[\s\-/.年])",
    re.IGNORECASE,
)
#: Yahoo's phone program begins the quote on the same line.
_RUN_ON = re.compile(
    rf"\s*(?:on\b|在|于|於).{{0,80}}?(?:{_WHEN.pattern}).{{0,120}}?{_MAIL}>?\s*"
    r"(?:wrote|写道|寫道)\s*[:：]\s{2,}\S",
    re.IGNORECASE,
)
_WINDOWS = ((0, 1), (-1, 1), (0, 2), (-2, 1), (-1, 2), (0, 3))
_SENTENCE_ENDS = (".", "!", "?", "。", "！", "？")  # full width


def is_end_of_introduction(line: str) -> bool:
    """``> wrote:``: the mark closes an address that was broken off above."""
    return len(line) < 40 and _CLOSING.match(line) is not None


def introduction(lines: list[str], place: int, quoted: list[bool]) -> tuple[int, int] | None:
    """The lines of an "On … wrote:" around this line; a program may have broken it in three."""
    if ":  " in lines[place].strip() and _RUN_ON.match(lines[place][:_LONGEST]):
        return place, place + 1
    if is_end_of_introduction(lines[place].lstrip()):
        return _broken_off(lines, place)
    alone = _VERB_ALONE.match(lines[place][:_LONGEST]) is not None
    for first, last in (_WINDOWS[1:] + _WINDOWS[:1]) if alone else _WINDOWS:
        if place + first < 0 or place + last > len(lines):
            continue
        part = [line.translate(_BIDI) for line in lines[place + first : place + last]]
        if all(part) and _introduces(part, whole=quoted[place + last : place + last + 2]):
            return _opened(lines, place + first), place + last
    return None


def names_address(introduction: list[str]) -> bool:
    """Whether an address stands in one, or its shape is a program's that writes none."""
    joined = " ".join(introduction)
    return _WHO.search(joined) is not None or _BARE_LINE.match(joined) is not None


def _broken_off(lines: list[str], place: int) -> tuple[int, int] | None:
    """An introduction whose link was written out, so that its end stands lines below."""
    for above in range(place - 1, max(place - 8, -1), -1):
        line = lines[above][:_LONGEST]
        if _OPENS.match(line) and _WHEN.search(line):
            joined = " ".join(lines[above:place])
            return (above, place + 1) if _WHO.search(joined[: 2 * _LONGEST]) else None
    return None


def _introduces(part: list[str], whole: list[bool]) -> bool:
    joined = " ".join(line.strip() for line in part)
    if len(joined) > _LONGEST:
        return False
    if _QUOTING.match(joined):
        return _WHO.search(joined) is not None or any(whole)
    if not (_VERB_LAST.search(joined) or _VERB_INSIDE.search(joined)):
        if (len(part) == 1 and _BARE_LINE.match(joined)) or (any(whole) and _is_anyones(joined)):
            return True
        worth = "@" in joined and _COLON.search(joined) and _OPENS.match(joined)
        return bool(worth) and _NO_VERB.search(joined) is not None
    if not (_WHO.search(joined) or _WHEN.search(joined)):
        return any(whole)
    short = any(whole) and len(joined) <= _SHORT and _VERB_LAST.search(joined) is not None
    opened = _OPENS.match(joined) is not None or _begins_with_name(joined)
    return opened or (short and not _tells(joined))


def _is_anyones(joined: str) -> bool:
    """Whether a line above quoted ones is an introduction in whatever language: an address or a
    time of day stands in it as only programs write them, and nobody speaks of himself."""
    if not _COLON.search(joined) or _tells(joined):
        return False
    if _TIME_LAST.search(joined) and _WHEN.search(joined):
        return True
    return _BRACKETED.search(joined) is not None or (
        _CLOCK.search(joined) is not None and _NO_VERB.search(joined) is not None
    )


def _tells(joined: str) -> bool:
    """Whether a sentence ends in it, or somebody speaks of himself or to the reader."""
    return _SENTENCE.search(joined) is not None or _SPEAKS.search(joined) is not None


def _begins_with_name(joined: str) -> bool:
    """``张三 <li@example.com> 于…写道：``: a name, an address, no sentence before them."""
    who = _WHO.search(joined)
    if who is None:
        return False
    before = joined[: who.start()]
    return len(before) <= 80 and not any(mark in before for mark in "。！？!?；;")


def _is_sender(above: str, line: str) -> bool:
    """``张三 <li@example.com> 于2026年11月24日``: what stood before the time in a broken line."""
    named = _BRACKETED.search(above[:_LONGEST])
    if named is None or not _begins_with_name(above[:_LONGEST]) or _tells(above):
        return False
    behind = above[named.end() : _LONGEST].strip(" ,，")
    return (
        _WHEN.search(behind) is not None
        or behind in ("于", "於")
        or (not behind and line.lstrip()[:1] in ("于", "於"))
    )


def _opened(lines: list[str], first: int) -> int:
    """Where it really begins: a long name may have pushed the address to a line of its own."""
    if first and (headed := printed.above_introduction(lines, first)) < first:
        return headed
    if first and _WHO.search(lines[first]) is None and _is_sender(lines[first - 1], lines[first]):
        return first - 1
    if first and not _OPENS.match(lines[first]):
        for above in range(first - 1, max(first - 3, -1), -1):
            line = lines[above].strip()
            if not line or line.endswith(_SENTENCE_ENDS) or len(line) > 200:
                break
            if line.endswith("<") or (_OPENS.match(line) and _WHEN.search(line)):
                return above
    return first


# ---------------------------------------------------------------- separators

_ORIGINAL = re.compile(
    r"(?:编写|写道|寫道|\bwrote)\s*\Z|original|原始|原\s*邮件|原\s*郵件|邮件原文|原文|回复的"
    r"|回覆的|replied message"
    r"|ursprüngliche|d'origine|originale|oprindelig|ursprungligt|исходное",
    re.IGNORECASE,
)
_ABOVE_LINE = re.compile(
    r"[\s#\-=—*]*(?:please )?(?:type |write )?(?:your )?reply above this line"
    r"|[\s#\-=—*]*请?在?(?:此行上方|本行以上)",
    re.IGNORECASE,
)
_FORWARDED = re.compile(
    rf"\s*+{printed.DRAWN}{{2,}}+\s*+"
    r"(?:(?:begin )?forwarded|转发|轉發|轉寄|weitergeleitet|.{0,20}transféré"
    r"|.{0,20}inoltrato|.{0,20}reenviado|doorgestuurd|.{0,20}encaminhada|.{0,20}пересылаемое)"
    r"|\s*(?:begin forwarded message|开始转发的邮件|開始轉寄郵件|以下是转发的邮件|转发的邮件)"
    r"\s*[:：]",
    re.IGNORECASE,
)


#: When, who and a verb between drawn lines, as Zoho has it, whatever its language.
_FRAMED = re.compile(
    rf"\s*-{{3,}}\s(?=.{{0,80}}{_CLOCK.pattern}).{{10,150}}[>)\]]\s[^\W\d_]{{1,14}}\s-{{3,}}\s*\Z"
)


def separator(lines: list[str], place: int) -> tuple[int, int] | None:
    """``-----Original Message-----`` in any language; words we do not know need headers below."""
    line = lines[place][:200]
    if _ABOVE_LINE.match(line):
        return place, place + 1
    if _FRAMED.match(line) and _BRACKETED.search(line):
        return place, place + 1
    ruled = printed.RULED.match(line)
    if ruled is None:
        return None
    if _ORIGINAL.search(ruled["words"]):
        return card(lines, place), place + 1
    below = [one for one in lines[place + 1 : place + 8] if one.strip()]
    known = sum(map(printed.is_one, below[:6]))
    return (place, place + 1) if known >= printed.ENOUGH else None


_FORWARDING = re.compile(
    r"\s*(?:fwd?|fs|wg|tr|vb|vl|rv|enc|i|pd|doorst|doorgest|[i\u0130]\u0307?lt|пер|перес|πρθ|転送"
    r"|전달|转发|轉發|转寄|轉寄)\s*[:：]",
    re.IGNORECASE,
)


def is_forwarding(subject: str) -> bool:
    """Whether a subject says that what follows is somebody else's message."""
    return _FORWARDING.match(subject) is not None


def is_forward(line: str) -> bool:
    """Whether somebody else's message follows that is meant to be read."""
    return _FORWARDED.match(line[:200]) is not None


# ---------------------------------------------------------------- signatures

_CUSTOM = re.compile(
    r"[\s*_<(\[]*(?:签名由[^\n]{1,20}定制|signature is customized by [^\n]{2,30})\s*\Z",
    re.IGNORECASE,
)


def is_custom(line: str) -> bool:
    """What NetEase's programs write below the card they draw."""
    return len(line) < 60 and _CUSTOM.match(line) is not None


def card(lines: list[str], place: int) -> int:
    """Where a visiting card above this line begins: NetEase draws one with bars."""
    first = place
    for at in range(place - 1, max(place - 12, -1), -1):
        line = lines[at].strip()
        if len(line) > 60:
            break
        if line.startswith("|"):
            first = at
        elif line and first < place and not lines[at - 1].lstrip().startswith("|"):
            break
    return first
