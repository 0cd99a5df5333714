"""What an agent does with a ticket. Each verb is one commit, checks the agent's rights, moves the
clocks, and leaves an entry on the timeline and a line in the audit log; what changed the ticket can
be taken back for a while.

A verb raises NotFound for a ticket that is not the agent's to see, NotAllowed for an act that is
not the agent's to do, Conflict for a move the ticket's state forbids, Invalid for bad input.
"""

from __future__ import annotations

from router.desk.beginning import Opening, begin, ways
from router.desk.bulk import CHANGES, Doing, bulk, run_macro
from router.desk.changing import (
    VOUCHED,
    close,
    reopen,
    set_category,
    set_urgency,
    snooze,
    tag,
    tag_word,
    untag,
    vouch,
    wake,
)
from router.desk.copying import SHARES, Passing, addresses, carrier, forward
from router.desk.gating import (
    agree,
    enter_code,
    open_gate,
    pass_otherwise,
    send_code,
    set_aside,
    trusted,
    try_code,
)
from router.desk.giving import assign, move_team
from router.desk.looking_up import look_up
from router.desk.merging import link, merge
from router.desk.playbook import TASK_STATES, call_again, end_task, own_task, request_freeze
from router.desk.rejecting import block, spam, unblock
from router.desk.rows import cancel_outbox, release_restored, retry_outbox
from router.desk.splitting import split
from router.desk.undoing import undo
from router.desk.waiting import WHOM, go_on, wait_for
from router.desk.writing import keep_draft, note, reply, tell

__all__ = [
    "CHANGES",
    "SHARES",
    "TASK_STATES",
    "VOUCHED",
    "WHOM",
    "Doing",
    "Opening",
    "Passing",
    "addresses",
    "agree",
    "assign",
    "begin",
    "block",
    "bulk",
    "call_again",
    "cancel_outbox",
    "carrier",
    "close",
    "end_task",
    "enter_code",
    "forward",
    "go_on",
    "keep_draft",
    "link",
    "look_up",
    "merge",
    "move_team",
    "note",
    "open_gate",
    "own_task",
    "pass_otherwise",
    "release_restored",
    "reopen",
    "reply",
    "request_freeze",
    "retry_outbox",
    "run_macro",
    "send_code",
    "set_aside",
    "set_category",
    "set_urgency",
    "snooze",
    "spam",
    "split",
    "tag",
    "tag_word",
    "tell",
    "trusted",
    "try_code",
    "unblock",
    "undo",
    "untag",
    "vouch",
    "wait_for",
    "wake",
    "ways",
]
