"""What was written now stays; history, signature and footer go; a doubt cuts nothing."""

import tomllib
from functools import partial
from pathlib import Path
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.core.cutting.quoting import answers, split_reply

answered = partial(split_reply, thread_ids=("<o.1@desk.example>",))
RECORDED = Path(__file__).parent.parent / "recorded"
ASKED = "还是没有到账，请再查一下。\n订单号 20261124001"
HISTORY = "您的来信我们已经收到。\n我们会尽快回复您。"
QUOTED = "> 您的来信我们已经收到。\n> 我们会尽快回复您。"
OLD = "We have your message.\nA person will answer you soon."

INTRODUCTIONS = {
    "Gmail": "On Tue, 24 Nov 2026 at 15:00, Wallet Support <help@wallet.example> wrote:",
    "Gmail, wrapped": "On Tue, 24 Nov 2026 at 15:00, Wallet Support\n<help@wallet.example> wrote:",
    "Gmail zh": "钱包客服 <help@wallet.example> 于2026年11月24日周二 15:00写道：",
    "Gmail zh-Hant": "錢包客服 <help@wallet.example> 於 2026年11月24日 週二 下午3:00寫道：",
    "Apple Mail": "On 24 Nov 2026, at 15:00, Wallet Support <help@wallet.example> wrote:",
    "Apple Mail zh": "在 2026年11月24日，15:00，钱包客服 <help@wallet.example> 写道：",
    "Thunderbird": "On 11/24/26 15:00, Wallet Support wrote:",
    "Thunderbird zh": "在 2026/11/24 15:00, 钱包客服 写道:",
    "163": "在 2026-11-24 15:00:00，“钱包客服” <help@wallet.example> 写道：",
    "163 en": 'At 2026-11-24 15:00:00, "Wallet Support" <help@wallet.example> wrote:',
    "Yahoo": "On Tuesday, November 24, 2026 at 03:00:00 PM GMT+8, Help <h@wallet.example> wrote:",
    "no verb": "2026-11-24 15:00 GMT+08:00 Wallet Support <help@wallet.example>:",
    "German": "Am 24.11.2026 um 15:00 schrieb Wallet Support <help@wallet.example>:",
}
HEADS = {
    "Outlook": "From: Help <help@wallet.example>\nSent: Tuesday, 24 November 2026 15:00\n"
    "To: Li <li@outlook.example>\nSubject: RE: transfer\n",
    "Outlook zh": "________________________________\n发件人: 客服 <help@wallet.example>\n"
    "发送时间: 2026年11月24日 15:00\n收件人: 李 <li@outlook.example>\n主题: 回复: 转账\n",
    "Foxmail": "发件人： 客服\n发送时间： 2026-11-24 15:00\n收件人： 李\n主题： Re: 转账\n",
    "Aliyun": f"{'-' * 66}\n发件人：客服 <help@wallet.example>\n日　期：2026年11月24日\n"
    "收件人：李 <li@aliyun.example>\n主　题：Re: 转账\n",
    "QQ Mail": "------------------ 原始邮件 ------------------\n"
    '发件人: "客服" <help@wallet.example>;\n发送时间: 2026年11月24日(星期二) 下午3:00\n'
    '收件人: "李"<li@qq.example>;\n主题: Re: 转账\n',
    "QQ Mail en": "------------------ Original ------------------\nFrom: help\nDate: Tue\n",
    "163": "---- 回复的原邮件 ----\n| 发件人 | 客服<help@wallet.example> |\n"
    "| 日期 | 2026年11月24日 |\n",
    "phone": "-------- 原始邮件 --------\n发件人：客服\n",
    "Outlook Express": "-----Original Message-----\nFrom: Help\n",
    "GMX": 'Gesendet: Dienstag, 24. November 2026 um 15:00 Uhr\nVon: "Help" <help@wallet.example>\n'
    "An: li@gmx.example\nBetreff: Re: Geld\n",
}
ABROAD = tomllib.loads((RECORDED / "introductions.toml").read_text())
INTRODUCTIONS |= ABROAD["introductions"]
HEADS |= {f"Outlook {language}": head for language, head in ABROAD["heads"].items()}
FOOTERS = (
    "发自我的 iPhone",
    "发自我的华为手机",
    "從我的 iPhone 傳送",
    "发自网易邮箱大师",
    "Sent from my iPhone",
    "Sent from Yahoo Mail for Android",
    "Get Outlook for iOS",
    "获取 Outlook for Android",
)


def letters(text):
    return sorted("".join(text.split()))


@pytest.mark.parametrize(
    ("program", "history"),
    [
        (program, history)
        for program, line in INTRODUCTIONS.items()
        for history in (QUOTED, HISTORY)
        if history is QUOTED or "@" in line
    ],
)
def test_an_introduced_quote_under_the_answer_goes(program, history):
    text = f"{ASKED}\n\n{INTRODUCTIONS[program]}\n\n{history}\n"
    split = answered(text)
    assert split.reply == ASKED
    assert letters(split.reply + split.rest) == letters(text)


@pytest.mark.parametrize("program", HEADS)
def test_history_under_printed_headers_goes(program):
    text = f"{ASKED}\n\n{HEADS[program]}\n{HISTORY}\n"
    split = answered(text)
    assert split.reply == ASKED
    assert letters(split.reply + split.rest) == letters(text)


@pytest.mark.parametrize("footer", FOOTERS)
def test_a_phone_footer_goes_with_and_without_history(footer):
    assert answered(f"{ASKED}\n\n{footer}").reply == ASKED
    assert answered(f"{ASKED}\n\n{footer}\n\n{HEADS['QQ Mail']}\n{HISTORY}").reply == ASKED


def test_an_answer_under_the_quote_stays():
    text = f"{INTRODUCTIONS['Thunderbird']}\n{QUOTED}\n\n{ASKED}\n\n-- \n李伟\n13800138000"
    assert answered(text).reply == ASKED


def test_answers_between_quoted_lines_stay():
    text = (
        f"Hello,\n\n{INTRODUCTIONS['Gmail']}\n> When did it happen?\nYesterday at nine.\n"
        "> Which order?\nNumber 77.\n\n-- \nLi"
    )
    kept = answered(text).reply.split()
    assert kept == ["Hello,", "Yesterday", "at", "nine.", "Number", "77."]


@pytest.mark.parametrize("head", ["Outlook", "Outlook zh", "GMX", "QQ Mail en", "Outlook fi"])
def test_answers_below_printed_headers_stay(head):
    text = f"Hello,\n\n{HEADS[head]}\n> When?\n[Li] Yesterday.\n> Which?\n77, and it was stolen."
    assert answered(text).reply.split("\n")[-2:] == ["[Li] Yesterday.", "77, and it was stolen."]
    assert "When" not in answered(text).reply


@pytest.mark.parametrize("mark", ["WS> ", "K> ", "ИИ> ", "| ", " WS> "])
@pytest.mark.parametrize("program", ["Gmail", "Thunderbird", "163", "Apple Mail zh"])
def test_answers_between_lines_with_another_quote_mark_stay(mark, program):
    text = f"{INTRODUCTIONS[program]}\n\n{mark}When?\n\nYesterday.\n\n{mark}Which?\n77\n\n-- \nLi"
    assert answered(text).reply.split() == ["Yesterday.", "77"]


def test_a_bar_or_a_letter_before_an_angle_is_no_quote_mark_of_itself():
    text = "A> 5\nB> 3\n| coin | sum |\n| BTC | 1 |\nWhich is right?"
    assert answered(text) == (text, "")


@pytest.mark.parametrize(
    "mark",
    [
        "---------- Forwarded message ---------",
        "---------- 转发的邮件 ----------",
        "Begin forwarded message:",
        "-------- 转发邮件信息 --------",
    ],
)
def test_a_forward_stays_whole(mark):
    text = f"Please look at this.\n\n{mark}\n{HEADS['Outlook']}\n{OLD}"
    assert answered(text) == (text, "")


@pytest.mark.parametrize(
    "subject",
    [
        *("FW: locked", "Fwd: locked", "转发: 冻结", "轉寄：凍結", "RV: su cuenta", "ENC: conta"),
        *("I: il suo conto", "Doorst: uw rekening", "PD: konto", "VB: konto", "\u0130LT: hesap"),
        *("転送: x", "TR: compte", "WG: Konto"),
    ],
)
def test_a_forward_that_only_its_subject_tells_of_stays_whole(subject):
    text = f"Please look at this.\n\n{HEADS['Outlook']}\n{OLD}"
    assert answered(text, subject) == (text, "")
    assert answered(text, f"Re: {subject}").reply == "Please look at this."


def test_a_forward_written_in_quote_marks_stays_whole():
    text = "Is it you?\n\n> Begin forwarded message:\n>\n> From: a@b.example\n> Pay now."
    assert answered(text) == (text, "")


def test_a_reply_to_a_forward_is_still_a_reply():
    text = f"{ASKED}\n\n{INTRODUCTIONS['Gmail']}\n> ---------- Forwarded message ---------\n> x"
    assert answered(text).reply == ASKED


@pytest.mark.parametrize(
    "signature",
    [
        "-- \nLi Wei\nAccounts\n+86 138",
        "--\nLi Wei",
        "| |\n李伟\n|\n|\n邮箱：li@163.example\n|\n签名由 网易邮箱大师 定制",
    ],
)
def test_signatures_go(signature):
    assert answered(f"{ASKED}\n\n{signature}\n").reply == ASKED


@pytest.mark.parametrize(
    "text",
    [
        "Your agent wrote to me on 20 Nov:\nplease wait.\nI have waited.",
        "> 100 USD went missing",
        "Steps:\n-----\n1. open\n2. pay\n-----\nand it fails",
        "From: Beijing\nI travelled to Shanghai.",
        "主题：转账失败\n金额：500\n时间：昨天",
        "My phone is an iPhone, the app was sent from the store.",
        "他在微信上给我写道：你好。\n然后就转走了我的钱。",
        "This is confidential? I do not know, please help.",
        "Sent by mistake to the wrong wallet, please help.",
        "Hello\n\nSent from my bank account to a mobile wallet.\nPlease check.",
        "你好\n\n来自招商银行的短信说扣款成功",
        "你好\n从我的手机上看不到余额\n请帮忙",
        "订单\n--\n商品：充值卡\n--\n金额：100\n请退款。",
        "Dear all,\n\nThis email is to confirm. It is confidential? no.",
        "plain words only",
        "",
    ],
)
def test_a_doubt_cuts_nothing(text):
    assert answered(text) == (text, "")


@pytest.mark.parametrize(
    "text",
    [
        QUOTED,
        f"{QUOTED}\n\nSent from my iPhone",
        "Sent from my iPhone",
        "-- \nLi Wei",
    ],
)
def test_a_mail_that_is_nothing_else_stays_whole(text):
    assert answered(text) == (text, "")


@pytest.mark.parametrize(
    "text",
    [
        f"{INTRODUCTIONS['Gmail']}\n{QUOTED}",
        f"{INTRODUCTIONS['Gmail, wrapped']}\n\n{QUOTED}\n",
        f"> {INTRODUCTIONS['163']}\n>\n>> {HISTORY.splitlines()[0]}",
        f"\n\n发自我的iPhone\n\n> {INTRODUCTIONS['Apple Mail zh']}\n>\n{QUOTED}",
        f"Sent from my iPhone\n\n{INTRODUCTIONS['Gmail']}\n{QUOTED}",
        f"-- \nLi Wei\n\n{INTRODUCTIONS['Gmail']}\n{QUOTED}",
        HEADS["QQ Mail"] + HISTORY,
        f"\n\n{HEADS['Outlook zh']}\n{HISTORY}",
        f"{HEADS['Outlook']}\n{OLD}",
        f"\n{INTRODUCTIONS['163']}\n{HISTORY}",
    ],
)
def test_an_answer_that_is_history_alone_says_nothing(text):
    assert answered(text) == ("", text)
    assert split_reply(text) == (text, "")


def test_headers_and_all_below_them_are_nothing_new_only_in_a_mail_that_names_another():
    text = f"{HEADS['Outlook']}\n{OLD}"
    assert split_reply(text, "Re: transfer") == (text, "")
    text = f"{INTRODUCTIONS['Gmail']}\n{QUOTED}"
    assert split_reply(text, "Re: transfer") == ("", text)


def test_an_introduction_whose_link_was_written_out_is_one():
    link = "On Thu, 26 Nov 2026 at 11:16 Help\n\n<\nmailto:Help <help@wallet.example>\n> wrote:"
    assert answered(f"{ASKED}\n\n{link}\n\n{HISTORY}").reply == ASKED


@pytest.mark.parametrize("history", [QUOTED, HISTORY])
@pytest.mark.parametrize(
    "broken",
    [
        "Wallet Support International Customer Care <\nhelp@wallet.example> 于2026年11月24日写道：",
        "Wallet Support (Asia Pacific) <\nhelp@wallet.example> 于2026年11月24日周二\n15:00写道：",
        "钱包客服国际客户服务中心亚太区 <help@wallet.example> 于2026年11月24日周二\n写道：",
        "钱包客服国际客户服务中心亚太区 <help@wallet.example> 于2026年11月24日周二\n15:00写道：",
        "錢包客服國際客戶服務中心 <help@wallet.example> 於\n2026年11月24日 週二 下午3:00寫道：",
        "钱包客服国际客户服务中心 <help@wallet.example>\n于2026年11月24日周二 15:00写道：",
        "Wallet Support International <help@wallet.example>\nwrote:",
        "Wallet Support <help@wallet.example>, 24 Kas 2026 Sal, 15:00 tarihinde şunu\nyazd\u0131:",
        "út 24. 11. 2026 v 15:00 odesílatel Wallet <help@wallet.example>\nnapsal:",
        "wt., 24 lis 2026 o 15:00 Wallet Support <help@wallet.example>\nnapisał(a):",
        *("Quoting Wallet Support <help@wallet.example>:", "Zitat von W <help@wallet.example>:"),
        *("Wallet Support <help@wallet.example> writes:", "W <help@wallet.example> schreibt:"),
    ],
)
def test_an_introduction_that_was_broken_goes_whole(broken, history):
    assert answered(f"{ASKED}\n\n{broken}\n\n{history}\n").reply == ASKED


@pytest.mark.parametrize(
    "line", ["On 24/11/26 15:00, Help wrote:", "2026/11/24 15:00，客服 写道："]
)
def test_who_is_named_right_above_a_whole_introduction_stays(line):
    asked = "Please ask Wei <wei@wallet.example>"
    assert answered(f"{asked}\n{line}\n{QUOTED}\n").reply == asked


def test_who_and_when_between_drawn_lines_begin_history_in_any_language():
    line = "---- 在 星期二, 2026-11-24 15:00:00 +0800 客服 <help@wallet.example> 撰写 ----"
    assert answered(f"{ASKED}\n\n{line}\n\n{HISTORY}\n").reply == ASKED
    for told in ("转账 500 元未到账，对方是", "向 <wei@mail.example> 转账 500"):
        text = f"{ASKED}\n\n---- 2026-11-24 15:00:00 {told} ----\n\n{HISTORY}\n"
        assert answered(text) == (text, "")


@pytest.mark.parametrize(
    "signed", ["签名由 网易邮箱大师 定制", "发自我的小米手机", "Sent from my iPhone"]
)
def test_below_a_programs_own_line_an_introduction_needs_no_address(signed):
    for line in ("在2026年11月24日 15:00，客服 写道：", "On Nov 24, 2026, at 15:00, Help wrote:"):
        assert answered(f"{ASKED}\n\n{signed}\n\n{line}\n{HISTORY}\n").reply == ASKED


def test_headers_that_name_a_sender_and_a_sent_time_begin_history():
    head = 'Original Email\n\n\nSender:"Help"< help@wallet.example >;\n\nSent Time:2026/11/24 15:00'
    head += '\n\nTo:"Li"< li@corp.example >;\n\nSubject:Re: transfer\n'
    assert answered(f"{ASKED}\n\n\n{head}\n{OLD}\n").reply == ASKED


@pytest.mark.parametrize("line", ABROAD["above_quote_marks"].values())
def test_above_quote_marks_an_introduction_is_known_in_any_language(line):
    assert answered(f"{ASKED}\n\n{line}\n\n{QUOTED}\n").reply == ASKED
    assert answered(f"{ASKED}\n\n{line}\n{QUOTED}\n").reply == ASKED


@pytest.mark.parametrize(
    "line",
    [
        "On Monday I wrote to help@wallet.example, and you said:",
        "Your agent (help@wallet.example) told me on 20/11/2026 15:00:",
        "I asked on 20/11/2026 15:00:",
        "At 15:00 your agent told me:",
        "I mailed (help@wallet.example) twice. The answer:",
    ],
)
def test_what_somebody_tells_above_quote_marks_stays(line):
    assert answered(f"{line}\n{QUOTED}\n{ASKED}").reply == f"{line}\n{ASKED}"


@pytest.mark.parametrize(
    "who",
    [
        "\tLee Ann@EXAMPLE\n\t11/24/2026 03:00 PM\n\t \n",
        '"Lee, Ann" <help@wallet.example> on 11/24/2026 03:00:00 PM\n',
        "Ann Lee\n11/24/2026 15:00\n",
    ],
)
def test_history_of_lotus_notes_has_who_and_when_above_its_headers(who):
    head = f"{who}\t To: Li Wei/EXAMPLE\n\t cc:\n\t Subject: transfer\n"
    assert answered(f"{ASKED}\n\n\n{head}\n{OLD}").reply == ASKED
    text = f"{ASKED}\n\nTo: 0x9f\ncc: Ann\nSubject: 500 USDT\n\nWhere is it?"
    assert answered(text) == (text, "")


def test_headers_above_an_introduction_go_with_the_line_above_them():
    head = ABROAD["under_headers"]["Yandex"]
    assert answered(f"{ASKED}\n\n{head}\n{HISTORY}").reply == ASKED


def test_hyphens_of_another_kind_draw_a_line():
    title = "\u2010" * 7 + " Original Message " + "\u2010" * 7
    assert answered(f"{ASKED}\n\n{title}\n{INTRODUCTIONS['Gmail']}\n\n{QUOTED}").reply == ASKED


def test_a_name_above_the_address_that_foxmail_signs_with_goes_too():
    text = f"{ASKED}\n\n李伟\nli@firm.example\n \n{HEADS['Foxmail']}{HISTORY}"
    assert answered(text).reply == ASKED
    text = f"您好：\n\n钱没到账\nli@firm.example\n \n{HEADS['Foxmail']}{HISTORY}"
    assert answered(text).reply == "您好：\n\n钱没到账"


@pytest.mark.parametrize("line", ["Zitat von Wallet:", "Quoting Ann:", "写道：", "Ann writes:"])
def test_an_introduction_without_an_address_needs_quote_marks_below(line):
    assert answered(f"{ASKED}\n\n{line}\n{QUOTED}").reply == ASKED
    text = f"{ASKED}\n\n{line}\n{HISTORY}"
    assert answered(text) == (text, "")


def test_what_was_written_right_above_an_introduction_stays():
    text = f"转账一直没有到账\nhelp@wallet.example 于2026年11月24日写道：\n{QUOTED}"
    assert answered(text).reply == "转账一直没有到账"
    text = f"My address is li@mail.example\nHe wrote:\n{QUOTED}"
    assert answered(text).reply == "My address is li@mail.example"


@pytest.mark.parametrize(
    "told",
    [
        "On Nov 16, 2026 I wrote:\nplease freeze my account.\nNobody did, and now it is empty.",
        "On 20 November 2026 your agent wrote:\n\nwait 24 hours.\n\nIt has been three days!",
        "客服于2026年11月20日写道：\n请等待24小时。\n现在已经三天了，还没有到账！",
        "在 2026年11月20日 14:05 小王写道：\n没事的。\n钱已经被转走了！",
        "Am 20.11.2026 um 14:05 schrieb mir Ihr Mitarbeiter:\nbitte warten.\nMein Konto ist leer!",
        "Le 20/11/2026 votre agent a écrit :\nattendez.\nMon compte est vide !",
        "El 20/11/2026 su agente escribió:\nespere.\nMi cuenta está vacía.",
    ],
)
def test_what_somebody_tells_of_a_letter_stays(told):
    text = f"Hello,\n\n{told}\n"
    assert answered(text) == (text, "")
    marked = answered(f"{ASKED}\n\n{told.replace(chr(10), f'{chr(10)}> ')}").reply
    assert marked.startswith(ASKED)
    assert told.splitlines()[-1] not in marked


NEW = {
    "a pasted mail": f"Is this from you?\n\n{HEADS['Outlook']}\n{OLD}\n\nI paid!",
    "a pasted mail, Chinese": f"是你们吗？\n{HEADS['Foxmail']}\n{HISTORY}\n我输了助记词！",
    "a pasted mail under a title": f"看这个\n{HEADS['QQ Mail']}\n{HISTORY}\n我点了链接",
    "a pasted quote": f"He sent me this:\n{INTRODUCTIONS['Gmail']}\n{OLD}\nI did what he said.",
    "a marked quote": f"{INTRODUCTIONS['Gmail zh']}\n{QUOTED}\n我照做了，钱没了。",
    "terms in quote marks": "Your terms say\n> one day\n> at most\nbut mine takes nine.",
    "steps in quote marks": "我按步骤操作：\n> 打开钱包\n> 点击发送\n最后一步报错。",
    "a shell": "> pay 0.1\nError\n> balance\n0\nWhy?",
    "facts of a parcel": "发件人：李\n收件人：仓库\n日期：周一\n主题：退货\n请查收并退款。",
    "a form": "____\nFrom: my account\nTo: 0x9f\nDate: Monday\nSubject: lost\nCould you trace it?",
    "a footer in what was pasted": f"Is it you?\n{HEADS['Outlook']}\n{OLD}\n\nSent from my iPhone",
}


@pytest.mark.parametrize("kind", NEW)
def test_a_mail_that_answers_nothing_has_no_history(kind):
    assert split_reply(NEW[kind]) == (NEW[kind], "")


def test_a_signature_goes_from_a_mail_that_answers_nothing_too():
    text = f"Your terms say\n> one day\n> at most\n{ASKED}\n\n-- \nLi Wei"
    assert split_reply(text).reply == text.partition("\n\n--")[0]


@pytest.mark.parametrize(
    "subject",
    [
        *(
            "Re: transfer",
            "RE: x",
            "re:x",
            "Re[2]: x",
            "Re (3): x",
            "回复：转账",
            "回复: x",
            "答复: x",
        ),
        *(
            "回覆：轉帳",
            "AW: Geld",
            "Antw: geld",
            "SV: hej",
            "VS: raha",
            "Odp: x",
            "Ynt: x",
            "Ref: x",
        ),
        *("RES: dinheiro", "RIF: x", "返信: x", "회신: x"),
    ],
)
def test_an_answer_is_known_by_its_subject(subject):
    assert answers(subject)


@pytest.mark.parametrize(
    "subject",
    ["", "Report: x", "Resolved?", "Reply wanted: x", "回复我", "Fwd: x", "转发：x", "Ref 7: x"],
)
def test_another_subject_answers_nothing_without_the_id_of_a_mail(subject):
    assert not answers(subject)
    assert answers(subject, ("<o.1@desk.example>",))


@given(
    st.lists(
        st.sampled_from(
            [
                *(ASKED, QUOTED, HISTORY, "", "-- ", "--", "> x", "__", "a", "wrote:", "\r"),
                *(INTRODUCTIONS["Gmail, wrapped"], HEADS["Outlook"], HEADS["163"], *FOOTERS),
                *("签名由 x 定制", "| |", "本邮件保密，仅供收件人使用，禁止复制", "İ wrote:"),
            ]
        ),
        max_size=12,
    ).map("\n".join)
)
def test_no_character_is_lost(text):
    split = answered(text)
    assert letters(split.reply + split.rest) == letters(text)


@pytest.mark.parametrize(
    "piece",
    [
        ">",
        ">\n",
        "On a wrote ",
        "On Mon 1:00 a@b.c wrote:\n",
        "From: a\n",
        "Subject: a\n",
        "-",
        "--\n",
        "On 24.11.2026 15:00 a@b.c wrote:\nWS> x\n\n",
        ":\n>\n",
    ],
)
def test_hostile_text_is_cut_in_linear_time(piece):
    text = piece * (100_000 // len(piece))
    started = process_time()
    answered(text)
    assert process_time() - started < 10  # CPU seconds; measured below 0.03
