"""The figures that matter, as ratios within one run: `make bench`.

    python bench/run.py [--mails 4000] [--tickets 20000] [--only intake,size,pages,search]
                        [--prototype SCRIPT] [--peer PYTHON SCRIPT]

Absolute figures drift with the machine; a ratio of two figures taken minutes apart on one machine
does not. The prototype and the peer are other people's programs: give their paths to compare.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import mails

from channels.contract import Raw
from router import pipeline, seeding
from router.assemble import assemble
from router.core.rights import Who
from router.prepared import Terms
from router.settings import Settings
from router.store import search
from router.store.schema import migrate

_DECADES = 10 * 365 * 24 * 60


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--mails", type=int, default=4000)
    asked.add_argument("--tickets", type=int, default=20_000)
    asked.add_argument("--only", default="intake,size,pages,search")
    asked.add_argument("--prototype", type=Path)
    asked.add_argument("--peer", nargs=2, metavar=("PYTHON", "SCRIPT"))
    asked.add_argument("--eml", type=Path, help="a folder of .eml files instead of our own")
    given = asked.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        raws = _raws(given, folder)
        for name in given.only.split(","):
            globals()[f"_{name}"](given, folder, raws)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def say(name, **figures):
    print(json.dumps({"name": name, **figures}, ensure_ascii=False), flush=True)


def _raws(given, folder):
    if given.eml:
        return [path.read_bytes() for path in sorted(given.eml.glob("*.eml"))[: given.mails]]
    made = list(mails.make(given.mails))
    place = folder / "eml"
    place.mkdir()
    for number, data in enumerate(made):
        (place / f"{number:06}.eml").write_bytes(data)
    given.eml = place
    return made


def _desk(folder, name):
    home = folder / name
    (home / "data").mkdir(parents=True)
    many = 10**9
    settings = Settings(
        data_dir=str(home / "data"),
        key_file=str(home / "desk.key"),
        acknowledge={
            "per_address_day": many,
            "per_address_gap_minutes": 0,
            "per_domain_hour": many,
            "total_hour": many,
            "older_than_minutes": _DECADES,
        },
        channels={
            "email": {
                "bench": {
                    "address": "support@desk.example",
                    "imap_host": "127.0.0.1",
                    "smtp_host": "127.0.0.1",
                }
            }
        },
    )
    migrate(settings.database_url)
    return assemble(settings)


def _take(router, raws):
    """CPU microseconds a mail through the whole pipeline, and mails a second by the wall."""
    door = router.doors.open("email", "bench")
    wall, cpu = time.perf_counter(), time.process_time()
    outcomes = []
    for first in range(0, len(raws), 100):
        batch = [Raw(door.identify(data), data) for data in raws[first : first + 100]]
        outcomes += pipeline.receive(router, door, batch, Terms(bulk=True))
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    assert len(outcomes) == len(raws), (len(outcomes), len(raws))
    assert not any(one.outcome == "parked" for one in outcomes)
    return cpu / len(raws) * 1e6, len(raws) / wall


def _intake(given, folder, raws):
    router = _desk(folder, "intake")
    cpu, rate = _take(router, raws)
    router.close()
    figures = {"us_cpu": round(cpu), "per_cpu_s": round(1e6 / cpu), "per_s": round(rate)}
    if given.prototype:
        figures["of_prototype"] = round(1e6 / cpu / _prototype(given, folder), 2)
    if given.peer:
        figures["times_peer"] = round(1e6 / cpu / _peer(given, folder), 1)
    say("intake", **figures)


def _lines(command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    if not found:
        sys.exit(f"{command[1]} printed no figures:\n{done.stdout}{done.stderr}")
    return found


def _prototype(given, folder):
    found = _lines(
        [sys.executable, str(given.prototype), "--eml", str(given.eml), "--tmp", str(folder)]
        + ["--parser", "fast", "--batch", "500", "--sync", "FULL", "--n", str(given.mails)]
    )
    return next(one["per_cpu_s"] for one in found if one["name"] == "proto ingest")


def _peer(given, folder):
    size = str(min(given.mails, 500))
    found = _lines(
        [given.peer[0], given.peer[1], "--eml", str(given.eml), "--work", str(folder / "peer")]
        + ["--sizes", size, "--bulk", "0", "--steps", "ingest"]
    )
    for one in found:
        say("peer said", **{key: value for key, value in one.items() if key != "name"})
    return next(one["per_cpu_s"] for one in found if "per_cpu_s" in one)


def _seeded(given, folder, name, count):
    router = _desk(folder, name)
    for _ in seeding.seed(router, count):
        pass
    return router


def _size(given, folder, raws):
    rates = {}
    for count in (1000, given.tickets):
        router = _seeded(given, folder, f"size{count}", count)
        rates[count] = 1e6 / _take(router, raws[:2000])[0]
        router.close()
    say(
        "intake at size",
        tickets=given.tickets,
        ratio_to_1000=round(rates[given.tickets] / rates[1000], 2),
    )


def _pages(given, folder, raws):
    from router.store import pages  # the pages' own queries

    who = Who(id=1, name="", role="admin")
    figures = {}
    for count in (1000, given.tickets):
        router = _seeded(given, folder, f"pages{count}", count)
        first, later = [], []
        for _ in range(60):
            with router.store.reading() as unit:
                start = time.process_time()
                page = pages.list_tickets(
                    unit, view="all", who=who, filters=pages.Filters(), cursor=None
                )
                first.append(time.process_time() - start)
                start = time.process_time()
                pages.list_tickets(
                    unit, view="all", who=who, filters=pages.Filters(), cursor=page.next
                )
                later.append(time.process_time() - start)
        figures[count] = (statistics.median(first), statistics.median(later))
        router.close()
    small, large = figures[1000], figures[given.tickets]
    say(
        "pages",
        tickets=given.tickets,
        first_ms=round(large[0] * 1e3, 2),
        first_ratio_to_1000=round(large[0] / small[0], 2),
        later_ratio_to_1000=round(large[1] / small[1], 2),
    )


def _search(given, folder, raws):
    router = _seeded(given, folder, "search", given.tickets)
    for words in ("订单", "order", "转账", "zzzznothere"):
        times = []
        with router.store.reading() as unit:
            for _ in range(20):
                start = time.perf_counter()
                search.find(unit, words, teams=None)
                times.append(time.perf_counter() - start)
            start = time.perf_counter()
            unit.rows("SELECT id FROM message WHERE text LIKE :w LIMIT 50", w=f"%{words}%")
            like = time.perf_counter() - start
        median = statistics.median(times)
        say(
            "search",
            words=words,
            messages=f"{given.tickets}+",
            ms=round(median * 1e3, 3),
            times_like=round(like / median, 1),
        )
    router.close()


if __name__ == "__main__":
    main()
