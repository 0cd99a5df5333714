"""A desk with as many made-up tickets as one likes, written directly, to try the pages at size.

The rows are those the pipeline writes, without mails being parsed: hundreds of thousands of tickets
in a minute. The same number always gives the same tickets.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator

from router.assemble import Router
from router.core.references import ticket_number
from router.store import people, search
from router.store.batch import Clockface, Draft, write
from router.store.shapes import Entry, Identity, Message, Participant, Requester
from router.store.unit import Unit

_CHUNK = 1000
_HOUR = 3_600_000_000
_KINDS = (
    (
        "transfer.pending",
        "P2",
        "转账一直处理中，还没有到账",
        "Transfer still pending since yesterday",
    ),
    ("transfer.failed", "P2", "转账失败，钱没有退回", "Transfer failed and the money is gone"),
    ("login.password_reset", "P3", "忘记密码，重置链接失效", "Password reset link does not work"),
    ("login.verification_code", "P3", "收不到短信验证码", "No verification code arrives"),
    ("records.export", "P4", "请问怎么导出交易记录", "How do I export my records"),
    ("records.missing", "P3", "找不到上个月的一笔交易", "A payment is missing in my records"),
    ("security.suspicious_transaction", "P1", "有一笔不是我的扣款", "A payment I did not make"),
    ("other.unsorted", "P3", "有一个问题想咨询", "A question about my account"),
)
_WEIGHTS = (20, 15, 15, 12, 12, 10, 4, 12)
#: What people write around their matter, so that texts are as long as real ones.
_AROUND = {
    "zh": (
        "您好，我是你们的老用户，用了好几年了，以前没有出过问题。",
        "今天上午开始就这样，手机重启过，应用也卸载重装过，还是一样。",
        "麻烦尽快帮我看一下，家里急着用钱，谢谢。",
        "如果需要截图或者其他资料请告诉我，我可以马上发过来。",
        "之前打过电话，等了很久没有人接，所以写信过来。",
        "请处理好以后回复我这个邮箱，我会一直留意的。",
    ),
    "en": (
        "I have used the wallet for years and never had any trouble before.",
        "It began this morning; I restarted the phone and installed the app again, no change.",
        "Please have a look as soon as you can, I need the money for my rent.",
        "If you need screenshots or anything else, tell me and I will send them right away.",
        "I called first and waited for a long time, but nobody answered.",
        "Please write back to this address when it is done, I look at it every day.",
    ),
}
_STATES = ("new", "open", "waiting", "closed")
_STATE_WEIGHTS = (6, 8, 6, 80)


#: What colleagues answer in all of them.
_ANSWERS = {
    "zh": "您好，我们已经收到，正在为您核对，有结果马上告诉您。",
    "en": "Hello, we are looking into it and will tell you as soon as we know more.",
}


def seed(router: Router, count: int) -> Iterator[int]:
    """Write so many tickets, yielding how many are committed after each thousand."""
    draw = random.Random(count)  # noqa: S311  # made-up tickets, no secrets
    done = 0
    while done < count:
        size = min(_CHUNK, count - done)

        def work(unit: Unit, first: int = done, size: int = size) -> None:
            _chunk(router, unit, draw, first, size)

        router.store.write(work, bulk=True)
        done += size
        yield done


def _chunk(router: Router, unit: Unit, draw: random.Random, first: int, size: int) -> None:
    entries: list[tuple[int, str]] = []
    agent = next((one.id for one in people.listed(unit)), None)
    drafts = [_ticket(router, unit, draw, first + step) for step in range(size)]
    for draft in drafts:
        _messages(unit, draw, draft, agent, entries)
    write(unit, drafts)
    unit.flush()
    search.add(unit, entries)


def _ticket(router: Router, unit: Unit, draw: random.Random, number: int) -> Draft:
    category, urgency, chinese, english = draw.choices(_KINDS, _WEIGHTS)[0]
    language = draw.choice(("zh", "en"))
    words = chinese if language == "zh" else english
    at = unit.now_us - draw.randrange(90 * 24 * _HOUR)
    ticket_id, person, identity = unit.new_id(), unit.new_id(), unit.new_id()
    state = draw.choices(_STATES, _STATE_WEIGHTS)[0]
    draft = Draft(
        id=ticket_id,
        number=ticket_number(ticket_id, router.keys),
        subject=f"{words} #{number}",
        requester_id=person,
        identity_id=identity,
        channel=draw.choice(("email", "webform")),
        account="demo",
        team_id=2 if category.startswith("security.") else 1,
        category=category,
        urgency=urgency,
        opened_at=at,
        updated_at=at,
        state=state,
        security=category.startswith("security."),
        language=language,
        verification="unverified",
        closed_at=at + _HOUR if state == "closed" else None,
        snippet=words,
        new=True,
    )
    if state in ("new", "open"):
        draft.clocks.append(_promise(unit, draft, unit.now_us + draw.randrange(1, 48) * _HOUR))
    _person(unit, draft, number)
    return draft


def _promise(unit: Unit, draft: Draft, due_at: int) -> Clockface:
    return Clockface(
        id=unit.new_id(),
        kind="first_response",
        minutes=480,
        started_at=draft.opened_at,
        due_at=due_at,
        policy=draft.urgency,
        new=True,
    )


def _person(unit: Unit, draft: Draft, number: int) -> None:
    name, at = f"Person {number}", draft.opened_at
    unit.put(Requester, id=draft.requester_id, name=name, language=draft.language, created_at=at)
    unit.put(
        Identity,
        id=draft.identity_id,
        requester_id=draft.requester_id,
        kind="email",
        value=f"person{number}.{draft.id:x}@seed.example",
        name=name,
        created_at=at,
    )
    unit.put(Participant, ticket_id=draft.id, identity_id=draft.identity_id)
    told = {"category": draft.category, "urgency": draft.urgency, "rules": []}
    unit.put(
        Entry,
        id=unit.new_id(),
        ticket_id=draft.id,
        at=at,
        code="triaged",
        params=json.dumps(told),
    )


def _messages(
    unit: Unit,
    draw: random.Random,
    draft: Draft,
    agent: int | None,
    entries: list[tuple[int, str]],
) -> None:
    draft.messages = draw.choice((1, 1, 1, 2, 2, 3))
    for step in range(draft.messages):
        incoming = step % 2 == 0
        message_id = unit.new_id()
        around = "\n".join(draw.sample(_AROUND[draft.language], draw.randint(2, 5)))
        asked = (
            f"{draft.snippet}. 订单 {draw.randrange(10**9)} order {draw.randrange(10**6)}\n{around}"
        )
        text = asked if incoming else _ANSWERS[draft.language]
        unit.put(
            Message,
            id=message_id,
            ticket_id=draft.id,
            direction="in" if incoming else "out",
            channel=draft.channel,
            account="demo",
            identity_id=draft.identity_id if incoming else None,
            agent_id=None if incoming else agent,
            subject=draft.subject if step == 0 else "",
            text=text,
            language=draft.language,
            size=len(text),
            arrived_at=draft.opened_at + step * _HOUR,
            seen_at=draft.opened_at + step * _HOUR,
        )
        entries.append((message_id, search.prepare(f"{draft.subject}\n{text}", 4000)))
