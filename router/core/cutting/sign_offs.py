"""The card with a name, a company and a telephone number that stands under a letter.

The standard's own delimiter (two dashes and a space) says that one follows. Any other line of
dashes says so only when what stands below it can be nothing else: each line a name, a post, a
company, an address or a number to reach somebody at. Below a long one a way to reach him is needed.
"""

from __future__ import annotations

import re

from router.core.cutting.disclaimers import speaks

_EXACT = "-- "
_RULE = re.compile(r"\s*(?:[-_=*~—–─━]{2,}|[-—–*=_](?: [-—–*=_]){2,}|—)\s*\Z")
_LONG_RULE = 4  # characters of one
_LONGEST_RULE = 100
_MOST_LINES, _MOST_LINES_EXACT = 12, 30
_LONGEST_LINE = 90
_LONGEST_SENTENCE = 60
_LONGEST_NAME = 70
#: A way to reach somebody, with the word that says what it is.
_REACHED = re.compile(
    r"(?:\b(?:tel\w*|tél|phone|mobile?|mob|cell|fax|office|direct|hotline|whatsapp|telegram|skype"
    r"|wechat|[tmfdpe])\b|电\s*话|電\s*話|手\s*机|手\s*機|传\s*真|傳\s*真|座\s*机|热\s*线|携帯|联系方式"
    r"|微\s*信|QQ)\s*+[:：.]*+\s*+[+(]{0,2}\d[\d\s()./-]{4,}"
    r"|(?:微\s*信|QQ|wechat|skype|telegram)号?\s*[:：]\s*[\w.@-]{4,}"
    r"|(?:e-?mail|web(?:site)?|url|邮\s*箱|郵\s*箱|电\s*邮|网\s*[址站]|網\s*址)\s*[:：]\s*[\w.@/:-]{5,}"
    r"|\+\d[\d\s()./-]{6,}\d|(?<!\w)1\d{10}(?!\w)|[^\s@<>]{1,64}@[^\s@<>]{1,64}\.\w{2,}"
    r"|https?://\S+|www\.\S+|(?<!\S)[\w-]{2,40}(?:\.[\w-]{2,40}){0,3}\.[a-z]{2,4}(?:/\S*)?(?!\S)",
    re.IGNORECASE,
)
_PLACED = re.compile(
    r"(?:地\s*址|公司|单位|部门|职务|邮编|郵編|add(?:ress)?|vat|hrb|ust)\s*[:：.]"
    r"|[\u3400-\u9fff]{1,8}[省市区區县縣路街号號].{0,24}[路街道号號楼樓室座层层区區]\Z",
    re.IGNORECASE,
)
#: How a Chinese line ends that names a post or a company.
_POST = re.compile(
    r"(?:经理|經理|总监|總監|主管|主任|专员|專員|助理|工程师|工程師|会计|會計|秘书|秘書|顾问|顧問|董事长?"
    r"|总裁|總裁|主席|律师|律師|老师|教授|博士|代表|公司|集团|集團|中心|事业部|[财市销客人技法产运行]\w{0,4}部"
    r"|大学|大學|学院|學院|医院|醫院|银行|銀行|研究所|研究院|事务所|事務所|协会|分行|支行|敬上|谨上)\Z"
)
_HAN_NAME = re.compile(
    r"[王李张張刘劉陈陳杨楊黄黃赵趙吴吳周徐孙孫马馬朱胡郭何林高罗羅郑鄭梁谢謝宋唐许許邓鄧冯馮韩韓曹曾彭萧蕭"
    r"肖蔡潘田董袁于余叶葉蒋蔣杜苏蘇魏程吕呂丁沈任姚卢盧傅钟鍾姜崔谭譚廖范汪陆陸金石戴贾韦夏邱方侯邹熊孟秦江阎"
    r"薛尹段雷黎史龙龍陶贺顾毛郝龚邵万严武莫孔向汤安欧歐司小老阿][\u3400-\u9fff]{1,3}"
    r"(?:\s+[A-Za-z .]{2,30})?\Z"
)
_LATIN_NAME = re.compile(r"[A-Z][a-z'\u2019-]{1,20}(?: [A-Z][a-z'\u2019.-]{0,20}){1,3}")
#: Little words that no name and no company has.
_HAN_SAYS = re.compile(r"[我你您他她它们們的了吗嗎呢吧不没沒被把请請给給盗盜骗騙]")
#: What a list of mail writes below every letter.
_LIST = re.compile(r"mailing list|listinfo|邮件列表|mailman", re.IGNORECASE)
#: Who wrote advertisements below a long line, and how long it is.
_PROVIDER = re.compile(
    r"\b(?:yahoo|msn|hotmail|lycos|netscape|juno|excite|gmx|web\.de)\b", re.IGNORECASE
)
_PROVIDERS_PAGE = re.compile(
    rf"(?:https?://|www\.)[^\s/]{{0,60}}{_PROVIDER.pattern}\S*", re.IGNORECASE
)
_ADVERT_RULE = 40
_CLOSING = (
    r"(?:(?:viele|beste|liebe|schöne|freundliche) grüße(?: aus \w+)?|mit freundlichen grüßen"
    r"|(?:(?:best|kind|warm) )?regards|cheers|many thanks|thanks|cordialement|bien à vous"
    r"|(?:un )?saludos?|atentamente|cordiali saluti|(?:met vriendelijke )?groeten?|祝好|此致|敬礼"
    r"|顺颂商祺|谢谢|謝謝)"
)
_CLOSES = re.compile(rf"{_CLOSING}(?:\W{{1,3}}{_CLOSING})?\W*\Z", re.IGNORECASE)
_LETTER = re.compile(r"[^\W\d_]")
_LATIN_WORD = re.compile(r"[^\W\d_][\w.'\u2019-]*")
_SMALL = frozenset(
    {
        "of",
        "and",
        "the",
        "for",
        "at",
        "in",
        "de",
        "la",
        "le",
        "du",
        "des",
        "und",
        "für",
        "der",
        "von",
    }
    | {
        "van",
        "den",
        "di",
        "da",
        "do",
        "dos",
        "del",
        "e",
        "et",
        "y",
        "i",
        "a",
        "bin",
        "al",
        "zu",
        "i.v",
    }
    | {"i.a", "ext", "ext.", "p.o", "m", "t", "f", "w"}
)
_ENDS = re.compile(r"[.!?。！？…]['\")”\u2019」]?\s*\Z")
_HAN = re.compile(r"[\u3400-\u9fff]")
_FACT = re.compile(r"[^:：]{1,24}[:：]\s*\S")


def is_rule(line: str) -> bool:
    """Whether a line is drawn and says nothing."""
    return len(line) <= _LONGEST_RULE and _RULE.match(line) is not None


def is_name(line: str) -> bool:
    """Whether a line is a person's name and no more, by how names are written."""
    bare = line.strip()
    if _HAN.search(bare):
        return _HAN_NAME.match(bare) is not None and _HAN_SAYS.search(bare) is None
    return _LATIN_NAME.fullmatch(bare) is not None


def length(lines: list[str]) -> int:
    """How many of the lines are a delimiter and the card below it; none when they may be a letter.
    What is written as sentences below a card of the standard's is left out."""
    if lines[0] == _EXACT:
        end = _prose(lines)
        written = sum(bool(line.strip()) for line in lines[1:end])
        return end if 0 < written <= _MOST_LINES_EXACT else 0
    below = [line.strip(" \t*_|\u3000") for line in lines[1:] if line.strip()]
    if not 0 < len(below) <= _MOST_LINES or any(len(one) > _LONGEST_LINE for one in below):
        return 0
    reached = [_REACHED.search(one) is not None for one in below]
    if any(reached) and (_is_list(below) or _is_advert(lines[0], below)):
        return len(lines)
    if len(lines[0].strip()) >= _LONG_RULE and not any(reached):
        return 0
    if not _LETTER.search(below[0]) or any(map(str.isdigit, _REACHED.sub("", below[0]))):
        return 0  # facts; a card begins with a name
    return len(lines) if all(map(_is_of_card, below)) else 0


def _is_list(below: list[str]) -> bool:
    return any(map(_LIST.search, below)) and not any(map(_is_sentence, below))


def _is_advert(rule: str, below: list[str]) -> bool:
    """Whether a provider of mail praises itself, and names its page, below a long line."""
    text = " ".join(below)
    if len(rule.strip()) < _ADVERT_RULE or "@" in text or speaks(text):
        return False
    praised, pages = _PROVIDERS_PAGE.subn("", text)
    return pages > 0 and _PROVIDER.search(praised) is not None


def _prose(lines: list[str]) -> int:
    """Where a paragraph begins in which somebody tells of himself."""
    start = 1
    for at in range(1, len(lines) + 1):
        if at < len(lines) and lines[at].strip():
            continue
        if any(map(_is_sentence, lines[start:at])):
            return start
        start = at + 1
    return len(lines)


def _is_sentence(line: str) -> bool:
    """Whether a line is one that its writer wrote of himself."""
    line = _REACHED.sub(" ", line)
    if not _HAN.search(line) and not speaks(line):
        return False
    if _HAN.search(line):
        return len(line) > _LONGEST_SENTENCE or (len(line) > 6 and _ENDS.search(line) is not None)
    words = line.split()
    ends = len(words) > 4 and _ENDS.search(line) is not None
    return ends or (len(line) > _LONGEST_SENTENCE and _small(words) * 2 > len(words))


def _small(words: list[str]) -> int:
    return sum(word[:1].islower() for word in words)


def _is_of_card(line: str) -> bool:
    """A name, a post, a company, where it is and how it is reached."""
    line = _REACHED.sub(" ", line).strip(" \t|·•/,;，；:：-<>()（）[]")
    if not _LETTER.search(line) or _CLOSES.match(line):
        return True
    if _ENDS.search(line) and not line.endswith("."):
        return False
    if _HAN.search(line):
        told = _PLACED.search(line) or _POST.search(line) or _HAN_NAME.match(line)
        return told is not None and _HAN_SAYS.search(line) is None
    if _PLACED.search(line):
        return True
    words = _LATIN_WORD.findall(line)
    named = all(word[0].isupper() or word.lower().strip(".") in _SMALL for word in words)
    return named and len(line) <= _LONGEST_NAME and not _FACT.match(line)
