"""Made-up support mail for measuring: the same number and seed always give the same mails.

Seven in ten open a matter, three in ten answer an earlier one; half Chinese, half English; a third
with HTML beside the text, a tenth with a small attachment; a few are machines'.
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime

_START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
_ZH = (
    "我的钱包登录不上了，密码明明是对的。",
    "转账之后对方一直没有收到。",
    "想查一下上个月的消费明细在哪里看。",
    "有人动了我的账户，这笔钱不是我付的，请先冻结。",
    "请问提现要多久可以到银行卡？",
)
_EN = (
    "I cannot get into my wallet although the password is right.",
    "The person I sent money to has still not received it.",
    "Where can I look up what I spent last month?",
    "Somebody used my account, this payment is not mine, please freeze it.",
    "How long does a withdrawal to the bank take?",
)
_FILL_ZH = ("麻烦尽快看一下，谢谢。", "我已经重启过手机。", "昨天也发生过一次。", "订单号是 {n}。")
_FILL_EN = ("Please have a look.", "I restarted the phone.", "It happened before.", "Order {n}.")


def make(count: int, seed: int = 1) -> Iterator[bytes]:
    """Raw mails, one by one."""
    draw = random.Random(seed)
    opened: list[tuple[str, str, str, bool]] = []
    for number in range(count):
        yield _mail(draw, number, opened)


def _mail(draw: random.Random, number: int, opened: list[tuple[str, str, str, bool]]) -> bytes:
    mail = EmailMessage()
    own_id = f"<{number}.{draw.randrange(10**9)}@mail.example>"
    if opened and draw.random() < 0.3:
        parent, sender, subject, chinese = draw.choice(opened[-500:])
        mail["In-Reply-To"] = mail["References"] = parent
        subject = f"Re: {subject}"
    else:
        chinese = draw.random() < 0.5
        sender = f"person{draw.randrange(10**6)}@mail.example"
        subject = draw.choice(_ZH if chinese else _EN)[:30]
        opened.append((own_id, sender, subject, chinese))
    fill = _FILL_ZH if chinese else _FILL_EN
    lines = [draw.choice(_ZH if chinese else _EN)]
    lines += [
        draw.choice(fill).format(n=draw.randrange(10**9)) for _ in range(draw.randrange(3, 9))
    ]
    mail["Message-ID"] = own_id
    mail["From"] = sender
    mail["To"] = "support@desk.example"
    mail["Subject"] = subject
    mail["Date"] = format_datetime(_START + timedelta(seconds=37 * number))
    mail["Received"] = f"from mx{draw.randrange(9)}.mail.example by mx.desk.example; x"
    if draw.random() < 0.04:
        mail["Auto-Submitted"] = "auto-replied"
    charset = "gb18030" if chinese and draw.random() < 0.3 else "utf-8"
    mail.set_content("\n".join(lines), charset=charset)
    if draw.random() < 0.35:
        mail.add_alternative("<p>" + "</p><p>".join(lines) + "</p>", subtype="html")
    if draw.random() < 0.1:
        mail.add_attachment(
            draw.randbytes(900), maintype="image", subtype="png", filename="screen.png"
        )
    return mail.as_bytes()
