"""What the environment sets: ``ROUTER__SECTION__KEY``, and files that it names for secrets.

``NAME_FILE`` is ``NAME`` with what the file holds; only secrets are read so, and the database's
address, which may hold a password. Secrets stand nowhere else.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel, SecretStr

from router.errors import Fault, SettingsFault
from router.settings import PREFIX, Settings

_SECRET = re.compile(r"(password|secret|token|token_second|private_key|aes_key|identity_key)$")
_FILE = "_FILE"
#: Settings that are no secrets and may hold one.
_MAY_HOLD_ONE = frozenset({"database.url"})


def is_secret(key: str) -> bool:
    """Whether a setting of that name may only come from the environment."""
    return bool(_SECRET.search(key))


def variable(keys: Sequence[str]) -> str:
    """The name of the variable that sets this."""
    return PREFIX + "__".join(keys).upper().replace("-", "_")


def keys_of(name: str) -> list[str]:
    """What a variable sets, as the file would name it."""
    return name.removeprefix(PREFIX).lower().split("__")


def secret(name: str, environ: Mapping[str, str] | None = None) -> SecretStr | None:
    """A secret by its dotted name, from the environment or from the file the environment names.

    Raises SettingsFault when that file cannot be read or holds nothing.
    """
    environ = os.environ if environ is None else environ
    key = variable(name.split("."))
    if key in environ:
        return SecretStr(environ[key])
    file = environ.get(key + _FILE)
    return SecretStr(_held(key + _FILE, file)) if file else None


def _held(name: str, file: str) -> str:
    where = f"environment {name}"
    try:
        held = Path(file).expanduser().read_text(encoding="utf-8-sig").strip()
    except OSError as fault:
        said = f"{file} cannot be read ({fault.strerror}); name a file that this user may read"
        raise SettingsFault([Fault(where, said)]) from fault
    except UnicodeError as fault:
        raise SettingsFault([Fault(where, f"{file} is not text in UTF-8")]) from fault
    if not held:
        raise SettingsFault([Fault(where, f"{file} is empty; write the secret into it")])
    return held


def opened(environ: Mapping[str, str]) -> tuple[dict[str, str], list[Fault]]:
    """Our variables, those that name a file with what it holds; and what could not be read."""
    ours = {name: value for name, value in environ.items() if name.startswith(PREFIX)}
    faults: list[Fault] = []
    for name in [one for one in ours if one.endswith(_FILE)]:
        stem = name.removesuffix(_FILE)
        keys = keys_of(stem)
        if not is_secret(keys[-1]) and ".".join(keys) not in _MAY_HOLD_ONE:
            continue
        file = ours.pop(name)
        if file and stem not in ours:
            try:
                ours[stem] = _held(name, file)
            except SettingsFault as fault:
                faults += fault.faults
    return ours, faults


def over(
    given: Mapping[str, Any], ours: Mapping[str, str]
) -> tuple[dict[str, Any], list[tuple[str, list[str]]]]:
    """The file's tables with what the variables set in them; and (variable, keys) of secrets whose
    account nobody opens. Lists and tables are written as JSON. A variable of a name that is no
    setting is left out: it has been told of.
    """
    found, strangers = dict(given), []
    # A whole table comes before its parts, and secrets come last: alone they open no account.
    for name in sorted(ours, key=lambda one: (is_secret(keys_of(one)[-1]), one)):
        keys = _as_written(found, keys_of(name))
        kind = _kind(Settings, keys)
        if kind and _needs_account(keys) and not _holds(found, keys[:3]):
            strangers.append((name, keys))
        elif kind:
            said: Any = ours[name]
            if kind == "json":
                with suppress(ValueError):  # what is no JSON is told of where it was to stand
                    said = json.loads(said)
            for key in reversed(keys):
                said = {key: said}
            found = _merged(found, said)
    return found, strangers


def _needs_account(keys: Sequence[str]) -> bool:
    return keys[0] == "channels" and len(keys) == 4 and is_secret(keys[-1])


def _holds(found: Mapping[str, Any], keys: Sequence[str]) -> bool:
    table: Any = found
    for key in keys:
        if not isinstance(table, Mapping) or key not in table:
            return False
        table = table[key]
    return True


def _as_written(found: Mapping[str, Any], keys: Sequence[str]) -> list[str]:
    """The keys as the tables spell them: a variable can write neither - nor small letters."""
    told: list[str] = []
    table: Any = found
    for key in keys:
        here = table if isinstance(table, Mapping) else {}
        alike = (one for one in here if one.lower().replace("-", "_") == key)
        told.append(key if key in here else next(alike, key))
        table = here.get(told[-1])
    return told


def _kind(annotation: Any, keys: Sequence[str]) -> str:
    """How the variable of a setting is read: ``json``, as ``text``, or not at all."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if not keys:
            return "json"
        field = annotation.model_fields.get(keys[0])
        return _kind(field.annotation, keys[1:]) if field else ""
    if get_origin(annotation) is dict:
        inner = get_args(annotation)[1]
        return _kind(inner, keys[1:]) if keys and inner is not Any else "json"
    if keys:
        return "json" if annotation is Any else ""
    return "json" if get_origin(annotation) in (list, tuple, set) or annotation is Any else "text"


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Both, table by table; what stands in ``above`` outranks the other."""
    found = dict(below)
    for key, value in above.items():
        had = found.get(key)
        if isinstance(had, Mapping) and isinstance(value, Mapping):
            found[key] = _merged(had, value)
        else:
            found[key] = value
    return found


def unknown(ours: Mapping[str, str], known: Sequence[str]) -> Iterator[tuple[str, str]]:
    """(variable, what it would set) of those that are no setting."""
    for name in ours:
        keys = keys_of(name)
        if ".".join(keys) not in known and not _kind(Settings, keys):
            yield name, ".".join(keys)
