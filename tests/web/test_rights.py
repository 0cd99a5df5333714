"""Every route, every role, own and foreign: generated from the URL map, so none is forgotten."""

import pytest

from router.core.rights import ACTIONS, ROLES, Who, may
from router.store import people
from router.web.rights import PUBLIC, access_of
from router.web.speech import catalogue

#: What each route needs. A route that is not here fails the build.
NEEDS = {
    "static": PUBLIC,
    "contact.contact": PUBLIC,
    "contact.send": PUBLIC,
    "contact.intake": PUBLIC,
    "articles.shelf": PUBLIC,
    "articles.article": PUBLIC,
    "editing.articles": "edit_articles",
    "editing.new": "edit_articles",
    "editing.begin": "edit_articles",
    "editing.article": "edit_articles",
    "editing.save": "edit_articles",
    "editing.version": "edit_articles",
    "editing.restore": "edit_articles",
    "editing.withdraw": "edit_articles",
    "status.status": PUBLIC,
    "status.add": PUBLIC,
    "status.solved": PUBLIC,
    "status.rate": PUBLIC,
    "texts.texts": "see_rules",
    "health.healthz": PUBLIC,
    "hooks.hook": PUBLIC,
    "health.status": "see_status",
    "health.try_again": "retry",
    "inbox.inbox": "view",
    "incidents.incidents": "see_incidents",
    "incidents.incident": "see_incidents",
    "incidents.open_by_hand": "handle_incidents",
    "incidents.write_answer": "handle_incidents",
    "incidents.send_answer": "handle_incidents",
    "incidents.set_banner": "handle_incidents",
    "incidents.add": "handle_incidents",
    "incidents.leave_out": "handle_incidents",
    "incidents.close": "handle_incidents",
    "incidents.reopen": "handle_incidents",
    "suggested.decide": "categorise",
    "notices.notices": "view",
    "notices.seen": "view",
    "notices.take": "assign",
    "outbox.outbox": "see_outbox",
    "outbox.retry": "retry",
    "outbox.cancel": "retry",
    "outbox.restored": "retry",
    "parked.parked": "see_parked",
    "parked.replay": "replay",
    "admin.admin": "view",
    "carrying.settings": "settings",
    "carrying.take_out": "settings",
    "carrying.bring": "settings",
    "setting_up.setup": "settings",
    "setting_up.try_channel": "settings",
    "setting_up.try_mailbox": "settings",
    "setting_up.message": "settings",
    "admin.roles": "see_people",
    "admin.kept": "see_people",
    "admin.teams": "see_people",
    "admin.add": "manage_people",
    "admin.rename": "manage_people",
    "audit.audit": "see_audit",
    "audit.verify": "see_audit",
    "people.sign_out": "manage_people",
    "second_step.second": "view",
    "second_step.confirm": "view",
    "second_step.codes": "view",
    "signing.second": PUBLIC,
    "people.people": "see_people",
    "people.invite": "manage_people",
    "people.change": "manage_people",
    "retention.retention": "see_retention",
    "retention.find": "erase_person",
    "retention.person": "erase_person",
    "retention.export": "export_person",
    "retention.erase": "erase_person",
    "reports.reports": "see_reports",
    "reports.report": "see_reports",
    "reports.behind": "see_reports",
    "reports.clock": "see_reports",
    "reports.file": "export_reports",
    "wall.wall": "see_reports",
    "whatif.whatif": "what_if",
    "waiting.wait": "wait",
    "shifts.mine": "view",
    "hours.hours": "see_hours",
    "hours.add": "edit_hours",
    "hours.remove": "edit_hours",
    "amended.changes": "see_hours",
    "weeks.week": "edit_promises",
    "weeks.change": "edit_promises",
    "weeks.withdraw": "edit_promises",
    "weeks.withdraw_now": "edit_promises",
    "weeks.file": "edit_promises",
    "weeks.file_now": "edit_promises",
    "policies.policies": "see_hours",
    "policies.edit": "edit_promises",
    "policies.change": "edit_promises",
    "policies.standard": "edit_promises",
    "policies.change_standard": "edit_promises",
    "policies.place": "edit_promises",
    "policies.place_now": "edit_promises",
    "policies.drop": "edit_promises",
    "policies.drop_now": "edit_promises",
    "policies.file": "edit_promises",
    "policies.file_now": "edit_promises",
    "shifts.shifts": "see_shifts",
    "shifts.change": "edit_shifts",
    "waiting.go_on": "wait",
    "orders.orders": "export_reports",
    "orders.add": "export_reports",
    "orders.change": "export_reports",
    "rules.rules": "see_rules",
    "rules.feedback": "see_misroutes",
    "rules.version": "see_rules",
    "rules.restore": "edit_rules",
    "rules.begin": "edit_rules",
    "rules.draft": "edit_rules",
    "rules.save": "edit_rules",
    "rules.checks": "edit_rules",
    "rules.discard": "edit_rules",
    "rules.publish": "publish_rules",
    "signing.sign_in": PUBLIC,
    "signing.sign_in_now": PUBLIC,
    "signing.enter": PUBLIC,
    "signing.enter_now": PUBLIC,
    "signing.sign_out": "view",
    "signing.me": "view",
    "signing.revoke": "view",
    "signing.set_password": "view",
    "signing.look": "view",
    "stream.live": "view",
    "stream.state": "view",
    "moving.snooze": "snooze",
    "moving.merge": "merge",
    "moving.link": "link",
    "moving.split": "split",
    "passing.forward": "forward",
    "rejecting.spam": "spam",
    "rejecting.block": "block",
    "rejecting.blocked": "block",
    "chat.loader": PUBLIC,
    "chat.talk": PUBLIC,
    "chat.demo": PUBLIC,
    "chat.sessions": PUBLIC,
    "chat.say": PUBLIC,
    "chat.news": PUBLIC,
    "chat.stream": PUBLIC,
    "chat.typing": PUBLIC,
    "chat.read": PUBLIC,
    "chat.contact": PUBLIC,
    "chat.close": PUBLIC,
    "chat.file": PUBLIC,
    "visitor.visitor": "view",
    "beginning.form": "begin",
    "beginning.begin": "begin",
    "bulk.bulk": "view",
    "calls.shown": "call",
    "calls.write_down": "call",
    "calls.reveal": "call",
    "calls.recording": "call",
    "calls.numbers": "call",
    "calls.called": "call",
    "macros.offered": "macro",
    "macros.run": "macro",
    "macros.macros": "macro",
    "macros.save": "macro",
    "macros.drop": "macro",
    "same_person.decide": "join_people",
    "same_person.part": "join_people",
    "seats.sit": "view",
    "taking.draft": "note",
    "views.save": "view",
    "views.drop": "view",
    "taking.undo": "view",
    "ticket.ticket": "view",
    "ticket.reply": "reply",
    "ticket.note": "note",
    "ticket.assign": "assign",
    "ticket.team": "move_team",
    "ticket.tag": "tag",
    "ticket.untag": "tag",
    "ticket.category": "categorise",
    "ticket.urgency": "categorise",
    "ticket.vouch": "vouch",
    "gate.open_gate": "check_identity",
    "gate.send_code": "check_identity",
    "gate.enter_code": "check_identity",
    "gate.sure": "check_identity",
    "gate.agree": "check_identity",
    "gate.aside": "check_identity",
    "status.code": PUBLIC,
    "playbook.task": "run_playbook",
    "playbook.freeze": "run_playbook",
    "playbook.again": "run_playbook",
    "playbook.account": "look_up",
    "playbook.hook": PUBLIC,
    "ticket.close": "close",
    "ticket.reopen": "reopen",
    "message.html": "view",
    "message.attachment": "view",
    "message.picture": "view",
    "message.source": "see_raw",
    "message.raw": "see_raw",
}


def _rules(app):
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"]


def test_every_route_has_its_entry_and_says_the_same(app):
    said = {rule.endpoint: access_of(app, rule.endpoint) for rule in app.url_map.iter_rules()}
    assert said == NEEDS


def _path(rule, number):
    values = {name: 1 if name.endswith("_id") else "x" for name in rule.arguments}
    if "number" in values:
        values["number"] = number
    with_values = rule.rule
    for name, value in values.items():
        for shape in (f"<{name}>", f"<int:{name}>", f"<path:{name}>"):
            with_values = with_values.replace(shape, str(value))
    return with_values


@pytest.fixture
def signed_in(router, browser_of):
    """Makes a browser of a role: the one before while its session goes on, for some of what is
    asked here signs people out. A stranger's is always a new one."""
    kept = {}

    def goes_on(browser):
        cookie = browser.client.get_cookie("desk")
        with router.store.reading() as unit:
            return cookie and people.load_session(unit, cookie.value, idle_minutes=60)

    def make(role):
        if not role or role not in kept or not goes_on(kept[role]):
            kept[role] = browser_of(role)
        return kept[role]

    return make


@pytest.mark.one_database
@pytest.mark.parametrize("role", [None, *ROLES])
def test_a_role_gets_exactly_what_it_may(app, signed_in, calm, role):
    wrong = []
    for rule in _rules(app):
        access = NEEDS[rule.endpoint]
        if rule.endpoint == "stream.live":
            continue
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            browser = signed_in(role)
            path = _path(rule, calm.number)
            answer = browser.get(path) if method == "GET" else browser.post(path)
            if access == PUBLIC:
                right = answer.status_code not in (401, 403) or rule.endpoint.startswith(
                    ("signing", "playbook.hook")
                )
            elif role is None:
                right = answer.status_code in (303, 403)
                right = right and "sign-in" in answer.headers.get("Location", "sign-in")
            elif may(Who(1, "", role, frozenset({1})), access):
                right = answer.status_code not in (401, 403)
            else:
                right = answer.status_code == 403
            if answer.status_code >= 500 or not right:
                wrong.append((method, path, answer.status_code))
    assert wrong == []


@pytest.mark.one_database
def test_a_form_without_its_token_is_refused(app, browser_of):
    browser = browser_of("admin")
    browser.csrf = "stolen"
    posts = [rule for rule in _rules(app) if "POST" in rule.methods]
    guarded = [rule for rule in posts if NEEDS[rule.endpoint] != PUBLIC]
    assert guarded
    for rule in guarded:
        assert browser.post(_path(rule, "x")).status_code == 409, rule


def test_a_form_of_another_site_is_refused(browser_of):
    browser = browser_of("admin")
    answer = browser.post("/me/look", headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403
    answer = browser.post("/me/look", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


def test_every_answer_carries_the_strict_headers(app, browser_of, calm):
    browser = browser_of("admin")
    for rule in _rules(app):
        if "GET" not in rule.methods or rule.endpoint == "stream.live":
            continue
        answer = browser.get(_path(rule, calm.number))
        assert answer.status_code < 500, rule  # on each kind of database
        headers = answer.headers
        assert "unsafe" not in headers["Content-Security-Policy"], rule
        assert headers["Content-Security-Policy"].startswith("default-src 'none'"), rule
        assert headers["X-Content-Type-Options"] == "nosniff"
        kept = rule.endpoint in ("stream.state", "chat.loader")
        assert "no-store" in headers["Cache-Control"] or kept, rule


def test_every_right_has_words_in_both_languages():
    nameless = [
        (language, action)
        for language, words in catalogue().items()
        for action in ACTIONS
        if f"words.right.{action}" not in words
    ]
    assert nameless == []
