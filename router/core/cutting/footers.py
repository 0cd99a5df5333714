"""What a phone or a mail program writes under a letter: "Sent from my iPhone" and its like.

Somebody may begin a line of his own with the same words ("Sent from my bank account on Monday"). So
the whole line must be one: how such a line opens or closes in some language, a device or program
that is known, and no other word but those that stand around one.
"""

from __future__ import annotations

import re

#: Each footer has one of these. In small letters.
HINTS: tuple[str, ...] = (
    *(
        "sent ",
        "outlook",
        "yahoo mail",
        "bluemail",
        "typeapp",
        "发自",
        "發自",
        "发送",
        "傳送",
        "發送",
    ),
    *("来自", "來自", "发出", "寄出", "envoyé ", "gesendet", "inviato ", "enviado ", "verzonden "),
    *("verstuurd ", "отправлено ", "надіслано ", "wysłan", "skickat ", "sendt ", "lähetetty "),
    *(
        "odesláno ",
        "odoslané ",
        "küldve",
        "trimis ",
        "送信",
        "入手",
        "보냄",
        "gönderildi",
        "đã gửi ",
    ),
    *("dikirim dari", "ส่งจาก", "נשלח", "στάλθηκε", "أرسل", "أُرسل", "تم الإرسال"),
    *("gửi từ ", "poslano ", "poslato "),
)
_LONGEST = 110
_LONGEST_LINK = 250
_LINK = re.compile(r"[<\[(]?\s?https?://[^\s<>\])]{1,200}\s?[>\])]?", re.IGNORECASE)
#: The program alone by its page, as Zoho has it.
_PAGE_ALONE = re.compile(
    r"sent (?:from|via|with|using)\s+https?://(?:www\.)?([a-z0-9-]{2,20})\.[^\s]{2,100}",
    re.IGNORECASE,
)
#: What some write or have written behind it.
_APOLOGY = re.compile(
    r"[\s.,;:–—-]+(?:please |pls\.? |so |sorry |bitte |veuillez |por favor |merci d['\u2019])*"
    r"(?:excuse|forgive|pardon|ignore|apologi[sz]e|apologies|for|entschuldig\w+|excus\w+|disculp\w+"
    r"|perdon\w+|scus\w+|desculp\w+)(?: [^\s.!?]{1,12}){0,6}? "
    r"(?:brevity|terseness|typos?|typing|errors?|mistakes?|spelling|auto-?correct\w*|kürze"
    r"|tippfehler|brièveté|fautes|brevedad|errores|brevità|brevidade|beknoptheid)"
    r"(?: [^\s.!?\d]{1,12}){0,6}[.!]*\Z",
    re.IGNORECASE,
)
_MARKS = " \t*_-<>()[]|.。!•~\u200e\u200f\u202a\u202b\u202c"
_FRAME = re.compile(
    r"(?P<sent>sent (?:from|via|with|by|using)|(?:发|發)自|(?:发|發)送自|傳送自|来自|來自"
    r"|envoyé (?:de(?:puis)?|via|avec|à partir d[e\u2019'u]?)|gesendet (?:von|vom|mit|via|über|aus)"
    r"|inviato (?:da\w{0,3}|con|tramite)|enviado (?:desde|d[eo]|por|con|a partir d[eo])"
    r"|(?:verzonden|verstuurd) (?:vanaf|vanuit|met|via)|отправлено (?:\u0441|из|через)"
    r"|надіслано (?:з|із|через)|wysłan[eoy] (?:z|ze|za pomocą)|skickat (?:från|med|via)"
    r"|sendt (?:fra|med|via)|(?:odesláno|odoslané) (?:ze?|zo|pomocí)|lähetetty|küldve"
    r"|trimis (?:de pe|din)|(?:đã )?gửi từ|dikirim dari|ส่งจาก|נשלח מ(?:ה-?)?|στάλθηκε από"
    r"|أُ?رسلت? من|تم الإرسال من(?: الـ)?|posla[nt]o (?:sa?|iz?|z))"
    r"|(?P<get>(?:get|download|获取|下载|取得|下載|obtenir|télécharge[rz]?|obtener|descargar?"
    r"|obter|obtenha|ottieni|scarica|hol(?:en)? sie sich|pobierz|hent|skaffa|hämta|hanki|stáhnout"
    r"|скачать|получить)(?=[ \u3400-\u9fff]|outlook))"
    r"|(?P<through>从|從|由|用|使用|通过|透過)(?=.{1,50}(?:发送|傳送|發送|发出|寄出)\Z)",
    re.IGNORECASE,
)
_CLOSED = re.compile(
    r"(?:发送|傳送|發送|发出|寄出|(?:から|より|で)送信(?:されました)?|を入手|에서 보냄"
    r"| gesendet| küldve"
    r"| downloaden| edinin| indirin| 다운로드|(?<=d[ae]n) gönderildi|(?<=t[ae]n) gönderildi)\Z",
    re.IGNORECASE,
)
_BACKWARDS = re.compile(
    r"(?:送信|されました|入手|보냄|다운로드| gesendet| küldve| gönderildi| downloaden| edinin"
    r"| indirin)\Z",
    re.IGNORECASE,
)
_TOKEN = re.compile(
    r"(?P<space>[\s,:;()\[\]/·\-–—&+®™]+)"
    r"|(?P<word>[a-z\u00c0-\u024f\u0370-\u03ff\u0400-\u04ff\u05d0-\u05ea\u0620-\u064a\u1e00-\u1eff]"
    r"[a-z\u00c0-\u024f\u0300-\u036f\u0370-\u03ff\u0400-\u04ff\u05d0-\u05ea\u0620-\u064a"
    r"\u1e00-\u1eff.\u2019'\d-]*)"
    r"|(?P<model>\d{1,3}[a-z+]{0,3}(?![\d.]|(?:手机)?邮箱))"
    r"|(?P<device>(?:139|189|126|163)(?=(?:手机)?邮箱)|鸿蒙|华为|華為|荣耀|榮耀|小米|红米|三星|魅族|一加|努比亚|中兴|联想|苹果|蘋果|安卓"
    r"|钉钉|釘釘|阿里|网易|網易|腾讯|騰訊|飞书|新浪|搜狐|企业微信|企業微信|(?:邮箱|郵箱)大师"
    r"|智能手机|智慧型手機|スマートフォン|スマホ)"
    r"|(?P<box>邮箱|郵箱|信箱)"
    r"|(?P<own>手机|手機|平板电脑|平板|设备|設備|装置|裝置|电脑|電腦|携帯|タブレット)"
    r"|(?P<my>我的|私の|나의|내(?= )|ของฉัน)"
    r"|(?P<around>邮件|郵件|电子|電子|移动|客户端|客戶端|手機?版|网页版|版|系统|上|端|的|适用于|適用於"
    r"|奇摩|应用|應用|专属|智能|商务|企业|和|の)"
)
_KNOWN = re.compile(
    # with their endings, as languages need them
    r"(?:iphon[a-z]|ipad|ipod|android|samsung|galaxy|huawei|xiaomi|redmi|outlook|smartphone|smartfon"
    r"|windows|macbook|thunderbird|смартфон)\S{0,16}"
    r"|imac|honor|harmony(?:os)?|poco|oppo|vivo|oneplus|realme|meizu|pixel|nokia|xperia|motorola"
    r"|moto|blackberry|fairphone|lenovo|gmail|yahoo|aol|gmx|proton|protonmail|tutanota|k-9|spark"
    r"|superhuman|airmail|bluemail|typeapp|edison|mailbird|mailspring|postbox|fastmail|zoho|yandex"
    r"|canary|boxer|tapatalk|mymail|nine|missive|mimestream|shortwave|polymail|newton"
    r"|foxmail|qq|dingtalk|lark|wecom|mail\.ru|fairemail|aquamail|web\.de|t-online|яндекс|ios",
    re.IGNORECASE,
)
_PROGRAMS = re.compile(r"outlook|bluemail|typeapp|spark|edison|airmail", re.IGNORECASE)
_PHONES = re.compile(r"iphone|ipad|android|手机|手機|我的", re.IGNORECASE)
_MY = frozenset(
    {"my", "mein", "meinem", "meiner", "mon", "ma", "mi", "meu", "minha", "mio", "mia", "mijn"}
    | {
        "min",
        "mitt",
        "mit",
        "моего",
        "моей",
        "мого",
        "mojego",
        "mého",
        "môjho",
        "tôi",
        "saya",
        "μου",
    }
    | {"שלי", "telefonumdan", "الخاص", "بي", "mojega", "mog", "mojog", "meinem/meiner"}
)
_OWN = frozenset(
    {"phone", "mobile", "cell", "cellphone", "handheld", "tablet", "device", "handy", "telefon"}
    | {"mobiltelefon", "téléphone", "portable", "móvil", "celular", "teléfono", "telefono"}
    | {"cellulare", "telefoon", "mobiel", "телефона", "мобильного", "телефону", "telefonu", "mobil"}
    | {"telefonumdan", "appareil", "dispositivo", "apparaat", "toestel", "uređaja"}
)
_AROUND = frozenset(
    {"for", "on", "the", "a", "an", "using", "with", "via", "app", "mail", "email", "e-mail", "by"}
    | {"secure", "web", "desktop", "edition", "pro", "plus", "max", "mini", "se", "ultra", "note"}
    | {"lite", "air", "fold", "flip", "edge", "mate", "nova", "reno", "find", "mix", "tab", "smart"}
    | {"wireless", "network", "powered", "verizon", "at", "t", "t-mobile", "sprint", "vodafone"}
    | {"orange", "sfr", "telekom", "metropcs", "cricket", "lte", "free", "mac", "pc", "os", "xl"}
    | {"xs", "xr", "fe", "google", "apple", "microsoft", "lg", "htc", "sony", "zte", "tcl", "asus"}
    | {"für", "pour", "para", "per", "voor", "til", "för", "dla", "для", "der", "die", "dem", "ein"}
    | {"einem", "diese", "nachricht", "wurde", "von", "vom", "gerät", "android-gerät", "und", "de"}
    | {
        "do",
        "da",
        "dal",
        "del",
        "el",
        "la",
        "le",
        "il",
        "un",
        "uno",
        "d",
        "l",
        "o",
        "ul",
        "di",
        "het",
    }
    | {"aplikacji", "aplikację", "aplikace", "systemu", "appen", "appli", "application", "το", "של"}
    | {"için", "cho", "trên", "untuk", "l'application", "l\u2019application", "workspace", "one"}
    | {"courriel", "avec", "con", "com", "met", "mit"}
    | {"aplicación", "aplicativo", "почты", "почта", "почту", "мобильной", "của", "client"}
)
_WHOLE = frozenset(
    {"yahoo mail: search, organize, conquer", "sent from mobile", "sent from phone", "发自手机"}
)


def is_footer(line: str, *, alone: bool) -> bool:
    """Whether the whole line is one. Where no empty line is above it (``alone`` is false) it must
    name a known device as nobody does by hand."""
    if len(line) > _LONGEST + _LONGEST_LINK:
        return False
    if (page := _PAGE_ALONE.fullmatch(line.strip())) and _KNOWN.fullmatch(page[1]):
        return alone
    bare = _APOLOGY.sub("", " ".join(_LINK.sub(" ", line).split())).strip(_MARKS)
    if len(bare) > _LONGEST:
        return False
    if bare.lower() in _WHOLE:
        return True
    kinds = _framed(bare)
    if "device" in kinds:
        return alone or not kinds.isdisjoint(("my", "exact"))
    return alone and "my" in kinds and "own" in kinds


def _framed(bare: str) -> set[str]:
    """The kinds of word within the frame of a footer; none at all when it is no footer's."""
    opened = _FRAME.match(bare)
    if opened is None and _BACKWARDS.search(bare) is None:
        return set()
    rest = _CLOSED.sub("", bare[opened.end() :] if opened else bare)
    if opened and opened["get"] and not _PROGRAMS.search(rest):
        return set()
    kinds = _kinds(rest)
    if opened and opened["through"] and "box" in kinds and not _PHONES.search(rest):
        return set()  # somebody may tell which mailbox he uses
    exact = opened and opened["sent"] and not opened["sent"].startswith(("来自", "來自"))
    return kinds | {"exact"} if exact else kinds


def _kinds(text: str) -> set[str]:
    """What kinds of word it is made of; none at all when it has a word of another kind."""
    kinds: set[str] = set()
    text, at = text.lower(), 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            return set()
        kind = found.lastgroup or ""
        if kind == "word":
            word = found[0].lower().strip(".'\u2019-")
            if not (kind := _kind(word)):
                return set()
            kinds |= {"own", "my"} if word == "telefonumdan" else set()
        kinds.add(kind)
        at = found.end()
    return kinds


def _kind(word: str) -> str:
    if _KNOWN.fullmatch(word):
        return "device"
    for kind, words in (("my", _MY), ("own", _OWN), ("around", _AROUND)):
        if word in words:
            return kind
    return "model" if len(word) <= 6 and any(one.isdigit() for one in word) else ""
