"""What senders call their charsets, and the codecs that read what they mean.

A name is looked up without its dashes and case; programs write one charset in a dozen ways, and
several standards' charsets are in truth their larger Windows relatives (WHATWG's Encoding says so).
"""

import re
from functools import lru_cache

_LONGEST = 40
_SIGN = re.compile(r"[^a-z0-9]+")
#: The first that a name begins with counts.
_BEGINNINGS = (
    *((name, "gb18030") for name in ("gb2312", "gbk", "gb18030", "euccn", "chinese")),
    *((name, "big5hkscs") for name in ("big5", "cnbig5", "xbig5", "hkscs")),
    *(("unicode11utf7", "utf-7"), ("utf7", "utf-7"), ("unicode11utf8", "utf-8")),
    *((f"utf{size}{end}", f"utf-{size}-{end}") for size in (16, 32) for end in ("le", "be")),
    *(("utf16", "utf-16"), ("utf32", "utf-32"), ("utf8", "utf-8")),
    *(("ucs2", "utf-16"), ("iso10646ucs2", "utf-16"), ("ucs4", "utf-32")),
    *((name, "iso2022_jp_ext") for name in ("iso2022jp", "jis7", "csiso2022jp")),
    *((name, "cp932") for name in ("shiftjis", "sjis", "mskanji", "windows31j", "mscp932")),
    *((name, "euc_jp") for name in ("eucjp", "ujis")),
    *((name, "cp949") for name in ("euckr", "ksc5601", "ks5601", "uhc", "korean", "isoir149")),
    *(("koi8u", "koi8_u"), ("koi8ru", "koi8_u"), ("koi8", "koi8_r")),
    *((name, "cp1252") for name in ("usascii", "ascii", "ansix34", "iso646us", "latin1", "l1")),
    *((name, "mac_roman") for name in ("macroman", "macintosh")),
    *(("maccyrillic", "mac_cyrillic"), ("macgreek", "mac_greek"), ("macce", "mac_latin2")),
    *(("macturkish", "mac_turkish"), ("tis620", "cp874"), ("hzgb", "hz")),
)
_PAGE = re.compile(r"(?:windows|win|cp|ibm|dos|ms|codepage)?(\d{3,5})(?!\d)")
_PAGES = {
    "936": "gb18030",
    "54936": "gb18030",
    "950": "big5hkscs",
    "51936": "gb18030",
    "65000": "utf-7",
    "65001": "utf-8",
    "1200": "utf-16-le",
    "1201": "utf-16-be",
    "20127": "cp1252",
    "20866": "koi8_r",
    "21866": "koi8_u",
    "51932": "euc_jp",
    "51949": "cp949",
    "28591": "cp1252",
    "52936": "hz",
    "10000": "mac_roman",
    **dict.fromkeys(("50220", "50221", "50222"), "iso2022_jp_ext"),
}
_ISO = re.compile(r"(?:iso)?8859(\d{1,2})(?!\d)")
_LARGER = {"1": "cp1252", "9": "cp1254", "11": "cp874"}
_LATIN = re.compile(r"latin(10|[2-9])(?!\d)")
#: No charset of any mail; some take quadratic time over hostile bytes.
_NEVER = frozenset(
    {"idna", "punycode", "unicodeescape", "rawunicodeescape", "undefined", "charmap"}
)


@lru_cache(maxsize=256)
def codec(declared: str) -> str:
    """Python's codec for a declared charset; empty when it must be guessed."""
    name = _SIGN.sub("", declared.lower()[:_LONGEST].partition(":")[0])
    for form in (name, name.removeprefix("cs"), name.lstrip("x")):
        if known := _known(form):
            return known
        if form == name and name in _NEVER:
            return ""
    plain = declared.strip(" \t\"'").lower()
    return plain if plain.isascii() and len(plain) <= _LONGEST and _decodes(plain) else ""


def _known(name: str) -> str:
    for beginning, known in _BEGINNINGS:
        if name.startswith(beginning):
            return known
    if iso := _ISO.match(name):
        found = _LARGER.get(iso[1], f"iso8859_{iso[1]}")
    elif latin := _LATIN.match(name):
        found = f"latin{latin[1]}"
    elif page := _PAGE.match(name):
        found = _PAGES.get(page[1], f"cp{page[1]}")
    else:
        return ""
    return found if _decodes(found) else ""


def _decodes(name: str) -> bool:
    try:
        b"".decode(name)
        return isinstance(b"aaaa".decode(name, "replace"), str)
    except (LookupError, ValueError):
        return False
