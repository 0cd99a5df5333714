"""What is done about a security matter: tasks with owners, and tickets that belong together."""

import pytest

from router import desk, pipeline, playbook
from router.core.playbooks import Playbooks
from router.core.rights import Who
from router.core.waves.counterparties import counterparties
from router.errors import NotFound, SettingsFault
from router.prepared import Terms
from router.store import playbooks
from tests.fakes import FakeDoor, FakeDoors
from tests.staff import staffed

MEI = Who(id=1, name="Mei", role="agent", teams=frozenset({1, 2}), locale="zh")
STOLEN = "There is a payment I did not make, my account was hacked"
WALLET = "0x52908400098527886e0f7030069857d2e4169ee7"


@pytest.fixture
def door():
    return FakeDoor()


@pytest.fixture
def router(assembled, door):
    return staffed(assembled(doors=FakeDoors(door)), MEI)


def arrives(router, door, text, who="ann"):
    raw = door.arrives(text=text, **{"from": f"{who}@mail.example"})
    taken = pipeline.receive(router, door, [raw], Terms())[0]
    playbook.sweep(router)
    return taken.ticket_id


def tasks(router, ticket):
    with router.store.reading() as unit:
        return playbooks.tasks(unit, ticket)


def linked(router, ticket):
    with router.store.reading() as unit:
        rows = unit.rows(
            "SELECT ticket_id, other_id, kind FROM link WHERE ticket_id = :t OR other_id = :t",
            t=ticket,
        )
        return [(row.ticket_id, row.other_id, row.kind) for row in rows]


def test_a_theft_gets_its_tasks_once_however_often_somebody_writes(router, door):
    ticket = arrives(router, door, STOLEN)
    before = [row.step for row in tasks(router, ticket)]
    assert before[0] == "freeze"
    router.store.write(lambda unit: playbooks.wait(unit, ticket))
    playbook.sweep(router)
    assert [row.step for row in tasks(router, ticket)] == before


def test_a_calm_ticket_has_none_until_a_person_makes_it_a_security_matter(router, door):
    ticket = arrives(router, door, "My transfer is pending")
    assert tasks(router, ticket) == []
    desk.set_category(router, MEI, ticket, "security.phishing")
    playbook.sweep(router)
    assert {row.playbook for row in tasks(router, ticket)} == {"phishing"}


def test_a_task_has_an_owner_and_who_did_it(router, door):
    ticket = arrives(router, door, STOLEN)
    first, second = tasks(router, ticket)[:2]
    desk.own_task(router, MEI, ticket, first.id, MEI.id)
    desk.end_task(router, MEI, ticket, second.id, "done")
    first, second = tasks(router, ticket)[:2]
    assert (first.owner, first.state) == ("Mei", "open")
    assert (second.owner, second.state, second.ended_name) == ("Mei", "done", "Mei")
    desk.end_task(router, MEI, ticket, second.id, "open")
    assert tasks(router, ticket)[1].ended_name is None


def test_a_task_of_another_ticket_is_nobodys(router, door):
    ticket = arrives(router, door, STOLEN)
    other = arrives(router, door, STOLEN, who="bo")
    with pytest.raises(NotFound):
        desk.end_task(router, MEI, other, tasks(router, ticket)[0].id, "done")


@pytest.mark.parametrize(
    "named",
    [
        f"They sent it to {WALLET}",
        "The site was https://wallet-verify.top/login",
        "The money went to payee: zhang88@pay.example",
        "他们让我转给 zhangsan888",
        "they called from +86 138 0000 4321",
    ],
)
def test_tickets_that_name_the_same_payee_wallet_site_or_number_are_linked(router, door, named):
    first = arrives(router, door, f"{STOLEN}. {named}")
    second = arrives(router, door, f"{STOLEN}! {named}", who="bo")
    arrives(router, door, STOLEN, who="cy")
    assert linked(router, second) == [(second, first, "shared")]


def test_only_fingerprints_of_what_was_named_are_kept(router, door):
    arrives(router, door, f"{STOLEN}. They sent it to {WALLET}")
    with router.store.reading() as unit:
        rows = unit.rows("SELECT kind, fingerprint FROM ticket_trace")
    assert [row.kind for row in rows] == ["wallet"]
    assert WALLET not in rows[0].fingerprint


def test_what_everybody_names_ties_nobody(router, door):
    for who in ("ann", "bo"):
        ticket = arrives(router, door, f"{STOLEN}, see https://etherscan.io/tx/1", who=who)
    assert linked(router, ticket) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("payee: zhang88, payee: ZHANG88", ["zhang88"]),
        ("I sent 500 USDT to bob_2024 yesterday", ["bob_2024"]),
        ("收款账户是 6222xx18 的人", ["6222xx18"]),
        ("I sent it to somebody", []),
        ("the recipient says nothing", []),
    ],
)
def test_a_payee_is_read_where_one_is_named(text, found):
    assert list(counterparties(text)) == found


def test_playbooks_that_cannot_be_used_say_why():
    good = 'zh = "a"\nen = "b"\ncategories = ["x.y"]\n[[task]]\nstep = "s"\nzh = "a"\nen = "b"\n'
    with pytest.raises(SettingsFault) as caught:
        Playbooks.read({"a": good, "b": good, "c": 'zh = "a"\n[[task]]\nstep = "s"\n'})
    said = str(caught.value)
    assert "x.y has a playbook already" in said
    assert "a task needs step, zh and en" in said


def test_every_security_category_but_advice_has_a_playbook(shipped_rules):
    books = Playbooks.load()
    without = {
        one
        for one in shipped_rules.categories
        if one.startswith("security.") and books.serving(one) is None
    }
    assert without == {"security.advice"}
