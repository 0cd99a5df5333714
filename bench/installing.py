"""`make run` from nothing, in a copy of this checkout: with pip, and with uv."""

import os
import shutil
import signal
import subprocess
import sys
import time
import venv

import desk
import figures
import process

_GOALS = {"pip": 90, "uv": 15}


def from_nothing(given, folder):
    """Seconds from the command to the first page, nothing installed before."""
    venv.create(folder / "uv", with_pip=True)
    pip = [str(folder / "uv" / "bin" / "python"), "-m", "pip", "install", "--quiet", "uv"]
    subprocess.run(pip, check=True)
    plain = os.pathsep.join(
        place
        for place in os.environ["PATH"].split(os.pathsep)
        if not shutil.which("uv", path=place)
    )
    for number, (tool, goal) in enumerate(_GOALS.items()):
        path = f"{folder}/uv/bin{os.pathsep}{plain}" if tool == "uv" else plain
        seconds = _run(folder / f"with-{tool}", path, 41_000 + os.getpid() % 9000 + number)
        figures.at_most(f"make run from nothing with {tool}, s", round(seconds, 1), goal)


def _run(copy, path, port):
    files = subprocess.run(
        ["git", "ls-files", "-z"], cwd=desk.ROOT, capture_output=True, check=True
    ).stdout.decode()
    for name in filter(None, files.split("\0")):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(desk.ROOT / name, copy / name)
    python = getattr(sys, "_base_executable", sys.executable)
    environment = {**os.environ, "PATH": path, "ROUTER__WEB__PORT": str(port)}
    start = time.perf_counter()
    running = subprocess.Popen([python, "scripts/dev.py", "run"], cwd=copy, env=environment)
    try:
        process.first_page(f"http://127.0.0.1:{port}/sign-in", longest=300)
        return time.perf_counter() - start
    finally:
        running.send_signal(signal.SIGINT)
        running.wait(20)
