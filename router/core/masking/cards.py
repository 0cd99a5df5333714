"""Payment cards and Chinese identity cards among the digits of a text.

A card needs an issuer's prefix, a right check digit and the shape in which people write cards; an
order number that happens to have all three is left alone when it is called one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from router.core.masking.secret import HIDDEN, Secret

# What stands between the groups of one number: a few blanks, dots and dashes, a quote's mark.
_GAP = r"(?:[\s.\-_\u2010-\u2014\u2212·]{0,3}|[ \t]{0,2}\r?\n[ \t]{0,2}>[> \t]{0,5})"
_DIGITS = re.compile(rf"[0-9](?:{_GAP}[0-9]){{12,}}(?:{_GAP}[Xx](?![A-Za-z]))?")
_GROUP = re.compile(r"[0-9]+[Xx]?|[Xx]")
# What stands between the numbers of a list far more often, and the same one all along.
_LISTED = re.compile(
    r"(?<![0-9A-Za-z_.])[0-9]{4,12}"
    r"(?P<sign>[ \t]{0,2}[/|:*,\uff0c\u3001][ \t]{0,2}|[ \t]{4,16})[0-9]{3,8}[Xx]?"
    r"(?:(?P=sign)[0-9]{1,7}[Xx]?){0,3}(?![0-9A-Za-z_]|(?P=sign)[0-9]|[/|:*][ \t]{0,2}[0-9])"
)
_ORDER = re.compile(
    r"\borders?\b|invoice|reference|\bref\b|serial|tracking|\btx|transaction (?:id|no|number)"
    r"|订单|訂單|流水|单号|單號|交易号|交易號|编号|編號|凭证|憑證|快递|快遞|运单|運單|交易ID|txid",
    re.IGNORECASE,
)
_CARD = re.compile(
    r"card|visa|master|amex|union ?pay|\bpan\b|pa(?:id|y) with|卡|银联|銀聯", re.IGNORECASE
)
_IDENTITY = re.compile(
    r"身份证|身份證|身分證|证件|證件|实名|實名|identity|passport"
    r"|(?<!transaction )(?<!order )(?<!payment )\bid\b",
    re.IGNORECASE,
)
_MOST_GROUPS = 5  # of 19 digits by fours; more groups are only digits one by one
_BEGINNINGS = frozenset((4, 6, 8))  # digits in the first group of a number that is parted
_LONGEST, _SHORTEST = 19, 13
_UNIT = re.compile(
    r"\s?(?:[元块塊圆圓个個件条條张張人次年月日号號户戶台度分点點%$€£¥]|(?:usd|cny|rmb|eur|pieces|units)\b)",
    re.IGNORECASE,
)
#: How a number may be parted besides, when a word for cards stands before it.
_CALLED_SHAPES = ([12, 4], [4, 12], [4, 8, 4], [8, 4, 4], [4, 4, 8], [5, 5, 5, 1], [6, 4, 6])
#: Written before a number without a blank.
_CLINGING = re.compile(
    r"(?<![0-9A-Za-z_])(?:cc|card|pan|no|nr|num|number|acct|visa|mc|amex)\Z", re.IGNORECASE
)
_CLUNG = 8
_NEAR, _NEARER, _AFTER = 36, 16, 20  # nobody writes an order's number by fours
_CLAUSE = re.compile(r"[\n。！？!?；;]")

# Issuers' prefixes with the lengths they issue.
_ISSUERS = re.compile(
    r"4(?:[0-9]{12}|[0-9]{15}|[0-9]{18})"
    r"|5[1-5][0-9]{14}"
    r"|(?:222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]{12}"
    r"|3[47][0-9]{13}"
    r"|3(?:0[0-5]|[689][0-9])[0-9]{11}"
    r"|(?:6011|64[4-9][0-9]|65[0-9]{2}|60[0-9]{2}|8[12][0-9]{2})[0-9]{12}(?:[0-9]{3})?"
    r"|35(?:2[89]|[3-8][0-9])[0-9]{12}(?:[0-9]{3})?"
    r"|62[0-9]{14,17}"
    r"|(?:5[0678]|6[37])[0-9]{11,17}"
    r"|220[0-4][0-9]{12,15}"
    r"|9558[0-9]{15}"
)
_PROVINCES = frozenset(
    str(place)
    for first, last in ((11, 15), (21, 23), (31, 37), (41, 46), (50, 54), (61, 65))
    for place in range(first, last + 1)
) | {"71", "81", "82", "83", "91"}
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_DOUBLED = bytes.maketrans(b"0123456789", b"0246813579")


def luhn(number: str) -> bool:
    """Whether the last digit of a card number is the one its others call for."""
    digits = number.encode()
    total = sum(digits[-1::-2]) + sum(digits[-2::-2].translate(_DOUBLED))
    return (total - ord("0") * len(digits)) % 10 == 0


def is_card(number: str) -> bool:
    """Issued by somebody we know, of a length they issue, and with a right check digit."""
    return _ISSUERS.fullmatch(number) is not None and luhn(number)


def is_id_card(number: str) -> bool:
    """An 18-character Chinese identity number: province, day of birth and check character."""
    if len(number) != 18 or number[:2] not in _PROVINCES or not number[:17].isdigit():
        return False
    year, month, day = number[6:10], int(number[10:12]), int(number[12:14])
    if not ("1900" <= year <= "2099" and 1 <= month <= 12 and 1 <= day <= 31):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(number, _WEIGHTS, strict=False))
    return _CHECKS[total % 11] == number[17].upper()


def find(text: str) -> Iterator[Secret]:
    """Cards and identity cards. Digits are ASCII here; groups may be parted by up to 3 marks, or
    by one that lists have: those stand nowhere between others of their kind."""
    yield from _near_each_other(text)
    yield from _listed(text)


def _near_each_other(text: str) -> Iterator[Secret]:
    parted = 0  # where the last number ended: one that touches it is no tail of anything
    for run in _DIGITS.finditer(text):
        groups = [(run.start() + one.start(), one[0]) for one in _GROUP.finditer(run[0])]
        first = 0
        while first < len(groups):
            found = _window(text, groups, first, parted)
            if found is None:
                first += 1
            else:
                secret, first = found
                parted = secret.end
                yield secret


def _listed(text: str) -> Iterator[Secret]:
    """Numbers whose groups stand like those of a list, and are no list."""
    rows = [match for match in _LISTED.finditer(text) if len(match[0]) >= _SHORTEST]
    found = [secret for match in rows if (secret := _in_a_list(text, match))]
    table = 2 * len(found) <= len(rows)  # most rows of it hold no card
    for secret in found:
        if not table or secret.kind == "id_card" or _called(text, secret.start):
            yield secret


def _in_a_list(text: str, match: re.Match[str]) -> Secret | None:
    start, end = match.start(), match.end()
    groups = _GROUP.findall(match[0])
    shape, number = [len(one) for one in groups], "".join(groups)
    if text.endswith(match["sign"].strip() or "\t", 0, start):
        return None
    for kind, holds in PARTS.items():
        whole = False
        if holds(number, shape, whole) and not _called_otherwise(text, start, end, kind, _NEAR):
            own = kind == "id_card" or _called(text, start) or not _counts(text, match, groups)
            return Secret(start, end, kind, _shown(number, kind)) if own else None
    return None


def _counts(text: str, match: re.Match[str], groups: list[str]) -> bool:
    """Whether groups are numbers of their own: in order, round, counted, told one by one."""
    values = [int(one) for one in groups if one.isdigit()]
    ordered = values in (sorted(set(values)), sorted(set(values), reverse=True))
    unround = sum(value % 10 > 0 for value in values)
    told = match["sign"].strip() == "," and match["sign"] != ","
    return ordered or told or unround < 2 or _UNIT.match(text, match.end()) is not None


def _shown(number: str, kind: str) -> str:
    return f"•••• {number[-4:]}" if kind == "card" else HIDDEN


def _window(
    text: str, groups: list[tuple[int, str]], first: int, parted: int
) -> tuple[Secret, int] | None:
    """The longest number that begins with this group, and the group after it."""
    number = ""
    shape: list[int] = []
    best: tuple[Secret, int] | None = None
    for last in range(first, _reach(groups, first)):
        number += groups[last][1]
        shape.append(len(groups[last][1]))
        if len(number) > _LONGEST:
            break
        if len(number) < _SHORTEST:
            continue
        whole = first == 0 and last == len(groups) - 1
        start, end = groups[first][0], groups[last][0] + len(groups[last][1])
        for kind, holds in PARTS.items():
            near = 0 if start == parted else _NEAR if len(shape) == 1 else _NEARER
            if not holds(number, shape, whole) and not (
                kind == "card" and _called_so(text, start, number, shape, whole)
            ):
                continue
            if not _called_otherwise(text, start, end, kind, near):
                best = Secret(start, end, kind, _shown(number, kind)), last + 1
                break
    return best


def _reach(groups: list[tuple[int, str]], first: int) -> int:
    """Up to which group a number that begins with this one may go; ``first`` when none does."""
    if first == 0 and len(groups) <= _LONGEST:
        return len(groups)
    size = len(groups[first][1])
    if size in _BEGINNINGS or size == 12:
        return min(first + _MOST_GROUPS, len(groups))
    return first + (size >= _SHORTEST)


def _written_as_id_card(number: str, shape: list[int], whole: bool) -> bool:  # noqa: FBT001  # one of its looks
    return (len(shape) == 1 or shape == [6, 8, 4] or whole) and is_id_card(number)


def _written_as_card(number: str, shape: list[int], whole: bool) -> bool:  # noqa: FBT001  # one of its looks
    """Whether people part card numbers like this: not at all, by fours, as Amex does, in halves."""
    if not number.isdigit() or not is_card(number):
        return False
    if len(shape) == 1 or shape in ([4, 6, 5], [4, 6, 4], [4, 5, 6], [8, 8], [6, 10], [6, 13]):
        return True
    if all(size == 4 for size in shape[:-1]) and shape[-1] <= 4:
        return True
    return whole and all(size == 1 for size in shape)


def _called(text: str, start: int) -> bool:
    """Whether the words right before it call it a card."""
    return _CARD.search(_CLAUSE.split(text[max(0, start - _NEAR) : start])[-1]) is not None


def _called_so(text: str, start: int, number: str, shape: list[int], whole: bool) -> bool:  # noqa: FBT001  # one of its looks
    """Whether it is a card that nobody would write like this without saying so."""
    if len(shape) < 2 or not (whole or shape in _CALLED_SHAPES) or min(shape[:-1]) < 2:
        return False
    return number.isdigit() and is_card(number) and _called(text, start)


def _called_otherwise(text: str, start: int, end: int, kind: str, near: int) -> bool:
    """Whether the words around it call it an order, or it is the tail of another number."""
    before = text[max(0, start - near) : start].rstrip()
    named = _IDENTITY if kind == "id_card" else _CARD
    if _ORDER.search(before) or named.search(before):  # seldom: most numbers have no word at all
        clause = _CLAUSE.split(before)[-1]
        own = max((one.end() for one in named.finditer(clause)), default=-1)
        other = max((one.end() for one in _ORDER.finditer(clause)), default=-1)
        if own >= 0 or other >= 0:
            return other > own
    touching = text[start - 1 : start] if near else ""
    if touching.isascii() and (touching.isalnum() or touching == "_"):
        return _CLINGING.search(text, max(0, start - _CLUNG), start) is None
    if touching == "." and text[max(0, start - 2) : start - 1].isdigit():
        return True
    after = text[end : end + _AFTER]
    if not _ORDER.search(after):
        return False
    after = _CLAUSE.split(after)[0]
    return _ORDER.search(after) is not None and named.search(after) is None


#: Every number that is looked for, by its kind; each can be proven by taking it away.
PARTS: dict[str, Callable[[str, list[int], bool], bool]] = {
    "id_card": _written_as_id_card,
    "card": _written_as_card,
}
