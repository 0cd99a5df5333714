"""The pages at size, in one run: `make bench-web`.

    python bench/web.py [--tickets N | --full] [--only lists,found]
                        [--database sqlite|postgresql|both] [--home DIR]
                        [--peer PYTHON SCRIPT]

``--full`` is a desk of a million tickets, written directly; it takes an hour. The peer's driver is
other people's: give its path and the Python of an environment that holds the peer.
"""

import argparse
import os
import shutil
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parent.parent)]

import figures  # noqa: E402  # found through the line above
import intake  # noqa: E402
import opening  # noqa: E402
import pages  # noqa: E402
import peers  # noqa: E402
import reports  # noqa: E402
import searching  # noqa: E402
import streams  # noqa: E402

#: Asked of one pair of desks, in this order; the last one adds tickets to them.
OF_DESKS = {
    "lists": pages.lists,
    "ticket": pages.long_ticket,
    "found": pages.found,
    "wall": pages.dashboard,
    "weight": pages.weight,
    "peer": peers.compared,
    "opening": opening.interactive,
    "intake": intake.grown,
}
ALONE = {"reports": reports.month, "streams": streams.open_together}


def main():
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--full", action="store_true", help="1,000,000 tickets")
    asked.add_argument("--tickets", type=int)
    asked.add_argument("--mails", type=int, default=2000)
    asked.add_argument("--only", default="", help=f"some of {','.join([*OF_DESKS, *ALONE])}")
    asked.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="sqlite")
    asked.add_argument("--home", type=Path, help="keep the SQLite desks there, and use them again")
    asked.add_argument("--peer", nargs=2, metavar=("PYTHON", "SCRIPT"))
    given = asked.parse_args()
    given.tickets = given.tickets or (1_000_000 if given.full else 20_000)
    given.eml = None
    chosen = given.only.split(",") if given.only else [*OF_DESKS, *ALONE]
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors", flush=True)
    if any(name in OF_DESKS for name in chosen):
        if given.database != "postgresql":
            _on_desks(given, chosen, "SQLite", lambda _: "")
        if given.database != "sqlite":
            _on_postgresql(given, chosen)
    for name, part in ALONE.items():
        if name in chosen:
            with _folder(name) as folder:
                part(given, folder)


def _on_postgresql(given, chosen):
    with ExitStack() as stack:
        servers = {}

        def url_of(name):
            return servers.setdefault(name, stack.enter_context(searching.postgresql()))

        _on_desks(given, chosen, "PostgreSQL", url_of)


class _folder:  # noqa: N801  # a context, named as it is read
    """A folder that is gone afterwards."""

    def __init__(self, name):
        self._path = Path(tempfile.mkdtemp(prefix=f"bench-{name}-"))

    def __enter__(self):
        return self._path

    def __exit__(self, *_):
        shutil.rmtree(self._path, ignore_errors=True)


def _on_desks(given, chosen, database, url_of):
    with ExitStack() as stack:
        folder = stack.enter_context(_folder("web"))
        home = given.home if given.home and database == "SQLite" else folder
        desks = stack.enter_context(pages.both(given.tickets, home, url_of, database))
        figures.told(f"tickets on the desk, {database}", given.tickets)
        for name, part in OF_DESKS.items():
            if name in chosen:
                part(given, folder, desks)


if __name__ == "__main__":
    main()
