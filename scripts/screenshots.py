#!/usr/bin/env python3
"""Take pictures of a demo desk in a real browser.

    make screenshots                                     the pictures of docs/pictures
    python scripts/screenshots.py --all FOLDER           every page × language × scheme × width

The desk is made in a temporary folder and its clock stands still, so that a picture changes only
when the page does.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.exceptions import HTTPException

from router import demo, incidents, publishing, rulemaking, sweeps, web
from router.assemble import Router, assemble
from router.core.articles import Written
from router.core.clock import FrozenClock
from router.core.rights import Who
from router.settings import Settings
from router.store import claims, people
from router.store.schema import migrate
from router.store.unit import Unit
from tests.conftest import chromium
from tests.walks.conftest import ARGUMENTS, serving

PICTURES = Path(__file__).resolve().parent.parent / "docs" / "pictures"
#: A Tuesday, late in the morning.
NOW = datetime(2026, 11, 24, 10, 40, tzinfo=ZoneInfo("Asia/Shanghai"))
ANSWER = "刘女士您好：您的账户已经冻结，任何人都无法转出资金。补办手机卡之后，请回复本邮件。"
WIDE, TALL, PHONE = (1440, 900), (960, 1180), (390, 844)
#: Where looking for pages begins; one of each kind that is linked from there is taken.
BEGIN = ("/", "/nothing-of-that-name", "/contact", "/me", "/chat/demo")
#: A page in the inbox is as tall as its window.
PANES = ("inbox.inbox", "ticket.page", "ticket")
STRANGERS = {
    "sign-in": "/sign-in",
    "enter": "/enter/made-up",
    "lost": "/t/made-up",
    "talk": "/chat/talk",
}
#: Two more reports and pages that nothing links to before somebody has done something.
MORE = {"report.load": "/reports/load", "report.quality": "/reports/quality"}
DRAFT = """
[[rule]]
id = "desk.voucher"
category = "transfer.pending"
any = ["voucher", "代金券"]
match = ["my voucher did not arrive"]
no_match = ["hello"]
owner = "support"
"""


@dataclass(frozen=True)
class Desk:
    """Where the demo is served, the cookie of somebody signed in to it, and pages of things that
    were made there."""

    url: str
    secret: str
    made: dict[str, str]


@dataclass(frozen=True)
class Look:
    """How a page is looked at."""

    language: str = "en"
    scheme: str = "light"
    size: tuple[int, int] = WIDE

    @property
    def tag(self) -> str:
        """The look in a file's name."""
        return f"{self.size[0]}-{self.language}-{self.scheme}"


def main() -> int:
    """Take the pictures that were asked for."""
    asked = argparse.ArgumentParser(description="Take pictures of a demo desk.")
    asked.add_argument("--all", metavar="FOLDER", type=Path, help="every page in every look")
    folder = asked.parse_args().all
    found = chromium()
    if found is None:
        print("no Chromium was found: install chromium, then call this again", file=sys.stderr)
        return 2
    (folder or PICTURES).mkdir(parents=True, exist_ok=True)
    with demo_desk() as desk, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(ARGUMENTS))
        try:
            if folder:
                take_all(browser, desk, folder)
            else:
                take_pictures(browser, desk)
        finally:
            browser.close()
    return 0


@contextmanager
def demo_desk() -> Iterator[Desk]:
    """A desk with a made-up day and an admin signed in, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="desk-") as folder:
        url = f"sqlite:///{folder}/desk.sqlite3"
        migrate(url)
        settings = Settings(
            data_dir=f"{folder}/data",
            key_file=f"{folder}/desk.key",
            database={"url": url},
            intake={"keep_raw_days": 30},
            channels={"chat": {"support": {"demo_page": True}}},
            web={"form_per_minute": 60, "form_per_hour": 60},
        )
        settings.data_path.mkdir(parents=True)
        router = assemble(settings, clock=FrozenClock(NOW))
        try:
            secret = filled(router)
            with serving(router) as address:
                yield Desk(address, secret, made(router))
        finally:
            router.close()


def filled(router: Router) -> str:
    """Fill the desk; the cookie of its admin."""
    demo.fill(router)

    def work(unit: Unit) -> str:
        for name in ("clock", "poll:email:support", "speaks:email:support"):
            claims.report(unit, name, ok=True)
        admin = people.create_agent(unit, "grace@desk.example", "Grace Chen", "admin", [])
        people.open_session(unit, admin, hours=8)
        return people.open_session(unit, admin, hours=8)

    secret = router.store.write(work)
    for duty in sweeps.DUTIES:  # what a worker would have done by now
        sweeps.tick(router, duty)
    return secret


def made(router: Router) -> dict[str, str]:
    """An incident, a draft of rules that was checked, an article's version, a mail's source: their
    pages by name."""
    with router.store.reading() as unit:
        admin = unit.value("SELECT MAX(id) FROM agent")
        stuck = unit.rows("SELECT number FROM ticket WHERE category LIKE 'transfer.%' LIMIT 3")
        mail = unit.value(
            "SELECT MAX(id) FROM message WHERE direction = 'in' AND channel = 'email'"
        )
    who = Who(admin, "Grace Chen", "admin", frozenset(), "en")
    numbers = [row.number for row in stuck]
    incident = incidents.open_by_hand(router, who, "Transfers wait / 转账延迟", "transfer", numbers)
    told = ("转账通道正在修复，资金没有丢失。", "Transfers are late; no money is lost.")
    incidents.write_answer(router, who, incident, *told)
    draft = rulemaking.begin(router, who, {"desk.toml": DRAFT}, "vouchers")
    for part in ("lint", "backtest"):
        rulemaking.Check(router, who, draft, part).run()
    free = next(one for one in router.rules.categories if router.articles.serving(one) is None)
    written = Written(
        "voucher", (free,), "查看代金券", "Find a voucher", "1. 打开“我的”。", "1. Open *Me*."
    )
    edition = publishing.save(router, who, written, 0)
    return {
        **MORE,
        "incident": f"/incidents/{incident}",
        "draft": f"/rules/draft/{draft}",
        "edition": f"/articles/voucher/versions/{edition}",
        "source": f"/message/{mail}/source",
    }


@contextmanager
def opened(browser: Browser, desk: Desk, look: Look, *, signed_in: bool = True) -> Iterator[Page]:
    """A fresh browser window."""
    options: dict[str, Any] = {
        "base_url": desk.url,
        "viewport": {"width": look.size[0], "height": look.size[1]},
        "color_scheme": look.scheme,
        "locale": "zh-CN" if look.language == "zh" else "en-GB",
    }
    context = browser.new_context(**options)
    cookies = [{"name": "lang", "value": look.language, "url": desk.url}]
    if signed_in:
        cookies.append({"name": "desk", "value": desk.secret, "url": desk.url})
    context.add_cookies(cookies)
    try:
        yield context.new_page()
    finally:
        context.close()


def open_ticket(page: Page, words: str) -> None:
    """Open the ticket whose line holds these words, as an agent does."""
    page.goto("/")
    line = page.locator("#lines .line a", has_text=words).first
    line.click()
    page.wait_for_selector("#pane")
    page.mouse.move(0, 0)


def take_pictures(browser: Browser, desk: Desk) -> None:
    """The three pictures of the documentation."""
    with opened(browser, desk, Look()) as page:
        open_ticket(page, "Two payments I did not make")
        page.screenshot(path=PICTURES / "inbox.png")
    with opened(browser, desk, Look("zh", "dark")) as page:
        open_ticket(page, "手机丢了")
        page.locator("#compose-reply > summary").click()
        page.locator("#reply-text").fill(ANSWER)
        page.screenshot(path=PICTURES / "ticket.png")
    with opened(browser, desk, Look(size=TALL), signed_in=False) as page:
        page.goto("/contact")
        page.screenshot(path=PICTURES / "contact.png", full_page=True)


def take_all(browser: Browser, desk: Desk, folder: Path) -> None:
    """Every page in every look, to be looked at."""
    with opened(browser, desk, Look()) as page:
        pages = {**dict(found_pages(page)), **desk.made}
    print(len(pages), "pages", flush=True)
    for number, (language, scheme, size) in enumerate(
        itertools.product(("zh", "en"), ("light", "dark"), (WIDE, PHONE))
    ):
        look = Look(language, scheme, size)
        with opened(browser, desk, look) as page:
            for name, path in pages.items():
                page.goto(path)
                _take(page, folder, name, look)
            open_ticket(page, "手机丢了" if language == "zh" else "Two payments")
            _take(page, folder, "ticket", look)
            page.goto("/people")
            page.locator("summary").first.click()
            _take(page, folder, "people-open", look)
        with opened(browser, desk, look, signed_in=False) as page:
            for name, path in STRANGERS.items():
                page.goto(path)
                _take(page, folder, name, look)
            _send(page, folder, look, number)
        print(look.tag, flush=True)


def found_pages(page: Page) -> Iterator[tuple[str, str]]:
    """One address of each kind of page that links lead to, by the kind's name."""
    known = web.pages().url_map.bind("desk")
    seen: set[str] = set()
    waiting = list(BEGIN)
    while waiting:
        path = waiting.pop(0)
        try:
            kind = known.match(path.partition("?")[0], method="GET")[0]
        except HTTPException:
            kind = "missing"
        if kind in seen or kind == "static":
            continue
        seen.add(kind)
        answer = page.request.get(path)
        if not answer.headers.get("content-type", "").startswith("text/html"):
            continue
        yield kind, path
        page.goto(path)
        waiting += page.eval_on_selector_all(
            "a[href^='/']", "all => all.map(one => one.getAttribute('href'))"
        )


def _send(page: Page, folder: Path, look: Look, number: int) -> None:
    """The form, sent first without an address, then with one; and where it then stands."""
    page.goto("/contact")
    page.locator("#body").fill("转账一直没有到账。" if look.language == "zh" else "It is pending.")
    page.locator("form button").click()
    page.wait_for_selector(".fault")
    _take(page, folder, "contact-wrong", look)
    page.locator("#email").fill(f"ann{number}@mail.example")
    page.locator("form button").click()
    page.wait_for_selector(".number")
    _take(page, folder, "thanks", look)
    page.locator("main a.button").click()
    page.wait_for_selector("ol.steps")
    _take(page, folder, "progress", look)


def _take(page: Page, folder: Path, name: str, look: Look) -> None:
    path = folder / f"{name}-{look.tag}.png"
    page.screenshot(path=path, full_page=name not in PANES)


if __name__ == "__main__":
    sys.exit(main())
