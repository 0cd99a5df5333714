"""Our acknowledgements are nobody's weapon: two desks do not chat, and a flood echoes nothing."""

import email
from datetime import timedelta
from email.policy import default

import pytest

from channels.contract import Raw
from router import deliver, form, pipeline
from router.errors import OverLimit
from router.prepared import Terms
from tests.fakes import FakeDoors
from tests.router.mailroom import Mailroom, mail, receive


@pytest.fixture
def desk_of(assembled):
    """Makes a desk with a mailbox of this address: (router, door). Both may share a database: each
    knows its own account alone."""

    def make(address):
        door = Mailroom(address, account=address.partition("@")[0])
        return assembled(doors=FakeDoors(door)), door

    return make


def _as_it_is(data):
    return data


def _without(*names):
    """A relay that drops header lines."""

    def relay(data):
        read = email.message_from_bytes(data, policy=default)
        for name in names:
            del read[name]
        return read.as_bytes()

    return relay


@pytest.mark.parametrize(
    "relay",
    [
        _as_it_is,
        _without("Auto-Submitted", "X-Auto-Response-Suppress"),
        _without("Auto-Submitted", "X-Auto-Response-Suppress", "X-Helpdesk-Router"),
        _without("Auto-Submitted", "X-Auto-Response-Suppress", "In-Reply-To", "References"),
    ],
)
def test_two_desks_facing_each_other_stop_after_four_mails(desk_of, frozen, relay):
    ours, here = desk_of("help@ours.example")
    theirs, there = desk_of("care@theirs.example")
    sent = 1
    receive(
        theirs, there, mail(From="help@ours.example", To="care@theirs.example", body="a notice")
    )
    for _ in range(20):
        frozen.advance(timedelta(minutes=11))
        for router, door, peer, beyond in (
            (theirs, there, ours, here),
            (ours, here, theirs, there),
        ):
            deliver.sweep(router)
            going, door.out = door.out, []
            sent += len(going)
            for data in going:
                receive(peer, beyond, relay(data))
    assert sent <= 4


# ---------------------------------------------------------------- one mailbox, one domain


@pytest.fixture
def told(desk_of):
    """Takes mails in from these senders, each about a matter of its own; how many are told so."""
    router, door = desk_of("help@desk.example")

    def acknowledged(senders, **headers):
        before = _queued(router)
        for number, sender in enumerate(senders):
            body = f"my transfer {number * 7919} is still pending"
            receive(router, door, mail(From=sender, body=body, **headers))
        return _queued(router) - before

    return acknowledged


def _queued(router):
    with router.store.reading() as unit:
        return unit.value("SELECT COUNT(*) FROM outbox WHERE state = 'queued'")


@pytest.mark.parametrize("spelling", ["victim+{}@mail.example", "vic.tim+{}@gmail.com"])
def test_one_mailbox_in_thirty_spellings_is_told_once_within_ten_minutes(told, spelling):
    assert told(spelling.format(number) for number in range(30)) == 1


def test_dots_make_no_other_mailbox_of_one_that_does_not_count_them(told):
    assert told(["victim@gmail.com", "v.ictim@gmail.com", "vi.ctim@googlemail.com"]) == 1


def test_one_mailbox_in_many_spellings_is_told_three_times_a_day(told, frozen):
    found = 0
    for number in range(12):
        frozen.advance(timedelta(minutes=11))
        found += told([f"victim+{number}@mail.example"])
    assert found == 3


def test_a_domain_is_told_twenty_times_an_hour_whatever_stands_before_it(told):
    assert told(f"a@s{number}.mail.example" for number in range(70)) == 20


def test_two_firms_below_one_countrys_registry_do_not_share(told):
    assert told(f"a{number}@one.co.uk" for number in range(25)) == 20
    assert told(f"a{number}@two.co.uk" for number in range(25)) == 20


def test_what_is_forged_in_the_name_of_a_provider_silences_none_of_its_customers(told):
    assert told(f"fake{number}@qq.com" for number in range(30)) == 20
    passed = "mx.desk.example; dkim=pass header.d=qq.com"
    honest = [f"real{number}@qq.com" for number in range(30)]
    assert told(honest, Authentication_Results=passed) == 30


def test_what_another_server_says_of_a_forgery_opens_no_budget(told):
    told(f"fake{number}@qq.com" for number in range(20))
    passed = "mx.evil.example; dkim=pass header.d=qq.com"
    assert told(["fake@qq.com"], Authentication_Results=passed) == 0


def test_a_domain_that_vouches_for_its_mail_has_a_limit_too(assembled):
    door = Mailroom("help@desk.example")
    router = assembled(doors=FakeDoors(door), acknowledge={"per_verified_domain_hour": 5})
    passed = "mx.desk.example; dmarc=pass header.from=mail.example"
    for number in range(9):
        sender = f"machine{number}@mail.example"
        receive(router, door, mail(From=sender, Authentication_Results=passed))
    with router.store.reading() as unit:
        rows = unit.rows("SELECT reason FROM outbox WHERE state = 'held'")
    assert [row.reason for row in rows] == ["budget_domain"] * 4


# ---------------------------------------------------------------- a flood


CANARY = "CHEAPCOINS"


def _spam(number):
    victim = f"victim{number % 4000}@v{number % 37}.example"
    text = f"{CANARY} win now https://{CANARY.lower()}.example/{number}"
    return victim, text


def _by_mail(number):
    victim, text = _spam(number)
    return mail(
        From=f'"{CANARY} {number}" <{victim}>',
        Subject=f"{CANARY} {number}",
        Message_ID=f"<{number}@m.example>",
        Received=f"from x ([5.9.1.{number % 5}]) by mx.desk.example",
        body=text,
    )


def _by_form(router, number, source):
    victim, text = _spam(number)
    fields = {"name": f"{CANARY} {number}", "email": victim, "subject": CANARY, "body": text}
    form.submit(router, fields, [], source=source, spam=False)


def _flood(router, door, many):
    """So many forged messages within an hour: two thirds by mail, the rest by form and API."""
    waiting, refused = [], 0
    for number in range(many):
        if number % 3:
            data = _by_mail(number)
            waiting.append(Raw(door.identify(data), data))
        else:
            try:
                _by_form(router, number, f"198.51.100.{number % 50}")
            except OverLimit:
                refused += 1
        if len(waiting) == 100:
            pipeline.receive(router, door, waiting, Terms(bulk=True))
            waiting = []
    pipeline.receive(router, door, waiting, Terms(bulk=True))
    return refused


def _flooded(desk_of, many):
    router, door = desk_of("help@desk.example")
    refused = _flood(router, door, many)
    while deliver.sweep(router):
        pass
    with router.store.reading() as unit:
        held = unit.value("SELECT COUNT(*) FROM outbox WHERE state = 'held'")
        reasons = {row.reason for row in unit.rows("SELECT DISTINCT reason FROM outbox")}
        tickets = unit.value("SELECT COUNT(*) FROM ticket")
    assert refused + tickets == many
    assert held + len(door.out) == tickets
    assert {one for one in reasons if one} <= {
        f"budget_{name}"
        for name in ("source", "domain", "address", "gap", "form", "total", "breaker")
    }
    for data in door.out:
        read = email.message_from_bytes(data, policy=default)
        told = " ".join(
            [
                *(str(value) for value in read.values()),
                *(p.get_content() for p in read.iter_parts()),
            ]
        )
        assert CANARY.lower() not in told.lower()
    return door.out


@pytest.mark.one_database
def test_a_flood_of_forged_mails_and_forms_is_hardly_answered_and_never_echoed(desk_of):
    assert 0 < len(_flooded(desk_of, 600)) <= 5 * 60 + 50 * 5


@pytest.mark.slow
def test_ten_thousand_forged_submissions(desk_of):
    assert 0 < len(_flooded(desk_of, 10_000)) <= 5 * 60 + 37 * 20


def test_the_breaker_opens_once_and_closes_by_itself(assembled, frozen):
    door = Mailroom("help@desk.example")
    router = assembled(doors=FakeDoors(door), acknowledge={"total_hour": 2, "breaker_minutes": 30})
    for number in range(4):
        receive(router, door, mail(From=f"p{number}@d{number}.example", body=f"hello {number}"))
    with router.store.reading() as unit:
        rows = unit.rows("SELECT state, reason FROM outbox ORDER BY id")
        health = unit.row("SELECT ok, detail FROM health WHERE name = 'acknowledge'")
    assert [row.reason for row in rows] == ["", "", "budget_total", "budget_breaker"]
    assert (bool(health.ok), health.detail) == (False, "breaker")
    from router import acknowledge

    frozen.advance(timedelta(minutes=20))
    acknowledge.mend(router)
    frozen.advance(timedelta(minutes=16))
    acknowledge.mend(router)
    with router.store.reading() as unit:
        assert unit.value("SELECT ok FROM health WHERE name = 'acknowledge'")
