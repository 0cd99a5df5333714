"""Names for files: what a sender wrote made safe, and one for a part that came without any."""

import mimetypes
import re

from channels.email import headers
from channels.email.characters import header_text, words
from channels.email.structure import Part

_LONGEST = 240  # bytes; no file system of today takes more than 255
_LONGEST_EXTENSION = 16
_UNWANTED = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_NO_NAME = re.compile(r"[\\/:*?\"<>|\r\n\t]+")
_MIME = re.compile(r"[a-z0-9][a-z0-9.+_-]{0,60}/[a-z0-9][a-z0-9.+_-]{0,120}")
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,8}\Z")
_LOCATED = re.compile(r"(?:\A|[/\\])([^/\\?#]{1,200}\.[A-Za-z0-9]{1,8})\s*(?:[?#]|\Z)")
#: What a part is called when nobody named it; mail programs know these by sight.
_KNOWN = {
    "text/calendar": "invite.ics",
    "text/vcard": "contact.vcf",
    "text/x-vcard": "contact.vcf",
    "message/delivery-status": "delivery-status.txt",
    "message/global-delivery-status": "delivery-status.txt",
    "message/disposition-notification": "receipt.txt",
    "message/feedback-report": "report.txt",
    "text/rfc822-headers": "headers.txt",
    "message/external-body": "external.txt",
    "application/pkcs7-mime": "smime.p7m",
    "application/x-pkcs7-mime": "smime.p7m",
    "application/pkcs7-signature": "smime.p7s",
    "application/x-pkcs7-signature": "smime.p7s",
    "application/pgp-signature": "signature.asc",
    "application/pgp-encrypted": "version.txt",
    "application/pgp-keys": "key.asc",
    "application/ms-tnef": "winmail.dat",
    "application/octet-stream": "file.bin",
}
_BEGINS = (
    *((b"\x89PNG\r\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"GIF8", "image/gif")),
    *((b"%PDF-", "application/pdf"), (b"PK\x03\x04", "application/zip")),
    *((b"\x1f\x8b\x08", "application/gzip"), (b"Rar!\x1a\x07", "application/vnd.rar")),
)
_BEGINNINGS = tuple(begins for begins, _ in _BEGINS)
_MAILS = ("message/rfc822", "message/global")
_TELLS_NOTHING = ("text/plain", "text/html", "application/octet-stream")


def safe_name(name: str) -> str:
    """A file's name without its path, without characters that steer a terminal or a reader."""
    read = _UNWANTED.sub("", words(name)).replace("\\", "/").rpartition("/")[2].strip(". ")
    if len(read) <= _LONGEST // 4 or len(read.encode()) <= _LONGEST:
        return read
    stem, dot, extension = read.rpartition(".")
    if not dot or len(extension) > _LONGEST_EXTENSION:
        stem, dot, extension = read, "", ""
    room = _LONGEST - len(f"{dot}{extension}".encode())
    return f"{stem.encode()[:room].decode(errors='ignore')}{dot}{extension}"


def made(part: Part, data: bytes) -> str:
    """A name for a part that has none: a mail's subject, the sender's description, its kind."""
    if part.mime in _MAILS:
        subject = headers.read(data[: headers.MOST_BYTES]).text("subject")
        return _file(subject or words(part.description) or "message", ".eml")
    if located := _LOCATED.search(part.location):
        return _file(located[1], "")
    kind = sniffed(data) or part.mime if part.mime in _TELLS_NOTHING else part.mime
    known = _KNOWN.get(kind, "")
    if known == _KNOWN["application/octet-stream"] and data[:27] == b"-----BEGIN PGP MESSAGE-----":
        known = "encrypted.asc"
    extension = f".{known.rpartition('.')[2]}" if known else _extension(kind)
    if described := words(header_text(part.description.encode("utf-8", "replace"))):
        own = _EXTENSION.search(described)
        return _file(
            described.removesuffix(own[0]) if own else described, own[0] if own else extension
        )
    word = "file" if kind.startswith("application/") else kind.partition("/")[0]
    return known or f"{word if word.isalpha() and word.isascii() else 'file'}{extension}"


def numbered(name: str, taken: list[str]) -> str:
    """A made name that no file before it has."""
    if name not in taken:
        return name
    stem, dot, extension = name.rpartition(".") if "." in name else (name, "", "")
    count = next(n for n in range(1, len(taken) + 2) if f"{stem}{n}{dot}{extension}" not in taken)
    return f"{stem}{count}{dot}{extension}"


def sniffed(data: bytes) -> str:
    """The kind of file that bytes begin like; empty when they do not."""
    if not data.startswith(_BEGINNINGS):
        return ""
    return next(kind for begins, kind in _BEGINS if data.startswith(begins))


def mime(name: str) -> str:
    """The kind a file's name tells of."""
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


def safe_mime(written: str) -> str:
    """The kind a sender wrote, if it is one at all."""
    return written if _MIME.fullmatch(written) else "application/octet-stream"


def _extension(kind: str) -> str:
    if kind.startswith("text/"):
        return mimetypes.guess_extension(kind) or ".txt"
    return mimetypes.guess_extension(kind) or ".bin"


def _file(title: str, extension: str) -> str:
    return safe_name(f"{_NO_NAME.sub(' ', title).strip()[:200] or 'file'}{extension}")
