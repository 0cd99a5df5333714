"""People who work at a desk of a test."""

from router.core.rights import Who
from router.store import people


def hired(router, name, role):
    """Who has just begun to work there, under an id that the desk drew."""
    email = f"{name.lower()}@desk.example"
    number = router.store.write(lambda unit: people.create_agent(unit, email, name, role, []))
    return Who(id=number, name=name, role=role)


def staffed(router, *whom):
    """The desk, with these people among its agents under the ids they have, each in their teams."""

    def write(unit):
        for who in whom:
            unit.run(
                "INSERT INTO agent (id, email, name, role, password_hash, active, locale, "
                "created_at) VALUES (:id, :email, :name, :role, '', :yes, 'zh', 1)",
                id=who.id,
                email=f"{who.name.lower()}@desk.example",
                name=who.name,
                role=who.role,
                yes=True,
            )
            unit.run_many(
                "INSERT INTO agent_team (agent_id, team_id) VALUES (:agent, :team)",
                [{"agent": who.id, "team": team} for team in who.teams or ()],
            )

    router.store.write(write)
    return router
