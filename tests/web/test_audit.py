"""The audit log is read as sentences: every action in the code has one in each language."""

import ast
import re
from collections import defaultdict
from pathlib import Path

import pytest

import router as package
from router import rulemaking
from router.desk.bulk import _RIGHTS
from router.store import audit, timeline
from router.web.speech import catalogue

ROOT = Path(package.__file__).parent
#: Where an action is handed on before it is written down: the function, the place of the action
#: among its arguments, and what is put before it.
HANDED_ON = {
    "desk/": {"act": (2, "ticket."), "final": (2, "ticket."), "Deed": (1, "ticket.")},
    "incidents.py": {"_act": (2, "incident.")},
    "rulemaking.py": {"_audit": (2, "rules.")},
    "publishing.py": {"_audit": (2, "article."), "_write": (4, "article.")},
    "calls.py": {"_looked_at": (3, "")},
    "web/pages/message.py": {"_raw": (1, "")},
}

#: Expressions whose values stand elsewhere.
KNOWN = {"_RIGHTS[what]": set(_RIGHTS.values()), "part": set(rulemaking.PARTS)}


def _calls(scope, name):
    """The arguments of every call of a function within a scope."""
    for node in ast.walk(scope):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == name:
            yield node.args


def _values(node, scope):
    """The words an expression may be, as far as they are written in the scope; else ``?``."""
    if isinstance(node, ast.Constant):
        return {node.value}
    if isinstance(node, ast.IfExp):
        return _values(node.body, scope) | _values(node.orelse, scope)
    if isinstance(node, ast.FormattedValue):
        return _values(node.value, scope)
    if isinstance(node, ast.JoinedStr):
        found = {""}
        for part in node.values:
            found = {one + more for one in found for more in _values(part, scope)}
        return found
    said = [
        one.value
        for one in ast.walk(scope)
        if isinstance(one, ast.Assign) and ast.unparse(one.targets[0]) == ast.unparse(node)
    ]
    known = KNOWN.get(ast.unparse(node), {"?"})
    return {value for one in said for value in _values(one, scope)} or set(known)


@pytest.fixture(scope="module")
def actions():
    """Every action with the places that write it; where one cannot be read it ends in ``?``."""
    found = defaultdict(set)
    for path in sorted(ROOT.rglob("*.py")):
        name, text = path.relative_to(ROOT).as_posix(), path.read_text("utf-8")
        handed = next((HANDED_ON[one] for one in HANDED_ON if name.startswith(one)), {})
        if "audit(" not in text and not handed:
            continue
        passed_on = {f"{prefix}?" for _, prefix in handed.values()}
        for scope in ast.parse(text).body:
            said = {
                one
                for args in _calls(scope, "audit")
                if len(args) > 3
                for one in _values(args[2], scope)
            }
            for function, (place, prefix) in handed.items():
                for args in _calls(scope, function):
                    if len(args) > place:
                        said |= {f"{prefix}{one}" for one in _values(args[place], scope)}
            for one in said - passed_on:
                found[one].add(name)
    return found


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_action_in_the_code_has_its_sentence(actions, language):
    words = catalogue()[language]
    dumb = {one: sorted(where) for one, where in actions.items() if _key(one) not in words}
    assert dumb == {}
    assert len(actions) > 70


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_sentence_is_of_an_action_in_the_code(actions, language):
    spoken = {key for key in catalogue()[language] if key.startswith("audit.did.")}
    assert spoken == {_key(one) for one in actions}


def test_every_kind_of_action_can_be_asked_for(actions):
    assert set(kinds_of("en")) == {one.partition(".")[0] for one in actions}
    assert kinds_of("en") == kinds_of("zh")


def _key(action):
    return f"audit.did.{action}"


def kinds_of(language):
    above = "audit.about."
    return [key.removeprefix(above) for key in catalogue()[language] if key.startswith(above)]


def _words(browser, query=""):
    page = browser.get(f"/audit?{query}").text
    lines = re.findall(r'<td class="said">(.*?)</td>', page, re.DOTALL)
    return [re.sub(r"<[^>]+>", "", one) for one in lines]


@pytest.fixture
def manager(browser_of):
    return browser_of("manager")


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("act", "fields", "zh", "en"),
    [
        (
            "urgency",
            {"urgency": "P1"},
            "Lead 将 {number} 的紧急度由 P2 改为 P1",
            "Lead changed the urgency of {number} from P2 to P1",
        ),
        (
            "category",
            {"category": "login.network"},
            "Lead 将 {number} 的类别由“",
            "Lead changed the category of {number} from “",
        ),
        ("close", {}, "Lead 关闭了 {number}", "Lead closed {number}"),
        (
            "tag",
            {"tag": "vip"},
            "Lead 修改了 {number} 的标签",
            "Lead changed the tags of {number}",
        ),
    ],
)
def test_what_was_done_to_a_ticket_is_told_in_a_sentence(
    browser_of, manager, calm, act, fields, zh, en
):
    browser_of("lead").post(f"/ticket/{calm.number}/{act}", fields)
    for language, said in (("zh", zh), ("en", en)):
        told = _words(manager, f"lang={language}&action=ticket.")[0]
        assert told.startswith(said.format(number=calm.number))


@pytest.mark.one_database
def test_people_and_teams_are_told_by_their_names(router, browser_of, manager, agents, calm):
    lead = browser_of("lead")
    number = f"/ticket/{calm.number}"
    lead.post(f"{number}/assign", {"agent": str(agents["agent"])})
    lead.post(f"{number}/assign", {"agent": ""})
    lead.post(f"{number}/assign", {"agent": "me"})
    lead.post(f"{number}/team", {"team": "2"})
    told = _words(manager, "lang=en&action=ticket.")
    assert told[1] == f"Lead took {calm.number} (before: nobody)"
    assert told[2] == f"Lead took {calm.number} from Agent: nobody has it"
    assert told[3] == f"Lead gave {calm.number} to Agent (before: nobody)"
    assert told[0].startswith(f"Lead handed {calm.number} from ")
    assert told[0].endswith("(assigned: Lead → nobody)")


@pytest.mark.one_database
def test_what_the_router_and_the_command_line_did_is_told_too(router, manager, calm):
    router.store.write(
        lambda unit: timeline.audit(unit, "cli", "calendar.imported", "calendar:desk")
    )
    assert _words(manager, "lang=en&actor=cli") == [
        "The command line imported dates into the calendar desk"
    ]
    told = _words(manager, "lang=en&actor=router")
    assert f"The router took in a message of {calm.number}" in told


@pytest.mark.one_database
def test_a_line_that_an_older_desk_wrote_is_still_told(router, manager, calm, agents):
    def work(unit):
        actor = f"agent:{agents['lead']}"
        timeline.audit(unit, actor, "ticket.categorise", f"ticket:{calm.ticket_id}")
        timeline.audit(unit, actor, "ticket.merge", f"ticket:{calm.ticket_id}")
        timeline.audit(unit, "agent:77", "ticket.sung", "ticket:9")
        timeline.audit(unit, actor, "macro.dropped", "macro:4")

    router.store.write(work)
    assert _words(manager, f"lang=en&actor=agent:{agents['lead']}") == [
        "Lead deleted the macro 4",
        f"Lead merged {calm.number} into ?",
        f"Lead decided what {calm.number} is about and how urgent it is",
    ]
    assert _words(manager, "actor=agent:77") == ["77 ticket.sung 9"]


@pytest.mark.one_database
@pytest.mark.parametrize("digest", ['{"urgency"', '{"urgency": 3, "team_id": [1], "x": [1, 2]}'])
def test_a_line_that_somebody_tampered_with_is_still_read(router, manager, calm, digest):
    subject = f"ticket:{calm.ticket_id}"
    router.store.write(
        lambda unit: timeline.audit(unit, "router", "ticket.categorise", subject, digest)
    )
    assert _words(manager, "lang=en&action=ticket.") == [
        f"The router decided what {calm.number} is about and how urgent it is"
    ]


@pytest.mark.one_database
def test_what_changed_is_covered_by_the_seal(router, browser_of, manager, calm):
    browser_of("lead").post(f"/ticket/{calm.number}/urgency", {"urgency": "P1"})
    router.store.write(lambda unit: audit.seal(unit, router.keys))
    router.store.write(
        lambda unit: unit.run(
            "UPDATE audit SET digest = REPLACE(digest, 'P1', 'P2') "
            "WHERE action = 'ticket.categorise'"
        )
    )
    assert "The chain is broken" in manager.post("/audit/verify?lang=en").text
