"""Every route, every role, own and foreign: generated from the URL map, so none is forgotten."""

import pytest

from router.core.rights import ROLES, Who, may
from router.web.rights import PUBLIC, access_of

#: What each route needs. A route that is not here fails the build.
NEEDS = {
    "static": PUBLIC,
    "contact.contact": PUBLIC,
    "contact.send": PUBLIC,
    "contact.intake": PUBLIC,
    "contact.status": PUBLIC,
    "health.healthz": PUBLIC,
    "health.status": "see_status",
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
    "outbox.outbox": "see_outbox",
    "outbox.retry": "retry",
    "outbox.cancel": "retry",
    "parked.parked": "see_parked",
    "parked.replay": "replay",
    "people.people": "see_people",
    "people.invite": "manage_people",
    "people.change": "manage_people",
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
    "ticket.ticket": "view",
    "ticket.reply": "reply",
    "ticket.note": "note",
    "ticket.assign": "assign",
    "ticket.team": "move_team",
    "ticket.tag": "tag",
    "ticket.untag": "tag",
    "ticket.category": "categorise",
    "ticket.urgency": "categorise",
    "ticket.close": "close",
    "ticket.reopen": "reopen",
    "ticket.message_html": "view",
    "ticket.attachment": "view",
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


@pytest.mark.parametrize("role", [None, *ROLES])
def test_a_role_gets_exactly_what_it_may(app, browser_of, calm, role):
    wrong = []
    for rule in _rules(app):
        access = NEEDS[rule.endpoint]
        if rule.endpoint == "stream.live":
            continue
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            browser = browser_of(role)
            path = _path(rule, calm.number)
            answer = browser.get(path) if method == "GET" else browser.post(path)
            if access == PUBLIC:
                right = answer.status_code not in (401, 403) or rule.endpoint.startswith("signing")
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
        headers = browser.get(_path(rule, calm.number)).headers
        assert "unsafe" not in headers["Content-Security-Policy"], rule
        assert headers["Content-Security-Policy"].startswith("default-src 'none'"), rule
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "no-store" in headers["Cache-Control"] or rule.endpoint == "stream.state", rule
