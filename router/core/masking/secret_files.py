r"""Secrets in the text files people attach: a phrase in a .txt, cards in a .csv, a keystore file.

Where one is found, a masked copy is kept instead of the file; nothing else of it is. A file that
hides its text from a plain reading (HTML between tags, a mail in base64, JSON in \\u escapes) is
read as it is meant, and what is kept is that reading. Pictures, PDF, archives and office files are
not read: they are sealed like every file, and docs/masking.md says so. Of one message only so many
characters are read (:class:`Budget`): a file beyond them is sealed as it came.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.message import Message
from typing import NamedTuple

from router.core import markup
from router.core.masking import redact
from router.core.masking.redact import Kept

#: Characters of one text that are read; a longer one is hardly written by hand.
_LONGEST = 1_000_000
#: Characters of one message that are read: its text, its HTML and its files together.
MOST_READ = 1_250_000
_MOST_BYTES = 4 * _LONGEST  # no encoding takes more for what is read
_TEXTS = frozenset(
    (
        *("txt", "text", "csv", "tsv", "json", "html", "htm", "xhtml", "xml", "md", "log", "eml"),
        *("ini", "cfg", "conf", "toml", "yaml", "yml", "rtf", "pem", "key", "asc", "vcf", "srt"),
    )
)
_TEXT_TYPES = ("text/", "message/", "application/json", "application/xml", "application/pgp-keys")
#: How files begin that are no text, even where their first bytes would pass for one.
_NO_TEXT = (b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"PK\x03\x04", b"\x1f\x8b")
_SNIFFED, _GLANCED = 4096, 128
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DEEPEST = 50  # parts of a mail
#: Latin, Greek, Cyrillic, punctuation, kana, Han, Hangul, wide forms.
_WRITTEN = re.compile(
    "[\t\r\n -~\u00a0-\u052f\u2010-\u203a\u3000-\u9fff\uac00-\ud7a3\uff00-\uffef]+"
)
_MOSTLY = 0.98  # of the characters; the last one may be cut in half


class Budget:
    """What may still be read of one message, in characters; ``short`` once something was left."""

    def __init__(self, most: int = MOST_READ) -> None:
        self.left = most
        self.short = False

    def spend(self, count: int) -> None:
        """Take note of characters that somebody else has read."""
        self.left = max(0, self.left - count)

    def head(self, text: str) -> str:
        """As much of a text as may be read, which is spent by that."""
        head = text[: min(_LONGEST, self.left)]
        self.left -= len(head)
        self.short |= len(head) < len(text)
        return head


class MaskedFile(NamedTuple):
    """What is kept instead of a file: its text without secrets, and what is known of those."""

    name: str
    mime: str
    data: bytes
    kept: tuple[Kept, ...]


def masked_copy(
    name: str,
    mime: str,
    data: bytes,
    fingerprint: Callable[[str], str],
    budget: Budget | None = None,
) -> MaskedFile | None:
    """The copy to keep instead, or None where the file holds no secret that can be read."""
    budget = budget or Budget()
    if not budget.left:
        budget.short |= _text(name, mime, data[:_SNIFFED]) is not None
        return None
    text = _text(name, mime, data)
    if text is None:
        return None
    head = budget.head(text)
    rest = text[len(head) :]
    masked, kept = redact.examine(head, fingerprint)
    for plain in _meant(name, mime, data[:_MOST_BYTES], masked.text):
        more, found = redact.examine(budget.head(plain), fingerprint)
        if found:
            return MaskedFile(f"{name}.txt", "text/plain", more.text.encode(), (*kept, *found))
    if not kept:
        return None
    return MaskedFile(name, mime, (masked.text + rest).encode("utf-8", "replace"), kept)


# ---------------------------------------------------------------- reading


def _text(name: str, mime: str, data: bytes) -> str | None:
    """The file as text; None for everything that is none."""
    if data.startswith(_NO_TEXT):
        return None
    encoding = next((one for mark, one in _MARKS if data.startswith(mark)), None)
    if encoding is None and b"\0" in data[:_SNIFFED]:
        encoding = _unmarked(data[:_GLANCED]) and _unmarked(data[:_SNIFFED])
        if encoding is None:
            return None
    if encoding is not None:
        return data.decode(encoding, "replace")
    called_text = _extension(name) in _TEXTS or mime.lower().startswith(_TEXT_TYPES)
    for encoding in ("utf-8", "gb18030", "latin-1") if called_text else ("utf-8",):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def _unmarked(head: bytes) -> str | None:
    """Which UTF-16 a file without a mark is in; None when its NULs are no half of letters.

    Every other byte of Latin text is NUL; Chinese has at least blanks and line ends, and nothing
    but letters that people write comes out when it is read the right way round.
    """
    whole = head[: len(head) & ~1]
    for encoding in ("utf-16-le", "utf-16-be"):
        text = whole.decode(encoding, "replace")
        if sum(map(len, _WRITTEN.findall(text))) >= _MOSTLY * len(text):
            return encoding
    return None


def _extension(name: str) -> str:
    return name.rpartition(".")[2].lower()


def _meant(name: str, mime: str, data: bytes, text: str) -> Iterator[str]:
    """The text as its format means it, where a plain reading may miss it."""
    kind, extension = mime.lower(), _extension(name)
    if extension == "eml" or kind.startswith("message/"):
        yield from _mail(data)
    elif extension in ("html", "htm", "xhtml") or "html" in kind or text[:200].lstrip()[:1] == "<":
        yield markup.tag_stripped(text)
    elif "\\u" in text:
        try:
            yield json.dumps(json.loads(text), ensure_ascii=False, indent=1)
        except (ValueError, RecursionError):
            return


def _mail(data: bytes) -> Iterator[str]:
    """A mail's headers and every text in it, as its reader sees them; nothing of one that is nested
    too deep to be taken apart."""
    try:
        yield from _told(data)
    except RecursionError:
        return


def _told(data: bytes) -> Iterator[str]:
    told: list[str] = []
    encoded = False
    for part in list(message_from_bytes(data).walk())[:_DEEPEST]:
        told += [f"{key}: {_header(value)}" for key, value in part.items()]
        if part.is_multipart() or part.get_content_maintype() != "text":
            continue
        encoded |= str(part.get("Content-Transfer-Encoding", "")).lower() not in (
            "",
            "7bit",
            "8bit",
        )
        body = _payload(part)
        told += ["", markup.tag_stripped(body) if part.get_content_subtype() == "html" else body]
    if encoded or "=?" in "".join(told):
        yield "\n".join(told)


def _payload(part: Message) -> str:
    raw = part.get_payload(decode=True)
    if not isinstance(raw, bytes):
        return ""
    try:
        return raw.decode(part.get_content_charset() or "utf-8", "replace")
    except (LookupError, UnicodeError):  # no charset, or one that forgives nothing
        return raw.decode("utf-8", "replace")


def _header(value: object) -> str:
    return str(value).replace("\n", " ")
