"""How the sandbox calls the desk: in its own time, as often as the platform would."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import requests

from router.sandbox.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Call:
    """One request to the desk, made anew for each try (fresh moments, fresh signatures)."""

    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Heard:
    """What the desk answered; status 0 is silence."""

    status: int
    body: bytes = b""
    seconds: float = 0.0


class Caller:
    """Calls one webhook of the desk."""

    def __init__(self, ledger: Ledger, platform: str, url: str) -> None:
        self.ledger, self.platform, self.url = ledger, platform, url
        self._held: list[Callable[[], Heard]] = []
        self._pause = threading.Event()

    def push(self, make: Callable[[], Call], *, tries: int, timeout: float) -> Heard:
        """Deliver, with the faults that are switched on; the last answer."""
        ledger, platform = self.ledger, self.platform

        def deliver() -> Heard:
            return self._tried(make, tries=tries, timeout=timeout)

        if ledger.fault(platform, "reorder"):
            self._held.append(deliver)
            return Heard(0)
        if delay := ledger.fault(platform, "delay"):
            self._pause.wait(delay.value)
        heard = deliver()
        if ledger.fault(platform, "duplicate"):
            heard = deliver()
        held, self._held = self._held, []
        for late in held:
            late()
        return heard

    def _tried(self, make: Callable[[], Call], *, tries: int, timeout: float) -> Heard:
        heard = Heard(0)
        for _ in range(tries):
            heard = self.once(make(), timeout)
            if 200 <= heard.status < 300:
                break
        return heard

    def once(self, call: Call, timeout: float, method: str = "POST") -> Heard:
        """One request."""
        try:
            answer = requests.request(
                method,
                self.url,
                params=dict(call.query),
                data=call.body,
                headers=dict(call.headers),
                timeout=timeout,
                allow_redirects=False,
            )
        except requests.RequestException as fault:
            self.ledger.say(self.platform, "call", "push", text=type(fault).__name__, status=0)
            return Heard(0)
        self.ledger.say(self.platform, "call", "push", status=answer.status_code)
        return Heard(answer.status_code, answer.content, answer.elapsed.total_seconds())
