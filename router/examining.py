"""``router doctor``: all that a desk depends on, looked at one by one, with what to do about it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from router import calendars, configuration, dated_weeks, environment, logins, retention
from router.assemble import Router
from router.core.clock import from_us
from router.errors import SettingsFault, StoreError
from router.store import audit, channels, claims, gaps, journal, sends
from router.store.database import check_writable
from router.store.promises import promise_versions

_ROOM = 500 * 1024 * 1024
_SILENT = timedelta(minutes=5)
_DAY = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Examined:
    """One thing looked at: is it well, and what is there to say."""

    what: str
    ok: bool
    said: str


def look(router: Router, *, login: bool = False) -> list[Examined]:
    """Everything, in the order one would ask; with ``login`` also what each platform says of the
    secrets."""
    views: tuple[Callable[[Router], Examined], ...] = (
        _database,
        _disk,
        _key,
        _parked,
        _secrets,
        _channels,
        _sends,
        _receiver,
        _audit,
        _retention,
        _clock,
        _calendars,
        _promises,
    )
    found = [view(router) for view in views]
    if login:
        found += [Examined(one.place, one.ok, one.said) for one in logins.tried(router)]
    return found


def _database(router: Router) -> Examined:
    try:
        said = router.store.integrity()
        check_writable(router.store.pool)
    except StoreError as fault:
        return Examined("database", ok=False, said=str(fault))
    return Examined("database", said == "ok", "sound, takes writes" if said == "ok" else said)


def _secrets(router: Router) -> Examined:
    """Every secret that a channel or a notice cannot do without."""
    faults = []
    for kind, account in router.doors:
        door = router.doors.open(kind, account)
        for name in door.options.needs():
            try:
                door.vault.secret(name)
            except SettingsFault as fault:
                faults.append(str(fault))
    for name, notice in router.settings.notices.items():
        if notice.enabled and configuration.secret(f"notices.{name}.secret") is None:
            key = environment.variable(("notices", name, "secret"))
            faults.append(f"environment {key} is not set; notices.{name} needs it")
    well = "all that are needed are set; --login tries them"
    return Examined("secrets", not faults, "; ".join(faults) or well)


def _disk(router: Router) -> Examined:
    path = router.settings.data_path
    there = next(one for one in (path, *path.parents) if one.exists())  # with a server, no folder
    free = shutil.disk_usage(there).free
    megabytes = free // (1024 * 1024)
    if free < _ROOM:
        return Examined("disk", ok=False, said=f"{megabytes} MB free; make room, or mail waits")
    return Examined("disk", ok=True, said=f"{megabytes} MB free")


def _key(router: Router) -> Examined:
    path = router.settings.key_path
    if path.is_relative_to(router.settings.data_path):
        return Examined(
            "master key",
            ok=False,
            said=f"{path} lies beside the data; a copied backup would hold both. Move it and "
            "set ROUTER__KEY_FILE",
        )
    readable = os.access(path, os.R_OK)
    return Examined("master key", readable, f"{path}; keep a copy of it apart from the backups")


def _parked(router: Router) -> Examined:
    with router.store.reading() as unit:
        count = journal.parked(unit)
    if count:
        said = f"{count} items wait; see /parked, then `router replay --all`"
        return Examined("parked items", ok=False, said=said)
    return Examined("parked items", ok=True, said="none")


def _calendars(router: Router) -> Examined:
    book = router.hours
    lacking = calendars.missing(book.settings, book.days, router.clock.now().date())
    if lacking:
        said = ", ".join(f"{country} {year}" for country, year in lacking)
        said = f"official days are incomplete: {said}; see `router calendar show`, `import`"
        return Examined("calendars", ok=False, said=said)
    shut = calendars.shut(book.settings, router.policies, router.clock.now())
    if shut:
        said = f"{', '.join(shut)}: no opening to come, so nobody is told when they are answered"
        return Examined("calendars", ok=False, said=f"{said}; set the week in /hours")
    if book.fault:
        said = f"{book.fault}; what was in force before still holds, see /hours"
        return Examined("calendars", ok=False, said=said)
    return Examined("calendars", ok=True, said="complete")


def _promises(router: Router) -> Examined:
    """Which settings the pages have overridden."""
    found = dated_weeks.overrides(router.hours.own)
    said = f"the pages override {', '.join(found)}" if found else "as the settings say"
    return Examined("promises", ok=True, said=said)


def _channels(router: Router) -> Examined:
    names = [f"{kind}.{account}" for kind, account in router.doors]
    if not names:
        return Examined("channels", ok=True, said="only the contact form; none in config.toml")
    with router.store.reading() as unit:
        ill = [row for row in claims.health(unit) if not row.ok]
    if ill:
        said = "; ".join(f"{row.name}: {row.detail} {row.params}" for row in ill)
        return Examined("channels", ok=False, said=said)
    return Examined("channels", ok=True, said=", ".join(names))


def _sends(router: Router) -> Examined:
    with router.store.reading() as unit:
        found = sends.recent(unit)
    if found.ill:
        said = f"{found}; see /outbox?state=failed, and what the mail server says of the desk"
        return Examined("sends", ok=False, said=said)
    return Examined("sends", ok=True, said=str(found) if found.of else "none in the last day")


def _receiver(router: Router) -> Examined:
    with router.store.reading() as unit:
        found = [gap for gap in gaps.newest(unit) if gap.until > unit.now_us - _DAY]
        states = channels.states(unit, router.doors)
    forged = sum(one.forged for one in states)
    if found:
        seconds = sum(gap.until - gap.since for gap in found) // 1_000_000
        said = f"could not be called for {seconds} s in the last day; look into the platforms"
        return Examined("receiver", ok=False, said=said)
    unheard = [_unheard(router, one) for one in states if one.forged and not one.heard]
    if unheard:
        return Examined("receiver", ok=False, said="; ".join(unheard))
    said = f"no gap in the last day; {forged} calls refused"
    return Examined("receiver", ok=True, said=said)


def _unheard(router: Router, one: channels.ChannelState) -> str:
    """What a channel says that was called, and never so that it could be believed."""
    names = ", ".join(router.doors.open(one.kind, one.account).options.needs()) or "its secret"
    return (
        f"{one.kind}.{one.account}: of {one.forged} calls in the last day none was good; the log "
        f"says why; if the platform made them, compare {names} with its console, and this clock"
    )


def _audit(router: Router) -> Examined:
    with router.store.reading() as unit:
        broken = audit.verify(unit, router.keys)
        altered = promise_versions.altered(unit)
    if broken is not None:
        said = f"line {broken} was changed or taken out; compare with a backup"
        return Examined("audit log", ok=False, said=said)
    if altered:
        said = f"what is kept of {', '.join(altered)} was changed; compare with a backup"
        return Examined("audit log", ok=False, said=said)
    return Examined("audit log", ok=True, said="every sealed line holds")


def _retention(router: Router) -> Examined:
    said = retention.behind(router)
    if said:
        return Examined("retention", ok=False, said=said)
    kept = router.settings.retention
    spans = {"": kept.days, **kept.groups}
    told = ", ".join(
        f"{name or 'words'} {f'{days} days after closing' if days else 'for ever'}"
        for name, days in spans.items()
    )
    return Examined("retention", ok=True, said=f"kept: {told}; up to date")


def _clock(router: Router) -> Examined:
    with router.store.reading() as unit:
        beats = [row for row in claims.health(unit) if row.name == "clock"]
        now = unit.now
    if not beats:
        return Examined("worker", ok=True, said="has not run yet; `router serve` starts it")
    ago = now - from_us(beats[0].at)
    if ago > _SILENT:
        minutes = int(ago.total_seconds() // 60)
        said = f"silent for {minutes} minutes; start `router serve` or `router worker`"
        return Examined("worker", ok=False, said=said)
    return Examined("worker", ok=True, said="alive")
