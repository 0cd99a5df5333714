"""What a message tells, and what is still to be asked, once and exactly."""

import pytest

from router.core import facts


@pytest.mark.parametrize(
    ("text", "lacks"),
    [
        ("转账失败了", ("reference", "time", "amount")),
        ("昨天下午转了500元，一直没到账", ("reference",)),
        ("订单号 202611240915 昨天转了五百块没到", ()),
        ("My transfer failed", ("reference", "time", "amount")),
        ("I sent $200 yesterday, reference TX-88213", ()),
        ("0x5f3a6bdeadbeef00112233445566778899aabbccddeeff001122334455667788 200 USDT 10:30", ()),
    ],
)
def test_only_what_a_failed_transfer_did_not_tell_is_asked(text, lacks):
    assert facts.missing("transfer.failed", text) == lacks


@pytest.mark.parametrize(
    ("text", "lacks"),
    [
        ("登录不了，提示网络错误", ("time", "device", "version", "network")),
        ("今早用华为手机登录不了，WiFi，App 8.2.1", ()),
        ("cannot log in on my iPhone since yesterday, latest version, mobile data", ()),
    ],
)
def test_a_failed_login_is_asked_for_device_version_and_network(text, lacks):
    assert facts.missing("login.network", text) == lacks


@pytest.mark.parametrize("category", ["records.export", "security.compromised", "other.unsorted"])
def test_who_needs_no_facts_is_asked_nothing(category):
    assert facts.missing(category, "help") == ()


def test_every_fact_can_be_found_and_every_category_exists(shipped_rules):
    assert set(facts.NEEDED) <= set(shipped_rules.kinds)
    assert {one for needed in facts.NEEDED.values() for one in needed} <= set(facts._SHAPES)
