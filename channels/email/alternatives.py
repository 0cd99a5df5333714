"""Two versions of one letter: the plain one is read, unless it is none.

Some programs write "Your reader shows no HTML", a dot or a picture's name where the letter should
stand in plain text. Then hardly a word of it stands in the HTML, and the HTML is what was written.
"""

import html as entities
import re

from channels.email.markup import plain_text

_LONGEST_PLAIN = 2_000
_MOST_WORDS = 40
_FEW, _SOME = 5, 2  # one word in so many may stand in both
_WORD = re.compile(r"[^\W\d_\u3040-\u9fff]{3,}|\d{3,}|[\u3040-\u9fff]{2}")
#: A letter, a figure or a picture character; no dot, dash or space of any width.
_LETTER = re.compile(r"[^\W_]|[^\x00-\x7f\xa0\u2000-\u206f\u3000-\u303f\ufeff]")
_PICTURE = re.compile(
    r"\[(?:image|cid|图片|图像)[^\]]{0,200}\]|<https?://[^\s>]{1,500}>", re.IGNORECASE
)
#: What a program says of HTML to whoever reads the plain text.
_SAYS_SO = re.compile(
    r"(?<![a-z])html(?![a-z])|browser|浏览器|瀏覽器|view (?:this|it) (?:e-?mail|online)",
    re.IGNORECASE,
)
_MUCH_LONGER, _LONG = 5, 200


def chosen(plain: str, html: str) -> str:
    """Which to read of both: the HTML where they have nothing in common and the plain one has no
    words, speaks of HTML or is much shorter."""
    if len(plain) > _LONGEST_PLAIN:
        return plain
    told = _PICTURE.sub(" ", plain).lower()
    words = _WORD.findall(told)[:_MOST_WORDS]
    says_nothing, says_so = _LETTER.search(told) is None, _SAYS_SO.search(told) is not None
    enough = len(words) / (_SOME if says_so else _FEW)
    if not (says_nothing or says_so or len(html) > _LONG) or (
        words and _common(words, html) >= enough
    ):
        return plain
    shown = plain_text(html)[0]
    if _LETTER.search(shown) is None or (words and _common(words, shown) >= enough):
        return plain
    longer = len(shown) > max(_LONG, _MUCH_LONGER * len(plain))
    return shown if says_nothing or says_so or longer else plain


def _common(words: list[str], html: str) -> int:
    low = (entities.unescape(html) if "&" in html else html).lower()
    return sum(word in low for word in words)
