"""Which facts a message holds that people need to help, and which are still missing.

Each is looked for by its shape alone, in text that was masked before. Finding one too many costs a
question; asking for what was told costs trust: so a shape that may be meant counts as told.
"""

from __future__ import annotations

from collections.abc import Mapping

from router.core.glances import Glanced

#: What people need to know for a kind of trouble, in the order it is asked. The words for security
#: ask by themselves.
NEEDED: Mapping[str, tuple[str, ...]] = {
    "transfer.failed": ("reference", "time", "amount"),
    "transfer.pending": ("reference", "time", "amount"),
    "transfer.declined": ("time", "amount"),
    "transfer.reversed": ("reference", "amount"),
    "transfer.network": ("reference", "time", "device", "version", "network"),
    "transfer.recipient_account": ("reference", "time", "amount"),
    "transfer.cancel": ("reference", "amount"),
    "login.network": ("time", "device", "version", "network"),
    "login.account_locked": ("time", "device"),
    "login.verification_code": ("time", "device"),
    "login.other": ("device", "version"),
    "records.missing": ("time", "amount"),
    "records.wrong_entry": ("reference", "time", "amount"),
}
_READ = 4_000

_SHAPES: Mapping[str, Glanced] = {
    "reference": Glanced(
        r"\b0x[0-9a-f]{40,64}\b|\b(?=[a-z]*\d)[a-z0-9]{2,6}[-_]?\d{6,30}\b|\b\d{10,32}\b"
        r"|(?:编号|单号|流水号|交易号|哈希|reference|txid|hash|order\s*(?:no|number|id))\W{0,4}[\w-]{5,}",
        {r"(?=[a-z]*\d)": "", r"[\w-]": "(?s:.)"},
    ),
    "time": Glanced(
        r"\b\d{1,2}:\d{2}\b|\d{1,2}\s*[点點时時]|\d{1,2}\s*月\s*\d{1,2}|\b\d{4}-\d{1,2}-\d{1,2}\b"
        r"|今[天早晚日]|昨[天晚日]|前天|刚才|刚刚|剛才|剛剛|上午|下午|中午|凌晨|早上|晚上|小时前|分钟前|天前"
        r"|\b(?:today|yesterday|this morning|last night|tonight|just now|ago)\b"
        r"|\b\d{1,2}\s*(?:am|pm)\b|\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b",
    ),
    "amount": Glanced(
        r"[¥￥$€£]\s*\d|\d[\d,.]*\s*(?:元|块|塊|万|萬|千|usd[tc]?|btc|eth|cny|rmb|hkd|eur|gbp|dollars?"
        r"|yuan|euros?|pounds?)|[一二两三四五六七八九十百千万]+(?:元|块|塊|万)",
        {r"[\d,.]": r"[\p{Nd},.]"},
    ),
    "device": Glanced(
        r"iphone|ipad|android|安卓|苹果|蘋果|华为|華為|huawei|小米|xiaomi|redmi|红米|oppo|vivo|荣耀|honor"
        r"|samsung|三星|pixel|一加|oneplus|ios\b|鸿蒙|harmony|windows|macbook|电脑|電腦|手机型号",
    ),
    "version": Glanced(
        r"\bv\s?\d+\.\d+|\b\d+\.\d+\.\d+\b|版本\D{0,6}\d|version\D{0,6}\d|最新版|latest version",
    ),
    "network": Glanced(
        r"wi-?fi|无线|無線|移动数据|流量|数据网络|[345]g\b|宽带|寬頻|代理|vpn|mobile data|cellular"
        r"|broadband|中国移动|联通|电信|trc-?20|erc-?20|bep-?20",
    ),
}


def missing(category: str, text: str) -> tuple[str, ...]:
    """The facts that this kind of trouble needs and the text does not tell."""
    needed = NEEDED.get(category, ())
    if not needed:
        return ()
    read = text[:_READ]
    return tuple(one for one in needed if _SHAPES[one].search(read) is None)
