#!/usr/bin/env python3
"""Install, run, test and check this project with nothing but Python at hand.

    python3 scripts/dev.py install | run | test | check | slow | bench | bench-triage
                          | bench-web | screenshots | shapes | lock

Uses uv when it is there, pip otherwise. Works again without a network once it is installed.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".venv"
BIN = HOME / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / "python"
OLDEST = (3, 11)


def main() -> int:
    """Run the asked-for task; its exit code."""
    tasks = {
        "install": lambda _: install(dev=False),
        "run": run,
        "test": test,
        "check": check,
        "slow": slow,
        "bench": bench,
        "bench-triage": bench_triage,
        "bench-web": bench_web,
        "screenshots": screenshots,
        "shapes": shapes,
        "lock": lock,
    }
    name, *rest = sys.argv[1:] or ["help"]
    if sys.version_info < OLDEST:
        return fail(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}")
    if name not in tasks:
        return fail(__doc__ or "")
    try:
        return tasks[name](rest) or 0
    except KeyboardInterrupt:
        print("\nstopped; run it again to go on", file=sys.stderr)
        return 130
    except OSError as fault:
        return fail(f"{fault.filename or ROOT}: {fault.strerror}")


def fail(message: str) -> int:
    """Say what is wrong and what to do."""
    print(message, file=sys.stderr)
    return 2


def call(*command: object, **options: object) -> int:
    """Run a command in the project's root; its exit code. What is compiled is kept, whatever the
    environment says: compiling all tests anew in each worker costs as much as a third of them."""
    kept = {"PYTHONDONTWRITEBYTECODE": ""}
    environment = {**os.environ, **kept, **options.pop("env", {})}  # type: ignore[dict-item]
    words = [str(word) for word in command]
    return subprocess.run(words, cwd=ROOT, env=environment, check=False).returncode


# ---------------------------------------------------------------- installing


def install(*, dev: bool) -> int:
    """Make .venv from the hashed lock, unless it is there already."""
    lock_file = ROOT / ("requirements-dev.txt" if dev else "requirements.txt")
    wanted = _wanted(lock_file)
    stamps = [HOME / ".installed-dev", *([] if dev else [HOME / ".installed"])]
    if PYTHON.exists() and any(
        stamp.exists() and _same(stamp, wanted, dev=stamp.name.endswith("dev")) for stamp in stamps
    ):
        if not _linked():  # the folder was moved or renamed since
            _link()
        return 0
    uv = shutil.which("uv")
    print(f"installing into {HOME.name} with {'uv' if uv else 'pip'} …", flush=True)
    code = _with_uv(uv, lock_file) if uv else _with_pip(lock_file)
    if code:
        return fail("installing failed; the lines above say why. Run the command again to go on.")
    _link()
    stamp = HOME / (".installed-dev" if dev else ".installed")
    stamp.write_text(wanted)
    return 0


def _wanted(lock_file: Path) -> str:
    """What is to be installed, in a word."""
    project = (ROOT / "pyproject.toml").read_bytes()
    return hashlib.sha256(lock_file.read_bytes() + project).hexdigest()


def _same(stamp: Path, wanted: str, *, dev: bool) -> bool:
    if stamp.read_text() == wanted:
        return True
    # The development lock holds the runtime lock: it serves `run` too while neither has changed.
    lock_file = ROOT / ("requirements-dev.txt" if dev else "requirements.txt")
    return stamp.read_text() == _wanted(lock_file)


def _with_uv(uv: str, lock_file: Path) -> int:
    if not PYTHON.exists():  # never made, or the Python it was made with is gone
        shutil.rmtree(HOME, ignore_errors=True)
        if call(uv, "venv", "--quiet", "--python", sys.executable, HOME):
            return 1
    return call(
        uv, "pip", "install", "--quiet", "--require-hashes", "--python", PYTHON, "-r", lock_file
    )


def _with_pip(lock_file: Path) -> int:
    if not _has_pip():
        try:
            venv.create(HOME, clear=True, with_pip=True)
        except subprocess.CalledProcessError:
            shutil.rmtree(HOME, ignore_errors=True)
            version = f"{sys.version_info.major}.{sys.version_info.minor}"
            return fail(f"Python lacks venv; install it (Debian: apt install python{version}-venv)")
    pip = (PYTHON, "-m", "pip", "--disable-pip-version-check", "install", "--quiet")
    return call(*pip, "--require-hashes", "--no-deps", "-r", lock_file)


def _has_pip() -> bool:
    """Whether the environment can install by itself; one that uv made cannot."""
    if not PYTHON.exists():
        return False
    asked = subprocess.run([PYTHON, "-m", "pip", "--version"], capture_output=True, check=False)
    return asked.returncode == 0


def _command() -> bytes:
    """The command: by way of the shell, for a path with a space or a long one begins no script.
    What it compiles it keeps, whatever the environment says: a second start takes half as long."""
    return os.fsencode(
        f"#!/bin/sh\n'''exec' {shlex.quote(str(PYTHON))} \"$0\" \"$@\"\n' '''\n"
        "import sys\n\nsys.dont_write_bytecode = False\n"
        "try:\n    from router.cli import main\n\n    main()\n"
        "except KeyboardInterrupt:\n    sys.exit(130)\n"
    )


def _linked() -> bool:
    """Whether the environment's command is that of this checkout, where it stands now."""
    command = BIN / "router"
    return command.exists() and command.read_bytes() == _command()


def _link() -> None:
    """Put this checkout on the environment's path, with its command: no build, no network."""
    found = subprocess.run(
        [PYTHON, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    )
    (Path(found.stdout.strip()) / "helpdesk_router.pth").write_bytes(os.fsencode(f"{ROOT}\n"))
    command = BIN / "router"
    command.write_bytes(_command())
    command.chmod(0o755)


# ---------------------------------------------------------------- tasks


def run(rest: list[str]) -> int | None:
    """Serve the desk; Ctrl+C goes straight to it."""
    if code := install(dev=False):
        return code
    os.chdir(ROOT)
    return os.execv(PYTHON, [str(PYTHON), str(BIN / "router"), "serve", *rest])


def test(rest: list[str]) -> int:
    """The suite on SQLite and on a real PostgreSQL."""
    if code := install(dev=True):
        return code
    return _pytest("--database=both", *rest)


def slow(rest: list[str]) -> int:
    """Kill, race and scale proofs."""
    if code := install(dev=True):
        return code
    return _pytest("--database=both", "-m", "slow", *rest)


def _pytest(*words: str) -> int:
    # Neighbours stay together, so that most workers meet one kind of database and half the files.
    workers = [] if any(word.startswith("-n") for word in words) else ["-n", str(_workers())]
    workers += ["--dist", "worksteal"]
    return call(PYTHON, "-m", "pytest", *workers, *words)


def _workers() -> int:
    return max(2, min(8, os.cpu_count() or 2))


def check(_rest: list[str]) -> int:
    """Lint, format, types, floors: all of them, whatever fails first."""
    if code := install(dev=True):
        return code
    steps = {
        "ruff check": (BIN / "ruff", "check", "."),
        "ruff format": (BIN / "ruff", "format", "--check", "."),
        "mypy": (PYTHON, BIN / "mypy"),
        "import-linter": (PYTHON, BIN / "lint-imports"),
        "house": (
            *(PYTHON, "-m", "pytest", "-q", "-p", "no:randomly"),
            *("tests/test_house.py", "tests/test_complaints.py"),
        ),
    }
    failed = []
    for name, command in steps.items():
        print(f"── {name}", flush=True)
        if call(*command):
            failed.append(name)
    if failed:
        return fail(f"not yet: {', '.join(failed)}")
    print("all checks hold")
    return 0


def bench(rest: list[str]) -> int:
    """Print the ratios of bench/."""
    if code := install(dev=True):
        return code
    return call(PYTHON, ROOT / "bench" / "run.py", *rest)


def bench_triage(rest: list[str]) -> int:
    """Print how fast messages are judged."""
    if code := install(dev=True):
        return code
    return call(PYTHON, ROOT / "bench" / "triage.py", *rest)


def bench_web(rest: list[str]) -> int:
    """Print how fast the pages are on a large desk."""
    if code := install(dev=True):
        return code
    return call(PYTHON, ROOT / "bench" / "web.py", *rest)


def screenshots(rest: list[str]) -> int:
    """Take the pictures of docs/pictures from a running demo desk."""
    if code := install(dev=True):
        return code
    return call(PYTHON, ROOT / "scripts" / "screenshots.py", *rest)


def shapes(_rest: list[str]) -> int:
    """Write anew how each table's rows are written, after a table was changed."""
    if code := install(dev=True):
        return code
    return call(PYTHON, ROOT / "scripts" / "shapes.py")


def lock(_rest: list[str]) -> int:
    """Write both lock files anew; needs uv."""
    uv = shutil.which("uv")
    if uv is None:
        return fail("locking needs uv: pip install uv")
    common = (
        "--quiet",
        "--universal",
        "--python-version=3.11",
        "--generate-hashes",
        "--no-emit-index-url",
        "--no-emit-find-links",
        "--custom-compile-command=python3 scripts/dev.py lock",
    )
    meaning = ("--extra", "meaning", "--extra", "dkim")
    for name, extra in (
        ("requirements.txt", meaning),
        ("requirements-dev.txt", (*meaning, "--extra", "dev")),
    ):
        if code := call(uv, "pip", "compile", "pyproject.toml", *common, *extra, "-o", name):
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
