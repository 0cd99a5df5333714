"""The inbox over HTTP, by a signed-in browser, at many tickets and at a thousand."""

import html
import http.client
import re
import statistics
from contextlib import ExitStack
from urllib.parse import urlsplit

import desk
import figures

_ROUNDS = 60
_FAR = 12
_NEXT = re.compile(r'href="([^"]*[?&;]cursor=[^"]+)"')


class Browser:
    """One kept connection and its cookie."""

    def __init__(self, address, cookie):
        self._line = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
        self._headers = {**cookie, "Accept-Language": "en"}

    def get(self, path):
        """The page's text, wall and processor seconds (the server is in this process)."""
        with figures.Stopwatch() as watch:
            self._line.request("GET", path, headers=self._headers)
            answer = self._line.getresponse()
            text = answer.read().decode()
        assert answer.status == 200, (answer.status, path)
        return text, watch


def ratio(given, folder):
    """First and later page of the inbox: many tickets against a thousand, in turns."""
    with ExitStack() as stack:
        browsers = {}
        for name, tickets in (("few", 1000), ("many", given.tickets)):
            router = desk.opened(folder / f"pages-{name}", tickets=tickets)
            stack.callback(router.close)
            cookie = desk.session(router)
            browsers[name] = Browser(stack.enter_context(desk.served(router)), cookie)
        paths = {name: ("/?view=all", _far(browsers[name])) for name in browsers}
        for place, page in enumerate(("first", "later")):
            walls, cpus = _turns(browsers, {name: paths[name][place] for name in paths})
            figures.at_most(
                f"{page} inbox page at {given.tickets:,} / at 1,000, HTTP",
                round(cpus["many"] / cpus["few"], 2),
                1.3,
                wall_ratio=round(walls["many"] / walls["few"], 2),
                cpu_ms=round(cpus["many"] * 1e3, 2),
                wall_ms=round(walls["many"] * 1e3, 2),
            )


def _far(browser):
    """The address of a page some way down the list."""
    path = "/?view=all"
    for _ in range(_FAR):
        text, _ = browser.get(path)
        path = html.unescape(_NEXT.findall(text)[-1])
    return path


def _turns(browsers, paths):
    walls, cpus = ({name: [] for name in browsers} for _ in range(2))
    for number in range(_ROUNDS + 5):
        for name, browser in browsers.items():
            _, watch = browser.get(paths[name])
            if number >= 5:
                walls[name].append(watch.wall)
                cpus[name].append(watch.cpu)
    return tuple(
        {name: statistics.median(times) for name, times in one.items()} for one in (walls, cpus)
    )
