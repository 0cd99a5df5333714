"""What a channel is lent: its own secrets, and the tokens a platform gave for them.

A token is one row for all processes, sealed under the master key. Whoever finds it due takes a
lease, looks again, fetches, and writes the new pair down before anybody uses it; the others go on
with the old one while it lasts, or wait. Nothing here tries a platform twice.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from channels.contract import Token, Transient
from router import configuration
from router.core.clock import monotonic, to_us
from router.core.keys import Keyring
from router.errors import Fault, SettingsFault
from router.settings import PREFIX
from router.store import claims, platform_tokens
from router.store.database import Store
from router.store.unit import Unit

#: Who died while fetching is forgotten after so long, in microseconds.
_LEASE = 30_000_000
#: How long somebody waits for another who is fetching, and how often they look, in seconds.
_PATIENCE, _LOOK = 10.0, 0.05
#: A token is renewed when so much of its life is over, give or take, in percent.
_RENEW, _JITTER = 75, 5


class Vault:
    """The vault of one configured channel."""

    def __init__(
        self,
        kind: str,
        account: str,
        *,
        store: Store | None = None,
        keys: Keyring | None = None,
        lent: Mapping[str, str] | None = None,
    ) -> None:
        """Lend the secrets of this channel and no other; ``lent`` outranks the environment."""
        self._prefix = f"channels.{kind}.{account}"
        self._name = f"{kind}:{account}"
        self._store, self._keys, self._lent = store, keys, lent or {}

    def secret(self, name: str, default: str | None = None) -> str:
        """The secret; raises SettingsFault telling which variable to set."""
        if f"{self._prefix}.{name}" in self._lent:
            return self._lent[f"{self._prefix}.{name}"]
        found = configuration.secret(f"{self._prefix}.{name}")
        if found is None and default is not None:
            return default
        if found is None:
            key = f"{self._prefix}.{name}".upper().replace(".", "__").replace("-", "_")
            where = f"environment {PREFIX}{key}"
            raise SettingsFault([Fault(where, f"is not set; {self._prefix} needs it")])
        return found.get_secret_value()

    def token(self, name: str, fetch: Callable[[str], Token], *, seed: str, stale: str = "") -> str:
        """The token in force; raises what ``fetch`` raises, Transient while another one fetches."""
        row = f"{self._name}:{name}"
        until = monotonic() + _PATIENCE
        pause = threading.Event()
        owner = secrets.token_hex(8)
        while True:
            held, due, _ = self._look(row, seed)
            if held and held != stale and not due:
                return held
            if self._lease(row, owner):
                return self._renew(row, owner, fetch, seed, stale)
            if held and held != stale:
                return held  # somebody renews it ahead of time; this one still works
            if monotonic() > until:
                raise Transient(f"the token {row} is being fetched elsewhere")
            pause.wait(_LOOK)

    def _renew(
        self, row: str, owner: str, fetch: Callable[[str], Token], seed: str, stale: str
    ) -> str:
        try:
            held, due, renewal = self._look(row, seed)
            if held and held != stale and not due:
                return held
            try:
                fetched = fetch(renewal or seed)
            except Transient:
                if held and held != stale:
                    return held  # not renewed this time, and not over yet
                raise
            self._keep(row, seed, fetched)
            return fetched.value
        finally:
            self._ours.write(lambda unit: claims.done(unit, f"token:{row}", owner))

    @property
    def _ours(self) -> Store:
        if self._store is None:
            raise Transient("this desk keeps no tokens")
        return self._store

    @property
    def _ring(self) -> Keyring:
        if self._keys is None:
            raise Transient("this desk keeps no tokens")
        return self._keys

    def _look(self, row: str, seed: str) -> tuple[str, bool, str]:
        """The token that still works (or ""), whether it is due, and its renewal word."""
        with self._ours.reading() as unit:
            found, now = platform_tokens.find(unit, row), unit.now_us
        if found is None or found.seed != self._ring.fingerprint(seed):
            return "", True, ""
        opened: dict[str, Any] = json.loads(
            self._ring.unseal(found.key_id, found.wrapped_key, found.blob, _about(row))
        )
        value = str(opened["value"]) if found.expires_at > now else ""
        return value, found.renew_at <= now, str(opened["renewal"])

    def _lease(self, row: str, owner: str) -> bool:
        return self._ours.write(
            lambda unit: claims.take(unit, f"token:{row}", owner, lease_us=_LEASE)
        )

    def _keep(self, row: str, seed: str, fetched: Token) -> None:
        written = json.dumps({"value": fetched.value, "renewal": fetched.renewal}).encode()
        sealed = self._ring.seal(written, _about(row))
        share = _RENEW - _JITTER + secrets.randbelow(2 * _JITTER + 1)

        def work(unit: Unit) -> None:
            platform_tokens.keep(
                unit,
                row,
                self._ring.fingerprint(seed),
                sealed,
                renew_at=to_us(unit.now + fetched.lasts * share / 100),
                expires_at=to_us(unit.now + max(fetched.lasts, timedelta(seconds=1))),
            )

        self._ours.write(work)


def _about(row: str) -> bytes:
    return f"token:{row}".encode()
