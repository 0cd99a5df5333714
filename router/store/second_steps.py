"""The second step of signing in: the secret of somebody's app, sealed, and the codes that stand in
for it, of which only hashes are kept."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from router.core.keys import Keyring
from router.store.people import digest
from router.store.shapes import RecoveryCode, SecondStep
from router.store.unit import Unit

#: How many codes somebody gets, and of how many letters each is.
CODES, LETTERS = 10, 10
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_SECRET_BYTES = 20


@dataclass(frozen=True, slots=True)
class Step:
    """Somebody's secret, whether their app has proven that it knows it, and the last step whose
    code was used."""

    secret: bytes
    confirmed: bool
    last_step: int


def _about(agent_id: int) -> bytes:
    return f"second:{agent_id}".encode()


def begin(unit: Unit, keys: Keyring, agent_id: int) -> None:
    """Draw a secret that the app has yet to prove; one that was proven stays."""
    known = of(unit, keys, agent_id)
    if known is not None:
        return
    sealed = keys.seal(secrets.token_bytes(_SECRET_BYTES), _about(agent_id))
    unit.put(
        SecondStep,
        agent_id=agent_id,
        key_id=sealed.key_id,
        wrapped_key=sealed.wrapped_key,
        blob=sealed.blob,
    )


def of(unit: Unit, keys: Keyring, agent_id: int) -> Step | None:
    """Somebody's second step, or None."""
    row = unit.row("SELECT * FROM second_step WHERE agent_id = :id", id=agent_id)
    if row is None:
        return None
    secret = keys.unseal(row.key_id, row.wrapped_key, row.blob, _about(agent_id))
    return Step(secret, row.confirmed_at is not None, row.last_step)


def asked(unit: Unit, agent_id: int) -> bool:
    """Whether somebody must prove more than a password."""
    return bool(
        unit.value(
            "SELECT 1 FROM second_step WHERE agent_id = :id AND confirmed_at IS NOT NULL",
            id=agent_id,
        )
    )


def everybody(unit: Unit) -> frozenset[int]:
    """Who has one."""
    rows = unit.rows("SELECT agent_id FROM second_step WHERE confirmed_at IS NOT NULL")
    return frozenset(row.agent_id for row in rows)


def spend(unit: Unit, agent_id: int, step: int) -> bool:
    """Use the code of a step, once; the first use proves the app."""
    return bool(
        unit.run(
            "UPDATE second_step SET last_step = :step, confirmed_at = COALESCE(confirmed_at, :now) "
            "WHERE agent_id = :id AND last_step < :step",
            step=step,
            now=unit.now_us,
            id=agent_id,
        )
    )


def drop(unit: Unit, agent_id: int) -> bool:
    """Ask somebody for no second step any more; False when they had none."""
    unit.run("DELETE FROM recovery_code WHERE agent_id = :id", id=agent_id)
    return bool(unit.run("DELETE FROM second_step WHERE agent_id = :id", id=agent_id))


def new_codes(unit: Unit, agent_id: int) -> list[str]:
    """Fresh codes in place of all former ones; they can be told only now."""
    unit.run("DELETE FROM recovery_code WHERE agent_id = :id", id=agent_id)
    drawn = ["".join(secrets.choice(_ALPHABET) for _ in range(LETTERS)) for _ in range(CODES)]
    for one in drawn:
        unit.put(RecoveryCode, code_hash=digest(f"{agent_id}:{one}"), agent_id=agent_id)
    return [f"{one[:5]}-{one[5:]}" for one in drawn]


def use_code(unit: Unit, agent_id: int, given: str) -> bool:
    """Use one of somebody's codes, once."""
    typed = "".join(given.lower().split()).replace("-", "")
    return bool(
        unit.run(
            "UPDATE recovery_code SET used_at = :now WHERE code_hash = :hash AND agent_id = :id "
            "AND used_at IS NULL",
            now=unit.now_us,
            hash=digest(f"{agent_id}:{typed}"),
            id=agent_id,
        )
    )


def codes_left(unit: Unit, agent_id: int) -> int:
    """How many codes somebody has not used."""
    found = unit.value(
        "SELECT COUNT(*) FROM recovery_code WHERE agent_id = :id AND used_at IS NULL", id=agent_id
    )
    return int(found or 0)
