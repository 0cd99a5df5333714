"""Passwords of several words: only where their line says clearly that they are one, and no more."""

from __future__ import annotations

import re

_WORDS = re.compile(
    r"(?: is)?[ \t]?[:：=][ \t]?(?P<words>[A-Za-z]{3,12}(?:[ \-][A-Za-z]{3,12}){3,7})"
    r"(?=[ \t]*(?:[\r\n.]|\Z))"
)
#: What may stand before the word password on its line.
_OPENS = re.compile(
    r"(?:\A|[\n.:;,>])[ \t>]*(?:(?:and|my|the|new|old|wallet|login|account|app|its?|here is|this is"
    r"|我的|钱包|錢包|登录|登入)[ \t]*){0,4}\Z",
    re.IGNORECASE,
)
_LONGEST_OPENING = 40
#: Words of those who speak of a password and tell none.
_SPEAKS = re.compile(
    r"\b(?:the|and|for|not|but|you|your|are|was|were|has|have|had|this|that|with|from|what|when|where"
    r"|why|how|who|can|could|does|did|dont|will|would|should|must|please|help|need|want|know|forgot"
    r"|forgotten|forget|lost|never|ever|none|nothing|same|before|after|again|still|any|all|some|one"
    r"|two|too|very|more|than|only|just|also|yet|now|here|there|then|them|they|she|her|his|him|its"
    r"|our|out|off|into|onto|over|wrong|right|incorrect|invalid|expired|required|missing|empty"
    r"|unknown|changed?|reset|resetting|link|e?mail|page|field|login|log|signe?d?|screen|button|app"
    r"|error|fail(?:s|ed)?|work(?:s|ing)?|accepted|rejected|refused|known|locked|blocked|opens?"
    r"|shown?|shows|see|sent|send|new|old|long|short|minimum|least|characters|letters|digits|numbers"
    r"|symbols|upper|lower|case|length|words?|which|because|since|until|always|keeps?|ask(?:s|ed)?"
    r"|tried|try|times|days?|arrived?|received|came|come|gets?|got|used?|using|make|manager|settings"
    r"|phone|device|support|thanks?|sorry|hello|optional|hidden)\b",
    re.IGNORECASE,
)


def told(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Where the words stand that are told as a password; the word for it is ``text[start:end]``."""
    match = _WORDS.match(text, end)
    if match is None or _SPEAKS.search(match["words"]):
        return None
    if not _OPENS.search(text, max(0, start - _LONGEST_OPENING), start):
        return None
    return match.span("words")
