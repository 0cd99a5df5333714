"""What the desk wrote once in Chinese and once in English, for one reader.

Readers of traditional characters get the Chinese text in their own script, with the words that the
texts written for them by hand use: one reader gets both, often in one mail.
"""

from __future__ import annotations

import re
from functools import cache

from opencc import OpenCC

#: What the conversion of characters leaves as it is said elsewhere.
_SAID: dict[str, str] = {
    "賬": "帳",
    "臺": "台",
    "服務檯": "服務台",
    "登錄": "登入",
    "回復": "回覆",
    "回複": "回覆",
    "索要": "索取",
    "字符": "字元",
    "充值": "儲值",
    "手機號": "手機號碼",
    "手機號碼": "手機號碼",
    "郵箱": "電郵",
    "短信": "簡訊",
    "信息": "資訊",
    "鏈接": "連結",
    "設置": "設定",
    "重置": "重設",
    "設備": "裝置",
    "網絡": "網路",
    "移動數據": "行動數據",
    "導出": "匯出",
    "搜索": "搜尋",
    "幫助中心": "說明中心",
    "在線客服": "線上客服",
    "在線諮詢": "線上諮詢",
    "“": "「",
    "”": "」",
}
#: Hair, where a dictionary of phrases saw it across two words: 金额发给我们, 判断发生, 一直发.
_NO_HAIR = re.compile("(?<![頭理美染剪洗毛假植])髮(?![型廊絲際夾])")
_ANY_SAID = re.compile("|".join(sorted(_SAID, key=len, reverse=True)))


def for_reader(language: str, zh: str, en: str, otherwise: str = "en") -> str:
    """The text in a language; ``otherwise`` is the desk's, where nobody knows the reader's."""
    spoken = language or otherwise
    if not spoken.startswith("zh"):
        return en
    return _traditional(zh) if spoken == "zh-Hant" else zh


def _traditional(text: str) -> str:
    written = _NO_HAIR.sub("發", _converter().convert(text))
    return _ANY_SAID.sub(lambda found: _SAID[found[0]], written)


@cache
def _converter() -> OpenCC:
    return OpenCC("s2tw")
