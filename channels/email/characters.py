"""Bytes to text, whatever their sender called them: lying charsets, encoded words, lost halves.

What comes out can always be stored: no NUL, no half of a pair, line feeds for line ends.
"""

import binascii
import re
from codecs import BOM_UTF8

from channels.email import charsets

_UNWANTED = re.compile("[\x00\ud800-\udfff]")
_BIG5 = re.compile(rb"[\x81-\xfe][\x40-\x7e\xa1-\xfe]")
_PAIRS = re.compile(rb"[\x81-\xfe][\x40-\x7e\x80-\xfe]")
_PAIR = re.compile(rb"\xed[\xa0-\xaf][\x80-\xbf]\xed[\xb0-\xbf][\x80-\xbf]")
_HIGH = re.compile(rb"[\x80-\xff]+")
_LETTERS = re.compile(rb"[\x80-\x9f\xa1-\xff]+")
_WORD = re.compile(
    r"=\?[\"']?([A-Za-z0-9_:.()+-]*)[\"']?(?:\*[A-Za-z0-9-]*)?\?([bBqQ])\?([^?\r\n]*(?:\?(?!=)[^?\r\n]*){0,8}?)\?="
)
#: The last one of a header that a machine cut.
_CUT = re.compile(r"(=\?[A-Za-z0-9_:.()+-]{2,40}\?[bBqQ]\?[^?\s]{4,})\??\Z")
_Q_BYTE = re.compile(rb"=([0-9A-Fa-f]{2})")
_BEYOND = re.compile("[\x80-\ufffc\ufffe-\U0010ffff]")
_SMALL_CYRILLIC = (("koi8_r", bytes(range(0xC0, 0xE0))), ("cp1251", bytes(range(0xE0, 0x100))))
_SYLLABLES = (
    ("cp932", re.compile(rb"\x82[\x9f-\xf1]|\x83[\x40-\x96]")),
    ("euc_jp", re.compile(rb"[\xa4\xa5][\xa1-\xf6]")),
)
_MOST_KANA = 3  # a third of its characters
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x10-\x1a\x1c-\x1f\x7f]")
_PADDING = re.compile(rb"(=[=\s]*)")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
_FOLD = re.compile(r"[ \t]*[\r\n]+[ \t]*")
_KANJI = re.compile(rb"(?:\x1b\$[@B])++((?:[\x21-\x7e]{2})*)(?:\x1b\([BJ])?")
_MOST_LINES = 20_000
_MOST_LATIN, _LONG_RUN = 7, 4
_WESTERN = frozenset({"cp1252", "iso8859_15", "cp1254", "cp1257", "mac_roman"})
#: Charsets in which two bytes are one character: some of their text is valid UTF-8 by chance.
_WIDE = frozenset({"gb18030", "big5hkscs", "cp949", "cp932", "euc_jp", "euc-jp"})


def decode(data: bytes, declared: str = "") -> tuple[str, str]:
    """Text, and a code for what was repaired (empty when nothing was).

    Valid UTF-8 wins over any declared charset: other charsets' text is almost never valid in it.
    """
    if data.isascii() and b"\x1b" not in data and (not declared or b"~{" not in data):
        codec = charsets.codec(declared) if declared else ""
        if not codec.startswith(("utf-16", "utf-32", "utf-7", "cp0")):
            return _plain(data.decode("ascii")), ""
    codec = charsets.codec(declared) if declared else ""
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
        return data.removeprefix(BOM_UTF8).decode("utf-8"), ""
    except UnicodeDecodeError:
        if paired := _paired(data):
            return paired, "charset_wrong"
        loose = data.decode("utf-8", "replace")
        if _foreign(loose) > loose.count("\ufffd"):  # so much of it is no chance
            return _by_line(data) or loose, "charset_wrong"
        return _by_line(data) or _guess(data), "charset_wrong"


def _paired(data: bytes) -> str:
    """UTF-8 in which halves of pairs were written as characters of their own (CESU-8); empty when
    it is none."""
    if _PAIR.search(data) is None:
        return ""
    try:
        halves = data.removeprefix(BOM_UTF8).decode("utf-8", "surrogatepass")
        return halves.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    except UnicodeError:
        return ""


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
        if text and (codec in _WESTERN or _surely_utf8(text, wide=codec in _WIDE)):
            return text.removeprefix("\ufeff"), "" if data.isascii() else "charset_wrong"
    if codec == "cp1252":
        return _western(data)
    if (whole := _strictly(data, codec)) is not None:
        return whole, ""
    if codec == "iso2022_jp_ext":
        return _japanese(data), "charset_wrong"
    loose = data.decode(codec, "replace")
    whole = loose.removesuffix("\ufffd")  # its last character was cut
    if "\ufffd" not in whole and _foreign(whole) >= 2:
        loose = whole
    elif loose.count("\ufffd") * 50 > len(loose):
        loose = _better(data, loose)
    return loose, "charset_wrong"


def _strictly(data: bytes, codec: str) -> str | None:
    """All of it in its declared charset; None when that has no place for some."""
    if codec == "utf-16" and data[::2].count(0) > data[1::2].count(0):
        codec = "utf-16-be"  # which byte of a letter is 0 tells their order
    try:
        return data.decode(codec).removeprefix("\ufeff")
    except UnicodeError:
        pass
    return (_first(data, "cp950") or None) if codec == "big5hkscs" else None  # Windows has more


def _better(data: bytes, loose: str) -> str:
    """What bytes say that their declared charset cannot read whole, unless it reads most of them:
    one that was broken on its way spoils a short letter no more than a long one."""
    broken = loose.count("\ufffd")
    guessed = _likely(data)
    if guessed and guessed.count("\ufffd") < broken:
        return guessed
    return loose if _foreign(loose) >= 3 * broken else guessed or _latin(data)


def _western(data: bytes) -> tuple[str, str]:
    """Text that is called Latin or ASCII. Where it is, a letter beyond ASCII stands alone or beside
    another; long runs of them are another alphabet, whose sender did not know its name."""
    runs = _LETTERS.findall(data[:20_000])
    high = b"".join(runs)
    if len(high) >= _LONG_RUN * len(runs) and len(set(high)) >= _MOST_LATIN:  # no drawn line
        return _unmarked(data) or _latin(data), "charset_wrong"
    return data.decode("cp1252", "replace"), ""  # five bytes have no meaning there


def _surely_utf8(text: str, *, wide: bool) -> bool:
    """Whether chance does not write so valid UTF-8. Where each byte of the declared charset is a
    character, two foreign ones are enough or one of three bytes; where two bytes are, two of three
    bytes that are most of them, three of one alphabet, or many."""
    foreign = [character for character in text[:4000] if character > "\x7f"]
    large = sum(character > "\u07ff" for character in foreign)
    if not wide:
        return len(foreign) >= 2 or large > 0
    if large >= 2 and large * 2 >= len(foreign):
        return True
    alphabet = {ord(character) >> 6 for character in foreign}
    return len(foreign) >= 12 or (len(foreign) >= 3 and len(alphabet) <= 2)


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
    return _likely(data) or _latin(data)


def _likely(data: bytes) -> str:
    """What bytes most likely say; empty when only Latin is left, in which any bytes are letters."""
    if b"\x1b$" in data:
        return data.decode("iso2022_jp_ext", "replace")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    try:
        return data.removeprefix(BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError:
        pass
    if paired := _paired(data):
        return paired
    loose = data.decode("utf-8", "replace")
    if _foreign(loose) > 3 * loose.count("\ufffd"):
        return loose
    return _unmarked(data)


def _latin(data: bytes) -> str:
    return data.decode("cp1252", "replace").replace("\ufffd", "")


def _unmarked(data: bytes) -> str:
    """Bytes in which nothing tells their charset but how often each comes; empty for Latin."""
    runs = _HIGH.findall(data[:20_000])
    high = b"".join(runs)
    if codec := _cyrillic(high) or _kana(data, high):
        return data.decode(codec, "replace")
    if sum(len(run) % 2 == 0 for run in runs) * 10 >= len(runs) * 7:
        read = data.decode("gb18030", "replace")
        return read if read.count("\ufffd") * 20 <= len(read) else ""
    return _simplified(data) or _traditional(data)


def _simplified(data: bytes) -> str:
    """Chinese in which a rare character stands, as in many a name: its second byte may be ASCII.
    Empty unless all can be read and most characters are among the common ones."""
    pairs = _PAIRS.findall(data[:20_000])
    common = sum(map(_is_common, pairs))
    if common < 2 or common * 3 < len(pairs) * 2:
        return ""
    return _first(data, "gb18030")


def _is_common(pair: bytes) -> bool:
    """Whether GB 2312 has it in its rows of punctuation or of the characters that come first."""
    return (b"\xa1" <= pair[:1] <= b"\xa3" or b"\xb0" <= pair[:1] <= b"\xd7") and pair[1] >= 0xA1


def _traditional(data: bytes) -> str:
    """Big5, whose second bytes are ASCII half the time and whose common characters come first;
    empty when it is not."""
    pairs = _BIG5.findall(data[:20_000])
    common = sum(b"\xa4" <= pair[:1] <= b"\xc6" or pair[:1] == b"\xa1" for pair in pairs)
    if len(pairs) < 4 or common * 10 < len(pairs) * 9:
        return ""
    return _first(data, "big5hkscs", "cp950")


def _cyrillic(high: bytes) -> str:
    """The codec of letters that all stand in the rows of small Russian ones, where Chinese has its
    rare characters or none of its second bytes; empty when they do not."""
    if len(high) < 8:
        return ""
    for codec, small in _SMALL_CYRILLIC:
        if len(high.translate(None, small)) * 12 <= len(high):
            return codec
    return ""


def _kana(data: bytes, high: bytes) -> str:
    """The codec in which much of it is Japanese syllables; empty when there is none. In Chinese
    charsets the first bytes of those lead to rare characters or to the same syllables."""
    for codec, syllable in _SYLLABLES:
        if 2 * _MOST_KANA * len(syllable.findall(data[:20_000])) >= len(high) > 0:
            return codec if _first(data, codec) else ""
    return ""


def _foreign(text: str) -> int:
    """How many characters beyond ASCII were read, replacements not counted."""
    return len(_BEYOND.findall(text))


def header_text(value: bytes, hint: str = "") -> str:
    """A header's raw bytes as text, unfolded; encoded words are left for ``words``.

    ``hint`` is the charset the body declares: raw bytes in headers are mostly in it too.
    """
    if value.isascii() and b"\x1b$" not in value:
        text = value.decode("ascii")
        if text.isprintable():
            return text.strip()
    else:
        text = decode(value, hint)[0] if hint and charsets.codec(hint) else _guess(value)
    return _UNWANTED.sub("", _FOLD.sub(" ", text)).strip()


def words(text: str) -> str:
    """Text with its encoded words read (RFC 2047), also those that stand where none may.

    Neighbours of one charset are joined before they are decoded: senders cut in mid-character.
    """
    if "=?" not in text:
        return text
    if cut := _CUT.search(text):
        text = f"{text[: cut.end(1)]}?="
    out: list[str] = []
    held: list[tuple[str, str]] = []
    charset = ""
    end = 0
    for match in _WORD.finditer(text):
        between = text[end : match.start()]
        goes_on = bool(held) and not between.strip()
        if held and not (goes_on and match[1].lower() == charset):
            out.append(decode(_joined(held), charset)[0])
            held = []
        if not goes_on:
            out.append(between)
        charset = match[1].lower()
        held.append((match[2], match[3]))
        end = match.end()
    out += (decode(_joined(held), charset)[0], text[end:])
    return " ".join("".join(out).split("\n")).strip()


def _joined(pieces: list[tuple[str, str]]) -> bytes:
    """What words written one after the other hold; some senders cut base64 anywhere, some leave
    out what fills it up. The bytes tell which: no text has such controls as a wrong join."""
    joined = _pieces(pieces, together=True)
    if len(pieces) > 1 and _CONTROL.search(joined):
        alone = _pieces(pieces, together=False)
        return joined if _CONTROL.search(alone) else alone
    return joined


def _pieces(pieces: list[tuple[str, str]], *, together: bool) -> bytes:
    out: list[bytes] = []
    begun = b""
    for encoding, text in pieces:
        data = text.encode("utf-8", "replace")
        quoted = encoding in "qQ"
        if begun and (quoted or len(data) % 4 == 0):  # whole, so what begun was only not padded
            out.append(base64_bytes(begun))
            begun = b""
        if quoted:
            out.append(_Q_BYTE.sub(_byte, data.replace(b"_", b" ")))
            continue
        begun += data
        if not together or len(begun) % 4 == 0 or data.endswith(b"="):
            out.append(base64_bytes(begun))
            begun = b""
    if begun:
        out.append(base64_bytes(begun))
    return b"".join(out)


def _byte(found: re.Match[bytes]) -> bytes:
    return bytes.fromhex(found[1].decode())


def base64_bytes(data: bytes) -> bytes:
    """Base64 as found in the wild: strange characters skipped, a cut end repaired. What follows
    the end is more of it if it is whole itself, as from senders that encode piece by piece."""
    end = data.find(b"=")
    if end < 0 or not data[end:].strip(b"= \t\r\n"):
        return _base64(data)
    first, *more = _PADDING.split(data)
    out = [_base64(first)]
    for piece, padding in zip(more[1::2], [*more[2::2], b""], strict=False):
        clean = _NOT_BASE64.sub(b"", piece)
        if clean and (len(clean) + padding.count(b"=")) % 4 == 0:
            out.append(_base64(clean))
    return b"".join(out)


def _base64(data: bytes) -> bytes:
    try:
        return binascii.a2b_base64(data + b"===")  # more than it needs is passed over
    except binascii.Error:
        clean = _NOT_BASE64.sub(b"", data)
        return binascii.a2b_base64(clean[: len(clean) // 4 * 4])
