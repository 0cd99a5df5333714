"""The pages over HTTP, by a signed-in browser, at many tickets and at a thousand.

The times are the server's own: of the thread that answers, from the request until the last byte of
the page is made. A bare Flask page is asked in the same turns.
"""

import gzip
import html
import http.client
import re
import statistics
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from urllib.parse import quote, urljoin, urlsplit

import desk
import figures
from flask import Flask
from waitress import create_server

from router.store.counters import VIEWS
from router.store.shapes import Message

_ROUNDS = 40
_FAR = 12
_LONG = 50
_PAGE_MS, _TICKET_MS, _SEARCH_MS, _DASHBOARD_MS, _WEIGHT_KIB = 50, 10, 50, 300, 120
_NEXT = re.compile(r'href="([^"]*[?&;]cursor=[^"]+)"')
_TICKET = re.compile(r'href="(/ticket/[^"?]+)')
_ASSET = re.compile(r'(?:href|src|content)="(/static/[^"]+)"')
_IMPORTED = re.compile(r'^import [^;]*"(\./[^"]+)";', re.MULTILINE)
#: Among them what hardly any or no ticket is: the list must not walk past all the others.
_NARROWED = (
    "view=all&category=transfer",
    "view=all&category=records.missing",
    "view=all&category=phishing",
    "view=open&language=zh",
    "view=all&channel=webform",
    "view=open&channel=wechat",
)
_WORDS = ("转账", "订单", "密码", "order", "transfer failed", "转账失败", "zzzznothere", "量子")
_FILTERED = ("from:person7", "category:transfer is:open", "转账 channel:email")


@dataclass(slots=True)
class Taken:
    """Seconds that answers took: of the wall, and of the answering thread's processor."""

    walls: list[float] = field(default_factory=list)
    cpus: list[float] = field(default_factory=list)

    def p95(self):
        """Processor and wall milliseconds that nineteen in twenty do not exceed."""
        return tuple(figures.percentile(one, 0.95) * 1e3 for one in (self.cpus, self.walls))

    def median(self):
        """Processor and wall milliseconds of the middle one."""
        return tuple(statistics.median(one) * 1e3 for one in (self.cpus, self.walls))


class Timed:
    """A WSGI application that notes how long each of its answers takes."""

    def __init__(self, application=None):
        self.application, self.taken = application, Taken()

    def __call__(self, environ, start):
        wall, cpu = time.perf_counter(), time.thread_time()
        parts = list(self.application(environ, start))
        self.taken.walls.append(time.perf_counter() - wall)
        self.taken.cpus.append(time.thread_time() - cpu)
        return parts


class Browser:
    """One kept connection and its cookie."""

    def __init__(self, address, cookie, timed=None):
        self._line = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
        self._headers = {**cookie, "Accept-Language": "en"}
        self.timed = timed

    def get(self, path, **headers):
        """The page's text, wall and processor seconds (the server is in this process)."""
        with figures.Stopwatch() as watch:
            self._line.request("GET", path, headers={**self._headers, **headers})
            answer = self._line.getresponse()
            text = answer.read().decode()
        assert answer.status == 200, (answer.status, path)
        return text, watch

    def took(self, path):
        """The text of a page or file, and the bytes it came in."""
        headers = {**self._headers, "Accept-Encoding": "gzip"}
        self._line.request("GET", path, headers=headers)
        answer = self._line.getresponse()
        body = answer.read()
        packed = answer.headers["Content-Encoding"] == "gzip"
        return (gzip.decompress(body) if packed else body).decode(), body

    def asked(self, path, rounds=_ROUNDS, part=""):
        """What the server took for this page, asked so often after a first time; with ``part`` as
        the inbox asks for what it exchanges."""
        return in_turns((self, path), rounds=rounds, part=part)[0]

    def anew(self):
        """Begin to note times anew, on a new line: the server lets go of one that was silent."""
        self._line.close()
        self.timed.taken = Taken()


def in_turns(*asked, rounds=_ROUNDS, part=""):
    """What each server took for its page; browsers and pages take turns, so that whatever else the
    machine does falls on all of them."""
    headers = {"X-Part": part} if part else {}
    for browser, path in asked:
        browser.anew()
        browser.get(path, **headers)
        browser.anew()
    for _ in range(rounds):
        for browser, path in asked:
            browser.get(path, **headers)
    return [browser.timed.taken for browser, _ in asked]


@dataclass(slots=True)
class Desks:
    """A desk of a thousand tickets and one of many, their browsers, and a bare Flask page's."""

    few: Browser
    many: Browser
    bare: Browser
    routers: dict
    tickets: int
    database: str = "SQLite"


@contextmanager
def both(tickets, folder, url_of=lambda _: "", database="SQLite"):
    """The desks, filled and served meanwhile."""
    with ExitStack() as stack:
        browsers, routers = {}, {}
        for name, count in (("few", 1000), ("many", tickets)):
            home = folder / f"pages-{name}"
            routers[name] = router = desk.opened(home, tickets=count, url=url_of(name))
            stack.callback(router.close)
            if database == "PostgreSQL":  # whose own upkeep does it in time
                desk.analyzed(router)
            cookie = desk.session(router)
            timed = Timed()
            address = stack.enter_context(desk.served(router, timed))
            browsers[name] = Browser(address, cookie, timed)
        bare = Browser(*stack.enter_context(_bare()))
        yield Desks(browsers["few"], browsers["many"], bare, routers, tickets, database)


@contextmanager
def _bare():
    """A page of a bare Flask, behind the same server."""
    app = Flask("bare")
    app.add_url_rule("/", "page", lambda: "hello")
    timed = Timed(app)
    server = create_server(timed, host="127.0.0.1", port=0, threads=4)
    threading.Thread(target=server.run, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}", {}, timed
    finally:
        server.close()


# ---------------------------------------------------------------- figures


def ratio(given, folder):
    """The inbox at many tickets against a thousand."""
    with both(given.tickets, folder) as desks:
        lists(given, folder, desks)


def lists(_given, _folder, desks):
    """Every view, some narrowed lists and a page far down, at many and at a thousand tickets."""
    paths = [f"/?view={view}" for view in VIEWS] + [f"/?{one}" for one in _NARROWED]
    worst, ratios, bare = {}, {}, []
    for path in [*paths, "far"]:
        at = {
            name: _far(browser) if path == "far" else path
            for name, browser in (("few", desks.few), ("many", desks.many))
        }
        pair = ((desks.many, at["many"]), (desks.few, at["few"]), (desks.bare, "/"))
        many, few, one = in_turns(*pair)
        worst[path] = many.p95()
        bare.append(one.median()[0])
        if _lines(desks.few, at["few"]) == _lines(desks.many, at["many"]):
            ratios[path] = many.median()[_clock(desks)] / few.median()[_clock(desks)]
    path = max(worst, key=lambda one: worst[one][_clock(desks)])
    figures.at_most(
        f"any inbox page, {_where(desks)}, p95 ms",
        round(worst[path][_clock(desks)], 1),
        _PAGE_MS,
        slowest=path,
        wall=round(worst[path][1], 1),
        bare_flask_median=round(statistics.median(bare), 2),
    )
    path = max(ratios, key=lambda one: ratios[one])
    figures.at_most(
        f"any inbox page, {_where(desks)} / at 1,000",
        round(ratios[path], 2),
        1.3,
        worst=path,
        median=round(statistics.median(ratios.values()), 2),
        equally_long=f"{len(ratios)} of {len(worst)}",
    )


def _clock(desks):
    """SQLite works in the thread that asks, so its processor time says all; PostgreSQL does not."""
    return 0 if desks.database == "SQLite" else 1


def _lines(browser, path):
    """How many tickets the page lists: only equally long pages can be compared."""
    return browser.get(path)[0].count('class="line')


def _where(desks):
    return f"{desks.tickets:,} tickets, {desks.database}"


def long_ticket(_given, _folder, desks):
    """A ticket with fifty messages."""
    router = desks.routers["many"]
    path = _TICKET.search(desks.many.get("/?view=all")[0])[1]
    router.store.write(lambda unit: _lengthen(unit, path.rpartition("/")[2]))
    taken = desks.many.asked(path, part="pane")
    whole = desks.many.asked(path)
    first = _never_seen(router, desks.many, path)
    figures.at_most(
        f"a ticket of {_LONG} messages, {_where(desks)}, ms",
        round(taken.median()[_clock(desks)], 1),
        _TICKET_MS,
        p95=round(taken.p95()[_clock(desks)], 1),
        wall=round(taken.median()[1], 1),
        with_the_list_beside_it=round(whole.median()[_clock(desks)], 1),
        every_message_new=round(first.median()[_clock(desks)], 1),
    )


def _never_seen(router, browser, path, rounds=15):
    """What the ticket takes when nothing of it was ever said before: all its words are others."""

    def change(unit):
        number = path.rpartition("/")[2]
        unit.run(
            "UPDATE message SET text = text || '.' WHERE ticket_id = "
            "(SELECT id FROM ticket WHERE number = :n)",
            n=number,
        )

    browser.anew()
    for _ in range(rounds):
        router.store.write(change)
        browser.get(path, **{"X-Part": "pane"})
    return browser.timed.taken


def _lengthen(unit, number):
    row = unit.row("SELECT * FROM ticket WHERE number = :n", n=number)
    had = unit.value("SELECT COUNT(*) FROM message WHERE ticket_id = :id", id=row.id)
    for step in range(had, _LONG):
        incoming = step % 2 == 0
        unit.put(
            Message,
            id=unit.new_id(),
            ticket_id=row.id,
            direction="in" if incoming else "out",
            channel=row.channel,
            account=row.account,
            identity_id=row.identity_id if incoming else None,
            text=f"message {step}: my transfer is still pending, order 12345{step}\n" * 4,
            language="en",
            arrived_at=unit.now_us + step,
            seen_at=unit.now_us + step,
        )


def found(_given, _folder, desks):
    """Words and filters typed into the box, as the browser asks for them."""
    asked = [f"/?q={quote(words)}" for words in (*_WORDS, *_FILTERED)]
    worst = {path: desks.many.asked(path, rounds=20).p95() for path in asked}
    path = max(worst, key=lambda one: worst[one][_clock(desks)])
    figures.at_most(
        f"search, {_where(desks)}, p95 ms",
        round(worst[path][_clock(desks)], 1),
        _SEARCH_MS,
        slowest=path,
        wall=round(worst[path][1], 1),
    )


def dashboard(_given, _folder, desks):
    """The wall: one screen of how things stand."""
    taken = desks.many.asked("/reports/wall", rounds=15)
    figures.at_most(
        f"the wall, {_where(desks)}, ms",
        round(taken.median()[_clock(desks)], 1),
        _DASHBOARD_MS,
        p95=round(taken.p95()[_clock(desks)], 1),
        wall=round(taken.median()[1], 1),
    )


def weight(_given, _folder, desks):
    """What a browser that comes for the first time takes over the wire for the inbox."""
    page, body = desks.many.took("/?view=all")
    sent, wanted = {"page": len(body)}, [html.unescape(one) for one in _ASSET.findall(page)]
    while wanted:
        one = wanted.pop()
        if one not in sent:
            text, body = desks.many.took(one)
            sent[one] = len(body)
            wanted += [urljoin(one, other) for other in _IMPORTED.findall(text)]
    figures.at_most(
        "page weight of the inbox over the wire, KiB",
        round(sum(sent.values()) / 1024, 1),
        _WEIGHT_KIB,
        page_alone=round(sent["page"] / 1024, 1),
        files=len(sent) - 1,
    )


def _far(browser):
    """The address of a page some way down the list."""
    path = "/?view=all"
    for _ in range(_FAR):
        text, _ = browser.get(path)
        path = html.unescape(_NEXT.findall(text)[-1])
    return path
