"""Chinese as it may be written: 转账, 轉帳, 轉賬 and 转帐 are one word to whoever looks for it."""

from __future__ import annotations

from collections import defaultdict
from functools import cache

from opencc import OpenCC

#: One word in two accepted spellings, as 帐户 and 账户, 登陆 and 登录.
_TWINS = {"帐": "账", "陆": "录"}
_BLOCKS = (range(0x3400, 0x4DC0), range(0x4E00, 0xA000))


def simplified(text: str) -> str:
    """The text in its one spelling, character by character: as long as it was."""
    return text if text.isascii() else text.translate(_simple())


def spellings(char: str) -> tuple[str, ...]:
    """All ways to write a character, itself among them."""
    return _ways().get(simplified(char), (char,))


@cache
def _simple() -> dict[int, str]:
    """What each character is written as, of those that may be written otherwise."""
    before = [chr(code) for block in _BLOCKS for code in block]
    after = OpenCC("t2s").convert("\n".join(before)).split("\n")
    pairs = ((char, _TWINS.get(to, to)) for char, to in zip(before, after, strict=True))
    return {ord(char): to for char, to in pairs if char != to}


@cache
def _ways() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = defaultdict(list)
    for code, to in _simple().items():
        found[to].append(chr(code))
    return {to: (to, *others) for to, others in found.items()}
