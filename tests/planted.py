"""Secrets planted in messages, and what only looks like one: made here, the same on every run.

``python -m tests.planted`` prints, for each kind, how many planted secrets are masked, and for each
kind of decoy how many are masked that should not be. Nothing here was ever anybody's: every value
comes from a seeded generator.
"""

import base64
import hashlib
import json
import random
import sys
import tomllib
import unicodedata
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

from mnemonic import Mnemonic

from router.core.masking import cards
from router.core.masking.redact import mask
from tests import everyday

_FOLDER = Path(__file__).parent / "recorded" / "secrets"
SAID = tomllib.loads((_FOLDER / "said.toml").read_text("utf-8"))
DECOYS = tomllib.loads((_FOLDER / "decoys.toml").read_text("utf-8"))
_B58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_B32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_BECH = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
HAN = ("chinese_simplified", "chinese_traditional")
WIDE = {digit: digit + 0xFEE0 for digit in range(48, 58)}


class Planted(NamedTuple):
    """``kind`` is what it must be masked as, ``pieces`` what must be gone, ``how`` names the row of
    the table."""

    kind: str
    how: str
    text: str
    pieces: tuple[str, ...]


class Decoy(NamedTuple):
    how: str
    text: str


LAYOUTS = {
    "one line": " ".join,
    "one a line": "\n".join,
    "numbered": lambda words: "\n".join(f"{n}. {word}" for n, word in enumerate(words, 1)),
    "numbered in a line": lambda words: " ".join(f"{n}){word}" for n, word in enumerate(words, 1)),
    "commas": ", ".join,
    "Chinese commas": "、".join,
    "bullets": lambda words: "\n".join(f"• {word}" for word in words),
    "JSON": lambda words: json.dumps({"mnemonic": words}, ensure_ascii=False),
    "quotes": lambda words: " ".join(f"“{word}”" for word in words),
    "quoted mail": lambda words: "> " + "\n> ".join(words),
    "mixed case": lambda words: " ".join(
        word.upper() if n % 3 else word.capitalize() for n, word in enumerate(words)
    ),
    "told one by one": lambda words: ", ".join(
        f"word {n} is {word}" if n % 2 else f"word #{n}: {word}" for n, word in enumerate(words, 1)
    ),
    "told in Chinese": lambda words: "，".join(
        f"第{n}个词：{word}" for n, word in enumerate(words, 1)
    ),
    "keycaps": lambda words: " ".join(
        f"{n % 10}\ufe0f\u20e3 {word}" for n, word in enumerate(words, 1)
    ),
    "circled": lambda words: "".join(f"{chr(0x245F + n)}{word}" for n, word in enumerate(words, 1)),
    "wide blanks": "\u3000".join,
    "table": lambda words: "\n".join(f"| {n} | {word} |" for n, word in enumerate(words, 1)),
}


_ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")
_COUNTED = ("一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二")
#: Known by the words around them: who speaks of a phrase may lay it out like this.
CALLED_LAYOUTS = {
    "letters": lambda words: " ".join(f"{chr(97 + n)}) {word}" for n, word in enumerate(words)),
    "Roman numbers": lambda words: " ".join(
        f"{n}. {word}" for n, word in zip(_ROMAN, words, strict=True)
    ),
    "w1": lambda words: "\n".join(f"w{n}: {word}" for n, word in enumerate(words, 1)),
    "days": lambda words: "\n".join(f"2024-01-{n:02} {word}" for n, word in enumerate(words, 1)),
    "a chat": lambda words: "\n".join(
        f"[12:{n:02}:33] Lin: {word}" for n, word in enumerate(words, 1)
    ),
    "a chat by name": lambda words: "\n".join(
        f"Lin 12:{n:02}\n{word}" for n, word in enumerate(words, 1)
    ),
    "entities": "&nbsp;".join,
    "dots": f" {'.' * 40} ".join,
    "dashes": f"\n{'-' * 30}\n".join,
    "rules": f"\n{'=' * 30}\n".join,
    "glosses": lambda words: " ".join(f"{word}（海洋）" for word in words),
    "two halves": lambda words: (
        f"{' '.join(words[:6])}. And I will tell you the other half, it is this: "
        + " ".join(words[6:12])
    ),
    "sentences": lambda words: " ".join(
        f"Number {n} is {word}." for n, word in enumerate(words, 1)
    ),
    "Hangul fillers": "\u3164".join,
}
#: Known wherever they stand.
LAYOUTS_WITHOUT_A_WORD = {
    "pictures": " \U0001f511 ".join,
    "and": " and ".join,
    "Braille blanks": "\u2800".join,
    "told one by one in Chinese": lambda words: "，".join(
        f"第{n}个是{word}" for n, word in zip(_COUNTED, words, strict=True)
    ),
}


def secrets():
    """Every planted secret."""
    return [*_seeds(), *_laid_out(), *_joined(), *_glued(), *_keys(), *_cards(), *_ids(), *_told()]


# ---------------------------------------------------------------- seed phrases


def phrase(language, source, size=16):
    """The words of a made-up phrase, as people type them."""
    words = Mnemonic(language).to_mnemonic(source.randbytes(size)).replace("\ufffd\ufffd", "в")
    return unicodedata.normalize("NFC", words).replace("\u3000", " ").split(" ")


def misspelt(words, language, source):
    """The same with one slip of the finger; a Chinese one is another character."""
    words = list(words)
    place = source.randrange(len(words))
    word = words[place]
    if language in HAN or len(word) < 3:
        words[place] = source.choice("饕餮魑魅") if language in HAN else word + word[-1]
        return words
    at = source.randrange(1, len(word))
    words[place] = source.choice(
        (word[:at] + word[at - 1] + word[at:], word[: at - 1] + word[at:] or word + word[0])
    )
    return words


def _seeds():
    for language in Mnemonic.list_languages():
        contexts = SAID["seed"]["zh" if language in HAN else "en"]
        for layout, lay in LAYOUTS.items():
            for form in ("right", "typo", "wrong checksum"):
                source = random.Random(f"{language} {layout} {form}")
                size = source.choice((16, 16, 16, 24, 32))
                words = phrase(language, source, size)
                if form == "typo":
                    words = misspelt(words, language, source)
                elif form == "wrong checksum":
                    words = words[::-1]
                if layout == "circled":
                    words = words[:12]
                said = source.choice(contexts)
                own = tuple(word for word in words if word.lower() not in _words(said))
                text = said.replace("{}", lay(words))
                yield Planted("seed_phrase", f"seed, {language}, {form}", text, own)


def _laid_out():
    called = ("my seed phrase is: {}", "我的助记词：{}", "Hello, the recovery phrase:\n{}")
    ways = [(how, lay, called) for how, lay in CALLED_LAYOUTS.items()]
    ways += [(how, lay, ("{}", "Hello, {}")) for how, lay in LAYOUTS_WITHOUT_A_WORD.items()]
    for how, lay, contexts in ways:
        for language in ("english", "spanish", "czech"):
            for said in contexts:
                words = phrase(language, random.Random(f"{language} {how} {said}"))
                own = tuple(word for word in words if word.lower() not in _words(said))
                yield Planted("seed_phrase", f"seed, {how}", said.format(lay(words)), own)


def _joined():
    for language in HAN:
        for said in SAID["seed"]["announced"]:
            for form in ("right", "typo", "wrong checksum"):
                source = random.Random(f"joined {language} {said} {form}")
                words = phrase(language, source, source.choice((16, 24, 32)))
                if form == "typo":
                    words = misspelt(words, language, source)
                elif form == "wrong checksum":
                    words = words[::-1]
                joined = "".join(words)
                how = f"seed, joined {language}, {form}"
                yield Planted("seed_phrase", how, said.format(joined), (joined,))


def _glued():
    """English words without a blank between them, and the first letters of each."""
    for said in SAID["seed"]["en"]:
        source = random.Random(f"glued {said}")
        solid = "".join(phrase("english", source))
        yield Planted("seed_phrase", "seed, glued", said.replace("{}", solid), (solid,))
    for said in SAID["seed"]["announced"]:
        source = random.Random(f"short {said}")
        short = " ".join(word[:4] for word in phrase("english", source))
        yield Planted("seed_phrase", "seed, four letters", said.replace("{}", short), (short,))


# ---------------------------------------------------------------- keys


def base58(data, check=True):
    """Base58, with its checksum."""
    if check:
        data += hashlib.sha256(hashlib.sha256(data).digest()).digest()[:4]
    number, told = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        told = _B58[digit] + told
    return told


def keystore(source):
    """A wallet's key file: its key is sealed under a password only."""
    sealed = {
        "cipher": "aes-128-ctr",
        "cipherparams": {"iv": source.randbytes(16).hex()},
        "ciphertext": source.randbytes(32).hex(),
        "kdf": "scrypt",
        "kdfparams": {"dklen": 32, "n": 8192, "p": 1, "r": 8, "salt": source.randbytes(32).hex()},
        "mac": source.randbytes(32).hex(),
    }
    return json.dumps({"address": source.randbytes(20).hex(), "crypto": sealed, "version": 3})


def pem(source, name="EC PRIVATE KEY"):
    body = base64.encodebytes(source.randbytes(120)).decode()
    return f"-----BEGIN {name}-----\n{body}-----END {name}-----"


def _hex_spaced(source):
    told = source.randbytes(32).hex()
    return " ".join(told[at : at + 8] for at in range(0, 64, 8))


KEYS = {
    "hex": lambda source: source.randbytes(32).hex(),
    "hex, 0x": lambda source: "0x" + source.randbytes(32).hex(),
    "hex, capitals": lambda source: source.randbytes(32).hex().upper(),
    "hex, spaced": _hex_spaced,
    "WIF": lambda source: base58(b"\x80" + source.randbytes(32)),
    "WIF, compressed": lambda source: base58(b"\x80" + source.randbytes(32) + b"\x01"),
    "BIP38": lambda source: base58(b"\x01\x42\xe0" + source.randbytes(36)),
    "xprv": lambda source: base58(b"\x04\x88\xad\xe4" + source.randbytes(74)),
    "zprv": lambda source: base58(b"\x04\xb2\x43\x0c" + source.randbytes(74)),
    "Solana": lambda source: base58(b"\xf0" + source.randbytes(63), check=False),
    "Solana, numbers": lambda source: str(list(source.randbytes(64))),
    "Stellar": lambda source: "S" + "".join(source.choices(_B32, k=55)),
    "keystore": keystore,
    "PEM": pem,
    "PEM, OpenSSH": lambda source: pem(source, "OPENSSH PRIVATE KEY"),
}
#: These are keys wherever they stand.
PLAIN_KEYS = ("hex", "WIF", "WIF, compressed", "xprv", "zprv", "keystore", "PEM", "Solana, numbers")


def _keys():
    for how, make in KEYS.items():
        for said in (*SAID["key"]["said"], *(["{}"] if how in PLAIN_KEYS else [])):
            source = random.Random(f"{how} {said}")
            value = make(source)
            pieces = value.split("\n") if "PEM" in how else (value,)
            if how == "keystore":
                crypto = json.loads(value)["crypto"]
                pieces = (crypto["ciphertext"], crypto["mac"])
            yield Planted("private_key", f"key, {how}", said.replace("{}", value), tuple(pieces))
    for said in SAID["key"]["called"]:
        value = random.Random(said).randbytes(14).hex()
        yield Planted("private_key", "key, cut short", said.replace("{}", value), (value,))


# ---------------------------------------------------------------- cards and identity cards


def card(prefix, length, source):
    """A made-up number of an issuer, with its check digit."""
    body = prefix + "".join(source.choices("0123456789", k=length - len(prefix) - 1))
    return next(body + digit for digit in "0123456789" if cards.luhn(body + digit))


ISSUERS = {
    "Visa": ("4", 16),
    "Mastercard": ("53", 16),
    "Mastercard 2": ("2345", 16),
    "UnionPay 16": ("6259", 16),
    "UnionPay 19": ("6222", 19),
    "Amex": ("37", 15),
    "JCB": ("3530", 16),
    "Discover": ("6011", 16),
    "Diners": ("36", 14),
}
CARD_SHAPES = {
    "plain": str,
    "by fours": lambda one: " ".join(one[at : at + 4] for at in range(0, len(one), 4)),
    "dashes": lambda one: "-".join(one[at : at + 4] for at in range(0, len(one), 4)),
    "dots": lambda one: ".".join(one[at : at + 4] for at in range(0, len(one), 4)),
    "wide": lambda one: one.translate(WIDE),
    "zero width": "\u200b".join,
    "zero width, twice": lambda one: one[:3] + "\u200b\u200d" + one[3:9] + "\ufeff" + one[9:],
    "spaced": " ".join,
    "lines": lambda one: "\n".join(one[at : at + 4] for at in range(0, len(one), 4)),
    **{
        f"by fours with {name}": lambda one, sign=sign: sign.join(
            one[at : at + 4] for at in range(0, len(one), 4)
        )
        for name, sign in {
            "a quote's mark": "\n> ",
            "hyphens": "\u2010",
            "figure dashes": "\u2012",
            "minus signs": "\u2212",
            "slashes": "/",
            "bars": "|",
            "colons": ":",
            "stars": "*",
            "commas": ",",
            "wide commas": "，",
            "Chinese commas": "、",
            "blanks": "    ",
        }.items()
    },
    **{
        f"{name} digits": lambda one, zero=zero: "".join(chr(zero + int(digit)) for digit in one)
        for name, zero in {"Thai": 0xE50, "Bengali": 0x9E6, "mathematical": 0x1D7CE}.items()
    },
}
#: How people write them when a word for cards stands before, and what clings to them.
CALLED_CARDS = {
    "twelve and four": lambda one: f"card {one[:12]} {one[12:]}",
    "by twos": lambda one: "card number " + " ".join(one[at : at + 2] for at in range(0, 16, 2)),
    "clinging cc": lambda one: f"cc{one}",
    "clinging No": lambda one: f"No{one}",
}


def _cards():
    for issuer, (prefix, length) in ISSUERS.items():
        for shape, write in CARD_SHAPES.items():
            source = random.Random(f"{issuer} {shape}")
            number = card(prefix, length, source)
            said = source.choice(SAID["card"]["said"])
            shown = write(number)
            yield Planted("card", f"card, {shape}", said.format(shown), (shown, number[:12]))
    for shape, write in CALLED_CARDS.items():
        for said in ("please look at {}", "{}", "{}, exp 12/29", "我的 {} 被盗刷了"):
            number = card("4", 16, random.Random(f"{shape} {said}"))
            shown = write(number)
            yield Planted("card", f"card, {shape}", said.format(shown), (shown, number[:12]))


def id_card(source, last=None):
    """A made-up identity number; ``last`` asks for a check character."""
    while True:
        place = source.choice(("110105", "310104", "440305", "510107", "330106", "230103"))
        day = f"{source.randrange(1950, 2009)}{source.randrange(1, 13):02}"
        body = f"{place}{day}{source.randrange(1, 29):02}{source.randrange(1000):03}"
        weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
        check = "10X98765432"[sum(int(a) * b for a, b in zip(body, weights, strict=True)) % 11]
        if last is None or check == last:
            return body + check


ID_SHAPES = {
    "plain": str,
    "small x": str.lower,
    "groups": lambda one: f"{one[:6]} {one[6:14]} {one[14:]}",
    "dashes": lambda one: f"{one[:6]}-{one[6:14]}-{one[14:]}",
    "four blanks": lambda one: f"{one[:6]}    {one[6:14]}    {one[14:]}",
    "wide": lambda one: one.translate({**WIDE, ord("X"): 0xFF38}),
    "zero width": lambda one: one[:6] + "\u200b" + one[6:14] + "\u200c" + one[14:],
}


def _ids():
    for shape, write in ID_SHAPES.items():
        for said in SAID["id_card"]["said"]:
            for last in (None, "X"):
                source = random.Random(f"{shape} {said} {last}")
                number = id_card(source, last)
                shown = write(number)
                yield Planted("id_card", f"id, {shape}", said.format(shown), (shown,))


# ---------------------------------------------------------------- passwords and codes


#: The lists of ways in which passwords and codes are told, and what is told in each.
TOLD = {
    **dict.fromkeys(("password", "arrow", "words"), "password"),
    **dict.fromkeys(("code", "figures", "second"), "one_time_code"),
    "card_code": "card_code",
}


def _told():
    for how, name in TOLD.items():
        for said in SAID[how]["said"]:
            for value in SAID[how]["values"]:
                yield Planted(name, how.replace("_", " "), said.format(value), (value,))


# ---------------------------------------------------------------- what is no secret


def _order(source):
    """An order number that would pass for a card: an issuer's prefix and a right check digit."""
    if source.random() < 0.5:
        prefix, length = source.choice(list(ISSUERS.values()))
        return card(prefix, length, source)
    return source.choice("123456789") + "".join(source.choices("0123456789", k=17))


def _hash(source):
    told = source.randbytes(32).hex()
    return source.choice(("0x" + told, told, told.upper()))


ADDRESSES = {
    "0x": lambda source: "0x" + source.randbytes(20).hex(),
    "bech32": lambda source: "bc1q" + "".join(source.choices(_BECH, k=38)),
    "taproot": lambda source: "bc1p" + "".join(source.choices(_BECH, k=58)),
    "base58": lambda source: base58(b"\x00\x11" + source.randbytes(19)),
    "Tron": lambda source: base58(b"\x41" + source.randbytes(20)),
    "Solana": lambda source: base58(b"\xf0" + source.randbytes(31), check=False),
    "Stellar": lambda source: "G" + "".join(source.choices(_B32, k=55)),
    "Cardano": lambda source: "addr1" + "".join(source.choices(_BECH, k=98)),
    "Monero": lambda source: "4" + "".join(source.choices(_B58, k=94)),
    "xpub": lambda source: base58(b"\x04\x88\xb2\x1e" + source.randbytes(74)),
}


def decoys():
    """Everything that must pass untouched."""
    told = [Decoy("talk", one) for one in DECOYS["talk"]]
    for said in DECOYS["order"]:
        for turn in range(12):
            source = random.Random(f"{said} {turn}")
            told.append(Decoy("order", _filled(said, lambda source=source: _order(source))))
    for said in DECOYS["hash"]:
        for turn in range(8):
            source = random.Random(f"{said} {turn}")
            told.append(Decoy("hash", _filled(said, lambda source=source: _hash(source))))
    for how, make in ADDRESSES.items():
        for said in DECOYS["address"]:
            source = random.Random(f"{how} {said}")
            filled = _filled(said, lambda source=source, make=make: make(source))
            told.append(Decoy(f"address, {how}", filled))
    return told + [Decoy(f"everyday, {kind}", text) for kind, text in everyday.mails()]


def _filled(said, make):
    while "{}" in said:
        said = said.replace("{}", make(), 1)
    return said


# ---------------------------------------------------------------- the table


def missed(planted):
    """Whether a planted secret was named wrongly or can still be read."""
    masked = mask(planted.text)
    if planted.kind not in masked.hits:
        return True
    if planted.kind == "seed_phrase" and len(planted.pieces) > 1:
        return any(
            len(piece) > 1 and piece in _words(masked.text)
            for piece in map(str.lower, planted.pieces)
        )
    return any(piece in masked.text for piece in planted.pieces)


def _words(text):
    """The words that are left, without those that only count others."""
    kept = "".join(one if one.isalnum() else " " for one in text.lower())
    return set(kept.split()) - {"word", "mnemonic"}


def table():
    """``{row: [found, all, first example that was missed]}`` for secrets and for decoys."""
    found = defaultdict(lambda: [0, 0, ""])
    for one in secrets():
        row = found[one.how]
        row[1] += 1
        if missed(one):
            row[2] = row[2] or one.text
        else:
            row[0] += 1
    wrong = defaultdict(lambda: [0, 0, ""])
    for one in decoys():
        row = wrong[one.how]
        row[1] += 1
        masked = mask(one.text)
        if masked.hits:
            row[0] += 1
            row[2] = row[2] or f"{masked.hits} {one.text}"
    return found, wrong


def main():
    """Print both tables."""
    found, wrong = table()
    for title, rows in (("masked", found), ("masked by mistake", wrong)):
        lines = [f"{title}"]
        for how, (count, whole, example) in rows.items():
            lines.append(
                f"  {how:44} {count:5}/{whole:<5} {ascii(example)[:80] if example else ''}"
            )
        count, whole = (sum(row[place] for row in rows.values()) for place in (0, 1))
        lines.append(f"  {'all':44} {count:5}/{whole:<5}")
        sys.stdout.write("\n".join(lines) + "\n\n")


if __name__ == "__main__":
    main()
