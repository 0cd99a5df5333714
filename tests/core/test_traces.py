"""Traces survive any rewording: hosts, telephone numbers, wallets, in one spelling each."""

import pytest

from router.core.waves.traces import host_of, ignored, number_of, traces
from rules.text import fold

ETHER = "0x52908400098527886E0F7030069857D2E4169EE7"
TRON = "TXyzMadeUp1234567891abcdefghijkmno"


def found(text, kind):
    return [value for one, value in traces(text, fold(text).text) if one == kind]


@pytest.mark.parametrize(
    "text",
    [
        "请点击https://pay-check.example/x9完成验证",
        "打开 pay-check.top/abc，按提示操作",
        "see http://www.pay-check.example:8080/login?x=1 now",
        "hxxps://pay-check[.]top/a is the page they sent",
        "".join(chr(ord(one) + 0xFEE0) for one in "HTTPS://pay-check.top/a"),  # full width
        "they wrote PAY-CHECK.TOP and I opened it",
    ],
)
def test_a_host_is_found_however_it_is_written(text):
    assert found(text, "host") in (["pay-check.example"], ["pay-check.top"])


@pytest.mark.parametrize(
    "text",
    [
        "write to ann@pay-check.top please",
        "see file.pdf and photo.jpg",
        "version 2.3.1 of the app",
        "I waited...then nothing",
        "e.g. the second one",
        "打不开。怎么办",
    ],
)
def test_what_is_no_address_of_a_page_is_no_host(text):
    assert found(text, "host") == []


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("让我打 138 0013 8000 找王主任", "13800138000"),
        ("call +86 138-0013-8000", "13800138000"),
        ("客服电话400-810-8888", "4008108888"),
        ("they rang from +44 20 7946 0958", "442079460958"),
        ("座机 010-62345678", "01062345678"),
    ],
)
def test_a_telephone_number_has_one_spelling(text, number):
    assert found(text, "phone") == [number]


@pytest.mark.parametrize("text", ["订单 202611240000123456", "转了 50000 元", "2026-11-24 10:00"])
def test_other_numbers_are_no_telephone(text):
    assert found(text, "phone") == []


def test_wallets_are_found_and_transaction_hashes_are_not():
    assert found(f"send it to {ETHER}", "wallet") == [ETHER.lower()]
    assert found(f"转到{TRON}", "wallet") == [TRON]
    assert found("my payment 0x" + "ab12" * 16, "wallet") == []


def test_each_trace_is_told_once_and_not_without_end():
    assert found("a.top a.top A.TOP", "host") == ["a.top"]
    assert len(list(traces("", " ".join(f"h{n}.top" for n in range(500))))) <= 40


def test_a_host_is_known_with_all_below_it():
    assert ignored("host", "mail.google.com", {"google.com"})
    assert not ignored("host", "notgoogle.com", {"google.com"})
    assert not ignored("host", "google.com.evil.top", {"google.com"})
    assert ignored("phone", "4008108888", {"4008108888"})


def test_no_host_is_none():
    assert host_of("https://localhost/x") == ""
    assert host_of("") == ""
    assert number_of("0086 138 0013 8000") == "13800138000"
