"""Sums of money in what people write."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.amounts import Amount, amounts


@pytest.mark.parametrize(
    ("text", "value", "currency"),
    [
        ("$1,200.50 is gone", 1200.5, "USD"),
        ("they took 300 pounds", 300, "GBP"),
        ("£40", 40, "GBP"),
        ("lost 5k usd", 5000, "USD"),
        ("2 million dollars", 2_000_000, "USD"),
        ("0.25 BTC sent", 0.25, "BTC"),
        ("500u被转走", 500, "USDT"),
        ("HK$ 3,000", 3000, "HKD"),
        ("八千蚊", 8000, "HKD"),
        ("\uffe5\uff18\uff10\uff10", 800, "CNY"),
        ("五千块没了", 5000, "CNY"),
        ("两千元", 2000, "CNY"),
        ("一百零五元", 105, "CNY"),
        ("三万五千块", 35_000, "CNY"),
        ("一千二百万", 12_000_000, ""),
        ("一亿两千万元", 120_000_000, "CNY"),
        ("两万三千亿元", 2_300_000_000_000, "CNY"),
        ("被骗了3万", 30_000, ""),
        ("转了一万二", 12_000, ""),
        ("3万5", 35_000, ""),
        ("3.5w元", 35_000, "CNY"),
        ("10萬塊", 100_000, "CNY"),
    ],
)
def test_a_sum_is_read(text, value, currency):
    assert amounts(text) == (Amount(value, currency),)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "order 123456789",
        "call 13800138000",
        "11 November 2026",
        "2026年11月25日",
        "三万人",
        "千万别点",
        "万一丢了",
        "version 1.2.3",
        "0x52908400098527886E0F7030069857D2E4169EE7",
    ],
)
def test_a_number_that_is_no_money_is_none(text):
    assert amounts(text) == ()


def test_every_sum_of_a_message_is_read():
    assert amounts("first 200 euros, then 三千元") == (Amount(200, "EUR"), Amount(3000, "CNY"))


@given(st.text(alphabet="0123456789.,$¥£ kmw万亿千百十一二两五零元块多人", max_size=60))
def test_anything_can_be_read(text):
    assert all(one.value > 0 for one in amounts(text))
