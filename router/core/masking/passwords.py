"""Passwords, PINs and one-time codes that somebody tells us.

"My password is locked" tells nothing: what follows must look like a secret. A number near the words
verification code is a code, unless it counts something or is a date.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from ahocorasick_rs import AhoCorasick, MatchKind

from router.core.masking import passphrases
from router.core.masking.secret import Secret

_PASSWORDS = ("password", "pass word", "passphrase", "pass phrase", "passwd", "pwd", "pw", "pin")
_PASSWORDS_HAN = ("密码", "密碼", "口令")
#: In small letters; those beyond ASCII in capitals too.
_PASSWORDS_ABROAD = (
    *("contraseña", "contrasena", "passwort", "kennwort", "mot de passe", "senha", "wachtwoord"),
    *(
        "пароль",
        "Пароль",
        "パスワード",
        "暗証番号",
        "비밀번호",
        "hasło",
        "şifre",
        "Şifre",
        "parola",
    ),
    *("mật khẩu", "kata sandi", "รหัสผ่าน"),
)
#: What lets somebody in besides; it opens no wallet.
_SPARE = (
    *("backup code", "backup codes", "recovery code", "recovery codes", "备用码", "備用碼"),
    *("api key", "api_key", "api-key", "apikey", "api secret", "setup key", "2fa secret"),
    *("totp secret", "otp secret", "authenticator secret", "authenticator key"),
)
_EITHER = ("passcode",)
_SHORT = ("pass",)
_CODES = ("code", "otp", "authenticator")
_SECOND = ("2fa", "mfa", "谷歌验证", "谷歌驗證")
_CODES_HAN = (
    *("谷歌验证码", "谷歌驗證碼"),
    *("验证码", "驗證碼", "校验码", "校驗碼", "认证码", "認證碼", "短信码", "验证密码"),
    *("动态码", "動態碼", "动态密码", "動態密碼", "动态口令", "動態口令"),
)
_CODES_ABROAD = (
    *("código de verificación", "código de confirmación", "código de verificação", "código sms"),
    *("code de vérification", "code de confirmation", "code de sécurité", "codice di verifica"),
    *(
        "код подтверждения",
        "Код подтверждения",
        "認証コード",
        "確認コード",
        "인증번호",
        "인증 번호",
    ),
    *("인증코드", "mã xác minh", "mã xác nhận", "bestätigungscode", "sicherheitscode"),
)
_CARD_CODES = (
    *("cvv", "cvc", "cvn", "安全码", "安全碼", "digits on the back", "numbers on the back"),
    *(
        "背面三位",
        "背面3位",
        "背面的三位",
        "背面后三位",
        "背面後三位",
        "背面末三位",
        "背面的后三位",
    ),
)
_ALL = (
    *(*_PASSWORDS, *_PASSWORDS_HAN, *_PASSWORDS_ABROAD, *_SPARE, *_SHORT, *_EITHER),
    *(*_CODES, *_SECOND, *_CODES_HAN, *_CODES_ABROAD, *_CARD_CODES),
)
_CUES = AhoCorasick(_ALL, matchkind=MatchKind.LeftmostLongest)
_TELLS_PASSWORD = frozenset(
    (*_PASSWORDS, *_PASSWORDS_HAN, *_PASSWORDS_ABROAD, *_SPARE, *_SHORT, *_EITHER)
)
_TELLS_CODE = frozenset((*_EITHER, *_CODES, *_SECOND, *_CODES_HAN, *_CODES_ABROAD))
_WHOLE_WORDS = frozenset(
    (*_SHORT, *_SECOND, "pin", "otp", "pwd", "pw", "cvv", "cvc", "cvn", "senha", "parola")
)
#: The least that stands in every text with such a word; what the first look searches for.
CUES = (
    "pass",
    "pw",
    "pin",
    "code",
    "otp",
    "authenticator",
    " fa ",  # digits are blanks there
    " fa是",
    "mfa",
    "cvv",
    "cvc",
    "cvn",
    "码",
    "碼",
    "口令",
    *("contrase", "kennwort", "senha", "wachtwoord", "парол", "パスワード", "暗証番号", "비밀번호"),
    *("hasło", "şifre", "parola", "mật khẩu", "kata sandi", "รหัสผ", "digo de", "digo sms"),
    *("api key", "apikey", "api secret", "setup key", "fa secret", "otp secret", "谷歌"),
    *("codice di", "код подтвер", "コード", "인증", "mã xác", "on the back", "背面"),
)

_PASSWORD = re.compile(
    r"(?P<link>(?:[ -]?code|[ -]?number|码|碼)?"
    r"(?:[\s:：=是为為係は는은—的改成了就应该應該设設置好像可能\"'“”\u2018\u2019「『《(（→]{0,14}"
    r"|[ \t]{0,3}[=\-]{1,2}>[ \t]{0,3}"
    r"|(?: (?:for|of|to|i|we|that i) [a-z ]{1,24}?)?\s{1,3}"
    r"(?:is|was|are|used to be|should be|to|es|est|ist|lautet|é|è|это|era|war|là)\b"
    r"(?:\s(?:now|still|just|actually))?[\s:\"'“\u2018]{1,4}))"
    r"(?P<secret>[!-~]{4,64})",
    re.IGNORECASE,
)
#: "pass: hunter2" is told, a pass for buses and a test's result are not.
_PASS_TOLD = re.compile(r"\s?[:：=]\s?(?P<secret>(?=[!-~]*[A-Za-z])(?=[!-~]*[0-9])[!-~]{5,64})")
_OTHER_PASS = re.compile(
    r"\b(?:bus|boarding|ski|day|month|year|travel|gate|test|tests|press|hall|season|rail|city|guest"
    r"|visitor|parking|the|a|this|first|second|third|will|did|to|not|mountain|museum)[ \t]?\Z",
    re.IGNORECASE,
)
_LINK = re.compile(
    r"[:：=是为為係は는은—成→]|\b(?:is|was|are|be|es|est|ist|lautet|é|è|это|era|war|là)\b",
    re.IGNORECASE,
)
_FIRM = re.compile(r"[:：=\"'“\u2018「『→]")
_ENDS = ".,;:!?\"'”\u2019)]}>"
_MIXED = re.compile(r"[a-z][A-Z]")
_PLAIN_MARKS = re.compile(r"[A-Za-z\-'/.,()]+")
_NO_SECRET = re.compile(
    r"https?:|www\.|[\w.+-]+@[\w-]+\.|[0-9]{1,2}[:：/\-.][0-9]{1,2}\b", re.IGNORECASE
)

_NUMBER = r"(?P<code>[0-9]{4,8}|[0-9]{3}[ -][0-9]{3})(?![0-9])"
_AFTER = re.compile(
    r"(?P<glue>[^0-9\n•]{0,28}(?:\n[^0-9\n•]{0,8})?)"
    r"(?<![0-9A-Za-z•.,¥$€£#/])(?<![^GgEe]-)" + _NUMBER + r"(?![.,:：/-][0-9])"
    r"(?! ?[%年月日天次个個元块塊分秒小点點号號位])(?! ?(?:usd|cny|rmb|times|min|sec|hour|day))",
    re.IGNORECASE,
)
_BEFORE = re.compile(
    r"(?<![0-9A-Za-z•.,¥$€£#/])(?<![^GgEe]-)" + _NUMBER + r"(?P<glue>"
    r"[\s,，.:：\"'”\u2019()（）是为為就的我你您这這个個那收到了作]{0,12}"
    r"|\s(?:is|was|as)\s(?:(?:my|your|the|a|an)\s)?(?:[a-z]{2,12}\s){0,2})\Z",
    re.IGNORECASE,
)
# Told figure by figure, in pairs, or in Chinese figures: right after the words for it.
_FIGURES = "零〇一二三四五六七八九"
_FIGURE_BY_FIGURE = re.compile(
    r"(?:[ \t]?(?:is|was|are|[:：=是为為])?){1,2}[ \t]?"
    r"(?P<code>[0-9](?:[ \t][0-9]){3,7}|[0-9]{2}(?:[ \t][0-9]{2}){2,3}"
    rf"|[{_FIGURES}](?:[ \t]?[{_FIGURES}]){{3,7}})"
    rf"(?![0-9{_FIGURES}]|[ \t]?[.,:：/]?[0-9]"
    r"|[ \t]?[%年月日天次个個元块塊分秒点點号號位十百千万萬多])"
    r"(?! ?(?:usd|cny|rmb|times|min|sec|hour|day))",
    re.IGNORECASE,
)
_TOLD_NOW = re.compile(
    r"[\s:：=]*(?:codes?|token|number|验证码|器)?[\s:：=是为為]*(?:is|was)?[\s:：=]*", re.IGNORECASE
)
_WINDOW = 48
_FIGURE = re.compile(f"[0-9{_FIGURES}]")
_WHICH_CODE = re.compile(
    r"(?:verification|security|one[- ]?time|authentication|authorization|confirmation|auth|log-?in"
    r"|sign-?in|access|sms|text|2fa|otp|mfa|[46][- ]digit|my|the|this|your|received|got|sent"
    r"|enter(?:ed)?|typed?"
    r"|(?:your|the|my) (?!error|promo|country|zip|post|area|product|order|tracking"
    r"|status|bank|sort|swift"
    r"|coupon|discount|referral|invit|qr)(?-i:[A-Z])[A-Za-z]{1,15})[ -]?\Z",
    re.IGNORECASE,
)
_FIRST_WORD = re.compile(r"(?:\A|[\n.!?;,:(])\s*\Z")
_SAID = re.compile(r"\s*(?:[:：=]|is\b|was\b)", re.IGNORECASE)
_ELSE = re.compile(
    r"\b(?:since|from|at|error|after|until|on|order|call|phone|tel|ticket|status|in)\b"
    r"|自从|来自|來自|发自|發自|電話|电话|错误|錯誤|拨打|客服|订单|訂單|尾号|尾號|报错|代码|手机|手機",
    re.IGNORECASE,
)
#: Whose number stands before a word for codes that speaks of another one.
_OTHERS = re.compile(
    r"(?:电话|電話|客服|拨打|订单|訂單|尾号|尾號|phone|tel|call|order)[\s:：.号號]{0,3}\Z",
    re.IGNORECASE,
)
_CARD_CODE = re.compile(
    r"2?[^0-9\n•]{0,10}(?:on the back[^0-9\n•]{0,16})?(?P<code>[0-9]{3,4})(?![0-9])"
)


def find(text: str) -> Iterator[Secret]:
    """Every password, one-time code and card code that is told, not merely talked about."""
    # Bytes know no capitals but the Latin ones, so every character keeps its place.
    low = text.encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass")
    for place, start, end in _CUES.find_matches_as_indexes(low):
        cue = _ALL[place]
        if cue in _WHOLE_WORDS and _inside_word(text, start, end):
            continue
        for part, cues in PARTS.items():
            if cue in cues:
                yield from _READS[part](text, start, end)


def _inside_word(text: str, start: int, end: int) -> bool:
    """Whether the cue is only a part of another word: opinion, shopping."""
    around = text[max(0, start - 1) : start] + text[end : end + 1]
    return any(one.isascii() and one.isalpha() for one in around)


def _password(text: str, start: int, end: int) -> Iterator[Secret]:
    if text[start:end].lower() in _SHORT:
        told = _PASS_TOLD.match(text, end)
        other = _OTHER_PASS.search(text, max(0, start - 12), start)
        if told and not other and not _NO_SECRET.match(told["secret"]):
            secret = told["secret"].rstrip(_ENDS)
            yield Secret(told.start("secret"), told.start("secret") + len(secret), "password")
        return
    if span := passphrases.told(text, start, end):
        yield Secret(*span, "password")
        return
    match = _PASSWORD.match(text, end)
    if match is None:
        return
    secret = match["secret"].rstrip(_ENDS)
    if _looks_secret(secret, match["link"], text[match.end() : match.end() + 1]):
        yield Secret(match.start("secret"), match.start("secret") + len(secret), "password")


def _looks_secret(secret: str, link: str, after: str) -> bool:
    """Digits, signs or inner capitals; a plain word only when it is set off and stands alone."""
    if len(secret) < 4 or _NO_SECRET.match(secret):
        return False
    linked = _LINK.search(link) is not None
    if any(one.isdigit() for one in secret):
        return linked or not secret.isdigit() or len(secret) in (4, 6, 8, 9, 10)
    if not linked or (after and not after.isascii() and after.isalnum()):
        return False  # 密码是App自动保存的
    if _MIXED.search(secret) or not _PLAIN_MARKS.fullmatch(secret):
        return True
    return after in ("", "\n", "\r", "。", "，", ",", "”", "\u2019", "」") and bool(
        _FIRM.search(link)
    )


def _is_one_time(text: str, start: int, end: int) -> bool:
    """Whether this "code" is one that lets somebody in, not of an error, a coupon or a country."""
    before = text[max(0, start - 16) : start]
    if _WHICH_CODE.search(before):
        return True
    return _FIRST_WORD.search(before) is not None and _SAID.match(text, end) is not None


def _code(text: str, start: int, end: int) -> Iterator[Secret]:
    if not _FIGURE.search(text, max(0, start - _WINDOW), end + _WINDOW):
        return
    if text[start:end].lower() == "code" and not _is_one_time(text, start, end):
        return
    if told := _FIGURE_BY_FIGURE.match(text, end):
        yield Secret(told.start("code"), told.end("code"), "one_time_code")
        return
    second = text[start:end].lower() in _SECOND
    later = _AFTER.match(text, end)
    if later and second and not _TOLD_NOW.fullmatch(later["glue"]):
        return
    if later and not _ELSE.search(later["glue"]):
        yield Secret(later.start("code"), later.end("code"), "one_time_code")
    if second:
        return
    first = max(0, start - _WINDOW)
    sooner = _BEFORE.search(text, first, start)
    if sooner and not _ELSE.search(sooner["glue"]) and not _is_anothers(text, sooner):
        yield Secret(sooner.start("code"), sooner.end("code"), "one_time_code")


def _is_anothers(text: str, number: re.Match[str]) -> bool:
    start = number.start("code")
    return _OTHERS.search(text, max(0, start - 8), start) is not None


def _card_code(text: str, _start: int, end: int) -> Iterator[Secret]:
    if told := _CARD_CODE.match(text, end):
        yield Secret(told.start("code"), told.end("code"), "card_code")


_READS: dict[str, Callable[[str, int, int], Iterator[Secret]]] = {
    "password": _password,
    "one_time_code": _code,
    "card_code": _card_code,
}
#: Each kind with the words it is told by; each can be proven by taking it away.
PARTS: dict[str, frozenset[str]] = {
    "password": _TELLS_PASSWORD,
    "one_time_code": _TELLS_CODE,
    "card_code": frozenset(_CARD_CODES),
}
