"""How soon a platform is answered: 200 signed pushes a second, each durable before its answer,
beside a bare Flask that journals nothing, in turns on one machine."""

import hashlib
import hmac
import http.client
import json
import os
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import figures
import mails as mail_maker

from router.assemble import assemble
from router.configuration import load
from router.store import people
from router.store.schema import migrate

_RATE, _SECONDS, _LINES = 200, 10, 8
_STREAMS = 300
#: So many mails that the import lasts as long as the pushes do.
_OLD_MAIL = 40_000
_SECRET = "bench-app-secret"
_CONFIG = """
data_dir = "{folder}/data"
key_file = "{folder}/desk.key"
[web]
port = {port}
streams = {streams}
[reader]
enabled = false
[acknowledge]
enabled = false
[channels.messenger.bench]
page_id = "1"
app_id = "2"
base_url = "http://127.0.0.1:9"
poll_seconds = 3000
"""
_BARE = """
import sys
from flask import Flask, request
from waitress import serve
app = Flask(__name__)
@app.post("/<path:rest>")
def echo(rest):
    return request.get_data()[:10]
serve(app, host="127.0.0.1", port=int(sys.argv[1]), threads=48)
"""


def answering(_given, folder):
    """p99 of the webhook and of the bare echo, in turns; the same with 300 open streams and an
    import; and that no push was lost."""
    for crowded in (False, True):
        home = folder / ("crowded" if crowded else "alone")
        home.mkdir()
        ours, echo = _turns(home, _OLD_MAIL if crowded else 0)
        what = f", {_STREAMS} streams open and an import running" if crowded else ""
        figures.at_most(
            f"webhook answer with durable journal at {_RATE}/s{what}, p99 ms",
            round(figures.percentile(ours, 0.99) * 1000, 1),
            100,
            median=round(figures.percentile(ours, 0.5) * 1000, 1),
            bare_flask_p99=round(figures.percentile(echo, 0.99) * 1000, 1),
            bare_flask_median=round(figures.percentile(echo, 0.5) * 1000, 1),
        )


def _turns(folder, mails):
    """Latencies of the desk and of the bare echo; with so many mails imported meanwhile there are
    the open streams as well."""
    port = 20_000 + os.getpid() % 20_000
    config = folder / "config.toml"
    config.write_text(_CONFIG.format(folder=folder, port=port, streams=_STREAMS))
    (folder / "data").mkdir()
    migrate(f"sqlite:///{folder}/data/router.sqlite3")
    bare = folder / "bare.py"
    bare.write_text(textwrap.dedent(_BARE))
    names = ("APP_SECRET", "PAGE_TOKEN", "VERIFY_TOKEN")
    secrets = {f"ROUTER__CHANNELS__MESSENGER__BENCH__{name}": _SECRET for name in names}
    environment = {**os.environ, **secrets}
    command = [sys.executable, "-m", "router"]
    desk = [*command, "serve", "--config", str(config)]
    cookie = signed_in(config, environment) if mails else ""
    started = [
        subprocess.Popen(desk, env=environment, stderr=subprocess.DEVNULL),
        subprocess.Popen([sys.executable, str(bare), str(port + 1)], stderr=subprocess.DEVNULL),
    ]
    try:
        for one in (port, port + 1):
            until_open(one)
        if mails:
            started.append(_readers(port, cookie))
            started.append(_import(folder, [*command, "import"], config, environment, mails))
        ours, echo = [], []
        for turn in range(2):
            ours += _storm(port, f"d{turn}")
            echo += _storm(port + 1, f"e{turn}")
    finally:
        lasted = not mails or started[-1].poll() is None
        for one in started:
            one.terminate()
            one.wait(30)
    assert lasted, "the import ended before the pushes did"
    return ours, echo


def signed_in(config, environment):
    """The cookie of an agent who is signed in."""
    router = assemble(load(config, environment))

    def work(unit):
        number = people.create_agent(unit, "mei@desk.example", "林美", "agent", ["support"])
        unit.flush()
        return people.open_session(unit, number, hours=1)

    secret = router.store.write(work)
    router.close()
    return f"desk={secret}"


def _readers(port, cookie):
    """A process with so many open pages that are told of changes."""
    script = Path(__file__).with_name("readers.py")
    command = [sys.executable, str(script), str(port), cookie, str(_STREAMS)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline().strip() == "open", "the desk gave no stream"
    return process


def _import(folder, command, config, environment, count):
    """`router import` of so many mails, while it lasts."""
    place = folder / "eml"
    place.mkdir()
    for number, data in enumerate(mail_maker.make(count, seed=3)):
        (place / f"{number:06}.eml").write_bytes(data)
    command = [*command, str(place), "--config", str(config)]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, env=environment, stdout=quiet, stderr=quiet)


def until_open(port):
    """Wait for the desk behind this port."""
    for _ in range(600):
        try:
            line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            line.request("GET", "/healthz")
            line.getresponse().read()
        except OSError:
            threading.Event().wait(0.1)
        else:
            return
    raise RuntimeError(f"nobody listens on {port}")


def _storm(port, name):
    """Latencies of pushes sent at their appointed moments, whatever the answers take."""
    began, found, lock = time.perf_counter() + 0.5, [], threading.Lock()

    def line(number):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        for turn in range(number, _RATE * _SECONDS, _LINES):
            body = _push(f"m_{name}_{turn}")
            digest = hmac.new(_SECRET.encode(), body, hashlib.sha256).hexdigest()
            wait = began + turn / _RATE - time.perf_counter()
            if wait > 0:
                threading.Event().wait(wait)
            sent = time.perf_counter()
            headers = {"X-Hub-Signature-256": f"sha256={digest}"}
            connection.request("POST", "/hooks/messenger/bench", body, headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise RuntimeError(f"answered {answer.status}")
            with lock:
                found.append(time.perf_counter() - sent)

    threads = [threading.Thread(target=line, args=[number]) for number in range(_LINES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == _RATE * _SECONDS, f"only {len(found)} were answered"
    return found


def _push(mid):
    message = {"mid": mid, "text": f"我的转账 {mid} 还没到账"}
    item = {"sender": {"id": f"2{hash(mid) % 10**9}"}, "recipient": {"id": "1"}}
    item |= {"timestamp": 1_795_400_000_000, "message": message}
    return json.dumps({"object": "page", "entry": [{"id": "1", "messaging": [item]}]}).encode()
