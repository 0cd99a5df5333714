"""A desk that is really served on loopback, and a Chromium that walks through it."""

import contextlib
import threading
from importlib import resources

import pytest
from waitress import wasyncore

from router import pipeline
from router.prepared import Terms
from router.store import people
from router.web.server import Server
from tests.conftest import chromium
from tests.fakes import FakeDoor, FakeDoors
from tests.pages import app_of

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--in-process-gpu",
    # Here the wallet's site and the desk are on one machine; a page takes the process it needs.
    "--disable-features=LocalNetworkAccessChecks,SpareRendererForSitePerProcess",
)
#: What WCAG 2.2 AA asks, as axe names its rules.
WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
#: Every two of width, scheme and language meet once.
_LOOKS = (
    (1440, "light", "zh-CN"),
    (1440, "dark", "en"),
    (390, "dark", "zh-CN"),
    (390, "light", "en"),
)
_AXE = """async (tags) => (await axe.run(document, {runOnly: {type: "tag", values: tags}}))
    .violations.map((one) => one.id + ": " + one.nodes.map((node) => node.html.slice(0, 160)
        + " | " + node.failureSummary.slice(0, 200)).join(" || "))"""


def looks():
    """All looks of a page for ``parametrize``: slow, for each page is asked hundreds of rules."""
    return [
        pytest.param(look, id="-".join(map(str, look)), marks=pytest.mark.slow) for look in _LOOKS
    ]


def until(page, said):
    """Wait until this is so on a page. ``wait_for_function`` asks once and then evaluates a string
    in the page, which our pages forbid."""
    for _ in range(500):
        if page.evaluate(said):
            return
        page.wait_for_timeout(20)
    raise AssertionError(f"never: {said}")


def held(page, address):
    """Requests of a page to such an address wait; what lets them go."""
    waiting, free = [], []
    page.route(address, lambda route: route.continue_() if free else waiting.append(route))

    def let_go():
        page.wait_for_timeout(50)
        free.append(True)
        for one in waiting:
            one.continue_()

    return let_go


@pytest.fixture(scope="session")
def browser():
    playwright = pytest.importorskip("playwright.sync_api")
    playwright.expect.set_options(timeout=30_000)  # as for all other waits below
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=chromium(), args=list(ARGUMENTS))
        yield opened
        opened.close()


def _close(inner):
    """Also the lines that are being answered, of which the loop knows nothing meanwhile."""
    wasyncore.close_all(dict(inner.active_channels))
    wasyncore.close_all(inner._map)


@contextlib.contextmanager
def serving(router, threads=16):
    """The address at which this router's pages are served meanwhile."""
    app = app_of(router)
    server = Server(app, "127.0.0.1", 0, threads)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield server.url
    finally:
        app.extensions["hub"].close()
        inner = server._server
        inner.task_dispatcher.shutdown()
        with contextlib.suppress(OSError):  # it woke by itself and is gone already
            inner.trigger.pull_trigger(lambda: _close(inner))
        thread.join(timeout=60)


@pytest.fixture
def door():
    return FakeDoor()


@pytest.fixture
def router(assembled, door):
    """A desk with one mailbox that keeps a ledger."""
    return assembled(doors=FakeDoors(door))


@pytest.fixture
def address(router):
    """Where the desk is served."""
    with serving(router) as url:
        yield url


@pytest.fixture
def lead(router):
    """Hua, who leads both teams; her id."""

    def work(unit):
        return people.create_agent(
            unit, "hua@desk.example", "王华", "lead", ["support", "security"]
        )

    return router.store.write(work)


@pytest.fixture
def link_for(router):
    """Makes a one-time sign-in link, as a path."""

    def make(agent_id):
        token = router.store.write(
            lambda unit: people.one_time_link(unit, agent_id, "enter", minutes=10)
        )
        return f"/enter/{token}"

    return make


class Complaints(list):
    """What a page's console said of itself: errors of scripts, and of the content policy."""

    def listen(self, page):
        page.on("pageerror", lambda fault: self.append(str(fault)))
        page.on("console", lambda said: self.append(said.text) if said.type == "error" else None)
        return page


@pytest.fixture
def complaints():
    found = Complaints()
    yield found
    assert found == []


@pytest.fixture
def visit(browser, address, complaints):
    """Opens a page of a fresh browser profile at the desk's address."""
    contexts = []

    def make(path="/", **options):
        context = browser.new_context(base_url=address, **{"locale": "en-GB", **options})
        contexts.append(context)
        page = complaints.listen(context.new_page())
        page.set_default_timeout(30_000)  # a busy machine is slow, not wrong
        page.goto(path)
        return page

    yield make
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def axe():
    """Asks axe-core about a page; what it found against WCAG 2.2 AA."""
    source = resources.files("axe_core_python").joinpath("axe.min.js").read_text("utf-8")

    def ask(page):
        page.evaluate(source)
        return page.evaluate(_AXE, list(WCAG))

    return ask


@pytest.fixture
def arrive(router, door):
    """A mail arrives."""

    def make(text, subject, **mail):
        raw = door.arrives(text=text, subject=subject, **mail)
        return pipeline.receive(router, door, [raw], Terms())[0]

    return make


@pytest.fixture
def signed_in(visit, link_for, lead):
    """Opens a page in a browser where the lead is signed in."""

    def make(path="/", **options):
        page = visit(link_for(lead), **options)
        page.locator("main form button").click()
        page.wait_for_url("**/")
        if path != "/":
            page.goto(path)
        return page

    return make
