"""Reading the settings: config.toml, then the environment (``ROUTER__SECTION__KEY``).

Secrets come from the environment or from files only; one found in config.toml is a fault. All
faults are reported at once, with the line, the value and the nearest known key: those of the
settings themselves, of service hours and promises, and of every channel that is switched on.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from channels import registry
from router import calendars, environment
from router.core.hiding import without_passwords
from router.core.masking.secret import HIDDEN
from router.environment import is_secret, secret
from router.errors import Fault, Invalid, SettingsFault
from router.promise_settings import CalendarSettings, HoursSettings, Section, SlaSettings
from router.settings import Settings

__all__ = ["effective", "is_secret", "known_keys", "load", "read_from", "remarks", "secret"]

S = TypeVar("S", bound=Section)


def load(path: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Read the file and the environment; raise SettingsFault with everything wrong in them."""
    environ = os.environ if environ is None else environ
    named = path is not None or bool(environ.get("ROUTER_CONFIG"))
    path = path or Path(environ.get("ROUTER_CONFIG") or "config.toml")
    text = _read(path) if named or path.exists() else ""
    try:
        given: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise SettingsFault([Fault(str(path), f"is not TOML: {fault}")]) from fault
    source = _Source(path, text, environ)
    ours, unread = environment.opened(environ)
    faults = [*_secrets_in(given, source), *unread, *_unknown(ours, environ)]
    given, strangers = environment.over(given, ours)
    faults += [_no_account(name, keys, given, source) for name, keys in strangers]
    settings: Settings | None = None
    try:
        settings = Settings(**given)
    except ValidationError as fault:
        faults += [_explain(error, source) for error in fault.errors()]
    faults += _promise_faults(given, settings, source)
    faults += _channel_faults(settings.channels if settings else given.get("channels"), source)
    if faults or settings is None:
        raise SettingsFault(faults)
    return settings


def read_from(path: Path | None, environ: Mapping[str, str] | None = None) -> str:
    """Which file :func:`load` reads, in words."""
    environ = os.environ if environ is None else environ
    path = (path or Path(environ.get("ROUTER_CONFIG") or "config.toml")).absolute()
    return f"read from {path}" if path.exists() else f"there is no {path}: the defaults"


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as fault:
        message = f"is not UTF-8 (byte {fault.start}); save it as UTF-8"
        raise SettingsFault([Fault(str(path), message)]) from fault
    except OSError as fault:
        message = f"cannot be read ({fault.strerror}); name a file with --config or ROUTER_CONFIG"
        raise SettingsFault([Fault(str(path), message)]) from fault


def known_keys(model: type[BaseModel] = Settings, above: str = "") -> Iterator[tuple[str, Any]]:
    """Every setting's dotted name with its field, sections opened."""
    for name, info in model.model_fields.items():
        inner = info.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from known_keys(inner, f"{above}{name}.")
        else:
            yield f"{above}{name}", info


def effective(settings: Settings) -> Iterator[tuple[str, Any]]:
    """Every setting with its value in force, secrets never among them."""
    for key, value in _leaves(settings.model_dump(mode="json")):
        said = without_passwords(value) if isinstance(value, str) else value
        yield ".".join(key), HIDDEN if is_secret(key[-1]) else said


def remarks(settings: Settings, environ: Mapping[str, str] | None = None) -> Iterator[str]:
    """What is allowed and might be better."""
    environ = os.environ if environ is None else environ
    url, name = settings.database.url, environment.variable(("database", "url"))
    if without_passwords(url) != url and not {name, f"{name}_FILE"} & environ.keys():
        yield f"database.url holds a password; better put it into a file that {name}_FILE names"


# ---------------------------------------------------------------- where a setting stands


@dataclass(frozen=True, slots=True)
class _Source:
    """The file as it was written and the environment: for saying where a fault is."""

    path: Path
    text: str
    environ: Mapping[str, str]

    def place(self, keys: tuple[str, ...]) -> str:
        """The variable that set it, else its line, else the line of what it is part of."""
        name = environment.variable(keys)
        for one in (name, f"{name}_FILE"):
            if one in self.environ:
                return f"environment {one}"
        for depth in range(len(keys), 0, -1):
            if number := self._line(keys[:depth]):
                return f"{self.path}:{number}"
        return str(self.path)

    def _line(self, keys: tuple[str, ...]) -> int:
        inside, header, whole = not keys[:-1], ".".join(keys[:-1]), ".".join(keys)
        for number, line in enumerate(self.text.splitlines(), start=1):
            stripped = line.strip()
            if stripped.startswith("["):
                section = stripped.partition("#")[0].strip().strip("[] ").replace('"', "")
                if section == whole or section.startswith(f"{whole}."):
                    return number
                inside = section == header
            elif inside and re.match(rf'"?{re.escape(keys[-1])}"?\s*=', stripped):
                return number
        return 0


def _leaves(
    given: Mapping[str, Any], above: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, value in given.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, (*above, key))
        else:
            yield (*above, key), value


# ---------------------------------------------------------------- what may be wrong


def _secrets_in(given: Mapping[str, Any], source: _Source) -> Iterator[Fault]:
    for keys, _ in _leaves(given):
        if is_secret(keys[-1]):
            name = environment.variable(keys)
            yield Fault(
                source.place(keys),
                f"{'.'.join(keys)} is a secret and must not stand in a file that is shared; "
                f"set {name} in the environment, or {name}_FILE to a file's path",
            )


def _unknown(ours: Mapping[str, str], environ: Mapping[str, str]) -> Iterator[Fault]:
    known = [key for key, _ in known_keys()]
    for name, key in environment.unknown(ours, known):
        told = name if name in environ else f"{name}_FILE"
        yield Fault(f"environment {told}", f"is not a setting{_nearest(key, known)}")


def _no_account(name: str, keys: list[str], given: Mapping[str, Any], source: _Source) -> Fault:
    """A secret for an account that nothing else speaks of: misspelled, or not set up at all."""
    account, table = ".".join(keys[:3]), given.get("channels")
    accounts = table.get(keys[1]) if isinstance(table, Mapping) else None
    known = list(accounts) if isinstance(accounts, Mapping) else []
    close = difflib.get_close_matches(keys[2], known, n=1)
    hint = f"did you mean {close[0]}?" if close else f"write [{account}] into the settings first"
    told = name if name in source.environ else f"{name}_FILE"
    return Fault(f"environment {told}", f"there is no {account}; {hint}")


def _nearest(key: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(key, list(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else "; see config.toml for all settings"


def _explain(error: Any, source: _Source) -> Fault:
    keys = tuple(str(part) for part in error["loc"])
    dotted = ".".join(keys)
    if error["type"] == "extra_forbidden":
        known = [key for key, _ in known_keys()]
        return Fault(source.place(keys), f"{dotted} is not a setting{_nearest(dotted, known)}")
    return Fault(source.place(keys), f"{dotted}: {error['msg']}{_shown(keys[-1], error)}")


def _shown(key: str, error: Any) -> str:
    if is_secret(key) or tuple(error["loc"]) == ("database", "url"):
        return ""
    return without_passwords(f" (it is {error.get('input')!r})")


def _alone(section: type[S], given: Mapping[str, Any]) -> S:
    """One section, read although another one is wrong; its defaults when it is wrong itself."""
    name = section.__name__.removesuffix("Settings").lower()
    try:
        return section.model_validate(given.get(name, {}))
    except ValidationError:
        return section()


def _tried(
    source: _Source, keys: tuple[str, ...], attempt: Callable[[], object]
) -> Iterator[Fault]:
    try:
        attempt()
    except Invalid as fault:
        given, write = fault.params.get("given", ""), fault.params.get("write", "")
        said = "is missing" if given == "nothing" else f"{given} cannot be"
        yield Fault(source.place(keys), f"{'.'.join(keys)}: {said}; write {write}")


def _promise_faults(
    given: Mapping[str, Any], settings: Settings | None, source: _Source
) -> Iterator[Fault]:
    """What cannot be in calendars and policies, each part tried by itself."""
    named = settings.calendars if settings else _calendars(given)
    sections: dict[str, HoursSettings] = {
        "hours": settings.hours if settings else _alone(HoursSettings, given)
    }
    sections |= {f"calendars.{name}": one for name, one in named.items()}
    promises = settings.sla if settings else _alone(SlaSettings, given)
    told: set[str] = set()
    for keys, attempt in calendars.attempts(sections, promises):
        for fault in _tried(source, keys, attempt):
            if str(fault) not in told:
                told.add(str(fault))
                yield fault


def _calendars(given: Mapping[str, Any]) -> dict[str, CalendarSettings]:
    """The calendars that can be read although something else is wrong."""
    found = {}
    tables = given.get("calendars")
    for name, table in tables.items() if isinstance(tables, Mapping) else ():
        with suppress(ValidationError):
            found[name] = CalendarSettings.model_validate(table)
    return found


def _channel_faults(channels: object, source: _Source) -> list[Fault]:
    """Every option of every channel that is on; a channel that is off is not even loaded."""
    if not isinstance(channels, Mapping):
        return []
    found: list[Fault] = []
    known = registry.kinds()
    for kind, accounts in channels.items():
        if kind not in known:
            near = _nearest(kind, known) if difflib.get_close_matches(kind, known, n=1) else ""
            message = f"{kind} is not a channel; there are {', '.join(known)}{near}"
            found.append(Fault(source.place(("channels", kind)), message))
            continue
        for account, given in accounts.items() if isinstance(accounts, Mapping) else ():
            if isinstance(given, Mapping) and given.get("enabled") is not False:
                found += _option_faults(kind, account, given, source)
    return found


def _option_faults(
    kind: str, account: str, given: Mapping[str, Any], source: _Source
) -> Iterator[Fault]:
    options = registry.channel(kind).Options
    public = {key: value for key, value in given.items() if not is_secret(key)}
    try:
        for option, said in options.model_validate(public).lacks().items():
            place = source.place(("channels", kind, account, option))
            yield Fault(place, f"channels.{kind}.{account}.{option}: {said}")
    except ValidationError as fault:
        for error in fault.errors():
            keys = ("channels", kind, account, *map(str, error["loc"]))
            said = f"{error['msg']}{_shown(keys[-1], error)}"
            if error["type"] == "extra_forbidden":
                close = difflib.get_close_matches(keys[-1], list(options.model_fields), n=1)
                hint = f"did you mean {close[0]}?" if close else "see `router check --reference`"
                said = f"is not an option; {hint}"
            yield Fault(source.place(keys), f"{'.'.join(keys)}: {said}")
