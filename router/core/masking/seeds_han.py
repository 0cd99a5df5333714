"""Chinese seed phrases. Their list is the 2,048 commonest characters, which any prose is made of.

Characters that stand apart (blanks, commas, numbers between them) are a phrase, unless they read
like speech. Joined ones are looked at only near words that announce a phrase: a run of exactly 12,
15, 18, 21 or 24, or one that begins right after the announcement. Three things tell a phrase from
speech: speech is full of common pairs (我的, 怎么), the list is ordered by how common a character
is, and the checksum.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from functools import cache

from mnemonic import Mnemonic

from router.core.masking.secret import Secret

KIND = "seed_phrase"
_LENGTHS = (24, 21, 18, 15, 12)
_HAN = "\u3400-\u9fff"
_SPACE = r"(?:[^\w\u3400-\u9fff]|_)"  # neither letter nor digit: blanks, commas, bullets, quotes
_GAP = rf"(?:{_SPACE}{{1,24}}(?:[0-9]{{1,2}}{_SPACE}{{0,6}})?|[0-9]{{1,2}}{_SPACE}{{0,6}})"
_APART = re.compile(rf"(?<![{_HAN}])[{_HAN}](?:{_GAP}[{_HAN}](?![{_HAN}])){{10,}}")
_RUN = re.compile(rf"[{_HAN}]{{12,}}")
_GROUPS = re.compile(
    rf"(?<![{_HAN}])[{_HAN}]{{2,6}}(?:[\s,，、/|\-]{{1,3}}[{_HAN}]{{2,6}}){{1,11}}"
)
_NAME = (
    r"(?:[助注]记词|助記詞|恢复[词短]语?|恢復[詞短]語?|备份词|備份詞|种子短?[语词]?|種子短?[語詞]?"
    r"|密语|密語)"
)
_CUE = re.compile(rf"{_NAME}|seed|mnemonic|recovery phrase", re.IGNORECASE)
#: "助记词是", "这是我的助记词": what stands between a phrase and the rest of its run.
_ANNOUNCED = re.compile(
    rf"(?:[这這]?就?[是为為])?(?:[我俺]们?的?)?(?:钱包|錢包)?的?{_NAME}(?:就?[是为為]|如下|在此)?"
)
_LINKS = ":：=「“\"'"
_NEAR = 60
_SURELY, _FAIRLY, _RATHER, _HARDLY = (
    700,
    560,
    460,
    330,
)  # mean places in the list: hardly, seldom reached by speech
#: Two characters each.
_TALK = (
    "我的你的他的您的我们你们他们我們你們他們自己这个那个這個那個这是那是這是什么怎么甚么什麼"
    "怎麼为什為什没有沒有不是不能不会不會不到不了不要不知知道就是还是還是可以可是但是因为因為"
    "所以如果然后然後已经已經现在現在今天昨天明天前天刚才剛才一个一個一下一直一次一笔一筆收到"
    "看到找到到账到帳到賬请问請問请帮請幫帮我幫我帮忙幫忙谢谢謝謝麻烦麻煩您好你好我想我要我在"
    "我是我把我不我没我沒钱包錢包账户帐户賬戶帳戶账号賬號帳號密码密碼手机手機登录登入登錄转账"
    "轉帳轉賬支付付款收款银行銀行客服平台公司余额餘額时候時候时间時間出来出來起来起來回来回來"
    "进去進去丢了丟了忘了忘记忘記没了沒了被盗被盜被人别人別人有人多少哪里哪裡里面裡面打开打開"
    "打不不开不開恢复恢復导入導入备份備份记词記詞私钥私鑰资产資產冻结凍結安全问题問題需要应该"
    "應該怎样怎樣是不有没有沒能不的是的人的时了我给我給我让我讓我说我說我告诉告訴朋友骗子騙子"
    "提示显示顯示顺序順序错误錯誤输入輸入提供生成区别區別之前以后以後交易网络網絡網路手续手續"
    "地址自动自動信用消费消費关闭關閉国家國家机器機器授权授權查询查詢操作信息訊息企业企業综合"
    "綜合介绍介紹个人個人订单訂單快速查看下载下載安装安裝点击點擊刚刚剛剛结果結果孩子妈妈媽媽"
    "爸爸老师老師学校學校法律责任責任联系聯繫聯絡联络马上馬上尽快盡快急死怎办怎麽電話电话截图"
    "截圖页面頁面软件软體软硬服务服務处理處理提现提現充值到了去了来了來了一张一張一条一條几个"
    "幾個两个兩個三个三個"
)
_PAIRS = frozenset(_TALK[at : at + 2] for at in range(0, len(_TALK), 2))


@cache
def tables() -> tuple[dict[str, int], ...]:
    """Each list's characters with their places."""
    return tuple(
        {word: place for place, word in enumerate(Mnemonic(f"chinese_{name}").wordlist)}
        for name in ("simplified", "traditional")
    )


def apart(text: str, told: bool) -> Iterator[Secret]:  # noqa: FBT001  # one shape for all parts
    """Phrases whose characters stand apart."""
    if text.isascii():
        return
    for match in _APART.finditer(text):
        characters = [one for one in match[0] if _is_han(one)]
        strangers, mean = _measured(characters)
        enough = 10 if told else 11
        if strangers > 1 + told or len(characters) - strangers < enough:
            continue
        if not _speech("".join(characters), mean, _RATHER):
            yield Secret(match.start(), match.end(), KIND, words=tuple(characters))


def joined(text: str, told: bool) -> Iterator[Secret]:  # noqa: FBT001  # one shape for all parts
    """Phrases written together, near words that announce them."""
    if not told or text.isascii():
        return
    for start, end in _stretches(text):
        for run in _RUN.finditer(text, start, end):
            yield from _from_run(text, run.start(), run.end())
        for groups in _GROUPS.finditer(text, start, end):
            characters = "".join(one for one in groups[0] if _is_han(one))
            if _is_phrase(characters, told=text[groups.start() - 1 : groups.start()] in _LINKS):
                yield Secret(groups.start(), groups.end(), KIND, words=tuple(characters))


def _stretches(text: str) -> Iterator[tuple[int, int]]:
    """Where to look: around each announcement, never splitting a run of characters."""
    first = last = -1
    for cue in _CUE.finditer(text):
        start, end = max(0, last, cue.start() - _NEAR), min(len(text), cue.end() + _NEAR)
        if start > last >= 0:
            yield first, _outside(text, last, 1)
            first = -1
        if first < 0:
            first = max(_outside(text, start, -1), last)
        last = max(last, end)
    if last >= 0:
        yield first, _outside(text, last, 1)


def _outside(text: str, place: int, step: int) -> int:
    """The nearest place at which no run of characters goes on."""
    for _ in range(_NEAR):
        if not 0 < place < len(text) or not _is_han(text[place - 1]) or not _is_han(text[place]):
            break
        place += step
    return place


def _is_han(one: str) -> bool:
    return "\u3400" <= one <= "\u9fff"


def _from_run(text: str, first: int, last: int) -> Iterator[Secret]:
    """The phrase in a run of characters, without what announces it before or after."""
    told = first > 0 and text[first - 1] in _LINKS
    borders = [(one.start(), one.end()) for one in _ANNOUNCED.finditer(text, first, last)]
    for end, start in (*borders, (last, last)):
        part = text[first:end]
        if _is_phrase(part, told=told or end < last):
            yield Secret(first, end, KIND, words=tuple(part))
        elif told and (size := _leading(part)):
            yield Secret(first, first + size, KIND, words=tuple(part[:size]))
        first, told = start, True


def _is_phrase(run: str, *, told: bool) -> bool:
    """Whether the whole run is a phrase and no speech; less is asked of one that is called so."""
    if len(run) not in _LENGTHS:
        return False
    strangers, mean = _measured(list(run))
    if strangers > 1:
        return False
    if _speech(run, mean, (_FAIRLY, _HARDLY)[told]):
        return False
    if mean >= (_SURELY, _FAIRLY)[told]:
        return True
    return not strangers and any(_checked(run, table) for table in tables())


def _leading(run: str) -> int:
    """How many characters at the beginning of a run are a phrase, when speech follows it."""
    fair = 0
    for size in _LENGTHS:
        part = run[:size]
        if len(part) < size:
            continue
        strangers, mean = _measured(list(part))
        if strangers > 1 or _speech(part, mean, _SURELY):
            continue
        if not strangers and any(_checked(part, table) for table in tables()):
            return size
        fair = fair or size
    return fair


def _measured(characters: list[str]) -> tuple[int, float]:
    """How many are not of the list that has most of them, and the others' mean place in it."""
    best = (len(characters) + 1, 0.0)
    for table in tables():
        places = [table[one] for one in characters if one in table]
        mean = sum(places) / len(places) if places else 0.0
        best = min(best, (len(characters) - len(places), mean))
    return best


def _speech(run: str, mean: float, least: float) -> bool:
    return mean < least or any(run[at : at + 2] in _PAIRS for at in range(len(run) - 1))


def _checked(phrase: str, table: dict[str, int]) -> bool:
    """Whether the phrase's last bits are the checksum of its others."""
    if any(one not in table for one in phrase):
        return False
    bits = "".join(f"{table[one]:011b}" for one in phrase)
    body = len(bits) * 32 // 33
    digest = hashlib.sha256(int(bits[:body], 2).to_bytes(body // 8, "big")).digest()
    return f"{digest[0]:08b}".startswith(bits[body:])
