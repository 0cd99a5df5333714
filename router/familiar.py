"""What everybody may name without belonging together by it: the desk's own hosts and numbers, and
what the settings call familiar."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from router.core.identity import domain_of
from router.core.waves.traces import host_of, number_of
from router.settings import Settings


def traces(settings: Settings) -> dict[str, frozenset[str]]:
    """Traces that tie nothing, by kind."""
    own = {urlsplit(settings.public_url).hostname or ""}
    for accounts in settings.channels.values():
        for options in accounts.values():
            own.update(_hosts_in(options))
    hotline = [settings.desk.hotline] if settings.desk.hotline else []
    waves = settings.waves
    return {
        "host": frozenset(own | {host_of(one) for one in waves.ignore_hosts} - {""}),
        "phone": frozenset(map(number_of, [*hotline, *waves.ignore_phones])),
        "wallet": frozenset(waves.ignore_wallets),
        "file": frozenset(),
    }


def _hosts_in(options: dict[str, Any]) -> Iterator[str]:
    for name in ("address", "public_url"):
        value = str(options.get(name) or "")
        if host := domain_of(value) if "@" in value else host_of(value):
            yield host
