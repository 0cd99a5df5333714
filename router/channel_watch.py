"""A channel that stops is told to people once, inside and outside; and once more when it is back.

What a platform refuses altogether is told at once; what only fails to be fetched or sent, once that
has lasted a minute, for lines are cut and mended all day.
"""

from __future__ import annotations

from router.assemble import Router
from router.store import channels, notices
from router.store.promises import climbs
from router.store.unit import Unit

#: The chain whose first step says who is told.
CHAIN = "channel"
#: Trouble that is over by then is nobody's business, in microseconds.
PATIENCE = 60_000_000


def sweep(router: Router) -> int:
    """Tell of every channel that stopped or came back since; how many."""
    return router.store.write(lambda unit: _look(router, unit))


def _look(router: Router, unit: Unit) -> int:
    done = 0
    for one in channels.troubled(unit, PATIENCE):
        if not one.told:
            _tell(router, unit, one, "channel_stopped")
            channels.say_told(unit, one, told=True)
            done += 1
    for one in channels.mended(unit):
        _tell(router, unit, one, "channel_back")
        channels.say_told(unit, one, told=False)
        done += 1
    return done


def _tell(router: Router, unit: Unit, one: channels.Trouble, code: str) -> None:
    steps = router.settings.escalation.chains.get(CHAIN, [])
    if not steps:
        return
    people = [
        agent_id
        for role in steps[0].to
        if role in ("agent", "lead", "manager", "admin")
        for agent_id in climbs.agents(unit, role=role)
    ]
    on = [name for name, target in router.settings.notices.items() if target.enabled]
    asked = [to.removeprefix("notice:") for to in steps[0].to if to.startswith("notice:")]
    targets = on if "*" in asked else [name for name in on if name in asked]
    params = {"channel": one.kind, "account": one.account, "trouble": one.trouble}
    notices.tell(unit, f"{code}:{one.name}:{one.since}", code, people, targets, **params)
