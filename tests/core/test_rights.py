"""Roles and teams: what is not allowed is forbidden."""

import pytest

from router.core.rights import ACTIONS, ROLES, Who, may, scope

DECIDED = {
    *("view", "reply", "note", "assign", "move_team", "tag", "categorise", "close", "reopen"),
    *("retry", "replay", "see_parked", "see_outbox", "see_people", "manage_people"),
    *("see_incidents", "handle_incidents"),
    *("see_rules", "see_misroutes", "edit_rules", "edit_articles", "publish_rules"),
    *("see_audit", "see_status", "settings"),
    *("vouch", "see_raw", "see_reports", "export_reports"),
    *("begin", "link", "macro", "merge", "share", "snooze"),
    *("block", "spam", "split", "forward", "wait", "check_identity", "look_up", "run_playbook"),
    *("see_shifts", "edit_shifts", "see_hours", "edit_hours", "what_if", "call", "join_people"),
    *("edit_promises", "see_retention", "export_person", "erase_person"),
}


def who(role, *teams):
    return Who(id=1, name="Li", role=role, teams=frozenset(teams), locale="zh")


def test_every_action_is_decided_for_known_roles_only():
    assert set(ACTIONS) == DECIDED
    assert all(roles <= set(ROLES) for roles in ACTIONS.values())


@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_nobody_signed_in_may_do_nothing(action):
    assert not may(None, action)


@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_an_unknown_role_may_do_nothing(action):
    assert not may(who("root"), action)


@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_who_has_more_responsibility_may_do_no_less(action):
    allowed = [may(who(role, 1), action, 1) for role in ROLES]
    assert allowed == sorted(allowed)
    assert allowed[-1]


@pytest.mark.parametrize("role", ["agent", "lead"])
@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_agents_and_leads_do_nothing_to_another_teams_things(role, action):
    assert not may(who(role, 1, 2), action, 3)


@pytest.mark.parametrize("role", ["manager", "admin"])
def test_managers_and_admins_see_every_team(role):
    assert may(who(role), "view", 3)
    assert scope(who(role)) is None


def test_an_agent_works_on_the_tickets_of_their_teams():
    assert may(who("agent", 1), "reply", 1)
    assert scope(who("agent", 2, 1)) == (1, 2)
    assert scope(who("agent")) == ()


@pytest.mark.parametrize("action", ["settings", "manage_people"])
def test_only_admins_change_the_desk_itself(action):
    assert [role for role in ROLES if may(who(role, 1), action)] == ["admin"]


def test_a_misspelt_action_is_a_mistake_and_not_a_permission():
    with pytest.raises(KeyError):
        may(who("admin"), "delete_everything")
