"""Private keys of wallets in a text: hexadecimal, WIF, extended keys; as files hold them, in
key_files.

64 hexadecimal digits are a key or a transaction's hash, and only the words around them tell: the
nearest one that names either, then any in the message. Where nobody says anything, ``0x`` in the
middle of talk is a hash, for support lives on those and wallets export keys without it; everything
else goes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator

from router.core.masking import key_files
from router.core.masking.secret import Secret

KIND = key_files.KIND
_TOKEN = re.compile(r"(?<![0-9A-Za-z])[0-9A-Za-z]{50,}(?![0-9A-Za-z])")
_HEX = re.compile(r"(?:0[xX])?([0-9A-Fa-f]+)")
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_PLACES = {digit: place for place, digit in enumerate(_BASE58)}
_EXTENDED = re.compile(r"[xyzYZtuvUV]prv[1-9A-HJ-NP-Za-km-z]{50,}")
_WIF = re.compile(r"(?:[5KL9c][1-9A-HJ-NP-Za-km-z]{50,51}|6P[1-9A-HJ-NP-Za-km-z]{56})")
_STELLAR = re.compile(r"S[A-Z2-7]{55}")
_SOLANA = re.compile(r"[1-9A-HJ-NP-Za-km-z]{87,88}")

_KEY = re.compile(
    r"private|secret|\bpriv\b|\bwif\b|\bsk\b|\bpk\b|私钥|私鑰|私匙|密钥|密鑰|秘钥|秘鑰|keystore"
    r"|(?<!public )(?<!public-)\bkeys?\b",
    re.IGNORECASE,
)
_NO_KEY = re.compile(
    r"\btx|transaction|hash|\bblock|explorer|scan\b|sha-?256|checksum|signature|order|public|address"
    r"|contract|交易|哈希|雜湊|杂凑|区块|區塊|订单|訂單|流水|单号|單號|公钥|公鑰|签名|簽名|地址|合约"
    r"|合約|转账记录|轉帳記錄|转账凭证",
    re.IGNORECASE,
)
#: What people say of money on its way; of less weight than the words above.
_PAYMENT = re.compile(
    r"transfer|\bsen[dt]\b|deposit|withdraw|pending|confirm|arriv|receiv|paid|payment|refund|proof"
    r"|status|stuck|missing|swap|bridge|\bgas\b|[te]rc-?20|on-?chain|链上|鏈上|这笔|那笔|這筆|那筆|卡住|查询"
    r"|查詢|查一下|查下"
    r"|usdt|usdc|\beth\b|\bbtc\b|\btrx\b|转账|轉帳|轉賬|到账|到帳|到賬|入账|入帳|充值|充币|充幣|提币"
    r"|提幣|提现|提現|汇款|匯款|打款|付款|退款|确认|確認|没到|沒到|未到|记录|記錄|凭证|憑證",
    re.IGNORECASE,
)
#: What people say who hand over a key without naming it.
_WALLET = re.compile(
    r"import|restor|recover|export|backup|导入|導入|恢复|恢復|导出|導出|备份|備份|找回",
    re.IGNORECASE,
)
# What is called a key outright is masked even when it is cut short or broken by a line's end.
_CALLED_KEY = re.compile(
    r"(?:private[ \-_]?key|secret[ \-_]?key|私[钥鑰匙]|[密秘][钥鑰])"
    r"[\s:：=是为為就如下is\"'“「(（]{0,12}"
    r"((?:0[xX])?[0-9A-Za-z+/]{16,}(?:\s[0-9A-Fa-f]{4,64}(?![0-9A-Za-z])){0,15}=*)",
    re.IGNORECASE,
)
_PARTED = re.compile(
    r"(?<![0-9A-Za-z])(?:0[xX])?[0-9A-Fa-f]{2,32}(?:[\s:.,\-]{1,3}[0-9A-Fa-f]{2,32}){1,63}"
    r"(?![0-9A-Za-z])"
)
_ADDRESS = re.compile(r"(?:[a-z]{2,8}://|www\.)\S{0,200}\Z", re.IGNORECASE)
_BEFORE, _AFTER, _ABOUT = 60, 16, 400
#: Tokens whose surroundings are read; who writes more of them in one message gets all masked.
_MOST_ASKED = 400
#: What the first look searches for, besides long tokens.
CUES = ("private", "secret", "钥", "鑰", "私匙", " key")


def find(text: str) -> Iterator[Secret]:
    """Every private key; hashes of transactions are left where they are."""
    for part in PARTS.values():
        yield from part(text)


def _called(text: str) -> Iterator[Secret]:
    """What stands right after the words private key, whatever it looks like."""
    for called in _CALLED_KEY.finditer(text):
        if any(one.isdigit() for one in called[1]):
            yield Secret(called.start(1), called.end(1), KIND)


def _parted(text: str) -> Iterator[Secret]:
    """64 digits in groups, soon after a word for keys."""
    for match in _PARTED.finditer(text):
        digits = re.sub(r"[^0-9A-Fa-f]", "", match[0].removeprefix("0x").removeprefix("0X"))
        if not 62 <= len(digits) <= 66 or digits.isdigit():
            continue
        if _KEY.search(text[max(0, match.start() - _BEFORE) : match.start()]):
            yield Secret(match.start(), match.end(), KIND)


def _tokens(text: str) -> Iterator[Secret]:
    """Keys by their own shape, those in doubt by what is said about them."""
    kept = -1
    asked = 0
    for token in _TOKEN.finditer(text):
        doubt = _doubtful(token[0])
        if doubt is None:
            continue
        asked += doubt
        told = doubt and asked <= _MOST_ASKED
        if told and _is_no_key(text, token.start(), token.end(), kept):
            kept = token.end()
            continue
        if not doubt or _reads_as_key(text, token):
            yield Secret(token.start(), token.end(), KIND)


def _doubtful(token: str) -> bool | None:
    """False: surely a key. True: a key or a hash. None: neither."""
    if _EXTENDED.fullmatch(token) or (_WIF.fullmatch(token) and base58_holds(token)):
        return False
    digits = _HEX.fullmatch(token)
    if digits is not None:
        return True
    if _STELLAR.fullmatch(token) and any(one.isdigit() for one in token):
        return False
    return True if _SOLANA.fullmatch(token) or _WIF.fullmatch(token) else None


def _reads_as_key(text: str, token: re.Match[str]) -> bool:
    """64 digits need no word for it; other lengths (public keys, signatures) do."""
    digits = _HEX.fullmatch(token[0])
    if digits is None or len(digits[1]) == 64:
        return True
    return _KEY.search(text[max(0, token.start() - _BEFORE) : token.start()]) is not None


def _is_no_key(text: str, start: int, end: int, kept: int) -> bool:
    """Whether the nearest word about it, before it or else after it, says transaction."""
    before = text[max(0, start - _BEFORE, kept) : start]
    if _ADDRESS.search(before):
        return True  # nobody keeps a key in a link
    key, other = _last(_KEY, before), _last(_NO_KEY, before)
    after = text[end : end + _AFTER]
    if key >= 0 or other >= 0:
        return other > key and _KEY.search(after) is None
    if kept >= 0 and not any(one.isalnum() for one in text[kept:start]):
        return True  # one more in a list of transactions
    if _NO_KEY.search(after) or _KEY.search(after):
        return _KEY.search(after) is None
    return _talk_of_payments(text, start, end)


def _talk_of_payments(text: str, start: int, end: int) -> bool:
    """Whether the message around it is about money on its way and not about a wallet's key."""
    before, after = text[max(0, start - _ABOUT) : start], text[end : end + _ABOUT]
    if _KEY.search(before) or _KEY.search(after):
        return False
    wallet, payment = _last(_WALLET, before), max(_last(_PAYMENT, before), _last(_NO_KEY, before))
    if wallet >= 0 or payment >= 0:
        return payment > wallet
    if _PAYMENT.search(after) or _NO_KEY.search(after):
        return True
    spoken = sum(one.isalpha() for one in before) + sum(one.isalpha() for one in after)
    return text[start : start + 2] in ("0x", "0X") and spoken > 3 and not _WALLET.search(after)


def _last(words: re.Pattern[str], text: str) -> int:
    return max((one.end() for one in words.finditer(text)), default=-1)


def base58_holds(token: str) -> bool:
    """Whether the last four bytes of a base58 text are the checksum of those before."""
    number = 0
    for digit in token:
        place = _PLACES.get(digit)
        if place is None:
            return False
        number = number * 58 + place
    data = number.to_bytes((number.bit_length() + 7) // 8, "big")
    body, check = data[:-4], data[-4:]
    return hashlib.sha256(hashlib.sha256(body).digest()).digest()[:4] == check


#: Every way a key is looked for, by name; each can be proven by taking it away.
PARTS: dict[str, Callable[[str], Iterator[Secret]]] = {
    "blocks": key_files.pem,
    "key files": key_files.keystore,
    "numbers": key_files.numbers,
    "called keys": _called,
    "parted digits": _parted,
    "tokens": _tokens,
}
