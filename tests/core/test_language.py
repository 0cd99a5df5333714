"""Somebody is answered in the language they write."""

import pytest

from router.core.language import detect


@pytest.mark.parametrize(
    ("text", "hint", "expected"),
    [
        ("我的钱包登录不了，请帮忙", "", "zh"),
        ("我的錢包登入不了，請幫忙", "", "zh-Hant"),
        ("I cannot sign in to my wallet", "", "en"),
        ("My wallet app 钱包 does not open since the last update, what can I do", "", "en"),
        ("App 打不开，一直显示 network error", "", "zh"),
        ("卡片遭盜用", "zh-CN", "zh-Hant"),
        ("被騙了", "", "zh-Hant"),
        ("App 运行不了", "", "zh"),
        ("信用卡遺失", "", "zh-Hant"),
        ("你好", "zh-TW", "zh-Hant"),
        ("你好", "", "zh"),
        ("I cannot sign in", "zh-CN", "en"),
        ("TX 1234", "zh-CN", "zh"),
        ("12345", "zh-HK", "zh-Hant"),
        ("12345", "en-GB", "en"),
        ("12345", "", ""),
        ("", "", ""),
    ],
)
def test_the_language_is_read_from_the_text_then_from_the_hint(text, hint, expected):
    assert detect(text, hint) == expected
