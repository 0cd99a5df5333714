"""Bytes to text, whatever their sender called them: lying charsets, encoded words, lost halves.

What comes out can always be stored: no NUL, no half of a pair, line feeds for line ends.
"""

import binascii
import re
from functools import lru_cache

_GB = {"gb2312", "gbk", "gb18030", "x-gbk", "cp936", "ms936", "gb_2312-80", "euc-cn", "936"}
_LATIN = {"iso-8859-1", "iso8859-1", "iso_8859-1", "latin-1", "latin1", "l1", "us-ascii", "ascii"}
_OTHER = {
    "big5": "big5hkscs",
    "big-5": "big5hkscs",
    "x-big5": "big5hkscs",
    "cn-big5": "big5hkscs",
    "utf8": "utf-8",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "euc-kr": "cp949",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "x-sjis": "cp932",
    "iso-2022-jp": "iso2022_jp_ext",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-8-e": "iso-8859-8",
    "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874",
    "x-mac-roman": "mac-roman",
    "macintosh": "mac-roman",
    "x-mac-cyrillic": "mac-cyrillic",
    "unicode-1-1-utf-7": "utf-7",
    "utf-16": "utf-16",
}
#: No charset of any mail; some take quadratic time over hostile bytes.
_NEVER = {
    "idna",
    "punycode",
    "unicode_escape",
    "unicode-escape",
    "raw_unicode_escape",
    "raw-unicode-escape",
    "undefined",
    "charmap",
}
_UNWANTED = re.compile("[\x00\ud800-\udfff]")
_HIGH = re.compile(rb"[\x80-\xff]+")
_WORD = re.compile(
    r"=\?([A-Za-z0-9_:.()+-]+)(?:\*[A-Za-z0-9-]*)?\?([bBqQ])\?([^?\r\n]*(?:\?(?!=)[^?\r\n]*){0,8}?)\?="
)
_Q_BYTE = re.compile(rb"=([0-9A-Fa-f]{2})")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
_FOLD = re.compile(r"[ \t]*[\r\n]+[ \t]*")
_KANJI = re.compile(rb"\x1b\$[@B]((?:[\x21-\x7e]{2})*)(?:\x1b\([BJ])?")
_GUESS = ""
_MOST_LINES = 20_000
#: Charsets in which two bytes are one character: some of their text is valid UTF-8 by chance.
_WIDE = frozenset({"gb18030", "big5hkscs", "cp949", "cp932", "euc_jp", "euc-jp"})


@lru_cache(maxsize=256)
def charset(declared: str) -> str:
    """Python's codec for a declared charset; empty when it must be guessed."""
    name = declared.strip().strip("\"'").lower()
    if name in _GB:
        return "gb18030"
    if name in _LATIN:
        return "cp1252"
    name = _OTHER.get(name, name)
    if name.startswith(("windows-", "ibm-", "cp-")) and name.partition("-")[2].isdecimal():
        name = f"cp{name.partition('-')[2]}"
    if name in _NEVER or not name.isascii() or len(name) > 40:
        return _GUESS
    try:
        b"a".decode(name)
    except (LookupError, ValueError):
        return _GUESS
    return name


def decode(data: bytes, declared: str = "") -> tuple[str, str]:
    """Text, and a code for what was repaired (empty when nothing was).

    Valid UTF-8 wins over any declared charset: other charsets' text is almost never valid in it.
    """
    if data.isascii() and b"\x1b" not in data and (not declared or b"~{" not in data):
        codec = charset(declared) if declared else ""
        if not codec.startswith(("utf-16", "utf-32", "utf-7", "cp0")):
            return _plain(data.decode("ascii")), ""
    codec = charset(declared) if declared else ""
    if codec == "utf-8":
        text, defect = _utf8(data)
    elif codec:
        text, defect = _declared(data, codec)
    else:
        text, defect = _guess(data), "charset_guessed"
    return _plain(text), defect


def _plain(text: str) -> str:
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _UNWANTED.sub("", text)


def _utf8(data: bytes) -> tuple[str, str]:
    try:
        return data.decode("utf-8-sig"), ""
    except UnicodeDecodeError:
        return _by_line(data) or _guess(data), "charset_wrong"


def _by_line(data: bytes) -> str:
    """A letter in UTF-8 under which a machine wrote in another charset; empty when it is none."""
    if data.count(b"\n") > _MOST_LINES:
        return ""
    lines = data.split(b"\n")
    good = b"\n".join(line for line in lines if _first(line, "utf-8"))
    if not _surely_utf8(good.decode("utf-8"), wide=True):
        return ""
    return "\n".join(_first(line, "utf-8") or _guess(line) for line in lines)


def _declared(data: bytes, codec: str) -> tuple[str, str]:
    if not codec.startswith(("utf-16", "utf-32", "utf-7", "iso2022")):
        text = _first(data, "utf-8")
        if text and (codec == "cp1252" or _surely_utf8(text, wide=codec in _WIDE)):
            return text.removeprefix("\ufeff"), "" if data.isascii() else "charset_wrong"
    try:
        return data.decode(codec), ""
    except UnicodeError:
        pass
    if codec == "cp1252":  # five bytes have no meaning there
        return data.decode("cp1252", "replace"), ""
    if codec == "iso2022_jp_ext":
        return _japanese(data), "charset_wrong"
    loose = data.decode(codec, "replace")
    if loose.count("\ufffd") * 50 > len(loose):
        return _guess(data), "charset_wrong"
    return loose, "charset_wrong"


def _surely_utf8(text: str, *, wide: bool) -> bool:
    """Whether chance does not write so valid UTF-8: two foreign characters where each byte of the
    declared charset is one, two wide ones and no others, or many, where two bytes are."""
    foreign = [character for character in text[:4000] if character > "\x7f"]
    if len(foreign) < 2 or not wide:
        return len(foreign) >= 2
    return len(foreign) >= 12 or all(character > "\u07ff" for character in foreign)


def _japanese(data: bytes) -> str:
    """ISO-2022-JP that is not: its neighbours' bytes, or rows that only Windows has."""
    if not data.isascii():
        return _first(data, "utf-8", "cp932", "euc_jp") or data.decode("iso2022_jp_ext", "replace")
    return _KANJI.sub(lambda found: _windows_rows(found[1]), data).decode("cp932", "replace")


def _windows_rows(pairs: bytes) -> bytes:
    """JIS X 0208 pairs as Shift JIS, whose decoder knows the rows that Windows added."""
    out = bytearray()
    for row, cell in zip(pairs[::2], pairs[1::2], strict=False):
        out.append((row + 1) // 2 + (0x70 if row < 0x5F else 0xB0))
        out.append(cell + (0x7E if row % 2 == 0 else 0x1F + (cell > 0x5F)))
    return bytes(out)


def _first(data: bytes, *codecs: str) -> str:
    for codec in codecs:
        try:
            return data.decode(codec)
        except UnicodeDecodeError:
            continue
    return ""


def _guess(data: bytes) -> str:
    if b"\x1b$" in data:
        return data.decode("iso2022_jp_ext", "replace")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    loose = data.decode("utf-8", "replace")
    good = sum(character > "\x7f" for character in loose) - loose.count("\ufffd")
    if good > 3 * loose.count("\ufffd"):
        return loose
    runs = _HIGH.findall(data[:20_000])
    if sum(len(run) % 2 == 0 for run in runs) * 10 >= len(runs) * 7:
        try:
            return data.decode("gb18030")
        except UnicodeDecodeError:
            pass
    return data.decode("cp1252", "replace").replace("\ufffd", "")


def header_text(value: bytes, hint: str = "") -> str:
    """A header's raw bytes as text, unfolded; encoded words are left for ``words``.

    ``hint`` is the charset the body declares: raw bytes in headers are mostly in it too.
    """
    if value.isascii() and b"\x1b$" not in value:
        text = value.decode("ascii")
        if text.isprintable():
            return text.strip()
    else:
        text = decode(value, hint)[0] if charset(hint) else _guess(value)
    return _UNWANTED.sub("", _FOLD.sub(" ", text)).strip()


def words(text: str) -> str:
    """Text with its encoded words read (RFC 2047), also those that stand where none may.

    Neighbours of one charset are joined before they are decoded: senders cut in mid-character.
    """
    if "=?" not in text:
        return text
    out: list[str] = []
    end = 0
    held, held_charset = b"", ""
    for match in _WORD.finditer(text):
        between = text[end : match.start()]
        data = _word_bytes(match[2], match[3])
        if held and not between.strip() and match[1].lower() == held_charset:
            held += data
        else:
            if held:
                out.append(decode(held, held_charset)[0])
            out.append(between if between.strip() or not held_charset else "")
            held, held_charset = data, match[1].lower()
        end = match.end()
    out.append(decode(held, held_charset)[0])
    out.append(text[end:])
    return " ".join("".join(out).split("\n")).strip()


def _word_bytes(encoding: str, text: str) -> bytes:
    data = text.encode("utf-8", "replace")
    if encoding in "qQ":
        return _Q_BYTE.sub(lambda match: bytes.fromhex(match[1].decode()), data.replace(b"_", b" "))
    return base64_bytes(data)


def base64_bytes(data: bytes) -> bytes:
    """Base64 as found in the wild: strange characters skipped, a cut end repaired."""
    clean = _NOT_BASE64.sub(b"", data.rstrip(b"= \r\n\t"))
    if len(clean) % 4 == 1:
        clean = clean[:-1]
    try:
        return binascii.a2b_base64(clean + b"=" * (-len(clean) % 4))
    except binascii.Error:
        return b""
