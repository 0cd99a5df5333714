"""Raw mail through the whole pipeline: against the limit, against a peer, and as the desk grows."""

import functools
import json
import subprocess
import sys
import time

import desk
import figures
import mails
import pages

from channels.email import Email
from router import intake as steps_of

_BATCH = 500
_ROUNDS = 3


def ratio(given, folder):
    """Ours, a bare prototype's and a peer's rate per processor second on the same files.

    They take turns and the best round of each counts: others use this machine too.
    """
    place, raws = _files(given, folder)
    ours, theirs, late = [], [], []
    for number in range(_ROUNDS):
        router = desk.opened(folder / f"intake{number}")
        ours.append(len(raws) / desk.take(router, raws, _BATCH).cpu)
        router.close()
        if given.prototype:
            theirs.append(_prototype(given, folder, place))
            late.append(_prototype(given, folder, place, "--fts-late"))
    best = max(ours)
    figures.told("intake, mails per CPU second", round(best), us=round(1e6 / best))
    if theirs:
        rate, late_rate = max(theirs), max(late)
        figures.at_least("intake / prototype", round(best / rate, 2), 0.4, its_rate=rate)
        figures.at_least(
            "intake / prototype with late indexing",
            round(best / late_rate, 2),
            0.4,
            its_rate=late_rate,
        )
    if given.peer:
        rate = _peer(given, folder, place)
        figures.at_least("intake / django-helpdesk", round(best / rate, 1), 30, its_rate=rate)


def steps(given, folder):
    """Where the processor time of a mail goes: the steps before the commit, and the rest."""
    _, raws = _files(given, folder)
    router = desk.opened(folder / "steps")
    half = len(raws) // 2
    desk.take(router, raws[:half], _BATCH)  # warms up
    spent = {}
    watched = [(Email, "parse")] + [(steps_of, name) for name in ("clean", "judge", "prepare")]
    for owner, name in watched:
        setattr(owner, name, _watched(getattr(owner, name), name, spent))
    try:
        whole = desk.take(router, raws[half:], _BATCH).cpu
    finally:
        for owner, name in watched:
            setattr(owner, name, getattr(owner, name).__wrapped__)
    router.close()
    spent["rest: names, threads, rows, index, commit"] = whole - sum(spent.values())
    for name, seconds in spent.items():
        figures.told(f"of a mail: {name}, µs", round(1e6 * seconds / (len(raws) - half)))


def _watched(work, name, spent):
    """``work``, its processor time added up in ``spent``."""

    @functools.wraps(work)
    def watched(*given):
        begun = time.thread_time()
        found = work(*given)
        found = found if name != "parse" else list(found)  # it may be a generator
        spent[name] = spent.get(name, 0.0) + time.thread_time() - begun
        return found

    return watched


def growth(given, folder):
    """The same rate at many tickets and at a thousand; the two desks take turns."""
    with pages.both(given.tickets, folder) as desks:
        grown(given, folder, desks)


def grown(given, folder, desks):
    """As :func:`growth`, on desks that are open already."""
    _, raws = _files(given, folder)
    small, large = desks.routers["few"], desks.routers["many"]
    best = {"small": 0.0, "large": 0.0}
    part = len(raws) // (_ROUNDS + 1)
    for first in range(0, part * (_ROUNDS + 1), part):
        some = raws[first : first + part]
        for name, router in (("small", small), ("large", large)):
            rate = len(some) / desk.take(router, some).cpu
            best[name] = max(best[name], rate if first else 0.0)  # the first round warms up
    value = round(best["large"] / best["small"], 2)
    figures.at_least(
        f"intake at {desks.tickets:,} tickets / at 1,000, {desks.database}", value, 0.75
    )


def imported(given, folder):
    """`router import` of generated mails on an empty desk, and once more."""
    place = folder / "import"
    (place / "eml").mkdir(parents=True)
    for number, data in enumerate(mails.make(given.imports, seed=3)):
        (place / "eml" / f"{number:06}.eml").write_bytes(data)
    settings = place / "config.toml"
    settings.write_text(f'data_dir = "{place}/data"\nkey_file = "{place}/desk.key"\n')
    for run in ("first", "second"):
        command = [sys.executable, "-m", "router", "import", str(place / "eml")]
        done = subprocess.run(
            [*command, "--config", str(settings)],
            cwd=desk.ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        counted, told = done.stderr.strip().splitlines()[-2:]
        rate = float(told.partition(" ")[0])
        figures.told(f"router import, {run} run, mails/s", rate, said=f"{counted}; {told}")


def _files(given, folder):
    """A folder of .eml files and their bytes; our own unless others are given."""
    place = given.eml or folder / "eml"
    if not place.exists():
        place.mkdir()
        for number, data in enumerate(mails.make(given.mails)):
            (place / f"{number:06}.eml").write_bytes(data)
    return place, [path.read_bytes() for path in sorted(place.glob("*.eml"))[: given.mails]]


def _lines(command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    if not found:
        sys.exit(f"{command[1]} printed no figures:\n{done.stdout}{done.stderr}")
    return found


def _prototype(given, folder, place, *more):
    found = _lines(
        [sys.executable, str(given.prototype), "--eml", str(place), "--tmp", str(folder / "bare")]
        + ["--parser", "fast", "--batch", str(_BATCH), "--sync", "FULL"]
        + ["--n", str(given.mails), *more]
    )
    return next(one["per_cpu_s"] for one in found if one["name"] == "proto ingest")


def _peer(given, folder, place):
    found = _lines(
        [given.peer[0], given.peer[1], "--eml", str(place), "--work", str(folder / "peer")]
        + ["--sizes", str(given.mails), "--bulk", "0", "--steps", "ingest"]
    )
    return max(one["per_cpu_s"] for one in found if "per_cpu_s" in one)
