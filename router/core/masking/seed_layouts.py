"""What people put around the words of a seed phrase: labels, times, glosses, tags.

All of it is blanked before words are looked for, character for character, so that a word keeps its
place. Whatever is left between two words is measured with the repetition of one sign counted once.
"""

from __future__ import annotations

import re

from router.core.glances import Glanced

# What people say between the words when they tell them one by one.
_TOLD = Glanced(
    r"第?[ 0-9一二三四五六七八九十]{1,4}[个個](?:助?[记記]?[单單]?[词詞字])?[ ]?(?:是|为|為)?"
    r"|\bnumber [0-9]{1,2}(?: is| was|:)"
    r"|\b(?:the )?word (?:no\.? ?|number )?#?[0-9]{1,2}(?: is| was)?\b"
    r"|\b(?:the )?(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh"
    r"|twelfth|last|next|[12]?[0-9](?:st|nd|rd|th))(?: (?:word|one)(?: is| was)?|(?= ?[:=]))",
    {"(?= ?[:=])": ""},
)
_MAYBE_TOLD = Glanced(r"word|number|[个個]|(?:st|nd|rd|th) ?[:=]")
_TAG = re.compile(r"<[^<>]{1,80}>")
_ENTITY = re.compile(r"&(?:nbsp|ensp|emsp|thinsp|#160|#32|#x20|#xa0);", re.IGNORECASE)
_DATE = (
    r"(?:(?:19|20)[0-9]{2}(?:[-/.年][0-9]{1,2}[-/.月][0-9]{1,2}日?)?"
    r"|[0-9]{1,2}[/.\-][0-9]{1,2}[/.\-](?:19|20)?[0-9]{2})"
)
_TIME = r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?(?: ?[AaPp][Mm])?"
#: The time a line of a chat was written at, and who wrote it.
_STAMP = re.compile(
    rf"^[ \t>]*[\[(（【]?(?:{_DATE}[ \tT,]{{0,3}}(?:{_TIME})?|{_TIME})[\])）】]?[ \t,\-–]{{0,3}}"
    r"(?:[^\W\d_][^\n:：]{0,24}[:：](?=[ \t]))?"
    rf"|^[^\n:：]{{1,24}}[ ,][ \t]?\[?(?:{_DATE}[ ,]{{0,2}})?{_TIME}\]?:?[ \t]*$",
    re.MULTILINE,
)
#: "a)", "II.", "w3:"; never a word of any list.
_ITEM = re.compile(
    r"(?<![^\s(\[|,;，；、>])[(\[]?(?:[A-Za-z]|[IVX]{1,5}|[ivx]{1,5}|[Ww](?:ord)?[ _]?[0-9]{1,2})"
    r"[.):\]=](?=[ \t\w'\"])"
)
_MAYBE_ITEM = Glanced(
    r"(?:^|[\s(\[|,;，；、>])[(\[]?(?:[a-z]|[ivx]{2,5}|w(?:ord)?[ _]?[0-9]{1,2})[.):\]=]"
)
#: "一、", "第十二：": before a word that is not Chinese.
_HAN_ITEM = re.compile(
    r"(?<![^\s,，;；。>])第?[一二三四五六七八九十]{1,3}[、.\uff0e:：)）]"
    r"(?=[ \t]*[^\W\d_\u3400-\u9fff])"
)
_GLOSS = re.compile(
    r"[(\[（【][^()\[\]（）【】\n]{0,12}[\u3400-\u9fff][^()\[\]（）【】\n]{0,12}[)\]）】]"
)
_REPEATED = re.compile(r"([^\w\s])(?:[ \t]?\1)+")


def bare(text: str, *, told: bool) -> str:
    """The text, as long as it was, with blanks for what stands around the words of a phrase. Lines
    of a chat are bared only where a phrase is spoken of: short answers are words of lists, too."""
    if "<" in text:
        text = _TAG.sub(_blank, text)
    if _MAYBE_TOLD.found(text) and _TOLD.found(text):
        text = _TOLD.pattern.sub(_blank, text)
    if "&" in text:
        text = _ENTITY.sub(_blank, text)
    if told and (":" in text or "\n19" in text or "\n20" in text):
        text = _STAMP.sub(_blank, text)
    if not text.isascii():
        text = _HAN_ITEM.sub(_blank, _GLOSS.sub(_blank, text))
    return _ITEM.sub(_blank, text) if _MAYBE_ITEM.found(text) else text


def _blank(found: re.Match[str]) -> str:
    return " " * len(found[0])


def narrowed(gap: str) -> str:
    """What stands between two words, without repetition: blanks, and rows of one sign."""
    return _REPEATED.sub(r"\1", " ".join(gap.split()))
