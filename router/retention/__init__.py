"""Words do not stay for ever: a person is erased when somebody asks for it, and what was closed
long enough ago loses its words and files by the settings.

What is left is what reports count: numbers, categories, moments, who of the desk did what. Each
piece of work is one short transaction that says how far it has come, so agents never wait for it
and whoever was killed in the middle goes on where they were.
"""

from router.retention.asking import ask, is_done
from router.retention.old import AHEAD, age, befores, behind
from router.retention.steps import STEPS
from router.retention.working import Job, go_on, pending, sweep

__all__ = [
    "AHEAD",
    "STEPS",
    "Job",
    "age",
    "ask",
    "befores",
    "behind",
    "go_on",
    "is_done",
    "pending",
    "sweep",
]
