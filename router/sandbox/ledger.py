"""What the sandbox keeps: the ledger of everything that was said and accepted, and its fault
switches."""

from __future__ import annotations

import itertools
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

#: Every switch, and what it does. Most count down: ``times`` 0 means for ever.
FAULTS = {
    "duplicate": "a push is sent twice",
    "delay": "a push is held back for `value` seconds",
    "reorder": "a push waits for the next one and goes after it",
    "drop_after_accept": "a send is accepted and the line cut before the answer",
    "status": "a call is answered with HTTP status `value`",
    "rate": "a call is refused as one too many",
    "refuse_token": "a token is refused although it is good",
    "wrong_signature": "a push is signed with another secret",
    "clock_skew": "the platform's clock is off by `value` seconds",
    "page": "a call is answered with an HTML page",
    "busy": "the platform says it is busy",
}


@dataclass(frozen=True, slots=True)
class Said:
    """One line of the ledger. ``way``: in (a customer wrote), out (the desk was heard), call (the
    desk asked for something else)."""

    number: int
    at: float
    platform: str
    way: str
    what: str
    person: str = ""
    text: str = ""
    id: str = ""
    more: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Fault:
    """A switch that is on."""

    times: int = 1
    value: float = 0


class Ledger:
    """Everything the sandbox remembers. Shared by the threads that serve it."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:  # noqa: TID251  # its own
        self._clock = clock
        self._lock = threading.RLock()
        self._numbers = itertools.count(1)
        self.lines: list[Said] = []
        self._faults: dict[tuple[str, str], Fault] = {}

    def now(self, platform: str = "") -> float:
        """Seconds since 1970 by a platform's clock."""
        skew = self._faults.get((platform, "clock_skew"))
        return self._clock() + (skew.value if skew else 0)

    def say(self, platform: str, way: str, what: str, **more: Any) -> Said:
        """Write a line."""
        known = {name: more.pop(name) for name in ("person", "text", "id") if name in more}
        with self._lock:
            line = Said(next(self._numbers), self._clock(), platform, way, what, **known, more=more)
            self.lines.append(line)
        return line

    def told(self, platform: str = "", way: str = "", what: str = "") -> list[Said]:
        """The lines of a platform, a way and a kind; empty words mean all."""
        with self._lock:
            return [
                line
                for line in self.lines
                if platform in ("", line.platform)
                and way in ("", line.way)
                and what in ("", line.what)
            ]

    def as_json(self, platform: str = "", since: int = 0) -> list[dict[str, Any]]:
        """Lines after a number, for whoever looks."""
        return [asdict(line) for line in self.told(platform) if line.number > since]

    def new_id(self) -> str:
        """Nineteen digits, growing, as platforms number things."""
        return f"{int(self._clock() * 1000):013d}{next(self._numbers) % 1_000_000:06d}"

    def token(self) -> str:
        """A made-up token."""
        return f"made-up-{secrets.token_hex(12)}"

    # ------------------------------------------------------------ faults

    def switch(self, platform: str, name: str, *, times: int = 1, value: float = 0) -> None:
        """Turn a fault on, for so many calls (0: until it is turned off)."""
        if name not in FAULTS:
            raise KeyError(name)
        with self._lock:
            self._faults[platform, name] = Fault(times, value)

    def off(self, platform: str, name: str) -> None:
        """Turn a fault off."""
        with self._lock:
            self._faults.pop((platform, name), None)

    def faults(self) -> list[dict[str, Any]]:
        """Every switch that is on."""
        with self._lock:
            return [
                {"platform": platform, "name": name, **asdict(fault)}
                for (platform, name), fault in self._faults.items()
            ]

    def fault(self, platform: str, name: str) -> Fault | None:
        """The switch if it is on; using it counts it down."""
        with self._lock:
            found = self._faults.get((platform, name))
            if found is None or name == "clock_skew":
                return found
            if found.times == 1:
                del self._faults[platform, name]
            elif found.times > 1:
                found.times -= 1
            return found
