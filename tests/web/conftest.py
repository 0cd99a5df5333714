"""A desk with its pages, and people of every role signed in to it."""

import pytest

from router import form, pipeline
from router.core.rights import ROLES
from router.prepared import Terms
from router.store import people
from router.web.rights import here
from tests.fakes import FakeDoor, FakeDoors
from tests.pages import app_of

ALARM = "There is a payment I did not make, somebody hacked my account"


class Browser:
    """A signed-in browser: keeps its cookie, sends its token. That stands in every page of its; to
    ask for one first costs as much as most tests do."""

    def __init__(self, app, secret=""):
        self.client = app.test_client()
        self.csrf = ""
        if secret:
            self.client.set_cookie("desk", secret)
            sql = "SELECT csrf FROM session WHERE secret_hash = :hash"
            with app.app_context(), here().store.reading() as unit:
                self.csrf = unit.value(sql, hash=people.digest(secret))

    def get(self, path, **options):
        return self.client.get(path, **options)

    def post(self, path, data=None, **options):
        return self.client.post(path, data={"csrf": self.csrf, **(data or {})}, **options)


@pytest.fixture
def door():
    return FakeDoor()


@pytest.fixture
def router(assembled, door):
    return assembled(doors=FakeDoors(door))


@pytest.fixture
def mail(router, door):
    """Lets a mail arrive; what came of it."""

    def arrive(text="My transfer is still pending", **changes):
        raw = door.arrives(text=text, **{"subject": "Transfer", **changes})
        return pipeline.receive(router, door, [raw], Terms())[0]

    return arrive


@pytest.fixture
def app(router):
    made = app_of(router)
    made.testing = True
    made.config["PROPAGATE_EXCEPTIONS"] = False
    yield made
    made.extensions["hub"].close()


@pytest.fixture
def agents(router):
    """One person of each role; agent and lead belong to support only. Ids by role."""

    def work(unit):
        ids = {}
        for role in ROLES:
            teams = ["support"] if role in ("agent", "lead") else []
            email = f"{role}@desk.example"
            ids[role] = people.create_agent(unit, email, role.title(), role, teams)
        return ids

    return router.store.write(work)


@pytest.fixture
def browser_of(app, router, agents):
    """Makes a browser in which somebody of a role is signed in; None is a stranger."""

    def make(role):
        if role is None:
            return Browser(app)
        secret = router.store.write(lambda unit: people.open_session(unit, agents[role], hours=1))
        return Browser(app, secret)

    return make


def submitted(router, body, **changes):
    fields = {
        "idempotency_key": body,
        "locale": "en",
        "body": body,
        "subject": changes.pop("subject", "Help"),
        "email": changes.pop("email", f"p{abs(hash(body)) % 10**6}@mail.example"),
        "name": "Ann",
        **changes,
    }
    return form.submit(router, fields, [], source="203.0.113.9", spam=False)


@pytest.fixture
def calm(router):
    """A ticket of the support team."""
    return submitted(router, "My transfer is still pending since yesterday")


@pytest.fixture
def alarm(router):
    """A ticket of the security team: not the agent's to see."""
    return submitted(router, ALARM)
