"""What a company's server adds under everything goes; a letter that begins like one stays."""

from time import process_time

import pytest

from router.core.cutting.quoting import split_reply

ASKED = "还是没有到账，请再查一下。\n订单号 20261124001"
DISCLAIMERS = (
    "This e-mail and any attachments are confidential and intended only for the addressee.",
    "本邮件及其附件含有保密信息，仅限收件人使用。",
    (
        "CONFIDENTIALITY NOTICE: This e-mail is for the intended recipient only and may hold "
        "privileged matter. If you are not that recipient, any copying is prohibited."
    ),
    (
        "This message and any attachments are confidential.\nIf it reached you by mistake, please "
        "tell the sender and delete it.\n\nNo liability is accepted for viruses.\n\n"
        "Please consider the environment before printing this e-mail."
    ),
    (
        "Disclaimer\n\nThe information in this communication is intended solely for the addressee. "
        "If you have received it in error, notify me at once and destroy all copies."
    ),
    "本邮件及其附件含有保密信息，仅限收件人使用。禁止任何形式的复制或传播。如误收，请立即删除。",
    "免责声明：\n此邮件内容机密，仅供指定收件人阅读。若您错收了本邮件，请通知发件人并销毁。",
    "本邮件内容仅供收件人使用，如误收请删除。\nThis email is intended only for the recipient.",
    "本郵件屬機密，僅供收件者使用。若您誤收此郵件，請通知寄件者並刪除。",
    (
        "Diese E-Mail enthält vertrauliche Informationen. Wenn Sie nicht der Adressat sind "
        "oder sie irrtümlich erhalten haben, informieren Sie den Absender, löschen Sie sie."
    ),
    (
        "Ce message est confidentiel et destiné au seul destinataire. Si vous l'avez reçu par "
        "erreur, merci d'avertir l'expéditeur et de le supprimer."
    ),
)


@pytest.mark.parametrize("disclaimer", DISCLAIMERS)
def test_a_disclaimer_at_the_end_goes(disclaimer):
    assert split_reply(f"{ASKED}\n\n{disclaimer}\n").reply == ASKED


NOTICES = (
    "---\nThis email has been checked for viruses by Avast\nsoftware.\nhttps://a.example",
    "<https://a.example/sig?x=1>\nVirus-free.www.avast.com\n<https://a.example/sig?x=1>",
    "No virus found in this message.\nChecked by AVG.\nVersion: 1 / Release Date: 3",
    (
        "-- \nThis message has been scanned for viruses and\ndangerous content by MailScanner, and "
        "is\nbelieved to be clean."
    ),
    "Diese E-Mail wurde von Avast Antivirus-Software auf Viren geprüft.\nwww.avast.com",
    "Please consider the environment before printing this e-mail.",
    "P Think of the environment: print only if you must.",
    "请考虑环境，非必要不打印本邮件。",
)


@pytest.mark.parametrize("notice", NOTICES)
def test_what_a_scanner_or_a_friend_of_trees_adds_goes(notice):
    assert split_reply(f"{ASKED}\n\n{notice}\n").reply == ASKED


@pytest.mark.parametrize(
    "told",
    [
        "My phone has a virus and this message was checked by nobody.",
        "This email says my wallet has a virus. Is it from you?",
        "Virus-free? My coins are gone.",
        "我的手机中了病毒，请冻结账户。",
        "打印凭证在哪里？",
        "Scanned for viruses: nothing. The app still crashes.",
        "Please consider my case before printing your report.",
        "The wallet file was scanned and a virus was found in it.",
        "This email says the app was checked and has a virus.",
        "Please consider the environment: iOS 17, version 5.2 of the app.",
        "网络环境正常，但是无法打印转账凭证。",
    ],
)
def test_what_somebody_writes_of_viruses_or_printing_stays(told):
    text = f"Hello,\n\n{told}\n"
    assert split_reply(text) == (text, "")


@pytest.mark.parametrize("disclaimer", DISCLAIMERS)
def test_what_is_written_below_one_stays_and_it_stays_with_it(disclaimer):
    text = f"{ASKED}\n\n{disclaimer}\n\nI also lost my phone, my coins are gone."
    assert split_reply(text) == (text, "")


@pytest.mark.parametrize(
    "letter",
    [
        "This email is confidential: I lost my seed phrase and somebody stole 2 BTC.\nCall me.",
        "This e-mail is confidential and intended for your security team. A thief has my keys.",
        "The information I gave your agent was confidential and a stranger knows it.\n\nFreeze it!",
        (
            "This message is confidential. If it reached the wrong desk by mistake, please "
            "tell the sender. My account was emptied, delete it."
        ),
        "本邮件请保密。我怀疑你们的员工泄露了我的信息，\n如果收到请尽快联系我。",
        "本邮件内容请保密。\n\n助记词被客服骗走了，钱正在被转走，请立即冻结！",
        "本邮件保密，请删除，不得外传。账户里的钱昨晚被全部转走了。请通知发件人。",
        "Disclaimer: I am not a technical person.\n\nMy wallet shows 0 since the update.",
        "Legal notice: I give you 14 days to release my funds of 3 BTC.\n\nThen I go to court.",
        "Confidentiality notice: nobody may know this. My partner took the phone and the coins.",
        "免责声明里说盗币不赔，是真的吗？\n\n我的币昨晚被盗了。",
        "This e-mail is confidential.",
        "机密：有人冒充你们的客服，已经骗了好几个人，请处理。",
        "Diese E-Mail ist vertraulich: mein Konto wurde gehackt, bitte löschen Sie nichts.",
    ],
)
def test_a_letter_that_begins_as_one_stays(letter):
    text = f"Hello,\n\n{letter}\n"
    assert split_reply(text) == (text, "")


@pytest.mark.parametrize(
    "piece", ["confidential ", "this message ", "保密", "delete.\n", "\n\n本邮件"]
)
def test_hostile_text_is_judged_in_linear_time(piece):
    started = process_time()
    split_reply("\n\n" + piece * (200_000 // len(piece)))
    assert process_time() - started < 10
