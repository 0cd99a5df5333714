"""Files of a message: masked, named safely and sealed, each under a data key of its own."""

from __future__ import annotations

import hashlib
from secrets import token_urlsafe

from channels.contract import Attachment
from router.assemble import Router
from router.core.masking.secret_parts import Secrets
from router.prepared import SealedFile
from router.store import remote_files
from router.store import shapes as t
from router.store.unit import Unit

_NAME = 200
#: Masked before it is cut: half a secret is none to a mask, and still half a secret.
_READ = 4000


def seal(router: Router, file: Attachment, secrets: Secrets) -> SealedFile:
    """The file without its secrets and without readable bytes."""
    token = token_urlsafe(24)
    name, mime, data = secrets.out_of_file(file.name[:_READ], file.mime[:100], file.data)
    return SealedFile(
        token=token,
        name=name[:_NAME],
        mime=mime,
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        content_id=file.content_id[:_NAME],
        sealed=None if file.remote else router.keys.seal(data, token.encode()),
        remote=file.remote,
    )


def put(
    unit: Unit, file: SealedFile, message_id: int, *, channel: str = "", account: str = ""
) -> None:
    """Write a sealed file down with its message; one that is still to be fetched names where."""
    attachment_id = unit.new_id()
    unit.put(
        t.Attachment,
        id=attachment_id,
        message_id=message_id,
        token=file.token,
        name=file.name,
        mime=file.mime,
        size=file.size,
        sha256=file.sha256,
        content_id=file.content_id,
    )
    if file.sealed is None:
        remote_files.put(unit, attachment_id, channel, account, file.remote)
        return
    unit.put(
        t.AttachmentBody,
        attachment_id=attachment_id,
        key_id=file.sealed.key_id,
        wrapped_key=file.sealed.wrapped_key,
        blob=file.sealed.blob,
    )
