"""Where doors are found: each file of this package, and each entry point other packages declare.

Looking costs no import: a kind is a file's name, and only the door that is asked for is loaded.
"""

import importlib
import pkgutil
from importlib.metadata import EntryPoint, entry_points

import channels
from channels.contract import Channel

GROUP = "helpdesk_router.channels"
_NO_DOORS = frozenset({"contract", "registry"})


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


def _own() -> frozenset[str]:
    found = {module.name for module in pkgutil.iter_modules(channels.__path__)}
    return frozenset(name for name in found if not name.startswith("_")) - _NO_DOORS


def _declared() -> dict[str, EntryPoint]:
    return {found.name: found for found in entry_points(group=GROUP)}


def _door(names: dict[str, object], kind: str) -> type[Channel]:
    for value in names.values():
        if isinstance(value, type) and issubclass(value, Channel) and _kind(value) == kind:
            return value
    raise KeyError(f"channel {kind!r} defines no Channel with kind = {kind!r}")


def _kind(door: type[Channel]) -> str:
    return getattr(door, "kind", "")
