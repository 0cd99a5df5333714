"""What a mail says, as a plain mapping: for the command line and for whoever compares parsers."""

import hashlib
from datetime import UTC
from typing import Any

from channels.contract import Attachment
from channels.email import headers
from channels.email.parse import ids, parse_mail

_NO_REPLIES = frozenset(
    {"", "bounce", "list", "own_mail", "precedence", "no_reply", "calendar", "suppressed"}
    | {"null_sender"}
)


def parse_report(data: bytes) -> dict[str, Any]:
    """Everything known about a mail, HTML raw. Values that are not known are empty."""
    mail = parse_mail(data, account="")
    written = headers.read(headers.straight(data))
    answered, chain = (written.raw(name) for name in ("in-reply-to", "references"))
    bounce = mail.bounce
    return {
        "from_addr": mail.sender.value,
        "from_name": mail.sender.name,
        "to": [person.value for person in mail.to],
        "cc": [person.value for person in mail.cc],
        "subject": mail.subject,
        "date": mail.sent_at.astimezone(UTC).isoformat() if mail.sent_at else None,
        "message_id": mail.message_id,
        "in_reply_to": next((f"<{one}>" for one in ids(answered)), answered),
        "references": [f"<{one}>" for one in ids(chain)],
        "body_text": mail.text,
        "body_html": mail.html,
        "attachments": [_file(file) for file in mail.attachments],
        "is_auto_reply": mail.automatic not in _NO_REPLIES,
        "is_bounce": bounce is not None,
        "bounce_recipients": list(bounce.recipients) if bounce else [],
        "bounce_status": bounce.status if bounce else "",
        "defects": list(mail.defects),
        "raw_kept": True,
    }


def _file(file: Attachment) -> dict[str, Any]:
    return {
        "name": file.name,
        "size": len(file.data),
        "mime": file.mime,
        "sha256": hashlib.sha256(file.data).hexdigest(),
    }
