"""The figures that matter, each beside its goal: `make bench`.

    python bench/run.py [--full] [--only intake,pages] [--prototype SCRIPT] [--peer PYTHON SCRIPT]

Absolute figures drift with the machine; a ratio of two figures whose rounds take turns on one
machine does not. The prototype and the peer are other people's programs: give their paths to
compare. ``--full`` measures at 200,000 tickets and installs from nothing; it takes long.
"""

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parent.parent)]

import chats  # noqa: E402  # found through the line above
import hooks  # noqa: E402  # found through the line above
import installing  # noqa: E402  # found through the line above
import intake  # noqa: E402
import mailbox_figures  # noqa: E402
import pages  # noqa: E402
import process  # noqa: E402
import reports  # noqa: E402
import searching  # noqa: E402
import waves  # noqa: E402
import writes  # noqa: E402

PARTS = {
    "intake": intake.ratio,
    "steps": intake.steps,
    "growth": intake.growth,
    "import": intake.imported,
    "pages": pages.ratio,
    "search": searching.both,
    "mailbox": mailbox_figures.polling,
    "arrival": mailbox_figures.arrival,
    "reports": reports.month,
    "recount": reports.recount,
    "writes": writes.during_import,
    "waves": waves.full_window,
    "hooks": hooks.answering,
    "chats": chats.seen,
    "process": process.serving,
    "install": installing.from_nothing,
}
#: Needs the network and minutes, so only when asked.
LONG = ("install",)


def main():
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--full", action="store_true", help="200,000 tickets, 10,000 mails, install")
    asked.add_argument("--only", default="", help=f"some of {','.join(PARTS)}")
    asked.add_argument("--mails", type=int, default=2000)
    asked.add_argument("--tickets", type=int)
    asked.add_argument("--imports", type=int)
    asked.add_argument("--prototype", type=Path)
    asked.add_argument("--peer", nargs=2, metavar=("PYTHON", "SCRIPT"))
    asked.add_argument("--eml", type=Path, help="a folder of .eml files instead of our own")
    given = asked.parse_args()
    given.tickets = given.tickets or (200_000 if given.full else 20_000)
    given.imports = given.imports or (10_000 if given.full else 2000)
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors", flush=True)
    chosen = given.only.split(",") if given.only else list(PARTS)
    for name in chosen:
        if name in LONG and not (given.full or given.only):
            continue
        folder = Path(tempfile.mkdtemp(prefix=f"bench-{name}-"))
        try:
            PARTS[name](given, folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
