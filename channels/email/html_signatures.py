"""Signatures that mail programs mark in HTML, carried into plain text below the standard's
delimiter. One is carried only when it stands at the end of what was written: below it nothing or
history, above it a letter. Whoever typed into the signature's box is not cut off so."""

import re

SIGN = "\ue002"
_MOST = 20
_MOST_LINES = 30
_LONGEST = 3_000
_NAMED = re.compile(
    r"\s(?:id|class|name)\s*=\s*(?:\"[^\"<>]*|'[^'<>]*|[^\s<>\"']*)"
    r"(?:signature(?!_prefix|prefix)|[-_]sgn|_write_card|mail_card)",
    re.IGNORECASE,
)
_BEGINS = re.compile(r"<(div|table|span|section|pre|p|a)\b([^<>]*)>", re.IGNORECASE)
_WORTH = re.compile(r"signature|[-_]sgn|write_card|mail_card", re.IGNORECASE)
_HIDDEN = re.compile(r"<(style|script|head|title)\b.*?(?:</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)
#: A comment that ends what one program alone reads has another mark within it.
_ANY = r"<!--<!\[endif\]-->|<[^<>]*>"
_TAG = re.compile(_ANY)
_LINE = re.compile(r"<(?:br|/?p|/?div|/?tr|/?table|/?pre|/?section|/?li)\b[^<>]*>", re.IGNORECASE)
_NOTHING = re.compile(rf"(?:{_ANY}|&nbsp;|&#160;|&#8203;|[\s\xa0\u200b])*+")
#: What stands around history.
_HISTORY = re.compile(
    r"blockquote|quote|rplyfwd|appendonsend|olk_src|j-reply|zmail_extra|<hr|reference-message"
    r"|replysplit|cite-prefix|gmail_attr|border-top",
    re.IGNORECASE,
)
_TITLED = re.compile(
    r"(?:[-_]{3,}|(?:from|sent|date|von|de|da|van|od|от|发\s*件\s*人|發\s*件\s*人|寄\s*件\s*[人者])\s*[:：]"
    r"|(?:on|am|le|el|op)\s[^\n]{0,60}\d|在\s?\d|\d{4}年)",
    re.IGNORECASE,
)
_DELIMITER = re.compile(
    rf"(?:^[ \t]*--[ \t]*\n\s*)?^[ \t]*{SIGN}[ \t]*\n\s*(?:--[ \t]*\n)?", re.MULTILINE
)


def marked(markup: str) -> str:
    """The markup with a mark where the signature begins, if there is one at the end."""
    if not _WORTH.search(markup):
        return markup
    tried = 0
    for begins in _BEGINS.finditer(markup):
        if not _NAMED.search(begins[2]):
            continue
        tried += 1
        if tried > _MOST:
            break
        end = _end(markup, begins[1], begins.end())
        if _ends_the_letter(markup, begins.start(), end) and _is_card(markup[begins.end() : end]):
            clean = markup[: begins.start()].replace(SIGN, "")
            return f"{clean}<div>{SIGN}</div>{markup[begins.start() :].replace(SIGN, '')}"
    return markup


def delimited(text: str) -> str:
    """The mark becomes the standard's delimiter."""
    return _DELIMITER.sub("-- \n", text, count=1).replace(SIGN, "") if SIGN in text else text


def _end(markup: str, tag: str, start: int) -> int:
    """Where the element ends that begins before ``start``; the end of all if it is not closed."""
    depth = 1
    for one in re.finditer(rf"<(/?){tag}\b[^<>]*>", markup[start:], re.IGNORECASE):
        depth += -1 if one[1] else 1
        if depth == 0:
            return start + one.start()
    return len(markup)


def _ends_the_letter(markup: str, start: int, end: int) -> bool:
    if not _seen(_HIDDEN.sub(" ", markup[:start])):
        return False
    below = _NOTHING.match(markup, end)
    first = below.end() if below else end
    if first >= len(markup) or _HISTORY.search(markup, end, first):
        return True
    return _TITLED.match(_seen(markup[first : first + 1_000])) is not None


def _is_card(markup: str) -> bool:
    lines = [line for line in _LINE.sub("\n", markup).split("\n") if _seen(line)]
    return 0 < len(lines) <= _MOST_LINES and sum(map(len, map(_seen, lines))) <= _LONGEST


def _seen(markup: str) -> str:
    return _TAG.sub("", markup).replace("&nbsp;", " ").strip()
