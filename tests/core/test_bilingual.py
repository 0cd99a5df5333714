"""Readers of traditional characters get one kind of Chinese, whoever wrote it."""

from importlib import resources

import pytest

from router.core.bilingual import for_reader

TEXTS = resources.files("router").joinpath("texts")


@pytest.mark.parametrize(
    ("zh", "told"),
    [
        ("到“账单”查看您的账户", "到「帳單」查看您的帳戶"),
        ("重新登录；在“登录设备”移除陌生设备", "重新登入；在「登入裝置」移除陌生裝置"),
        ("切换移动数据，网络正常后重试", "切換行動數據，網路正常後重試"),
        ("绑定的手机号和邮箱", "綁定的手機號碼和電郵"),
        ("绑定的手机号码", "綁定的手機號碼"),
        ("请回复来信，或直接回复本邮件", "請回覆來信，或直接回覆本郵件"),
        ("服务台恢复服务，平台正常", "服務台恢復服務，平台正常"),
        ("为您处理这里的问题", "為您處理這裡的問題"),
        ("把时间和金额发给我们", "把時間和金額發給我們"),
        ("验证码一直发不出来", "驗證碼一直發不出來"),
        ("在理发店付款", "在理髮店付款"),
    ],
)
def test_what_is_converted_says_it_as_the_texts_written_by_hand_do(zh, told):
    assert for_reader("zh-Hant", zh, "") == told


@pytest.mark.parametrize("name", ["zh-Hant.toml", "chat.zh-Hant.toml"])
def test_what_was_written_by_hand_would_not_be_converted_otherwise(name):
    text = TEXTS.joinpath(name).read_text("utf-8")
    assert for_reader("zh-Hant", text, "") == text


def test_no_text_we_ship_speaks_of_hair():
    shipped = [*TEXTS.iterdir(), *resources.files("router").joinpath("articles").iterdir()]
    shipped += resources.files("router").joinpath("web/translations/zh").iterdir()
    chinese = [one.read_text("utf-8") for one in shipped if ".en." not in one.name]
    assert len(chinese) > 20
    assert [text for text in chinese if "髮" in for_reader("zh-Hant", text, "")] == []


def test_simplified_characters_are_left_as_they_were_written():
    assert for_reader("zh", "到“账单”查看您的账户", "") == "到“账单”查看您的账户"
