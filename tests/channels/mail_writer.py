"""Writes mail in every way the standards allow, and remembers what was meant (RFC 2045 to 2047,
2231, 5322, 6532): charsets, encodings, foldings, names in pieces, parts within parts."""

from base64 import b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from quopri import encodestring
from random import Random

WORDS = {
    "utf-8": ("转账", "失败", "hello", "naïve", "😀", "Привет", "テスト", "한국어"),
    "gb2312": ("转账", "失败", "客服", "abc"),
    "gbk": ("镕基", "轉帳", "失败", "abc"),
    "gb18030": ("𠮷野", "转账", "€"),
    "big5": ("轉帳", "失敗", "客服", "abc"),
    "iso-2022-jp": ("送金", "テスト", "abc"),
    "shift_jis": ("送金", "テスト", "abc"),
    "euc-kr": ("송금", "안녕", "abc"),
    "koi8-r": ("Привет", "мир", "abc"),
    "windows-1251": ("Привет", "счёт", "abc"),
    "iso-8859-1": ("Grüße", "naïve", "abc"),
    "windows-1252": ("“hi”", "€5", "abc"),
    "us-ascii": ("hello", "world", "x-y"),
}
NAMES = ("Li Wei", "Li, Wei", "Wei (at work)", "a@b", 'J. "K" L', "x;y", "back\\slash")
_PARTING = (";", "; ", ";\r\n\t")
_BOUNDARY = "abcABC0123456789'()+_,-./:=?"


@dataclass
class Meant:
    """What a mail says, whatever way it was written in."""

    subject: str = ""
    sender: tuple[str, str] = ("", "")
    recipients: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    files: list[tuple[str, str]] = field(default_factory=list)


class Writer:
    """One mail after the other, the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def mail(self) -> tuple[bytes, Meant]:
        meant = Meant()
        meant.subject, subject = self._said()
        people = [self._person() for _ in range(self.random.randint(2, 5))]
        meant.sender = people[0][:2]
        meant.recipients = [person[0] for person in people[1:]]
        recipients = self._one(", ", ",", ",\r\n ", " ,\r\n\t").join(one[2] for one in people[1:])
        body = self._tree(meant, 0)
        lines = [
            self._header("Subject", subject),
            self._header("From", people[0][2]),
            self._header("To", recipients),
            b"MIME-Version: 1.0\r\n",
        ]
        self.random.shuffle(lines)
        data = b"".join(lines) + body
        return (data.replace(b"\r\n", b"\n") if self._chance(0.3) else data), meant

    # --- small things -------------------------------------------------------------------------

    def _chance(self, part: float) -> bool:
        return self.random.random() < part

    def _one(self, *among: str) -> str:
        return self.random.choice(among)

    def _case(self, word: str) -> str:
        return "".join(self._one(one.upper(), one.lower()) for one in word)

    def _charset(self) -> str:
        return self._one(*WORDS)

    def _text(self, charset: str, most: int = 6) -> str:
        return " ".join(self._one(*WORDS[charset]) for _ in range(self.random.randint(1, most)))

    # --- headers ------------------------------------------------------------------------------

    def _header(self, name: str, value: str) -> bytes:
        name = self._case(name) if self._chance(0.3) else name
        parting = self._one(": ", ":", ":\t", ": \r\n ")
        return f"{name}{parting}{value}\r\n".encode()

    def _said(self) -> tuple[str, str]:
        charset = self._charset()
        text = self._text(charset)
        plain = charset == "us-ascii" and self._chance(0.5)
        return text, text if plain else self._words(text, charset)

    def _words(self, text: str, charset: str) -> str:
        """Encoded words, cut between characters as they have to be."""
        out = []
        while text:
            size = self.random.randint(1, 12)
            piece, text = text[:size].encode(charset), text[size:]
            if self._chance(0.5):
                out.append(f"=?{self._case(charset)}?B?{b64encode(piece).decode()}?=")
            else:
                out.append(f"=?{self._case(charset)}?Q?{self._quoted(piece)}?=")
        return self._one(" ", "\r\n ", "\r\n\t").join(out)

    def _quoted(self, data: bytes) -> str:
        kept = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJ0123456789"
        return "".join(
            "_" if one == 32 else chr(one) if one in kept and self._chance(0.8) else f"={one:02X}"
            for one in data
        )

    def _person(self) -> tuple[str, str, str]:
        local = "".join(self._one(*"abcxyz0123456789+_-") for _ in range(self.random.randint(1, 8)))
        address = f"{local}@{self._one('mail.example', 'x-y.example', '例子.example')}"
        if self._chance(0.2):
            return address, "", self._one(address, f"<{address}>")
        if self._chance(0.3):
            name = self._one(*NAMES)
            escaped = name.replace("\\", "\\\\").replace('"', '\\"')
            return address, name, f'"{escaped}" <{address}>'
        if self._chance(0.2):
            return address, "Wei", f"{address} (Wei)"
        charset = self._charset()
        name = self._text(charset, 3)
        words = self._words(name, charset)
        words = self._one(words, f'"{words}"')
        return address, name, words + self._one(" ", "", "\r\n ") + f"<{address}>"

    # --- parts --------------------------------------------------------------------------------

    def _tree(self, meant: Meant, depth: int) -> bytes:
        kind = self.random.random()
        if depth >= 3 or kind < 0.25:
            return self._letter(meant, "plain")
        if kind < 0.45:
            letter = self._letter(meant, "plain")
            page = self._letter(Meant(), "html")
            if self._chance(0.3):
                page = self._parted("related", [page, self._file(meant)])
            return self._parted("alternative", [letter, page])
        parts = [self._tree(meant, depth + 1)]
        parts += [self._file(meant) for _ in range(self.random.randint(0, 3))]
        if self._chance(0.2):
            parts.append(self._letter(meant, "plain"))
        return self._parted(self._one("mixed", "mixed", "parallel", "x-foo"), parts)

    def _parted(self, kind: str, parts: list[bytes]) -> bytes:
        boundary = "".join(self._one(*_BOUNDARY) for _ in range(self.random.randint(1, 30))) + "x"
        if any(f"--{boundary}".encode() in part for part in parts):
            return self._parted(kind, parts)
        told = self._one(f'boundary="{boundary}"', f'type="text/html"; BOUNDARY="{boundary}"')
        head = f"Content-Type: {self._case('multipart/' + kind)}{self._one(*_PARTING)}{told}"
        blank = self._one("", "", " ", "\t")
        line = f"--{boundary}{blank}\r\n".encode()
        above = self._one("", "This is a multi-part message in MIME format.\r\n", "\r\n")
        body = above.encode() + b"".join(line + part + b"\r\n" for part in parts)
        return head.encode() + b"\r\n\r\n" + body + f"--{boundary}--{blank}\r\nbelow\r\n".encode()

    def _letter(self, meant: Meant, kind: str) -> bytes:
        charset = self._charset()
        lines = [self._text(charset) for _ in range(self.random.randint(1, 5))]
        meant.texts.append("".join(lines))
        data = ("\r\n" if kind == "plain" else "<br>\r\n").join(lines).encode(charset)
        encoding = self._one("base64", "quoted-printable", "8bit", "binary")
        if encoding == "base64":
            data = self._lines(data)
        elif encoding == "quoted-printable":
            data = encodestring(data.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n")
        told = self._one("charset={}", 'charset="{}"', ' charset = "{}"').format(
            self._case(charset)
        )
        kept = f"Content-Type: {self._case('text/' + kind)}"
        if charset != "utf-8" or self._chance(0.7):
            kept += f"{self._one(*_PARTING)}{told}"
        head = [
            f"{kept}\r\n",
            f"Content-Transfer-Encoding: {self._case(encoding)}\r\n",
            self._one("", "Content-Disposition: inline\r\n"),
        ]
        self.random.shuffle(head)
        return "".join(head).encode() + b"\r\n" + data

    def _lines(self, data: bytes) -> bytes:
        encoded, width = b64encode(data), self.random.choice((4, 60, 72, 76, 100_000))
        return b"\r\n".join(encoded[at : at + width] for at in range(0, len(encoded), width))

    def _file(self, meant: Meant) -> bytes:
        charset = self._charset()
        stem = self._text(charset, 3).replace("“", "").replace("”", "")
        name = f"{stem}{self._one('.pdf', '.png', '.tar.gz', '.txt', '')}"
        data = self.random.randbytes(self.random.choice((0, 1, 5, 100, 1_000)))
        meant.files.append((name, sha256(data).hexdigest()))
        kind = self._one("application/pdf", "image/png", "text/plain", "text/html", "x-a/x-b")
        head = [
            f"Content-Type: {kind}\r\n",
            f"Content-Disposition: {self._case('attachment')}; {self._named(name, charset)}\r\n",
            "Content-Transfer-Encoding: base64\r\n",
        ]
        self.random.shuffle(head)
        return "".join(head).encode() + b"\r\n" + self._lines(data)

    def _named(self, name: str, charset: str) -> str:
        data = name.encode(charset)
        if name.isascii() and self._chance(0.4):
            return f'filename="{name}"'
        if self._chance(0.3):
            return f'filename="{self._words(name, charset)}"'
        if self._chance(0.3):
            return f"filename*={self._case(charset)}'{self._one('', 'zh-cn')}'{self._escaped(data)}"
        pieces, at = [], 0
        while data:
            size = self.random.randint(1, 9)
            begins = f"{charset}''" if at == 0 else ""
            pieces.append(f"filename*{at}*={begins}{self._escaped(data[:size])}")
            data, at = data[size:], at + 1
        if self._chance(0.3):
            self.random.shuffle(pieces)
        return self._one("; ", ";\r\n ", ";").join(pieces)

    def _escaped(self, data: bytes) -> str:
        kept = b"abcdefghijklmnopqrstuvwxyz0123456789"
        return "".join(chr(one) if one in kept else f"%{one:02X}" for one in data)
