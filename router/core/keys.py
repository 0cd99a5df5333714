"""The master key: seals what may be read by nobody else, signs what must not be forged.

The key file is JSON, ``{"current": id, "keys": {id: base64}}``. New seals and signatures are made
under the current key; older keys in the file still open and verify, so a key can be rotated by
adding one. Nothing is ever used under the master itself: each purpose has its own key (HKDF).

Each sealed item has a data key of its own, wrapped under the master. Whoever erases the wrapped key
erases the item, in every backup too.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from router.errors import KeyMissing, SealBroken

_KEY = 32
_NONCE = 12
_OTHERS = 0o077
_WRAP = "wrap data keys"


class Sealed(NamedTuple):
    """A sealed item as it is stored."""

    key_id: str
    wrapped_key: bytes
    blob: bytes


class Keyring:
    """All master keys, and what is done with them. May be shared by threads."""

    def __init__(self, current: str, keys: Mapping[str, bytes]) -> None:
        self._current = current
        self._keys = dict(keys)
        self._derived: dict[tuple[str, str], bytes] = {}
        self._wrapping = {one: AESGCM(self._key(one, _WRAP)) for one in self._keys}

    @classmethod
    def open(cls, path: Path, *, create: bool) -> Keyring:
        """Read the key file; with ``create`` write a new one where none is.

        Raises KeyMissing when it is not there, is damaged, or others on this machine may read it.
        """
        if create and not path.exists():
            _write_new(path)
        return cls(*_read(path))

    @classmethod
    def ephemeral(cls) -> Keyring:
        """A ring that is gone with the process: nothing sealed under it can be opened later."""
        return cls(*_fresh())

    @property
    def current(self) -> str:
        """The id of the key that new seals are made under."""
        return self._current

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of all keys of the ring."""
        return tuple(self._keys)

    def holds(self, key_id: str) -> bool:
        """Whether the ring has the key that a seal names."""
        return key_id in self._keys

    # ------------------------------------------------------------ sealing

    def seal(self, data: bytes, about: bytes = b"") -> Sealed:
        """Encrypt under a data key of its own. Only who knows ``about`` (the row it belongs to)
        can open it, so a blob moved to another row stays shut."""
        drawn = os.urandom(_KEY + 2 * _NONCE)
        key, nonce, wrap_nonce = drawn[:_KEY], drawn[_KEY:-_NONCE], drawn[-_NONCE:]
        wrapped = self._wrapping[self._current].encrypt(wrap_nonce, key, about)
        blob = AESGCM(key).encrypt(nonce, data, about)
        return Sealed(self._current, wrap_nonce + wrapped, nonce + blob)

    def unseal(self, key_id: str, wrapped_key: bytes, blob: bytes, about: bytes = b"") -> bytes:
        """What was sealed. Raises SealBroken when a byte or ``about`` differs, KeyMissing when the
        key file lacks the key."""
        if key_id not in self._wrapping:
            raise KeyMissing(
                f"this was sealed under the key {key_id}, which the key file does not have; "
                "put the key file back from its own backup"
            )
        try:
            key = self._wrapping[key_id].decrypt(wrapped_key[:_NONCE], wrapped_key[_NONCE:], about)
            return AESGCM(key).decrypt(blob[:_NONCE], blob[_NONCE:], about)
        except (InvalidTag, ValueError) as fault:
            raise SealBroken(
                f"a sealed item does not open under the key {key_id}: its bytes were changed or "
                "belong to another row; restore that row from a backup"
            ) from fault

    # ------------------------------------------------------------ signing

    def sign(self, purpose: str, message: bytes, size: int = 16) -> bytes:
        """The first ``size`` bytes of a MAC that is good for this purpose only."""
        return self._mac(self._current, purpose, message)[:size]

    def verify(self, purpose: str, message: bytes, signature: bytes, size: int = 16) -> bool:
        """Whether any key of the ring made this with :meth:`sign`; a shorter one never passes."""
        return len(signature) == size and any(
            hmac.compare_digest(self._mac(one, purpose, message)[:size], signature)
            for one in self._keys
        )

    def fingerprint(self, value: str) -> str:
        """A salted hash, 24 hex digits: tells equal values apart from others, tells no value."""
        return self.sign("fingerprint", value.encode(), 12).hex()

    def fingerprints(self, value: str) -> list[str]:
        """:meth:`fingerprint` as each key of the ring makes it, the present one's first."""
        others = [one for one in self._keys if one != self._current]
        return [
            self._mac(one, "fingerprint", value.encode())[:12].hex()
            for one in (self._current, *others)
        ]

    def chain(self, previous: str, line: str) -> str:
        """The seal of a line that follows the line sealed by ``previous`` (64 hex digits)."""
        return self.sign("chain", _link(previous, line), _KEY).hex()

    def chained(self, previous: str, line: str, seal: str) -> bool:
        """Whether ``seal`` was made by :meth:`chain` for these two, under any key of the ring."""
        try:
            signature = bytes.fromhex(seal)
        except ValueError:
            return False
        return self.verify("chain", _link(previous, line), signature, _KEY)

    def _mac(self, key_id: str, purpose: str, message: bytes) -> bytes:
        return hmac.digest(self._key(key_id, purpose), message, "sha256")

    def _key(self, key_id: str, purpose: str) -> bytes:
        known = self._derived.get((key_id, purpose))
        if known is None:
            hkdf = HKDF(SHA256(), _KEY, salt=None, info=b"router/" + purpose.encode())
            known = self._derived[key_id, purpose] = hkdf.derive(self._keys[key_id])
        return known


def _link(previous: str, line: str) -> bytes:
    """Hashed first, so that no shift of the border between the two gives the same bytes."""
    return hashlib.sha256(previous.encode()).digest() + line.encode()


def _fresh() -> tuple[str, dict[str, bytes]]:
    name = secrets.token_hex(4)
    return name, {name: secrets.token_bytes(_KEY)}


# ---------------------------------------------------------------- the file


def _write_new(path: Path) -> None:
    """Whole or not at all, and never over one that is there: two first starts keep one key."""
    current, keys = _fresh()
    encoded = {name: base64.b64encode(key).decode() for name, key in keys.items()}
    text = json.dumps({"current": current, "keys": encoded}, indent=2) + "\n"
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass  # somebody else was first; theirs is the key
        finally:
            draft.unlink()
        _sync_folder(path.parent)
    except OSError as fault:
        raise KeyMissing(
            f"the master key cannot be written to {path}: {fault.strerror}; make the folder "
            "writable for this user, or set ROUTER__KEY_FILE to another place"
        ) from fault


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(path: Path) -> tuple[str, dict[str, bytes]]:
    try:
        with path.open(encoding="ascii") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read()
    except FileNotFoundError as fault:
        raise KeyMissing(
            f"the master key {path} is not there, and data sealed under it exists; put it back "
            "from its backup, or set ROUTER__KEY_FILE to where it is"
        ) from fault
    except (OSError, UnicodeDecodeError) as fault:
        raise KeyMissing(f"the master key {path} cannot be read: {fault}") from fault
    if mode & _OTHERS:
        raise KeyMissing(f"others on this machine may read the master key; run: chmod 600 {path}")
    return _parse(path, text)


def _parse(path: Path, text: str) -> tuple[str, dict[str, bytes]]:
    try:
        given = json.loads(text)
        current = given["current"]
        keys = {name: base64.b64decode(key, validate=True) for name, key in given["keys"].items()}
        sound = current in keys and all(len(key) == _KEY for key in keys.values())
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error) as fault:
        raise KeyMissing(_damaged(path)) from fault
    if not sound:
        raise KeyMissing(_damaged(path))
    return current, keys


def _damaged(path: Path) -> str:
    return f"the master key file {path} is damaged; put it back from its backup"
