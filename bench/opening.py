"""How soon an agent can work in the inbox: a real Chromium opens it over loopback."""

import statistics
from urllib.parse import urlsplit

import desk
import figures
from playwright.sync_api import sync_playwright

from tests.conftest import chromium

_ROUNDS, _GOAL_MS = 10, 300
#: Scripts are modules, which run before this event: the keys of the inbox answer from here on.
_READY = "() => performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"


def interactive(_given, _folder, desks):
    """Milliseconds until the inbox's scripts have run, for a browser that was here before and for
    one that comes for the first time."""
    found = chromium()
    if found is None:
        figures.told("the inbox in Chromium: none was found, not measured", 0)
        return
    router = desks.routers["many"]
    name, _, secret = desk.session(router)["Cookie"].partition("=")
    taken = {"before": [], "first": []}
    with desk.served(router) as address, sync_playwright() as playwright:
        cookie = {"name": name, "value": secret, "url": address}
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        for _ in range(_ROUNDS):
            context = browser.new_context()
            context.add_cookies([cookie])
            page = context.new_page()
            for kind in ("first", "before"):
                page.goto(f"{address}/?view=all")
                assert urlsplit(page.url).path == "/", page.url
                taken[kind].append(page.evaluate(_READY))
            context.close()
        browser.close()
    figures.at_most(
        f"the inbox in Chromium, {desks.tickets:,} tickets, {desks.database}: interactive, ms",
        round(statistics.median(taken["before"])),
        _GOAL_MS,
        first_time_ever=round(statistics.median(taken["first"])),
    )
