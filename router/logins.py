"""Trying every channel's secrets at its platform: all at the same time, within a time, and so that
nothing is changed there."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from channels.contract import ChannelError, LogsIn
from router.assemble import Router
from router.core.clock import monotonic
from router.errors import RouterError

#: So many seconds all of them have together.
PATIENCE = 20.0
#: The kind and the account of a channel.
Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Login:
    """What came of trying one channel: its name, whether it is well, and what there is to say."""

    place: str
    ok: bool
    said: str


def tried(router: Router, patience: float = PATIENCE) -> list[Login]:
    """Every channel that can be tried, in the order of the settings; who has not answered by then
    is not waited for."""
    places = list(router.doors)
    found: dict[Place, Login | None] = {}
    threads = [
        threading.Thread(target=_try, args=[router, place, found], daemon=True) for place in places
    ]
    for thread in threads:
        thread.start()
    until = monotonic() + patience
    for thread in threads:
        thread.join(timeout=max(0.0, until - monotonic()))
    late = f"no answer within {patience:.0f} s; look whether this host can reach it"
    all_of_them = [
        found.get(place, Login(".".join(place), ok=False, said=late)) for place in places
    ]
    return [one for one in all_of_them if one is not None]


def _try(router: Router, place: Place, found: dict[Place, Login | None]) -> None:
    name = ".".join(place)
    door = router.doors.fresh(*place)
    try:
        said = door.log_in() if isinstance(door, LogsIn) else ""
        found[place] = Login(name, ok=True, said=said) if said else None
    except (ChannelError, RouterError, OSError, ValueError) as fault:
        found[place] = Login(name, ok=False, said=str(fault))
    finally:
        broke = "it answered in a way that its door does not know; what that was stands above"
        found.setdefault(place, Login(name, ok=False, said=broke))
        door.close()
