"""A card under a letter goes; a letter that somebody wrote below a line of dashes stays."""

from time import process_time

import pytest

from router.core.cutting.quoting import split_reply

ASKED = "请尽快处理，谢谢。\n订单号 20261124001"
CARDS = (
    "陈静\n客户成功经理\n杭州某某网络有限公司\n电话：0571-88886666",
    "李伟\n13800138000\nli@firm.example",
    "Ann Lee\nHead of Treasury | Example Corp Ltd\nT: +44 20 7946 0999 | M: +44 7700 900123",
    "Jean Dupont\nDirecteur des Ventes\nTél. 01 23 45 67 89\nwww.firme.example",
    "赵敏\n财务部经理\n地址：深圳市南山区科技园路1号\n手机 138 0013 8000",
)
LONG = ("------------------", "==========", "——————————", "**********", "- - - - - -", "~~~~~~~~")


@pytest.mark.parametrize("rule", ["-- ", "--", "——", "___", *LONG])
@pytest.mark.parametrize("card", CARDS)
def test_a_card_below_a_rule_goes(rule, card):
    assert split_reply(f"{ASKED}\n\n{rule}\n{card}\n").reply == ASKED


@pytest.mark.parametrize(
    "card",
    [
        *("Li Wei", "李伟\n上海某某有限公司", "Ann Lee\nExample Corp Ltd", "王芳\n财务部"),
        "desk-users mailing list\ndesk-users@lists.example\nhttps://lists.example/listinfo/desk",
    ],
)
def test_below_a_short_rule_a_name_is_enough(card):
    assert split_reply(f"{ASKED}\n\n--\n{card}").reply == ASKED
    if "@" not in card:
        text = f"{ASKED}\n\n---------\n{card}"
        assert split_reply(text) == (text, "")


def test_below_the_standards_delimiter_more_may_stand():
    motto = "Li Wei\nIn wallets we trust.\n\nPlot No. 5, near the old mill\nGSTIN 29AA"
    assert split_reply(f"{ASKED}\n\n-- \n{motto}").reply == ASKED


def test_a_closing_or_a_law_below_the_delimiter_goes_too():
    law = (
        "Le informazioni di questo messaggio sono riservate.\n\nSe ricevute per errore, eliminarle."
    )
    assert split_reply(f"{ASKED}\n\n-- \nAnn\n\n{law}").reply == ASKED
    assert split_reply(f"{ASKED}\n\n--\nFreundliche Grüße / Kind regards\n\nWei").reply == ASKED


@pytest.mark.parametrize(
    "below",
    [
        "First, my card was blocked on Monday and nobody told me why.\nSecond, I waited an hour.",
        "Li Wei\n\nPS: my account was emptied while I wrote this.",
        "李伟\n\n刚才又有一笔被转走了！",
    ],
)
def test_sentences_below_the_standards_delimiter_stay(below):
    assert below.split("\n\n")[-1] in split_reply(f"{ASKED}\n\n-- \n{below}").reply


@pytest.mark.parametrize("rule", ["--", "——", "_____", "-----------", "======", "***", "- - -"])
@pytest.mark.parametrize(
    "below",
    [
        *(
            "我的账户被盗了",
            "我的账户被盗了，请立即冻结。",
            "账户被盗",
            "手机被偷了。",
            "公司账户被盗了",
        ),
        *("My account was hacked, please freeze it.", "wallet stolen", "they took 2 BTC"),
        *(
            "手机：昨天被偷",
            "昨晚钱包被盗\n电话：13800138000",
            "please call me at +86 138 0013 8000",
        ),
        *("订单号：20261124001\n金额：500", "Order: 77\nAmount: 500 USD", "交易号 13800138000"),
        *("Amount 500\nhttps://scan.example/tx/0x9f", "转账失败\nhttps://scan.example/tx/0x9f"),
    ],
)
def test_a_letter_below_a_rule_stays(rule, below):
    text = f"{ASKED}\n\n{rule}\n{below}\n"
    assert split_reply(text) == (text, "")


@pytest.mark.parametrize("greeting", ["您好：", "Dear team", "Hello,", "尊敬的客服", "Hi Ann!"])
def test_below_a_greeting_alone_stands_the_letter(greeting):
    text = f"{greeting}\n--\nWallet Stolen\nLi Wei\n+86 138 0013 8000\n"
    assert split_reply(text) == (text, "")


@pytest.mark.parametrize("rule", ["****************", "------------", "____________"])
def test_a_line_drawn_above_a_footer_goes_with_it(rule):
    assert split_reply(f"{ASKED}\n\n{rule}\n\n发自我的iPhone").reply == ASKED


def test_a_providers_advertisement_below_a_long_line_goes():
    advert = f"{'_' * 65}\nGet your FREE download of MSN Explorer at http://msn.example"
    assert split_reply(f"{ASKED}\n\n{advert}\n").reply == ASKED


@pytest.mark.parametrize(
    "told",
    [
        "My Yahoo wallet is empty, see http://scan.example/tx/9",
        "Scammer: helper@hotmail.com told the victim to send the seed.",
        "The Yahoo account was hacked, coins went out: http://scan.example/tx/9",
    ],
)
def test_what_somebody_tells_of_a_provider_below_a_long_line_stays(told):
    text = f"{ASKED}\n\n{'_' * 65}\n{told}\n"
    assert split_reply(text) == (text, "")


def test_a_number_alone_below_a_rule_is_no_card():
    text = f"{ASKED}\n我的新号码：\n---\n13800138000"
    assert split_reply(text) == (text, "")


@pytest.mark.parametrize("word", ["Tel", "微信", "QQ", "phone:"])
def test_a_word_for_a_number_before_a_gap_is_judged_in_linear_time(word):
    started = process_time()
    split_reply(f"{ASKED}\n\n-- \n{word}{' ' * 100_000}x")
    assert process_time() - started < 3


@pytest.mark.parametrize("piece", ["--\n", "-- \n", "----\nLi Wei\n", "__\na@b.example\n", "- "])
def test_hostile_text_is_judged_in_linear_time(piece):
    started = process_time()
    split_reply(piece * (200_000 // len(piece)))
    assert process_time() - started < 10
