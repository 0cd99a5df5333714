"""Amounts of money in what people write: ``$1,200.50``, ``3万5``, ``五千块``, ``0.2 BTC``.

A number is money when a currency stands before or behind it, or when it is a Chinese round number
(三万) that does not count people, days or the like. Numbers of orders, phones and dates are none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rules.text import fold

#: Currencies by code, with the ways people write them.
CURRENCIES = {
    "CNY": ("cny", "rmb", "yuan", "¥", "元", "块", "人民币", "大洋"),
    "USD": ("usd", "us$", "$", "dollar", "dollars", "buck", "bucks", "美元", "美金", "刀"),
    "HKD": ("hkd", "hk$", "港币", "港元", "港纸", "蚊"),
    "TWD": ("twd", "ntd", "nt$", "台币", "新台币"),
    "EUR": ("eur", "€", "euro", "euros", "欧元"),
    "GBP": ("gbp", "£", "pound", "pounds", "quid", "英镑"),
    "USDT": ("usdt", "u", "tether", "泰达币"),
    "BTC": ("btc", "bitcoin", "bitcoins", "比特币"),
    "ETH": ("eth", "ether", "以太坊", "以太币"),
}
_CODE = {name: code for code, names in CURRENCIES.items() for name in names}
_NAMES = "|".join(re.escape(name) for name in sorted(_CODE, key=len, reverse=True))
_HAN = "零一二两三四五六七八九十百千万亿"
_DIGIT = {letter: at for at, letter in enumerate("零一二三四五六七八九")} | {"两": 2}
_UNIT = {"十": 10, "百": 100, "千": 1000}
_LARGE = {"万": 10_000, "亿": 100_000_000}
_SCALE = {"k": 1e3, "m": 1e6, "w": 1e4, "thousand": 1e3, "grand": 1e3, "million": 1e6}
_COUNTED = "人次个天年月日岁里米步字票家份倍公"
_AMOUNT = re.compile(
    rf"(?:(?<![a-z])(?P<before>{_NAMES})[ ]?)?"
    r"(?:(?<![0-9.,a-z])(?P<digits>[0-9]{1,15}(?:,[0-9]{3}){0,4}(?:\.[0-9]{1,8})?)"
    r"(?:[ ]?(?P<scale>[kmw](?![a-z])|(?:thousand|grand|million)\b))?"
    r"(?P<tail>[十百千万亿][一-九]?)?"
    rf"|(?P<han>[{_HAN}]{{1,12}}))"
    rf"[多几来]?[ ]?(?P<after>(?:{_NAMES})(?![a-z]))?".replace("一-九", "一二三四五六七八九0-9")
)


@dataclass(frozen=True, slots=True)
class Amount:
    """A sum of money; the currency is empty when it was not said."""

    value: float
    currency: str = ""


def amounts(text: str) -> tuple[Amount, ...]:
    """Every sum named in ``text``, in order. Linear in its length."""
    plain = fold(text).text
    return tuple(
        found for one in _AMOUNT.finditer(plain) if (found := _amount(one, plain)) is not None
    )


def _amount(found: re.Match[str], text: str) -> Amount | None:
    currency = _CODE.get(found["before"] or found["after"] or "", "")
    written = found["han"] or found["tail"] or ""
    if not currency:
        follows = text[found.end() : found.end() + 1]
        if _LARGE.keys().isdisjoint(written) or (follows and follows in _COUNTED):
            return None
    if found["han"]:
        value = _han(written)
    else:
        value = float(found["digits"].replace(",", "")) * _SCALE.get(found["scale"] or "", 1)
        value = _tailed(value, written)
    return Amount(value, currency) if value else None


def _tailed(value: float, tail: str) -> float:
    """3万5 is 35,000: a digit behind a unit counts tenths of it."""
    if not tail:
        return value
    unit = _UNIT.get(tail[0]) or _LARGE[tail[0]]
    more = _DIGIT.get(tail[1], 0) or int(tail[1]) if tail[1:] else 0
    return value * unit + more * unit / 10


def _han(written: str) -> float:
    """三万五千 as a number; 千万 ("be sure to") and 万一 ("in case") are none."""
    if written[0] not in _DIGIT and written[0] != "十":
        return 0
    total = below = section = 0.0  # closed by 亿, by 万, by neither yet
    digits, last = "", 1.0
    for letter in written:
        if letter in _DIGIT:
            digits += str(_DIGIT[letter])
            continue
        number = int(digits) if digits else 0
        digits = ""
        if letter in _UNIT:
            section += (number or 1) * _UNIT[letter]
            last = _UNIT[letter]
        else:
            if letter == "亿":
                total, below = (total + below + section + number) * _LARGE[letter], 0.0
            else:
                below += (section + number) * _LARGE[letter]
            section, last = 0.0, _LARGE[letter]
    rest = int(digits) if digits else 0
    tenths = last > 10 and len(digits) == 1  # 一万二 is 12,000, but 十二 twelve
    return total + below + section + (rest * last / 10 if tenths else rest)
