"""People who work at a desk of a test."""


def staffed(router, *people):
    """The desk, with these people among its agents under the ids they have, each in their teams."""

    def write(unit):
        for who in people:
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
