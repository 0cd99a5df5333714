"""Where doors are found: each file of this package, and each entry point other packages declare.

Looking costs no import: a kind is a file's name, its labels are read from that file's text, and
only the door that is asked for is loaded. What is installed stays as it is while a program runs, so
each place is looked through once.
"""

import importlib
import importlib.util
import pkgutil
import re
from functools import cache, lru_cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import channels
from channels.contract import Channel

GROUP = "helpdesk_router.channels"
#: A label written as one plain word; one that is made otherwise is asked of the class.
_LABEL = re.compile(r'^ +(label_(?:zh|en))(?::[^=\n]+)? = "([^"\\\n]*)"$', re.MULTILINE)
_NO_DOORS = frozenset(
    {"calls", "contract", "documents", "failures", "far_files", "registry", "terms"}
)


def kinds() -> tuple[str, ...]:
    """Every door that could be opened, in alphabetical order; none of them is imported."""
    return tuple(sorted(_own() | _declared().keys()))


def channel(kind: str) -> type[Channel]:
    """The class of one door. Our own file wins over an entry point of the same name.

    Raises KeyError, with the known kinds, for a name nobody has.
    """
    if kind in _own():
        return _door(vars(importlib.import_module(f"{channels.__name__}.{kind}")), kind)
    declared = _declared().get(kind)
    if declared is None:
        raise KeyError(f"no channel {kind!r}; known: {', '.join(kinds())}")
    loaded = declared.load()
    return _door({"loaded": loaded} if isinstance(loaded, type) else vars(loaded), kind)


def labels(kind: str) -> tuple[str, str]:
    """What people call a door, in Chinese and in English. Raises KeyError like :func:`channel`.

    A page that names old tickets' channels must not load the libraries of doors that are off.
    """
    spec = importlib.util.find_spec(f"{channels.__name__}.{kind}") if kind in _own() else None
    written = _written(spec.origin) if spec is not None and spec.origin else {}
    if {"label_zh", "label_en"} <= written.keys():
        return written["label_zh"], written["label_en"]
    door = channel(kind)
    return door.label_zh, door.label_en


@lru_cache(maxsize=64)
def _written(path: str) -> dict[str, str]:
    """The labels that stand in a door's file as plain words."""
    return dict(_LABEL.findall(Path(path).read_text(encoding="utf-8")))


def _own() -> frozenset[str]:
    return _files(tuple(channels.__path__))


@lru_cache(maxsize=64)
def _files(folders: tuple[str, ...]) -> frozenset[str]:
    found = {module.name for module in pkgutil.iter_modules(folders)}
    return frozenset(name for name in found if not name.startswith("_")) - _NO_DOORS


@cache
def _declared() -> dict[str, EntryPoint]:
    return {found.name: found for found in entry_points(group=GROUP)}


def _door(names: dict[str, object], kind: str) -> type[Channel]:
    for value in names.values():
        if isinstance(value, type) and issubclass(value, Channel) and _kind(value) == kind:
            return value
    raise KeyError(f"channel {kind!r} defines no Channel with kind = {kind!r}")


def _kind(door: type[Channel]) -> str:
    return getattr(door, "kind", "")
