"""Reading the settings: config.toml, then the environment (``ROUTER__SECTION__KEY``).

Secrets come from the environment or from files only; one found in config.toml is a fault. All
faults are reported at once, with the line, the value and the nearest known key: those of the
settings themselves, of service hours and promises, and of every channel that is switched on.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, SecretStr, ValidationError

from channels import registry
from router import calendars
from router.errors import Fault, Invalid, SettingsFault
from router.promise_settings import CalendarSettings, HoursSettings, Section, SlaSettings
from router.settings import PREFIX, Settings

S = TypeVar("S", bound=Section)

_NEVER_IN_FILE = re.compile(r"(password|secret|token|private_key|aes_key)$")


def load(path: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Read the file and the environment; raise SettingsFault with everything wrong in them."""
    environ = os.environ if environ is None else environ
    named = path is not None or "ROUTER_CONFIG" in environ
    path = path or Path(environ.get("ROUTER_CONFIG", "config.toml"))
    text = _read(path) if named or path.exists() else ""
    try:
        given: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise SettingsFault([Fault(str(path), f"is not TOML: {fault}")]) from fault
    source = _Source(path, text, environ)
    faults = [*_secrets_in(given, source), *_unknown_in_environment(environ)]
    given = _over(given, _set_by(environ))
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


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as fault:
        message = f"is not UTF-8 (byte {fault.start}); save it as UTF-8"
        raise SettingsFault([Fault(str(path), message)]) from fault
    except OSError as fault:
        message = f"cannot be read ({fault.strerror}); name a file with --config or ROUTER_CONFIG"
        raise SettingsFault([Fault(str(path), message)]) from fault


def _set_by(environ: Mapping[str, str]) -> dict[str, Any]:
    """What the environment sets, as the file would say it; lists and tables are written as JSON.
    A variable of a name that is no setting is left out: it has been told of.
    """
    found: dict[str, Any] = {}
    for name in sorted(environ):  # a whole table comes before its parts
        keys = name.removeprefix(PREFIX).lower().split("__")
        if name.startswith(PREFIX) and (kind := _kind(Settings, keys)):
            said: Any = environ[name]
            if kind == "json":
                with suppress(ValueError):  # what is no JSON is told of where it was to stand
                    said = json.loads(said)
            for key in reversed(keys):
                said = {key: said}
            found = _over(found, said)
    return found


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


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Both, table by table; what stands in ``above`` outranks the other."""
    found = dict(below)
    for key, value in above.items():
        had = found.get(key)
        if isinstance(had, Mapping) and isinstance(value, Mapping):
            found[key] = _over(had, value)
        else:
            found[key] = value
    return found


def known_keys(model: type[BaseModel] = Settings, above: str = "") -> Iterator[tuple[str, Any]]:
    """Every setting's dotted name with its field, sections opened."""
    for name, info in model.model_fields.items():
        inner = info.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from known_keys(inner, f"{above}{name}.")
        else:
            yield f"{above}{name}", info


def is_secret(key: str) -> bool:
    """Whether a setting of that name may only come from the environment."""
    return bool(_NEVER_IN_FILE.search(key))


def secret(name: str, environ: Mapping[str, str] | None = None) -> SecretStr | None:
    """A secret by its dotted name, from the environment or from the file the environment names.

    Raises SettingsFault when that file cannot be read.
    """
    environ = os.environ if environ is None else environ
    key = PREFIX + name.upper().replace(".", "__").replace("-", "_")
    if key in environ:
        return SecretStr(environ[key])
    file = environ.get(f"{key}_FILE")
    if not file:
        return None
    try:
        return SecretStr(Path(file).read_text(encoding="utf-8").strip())
    except (OSError, UnicodeError) as fault:
        where = f"environment {key}_FILE"
        raise SettingsFault([Fault(where, f"{file} cannot be read: {fault}")]) from fault


def effective(settings: Settings) -> Iterator[tuple[str, Any]]:
    """Every setting with its value in force, secrets never among them."""
    for key, value in _leaves(settings.model_dump(mode="json")):
        yield ".".join(key), "••••" if _NEVER_IN_FILE.search(key[-1]) else value


# ---------------------------------------------------------------- where a setting stands


@dataclass(frozen=True, slots=True)
class _Source:
    """The file as it was written and the environment: for saying where a fault is."""

    path: Path
    text: str
    environ: Mapping[str, str]

    def place(self, keys: tuple[str, ...]) -> str:
        """The variable that set it, else its line, else the line of what it is part of."""
        name = PREFIX + "__".join(key.upper() for key in keys)
        if name in self.environ:
            return f"environment {name}"
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
        if _NEVER_IN_FILE.search(keys[-1]):
            name = "__".join(key.upper() for key in keys)
            yield Fault(
                source.place(keys),
                f"{'.'.join(keys)} is a secret and must not stand in a file that is shared; "
                f"set {PREFIX}{name} in the environment, or {PREFIX}{name}_FILE to a file's path",
            )


def _unknown_in_environment(environ: Mapping[str, str]) -> Iterator[Fault]:
    known = [key for key, _ in known_keys()]
    for name in environ:
        if not name.startswith(PREFIX):
            continue
        key = name.removeprefix(PREFIX).lower().replace("__", ".")
        if key in known or key.startswith(("channels.", "notices.")):
            continue
        if any(key.startswith(f"{one}.") for one in known):
            continue
        yield Fault(f"environment {name}", f"is not a setting{_nearest(key, known)}")


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
    return "" if _NEVER_IN_FILE.search(key) else f" (it is {error.get('input')!r})"


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
        options.model_validate(public)
    except ValidationError as fault:
        for error in fault.errors():
            keys = ("channels", kind, account, *map(str, error["loc"]))
            said = f"{error['msg']}{_shown(keys[-1], error)}"
            if error["type"] == "extra_forbidden":
                close = difflib.get_close_matches(keys[-1], list(options.model_fields), n=1)
                hint = f"did you mean {close[0]}?" if close else "see `router check --reference`"
                said = f"is not an option; {hint}"
            yield Fault(source.place(keys), f"{'.'.join(keys)}: {said}")
