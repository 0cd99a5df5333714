"""Codes of authenticator apps, held to the standard's own numbers."""

from datetime import UTC, datetime, timedelta

import pytest

from router.core import totp

SECRET = b"12345678901234567890"


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_the_numbers_of_rfc_6238(seconds, code):
    assert totp.code(SECRET, seconds // totp.STEP) == code


def test_a_code_of_a_neighbouring_step_is_taken_and_no_other():
    now = datetime.fromtimestamp(1111111111, UTC)
    codes = {n: totp.code(SECRET, totp.step_of(now) + n) for n in (-2, -1, 0, 1, 2)}
    taken = {n: totp.matching(SECRET, code, now, 0) for n, code in codes.items()}
    step = totp.step_of(now)
    assert taken == {-2: None, -1: step - 1, 0: step, 1: step + 1, 2: None}


def test_a_code_works_once():
    now = datetime.fromtimestamp(1111111111, UTC)
    step = totp.matching(SECRET, "050 471", now, 0)
    assert step is not None
    assert totp.matching(SECRET, "050471", now, step) is None
    assert totp.matching(SECRET, "050471", now + timedelta(seconds=30), step) is None


@pytest.mark.parametrize(
    "given", ["", "05047", "0504711", "\u0660\u0665\u0660\u0664\u0667\u0661", "x" * 9]
)
def test_what_is_no_code_is_none(given):
    assert totp.matching(SECRET, given, datetime.fromtimestamp(1111111111, UTC), 0) is None


def test_an_app_is_told_secret_and_whose_it_is():
    address = totp.address(SECRET, "mei@desk.example", "钱包客服")
    assert address.startswith("otpauth://totp/%E9%92%B1")
    assert "secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" in address
