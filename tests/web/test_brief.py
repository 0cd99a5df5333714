"""The rows of the product brief that promises decide, from the form or a mail to what is told."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from router import escalate, pipeline
from router.prepared import Terms


def at(text):
    return datetime.fromisoformat(f"2026-11-{text}").replace(tzinfo=ZoneInfo("Asia/Shanghai"))


def sends(router, browser, frozen, **fields):
    stamp = router.tokens.form_stamp(router.clock.now() - timedelta(seconds=30))
    given = {"form_ts": stamp, "email": "ann@mail.example", **fields}
    return browser.post("/contact?lang=zh", data=given)


def acknowledged(router):
    with router.store.reading() as unit:
        return unit.rows("SELECT wording, text FROM outbox ORDER BY id")


@pytest.mark.parametrize(
    ("moment", "case", "words"),
    [("24T21:59", "open", "明天（11月25日）"), ("24T22:00", "closed", "明天（11月25日）08:00")],
)
def test_who_writes_a_minute_before_closing_and_at_closing_is_told_the_truth(
    router, browser_of, frozen, moment, case, words
):
    frozen.set(at(moment))
    page = sends(router, browser_of(None), frozen, body="怎么查看交易记录?")
    assert page.status_code == 202
    (row,) = acknowledged(router)
    assert row.wording == case
    assert words in row.text
    assert ("非服务时间" in page.text) == (case == "closed")


def test_a_failed_transfer_is_asked_only_for_what_the_form_did_not_tell(router, browser_of, frozen):
    sends(
        router,
        browser_of(None),
        frozen,
        body="转账失败了，钱没到账",
        transaction_ref="202611240815",
    )
    (row,) = acknowledged(router)
    asked = [line for line in row.text.splitlines() if line.startswith("- ")]
    assert asked == ["- 发生的时间", "- 金额和币种"]


def test_a_stolen_wallet_at_night_is_told_to_people_and_counts_every_minute(router, door, frozen):
    frozen.set(at("25T03:00"))
    raw = door.arrives(text="我的钱包被盗了，里面的钱被转走了，怎么办")
    ticket = pipeline.receive(router, door, [raw], Terms())[0].ticket_id
    escalate.climb(router)
    (row,) = acknowledged(router)
    assert row.wording == "security"
    assert "1. 立即冻结" in row.text
    with router.store.reading() as unit:
        clock = unit.row(
            "SELECT calendar, due_at - started_at AS span FROM sla_clock "
            "WHERE ticket_id = :t AND kind = 'first_response'",
            t=ticket,
        )
        codes = [
            one.code for one in unit.rows("SELECT code FROM entry WHERE ticket_id = :t", t=ticket)
        ]
    assert (clock.calendar, clock.span) == ("always", 15 * 60_000_000)
    assert "escalated" in codes
