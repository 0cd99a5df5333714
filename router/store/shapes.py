"""How each table's rows are written, told from tables.py by `make shapes`.

A process that writes rows needs their names and defaults, not the classes that describe them:
those take half a second and 18 MB. tests/store/test_shapes.py holds the two together.
"""

from router.store.unit import Shape

# fmt: off
Team = Shape("team", 15, {
    "id": None, "key": None, "name_zh": None, "name_en": None,
})
Agent = Shape("agent", 0, {
    "id": None, "email": None, "name": None, "role": None, "password_hash": "", "active": True,
    "locale": "", "created_at": None,
})
AgentTeam = Shape("agent_team", 17, {
    "agent_id": None, "team_id": None,
})
Session = Shape("session", 32, {
    "secret_hash": None, "agent_id": None, "csrf": None, "created_at": None, "seen_at": None,
    "expires_at": None, "revoked_at": None, "browser": "",
})
OneTimeToken = Shape("one_time_token", 24, {
    "token_hash": None, "purpose": None, "agent_id": None, "expires_at": None, "used_at": None,
})
SecondStep = Shape("second_step", 31, {
    "agent_id": None, "key_id": None, "wrapped_key": None, "blob": None, "confirmed_at": None,
    "last_step": 0,
})
RecoveryCode = Shape("recovery_code", 27, {
    "code_hash": None, "agent_id": None, "used_at": None,
})
Requester = Shape("requester", 13, {
    "id": None, "name": "", "language": "", "created_at": None, "erased_at": None,
})
Identity = Shape("identity", 20, {
    "id": None, "requester_id": None, "kind": None, "value": None, "name": "", "verified": False,
    "created_at": None,
})
BlockedSender = Shape("blocked_sender", 33, {
    "identity_id": None, "agent_id": None, "at": None,
})
Ticket = Shape("ticket", 36, {
    "id": None, "number": None, "subject": "", "requester_id": None, "identity_id": None,
    "channel": None, "account": None, "conversation": "", "team_id": None, "assignee_id": None,
    "state": None, "standing": 0, "category": None, "urgency": None, "security": False, "parked":
    False, "spam": False, "language": "", "verification": "", "imitates": "", "rank": 0, "due_at":
    None, "opened_at": None, "updated_at": None, "closed_at": None, "messages": 0, "snippet": "",
    "version": 0, "erased_at": None,
})
Participant = Shape("participant", 53, {
    "ticket_id": None, "identity_id": None,
})
Link = Shape("link", 49, {
    "id": None, "ticket_id": None, "other_id": None, "kind": None, "at": None,
})
TicketTag = Shape("ticket_tag", 59, {
    "ticket_id": None, "tag": None,
})
Message = Shape("message", 51, {
    "id": None, "ticket_id": None, "direction": None, "channel": None, "account": "",
    "identity_id": None, "agent_id": None, "subject": "", "text": "", "rest": "", "html": "",
    "rfc_id": "", "thread_ids": "", "verification": "", "imitates": "", "automatic": "",
    "language": "", "fields": "", "masked": "", "defects": "", "size": 0, "late": False,
    "sent_at": None, "arrived_at": None, "seen_at": None,
})
Attachment = Shape("attachment", 61, {
    "id": None, "message_id": None, "token": None, "name": "", "mime": "", "size": 0, "sha256":
    "", "content_id": "",
})
AttachmentBody = Shape("attachment_body", 71, {
    "attachment_id": None, "key_id": None, "wrapped_key": None, "blob": None,
})
RemoteFile = Shape("remote_file", 74, {
    "attachment_id": None, "channel": None, "account": None, "remote": "", "attempts": 0,
    "due_at": None, "error": "",
})
Entry = Shape("entry", 43, {
    "id": None, "ticket_id": None, "at": None, "code": None, "params": "", "agent_id": None,
})
VerdictRow = Shape("verdict", 70, {
    "id": None, "message_id": None, "category": None, "urgency": None, "ruleset": None, "near":
    "", "at": None,
})
FindingRow = Shape("finding", 73, {
    "id": None, "verdict_id": None, "rule": None, "category": None, "urgency": None, "weight":
    None, "part": None, "start_char": None, "end_char": None, "because": "",
})
MaskedSecret = Shape("masked_secret", 64, {
    "id": None, "message_id": None, "kind": None, "part": None, "length": None, "fingerprint":
    None,
})
Unread = Shape("unread", 69, {
    "message_id": None, "at": None,
})
Reading = Shape("reading", 68, {
    "id": None, "message_id": None, "category": None, "urgency": None, "score": None, "raised":
    False, "nearest": "", "bank": None, "at": None,
})
Feedback = Shape("feedback", 44, {
    "id": None, "ticket_id": None, "agent_id": None, "at": None, "what": None, "old": None, "new":
    None, "ruleset": "", "rules": "",
})
RulesetRow = Shape("ruleset", 29, {
    "id": None, "version": "", "state": None, "files": "", "base": "", "note": "", "report": "",
    "author_id": None, "publisher_id": None, "created_at": None, "changed_at": None,
    "published_at": None, "retired_at": None,
})
Incident = Shape("incident", 21, {
    "id": None, "kind": None, "state": None, "category": None, "title": "", "signature": "",
    "answer_zh": "", "answer_en": "", "banner_zh": "", "banner_en": "", "opened_by": None,
    "opened_at": None, "changed_at": None, "closed_at": None,
})
IncidentTicket = Shape("incident_ticket", 48, {
    "incident_id": None, "ticket_id": None, "reason": None, "at": None, "answered_at": None,
})
SlaClock = Shape("sla_clock", 56, {
    "id": None, "ticket_id": None, "kind": None, "policy": None, "calendar": None, "minutes":
    None, "started_at": None, "due_at": None, "paused_at": None, "left_us": None, "met_at": None,
    "breached_at": None, "acted_at": None, "act_at": None, "pauses": "", "warned": 0,
})
CalendarDay = Shape("calendar_day", 3, {
    "calendar": None, "day": None, "kind": None, "periods": "", "source": "", "note": "",
    "changed_at": None,
})
PromiseVersion = Shape("promise_version", 26, {
    "part": None, "version": None, "own": "", "was": "", "becomes": "", "agent_id": None, "at":
    None,
})
Climb = Shape("climb", 41, {
    "id": None, "ticket_id": None, "chain": None, "reason": None, "once": None, "step": 0,
    "started_at": None, "due_at": None, "acknowledged_by": None, "acknowledged_at": None,
    "ended_at": None,
})
GivenHandle = Shape("given_handle", 46, {
    "id": None, "kind": None, "value": None, "identity_id": None, "ticket_id": None,
})
OnePerson = Shape("one_person", 23, {
    "id": None, "kept_id": None, "gone_id": None, "state": None, "evidence": None, "params": "",
    "moved": "", "agent_id": None, "at": None, "ended_at": None, "ended_by": None,
})
CallRow = Shape("call", 39, {
    "id": None, "channel": None, "account": None, "call_id": None, "stage": 0, "inbound": True,
    "number": "", "line": "", "queue": "", "choice": "", "hint": "", "agent": "", "outcome": "",
    "unattended": False, "started_at": None, "answered_at": None, "ended_at": None, "recording":
    "", "transcript": "", "note": "", "wrap_up": "", "language": "", "told": "", "due": False,
    "noted_by": None, "ticket_id": None, "heard_at": None, "changed_at": None,
})
CallBack = Shape("call_back", 62, {
    "ticket_id": None, "call_id": None, "calls": 1, "tries": 0, "asked_at": None, "tried_at":
    None, "done_at": None, "done_by": None,
})
Notice = Shape("notice", 66, {
    "id": None, "ticket_id": None, "climb_id": None, "agent_id": None, "target": "", "code": None,
    "params": "", "once": None, "state": None, "attempts": 0, "due_at": None, "leased_until": 0,
    "created_at": None, "sent_at": None, "seen_at": None, "error": "",
})
Presence = Shape("presence", 25, {
    "agent_id": None, "state": None, "shift": "", "assigned_at": 0, "changed_at": None,
})
AgentSkill = Shape("agent_skill", 16, {
    "agent_id": None, "skill": None,
})
ArticleEdition = Shape("article_edition", 18, {
    "id": None, "name": None, "edition": None, "state": None, "categories": "", "title_zh": None,
    "title_en": None, "body_zh": "", "body_en": "", "origin": None, "from_edition": 0,
    "author_id": None, "at": None,
})
ArticleUse = Shape("article_use", 38, {
    "id": None, "article": None, "version": "", "language": "", "ticket_id": None, "what": None,
    "place": "", "at": None,
})
Satisfaction = Shape("satisfaction", 55, {
    "ticket_id": None, "score": None, "at": None,
})
DraftRow = Shape("draft", 42, {
    "agent_id": None, "ticket_id": None, "kind": None, "key_id": None, "wrapped_key": None,
    "blob": None, "changed_at": None,
})
Act = Shape("act", 37, {
    "id": None, "batch": 0, "agent_id": None, "ticket_id": None, "verb": None, "seen": "", "at":
    None, "undone_at": None,
})
Snooze = Shape("snooze", 57, {
    "ticket_id": None, "until": None, "agent_id": None,
})
Merged = Shape("merged", 50, {
    "gone_id": None, "kept_id": None, "at": None,
})
Macro = Shape("macro", 22, {
    "id": None, "owner_id": None, "name": None, "word": None, "key": "", "text_zh": "", "text_en":
    "", "does": "", "changed_at": None,
})
SavedView = Shape("saved_view", 30, {
    "id": None, "owner_id": None, "shared": False, "name": None, "query": "", "at": None,
})
Mention = Shape("mention", 65, {
    "message_id": None, "agent_id": None, "ticket_id": None, "seen_at": None,
})
Gate = Shape("gate", 45, {
    "id": None, "ticket_id": None, "purpose": None, "state": None, "opened_by": None, "opened_at":
    None, "identity_id": None, "way": "", "salt": "", "sends": 0, "tries": 0, "expires_at": None,
    "how": "", "passed_by": None, "passed_at": None, "second_by": None, "second_at": None,
    "ended_by": None, "ended_at": None, "reason": "",
})
Task = Shape("task", 58, {
    "id": None, "ticket_id": None, "playbook": None, "step": None, "place": None, "state": None,
    "owner_id": None, "ended_by": None, "ended_at": None, "at": None,
})
PlaybookDue = Shape("playbook_due", 54, {
    "id": None, "ticket_id": None,
})
OutgoingWebhook = Shape("outgoing_webhook", 52, {
    "id": None, "ticket_id": None, "target": None, "kind": None, "body": "", "once": None,
    "state": None, "reason": "", "attempts": 0, "due_at": None, "leased_until": 0, "created_at":
    None, "sent_at": None, "confirmed_at": None, "confirm_by": None,
})
TicketTrace = Shape("ticket_trace", 60, {
    "kind": None, "fingerprint": None, "ticket_id": None, "at": None,
})
Journal = Shape("journal", 63, {
    "id": None, "kind": None, "account": None, "remote_id": None, "state": None, "attempts": 0,
    "received_at": None, "leased_until": 0, "message_id": None, "ticket_id": None, "error": "",
    "trace": "", "key_id": "", "wrapped_key": None, "raw": None,
})
Cursor = Shape("cursor", 6, {
    "kind": None, "account": None, "value": "", "at": None,
})
Outbox = Shape("outbox", 67, {
    "id": None, "ticket_id": None, "message_id": None, "purpose": None, "once": None, "channel":
    None, "account": None, "identity_id": None, "subject": "", "text": "", "signature": "",
    "sender_name": "", "rfc_id": "", "reply_to": "", "thread_ids": "", "language": "", "wording":
    "", "state": None, "reason": "", "attempts": 0, "spent": 0, "due_at": None, "leased_until": 0,
    "created_at": None, "tried_at": None, "sent_at": None, "remote_id": "", "parts_sent": 0,
})
Send = Shape("send", 35, {
    "id": None, "channel": None, "account": None, "identity_id": None, "at": None,
})
Reach = Shape("reach", 34, {
    "identity_id": None, "channel": None, "account": None, "gone": False, "opened_at": 0,
    "closes_at": 0, "sends": 0,
})
PlatformToken = Shape("platform_token", 12, {
    "name": None, "seed": None, "key_id": None, "wrapped_key": None, "blob": None, "fetched_at":
    None, "renew_at": None, "expires_at": None,
})
Gap = Shape("gap", 8, {
    "id": None, "since": None, "until": None,
})
Idempotency = Shape("idempotency", 10, {
    "key": None, "body_hash": None, "answer": "", "expires_at": None,
})
Budget = Shape("budget", 2, {
    "key": None, "slot": None, "used": 0,
})
Chat = Shape("chat", 40, {
    "id": None, "account": None, "handle": None, "name": "", "verified": False, "language": "",
    "ticket_id": None, "contact_id": None, "seq": 0, "desk_seq": 0, "visitor_seq": 0,
    "mailed_seq": 0, "notice_at": 0, "heard_at": None, "created_at": None, "ended_at": None,
})
ChatEvent = Shape("chat_event", 72, {
    "conversation_id": None, "seq": None, "code": None, "at": None, "once": "", "digest": "",
    "message_id": None, "outbox_id": None, "agent_id": None, "params": "",
})
HappeningRow = Shape("happening", 47, {
    "id": None, "ticket_id": None, "what": None, "at": None, "kind": "", "channel": "",
    "category": "", "urgency": "", "team_id": 0, "agent_id": 0, "detail": "", "service": -1,
    "wall": -1,
})
Figure = Shape("figure", 7, {
    "what": None, "grain": None, "slot": None, "kind": "", "channel": "", "category": "",
    "urgency": "", "team_id": 0, "agent_id": 0, "detail": "", "n": 0,
})
ReportOrder = Shape("report_order", 28, {
    "id": None, "agent_id": None, "kind": None, "every": None, "hour": None, "target": None,
    "form": None, "slot": None, "due_at": None, "attempts": 0, "sent_at": None, "error": "",
})
Erasure = Shape("erasure", 19, {
    "id": None, "reason": None, "requester_id": None, "step": None, "place": 0, "counts": "",
    "asked_by": None, "asked_at": None, "changed_at": None, "leased_until": 0, "done_at": None,
    "key_id": "", "wrapped_key": None, "blob": None,
})
Counter = Shape("counter", 4, {
    "key": None, "value": 0,
})
CounterDelta = Shape("counter_delta", 5, {
    "id": None, "key": None, "delta": None,
})
Lease = Shape("lease", 11, {
    "name": None, "owner": None, "until": None, "last_at": 0,
})
Health = Shape("health", 9, {
    "name": None, "ok": None, "at": None, "since": None, "detail": "", "params": "",
})
Audit = Shape("audit", 1, {
    "id": None, "at": None, "actor": None, "action": None, "subject": None, "digest": "",
    "position": None, "seal": "",
})
Setting = Shape("setting", 14, {
    "key": None, "value": "", "version": 1, "changed_at": None,
})
