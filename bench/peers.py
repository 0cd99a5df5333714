"""Our pages beside those of django-helpdesk with as many tickets, through the peer's own driver."""

import json
import subprocess
import sys

import figures

_LIST, _DASHBOARD = 500, 1000
_ROWS = "list rows (json, first 25 by created)"


def compared(given, folder, desks):
    """How many times faster rows of a list and the wall are; nothing where no peer was named.

    The peer's page asks for its rows apart, as ours does when the list changes: those are compared,
    25 of theirs and 50 of ours. Beside it stands what the whole page takes, with all around them.
    """
    if not given.peer:
        return
    (folder / "none").mkdir(exist_ok=True)
    python, script = given.peer
    command = [python, script, "--eml", str(folder / "none"), "--work", str(folder / "peer")]
    command += ["--bulk", str(given.tickets), "--steps", "web"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    said = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    theirs = {one["name"]: one for one in said if "ms_median" in one}
    if _ROWS not in theirs:
        sys.exit(f"the peer printed no figures:\n{done.stdout}{done.stderr}")
    for name, path, part, of_theirs, goal in (
        ("list", "/?view=all", "rows", _ROWS, _LIST),
        ("dashboard", "/reports/wall", "", "dashboard", _DASHBOARD),
    ):
        ours = desks.many.asked(path, rounds=15, part=part).median()[1]
        page = desks.many.asked(path, rounds=15).median()[1]
        their = theirs[of_theirs]["ms_median"]
        figures.at_least(
            f"{name} at {desks.tickets:,}: django-helpdesk's time / ours",
            round(their / ours),
            goal,
            its_ms=their,
            our_ms=round(ours, 1),
            our_whole_page_ms=round(page, 1),
            its_answer=theirs[of_theirs]["code"],
        )
