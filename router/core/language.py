"""Which language somebody writes: enough to answer in it, no more."""

from __future__ import annotations

import re

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]+")
_LATIN = re.compile(r"[A-Za-z]{2,}")
#: Characters that are common in support messages and written differently in the simplified script.
_TRADITIONAL = frozenset(
    "錢帳號碼轉賬戶嗎這個還沒無法問題請幫們說時間後動機點擊連鏈結簡驗證過來對開關復資訊銀額"
    "記錄買賣給為什麼麼樣聯絡繫詢處應該電話號書萬與從東車馬鎖黃龍雙發現實際費項"
    "騙盜詐遺掛竊凍險損詞鑰權異誤認單幣網線斷緊圖綁掃訂購儲傳報臺灣餘"
)
_SIMPLIFIED = frozenset(
    "钱帐账号码转户吗这个还没无法问题请帮们说时间后动机点击连链结简验证过来对开关复资讯银额"
    "记录买卖给为什么样联络系询处应该电话书万与从东车马锁黄龙双发现实际费项"
    "骗盗诈遗挂窃冻险损词钥权异误认单币网线断紧图绑扫订购储传报湾"
)
_ONLY_TRADITIONAL = re.compile(f"[{''.join(sorted(_TRADITIONAL - _SIMPLIFIED))}]")
_ONLY_SIMPLIFIED = re.compile(f"[{''.join(sorted(_SIMPLIFIED - _TRADITIONAL))}]")
_LOOK = 500


def detect(text: str, hint: str = "") -> str:
    """``zh``, ``zh-Hant`` or ``en``; the hint (``zh-CN``) decides when the text cannot; or ``""``.

    A Chinese message may be full of product names: one Chinese character weighs as much as a Latin
    word.
    """
    head = text[:_LOOK]
    if head.isascii():
        return "en" if _LATIN.search(head) and not hint.startswith("zh") else _hinted(hint, head)
    chinese = "".join(_HAN.findall(head))
    if not chinese:
        return "en" if _LATIN.search(head) else _hinted(hint, head)
    if len(chinese) * 2 < len(_LATIN.findall(head)):
        return "en"
    traditional = len(_ONLY_TRADITIONAL.findall(chinese))
    simplified = len(_ONLY_SIMPLIFIED.findall(chinese))
    if traditional > simplified:
        return "zh-Hant"
    if not simplified and hint.lower() in ("zh-tw", "zh-hk", "zh-hant"):
        return "zh-Hant"
    return "zh"


def _hinted(hint: str, text: str) -> str:
    """What the form or the platform said; plain Latin words outrank a page's language."""
    if len(_LATIN.findall(text)) >= 3:
        return "en"
    lowered = hint.lower()
    if lowered in ("zh-tw", "zh-hk", "zh-hant"):
        return "zh-Hant"
    if lowered.startswith("zh"):
        return "zh"
    return "en" if lowered.startswith("en") or _LATIN.search(text) else ""
