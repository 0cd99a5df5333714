"""The e-mail door: a mailbox is polled by IMAP, answers leave by SMTP."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, ClassVar

from channels.contract import (
    Batch,
    Channel,
    Inbound,
    Limits,
    Outbound,
    Pace,
    Raw,
    Receipt,
    Refused,
    Room,
    Unknown,
    Vault,
)
from channels.email import backlog, imap, oauth, parse, signatures, smtp
from channels.email.options import EmailOptions

__all__ = ["Email", "EmailOptions"]


class Email(Channel):
    """A mailbox of the desk."""

    kind = "email"
    label_zh: ClassVar[str] = "电子邮件"
    label_en: ClassVar[str] = "E-mail"
    identity = "email"
    limits = Limits(attachment_bytes=20 * 1024 * 1024)
    Options = EmailOptions

    def __init__(self, account: str, options: EmailOptions, vault: Vault) -> None:
        super().__init__(account, options, vault)
        self._mailbox = imap.Mailbox(self._box(options.imap_folder), self._login)
        own = {options.address, *options.own_addresses} - {""}
        self._own = frozenset(address.lower() for address in own)
        self._refusals = smtp.Refusals()
        self._signatures = signatures.Signatures() if options.check_dkim else None

    def _box(self, folder: str) -> imap.Box:
        options = self.options
        return imap.Box(
            options.imap_host,
            options.imap_port,
            options.imap_user or options.address,
            folder,
            options.imap_tls,
            options.processed_folder,
            timedelta(seconds=options.poll_seconds),
            options.imap_auth,
            options.start,
        )

    def _login(self, refused: str = "") -> str:
        """The password, or a token that is good now and not the one just ``refused``."""
        if self.options.imap_auth == "password":
            return self.vault.secret("imap_password")
        return self._token(refused)

    def _token(self, refused: str) -> str:
        grant = oauth.Grant(
            self.options.oauth_url, self.options.oauth_client_id, self.options.oauth_scope
        )
        return self.vault.token(
            oauth.REFRESH,
            lambda refresh: oauth.renew(grant, refresh, self._client_secret()),
            seed=self.vault.secret(oauth.REFRESH),
            stale=refused,
        )

    def _client_secret(self) -> str:
        if self.options.oauth_confidential:
            return self.vault.secret(oauth.CLIENT_SECRET)
        return ""

    def parse(self, raw: Raw) -> Sequence[Inbound]:
        """One mail, one message. Never raises; a mail without a date has the day it arrived."""
        inbound = parse.parse_mail(
            raw.data,
            account=self.account,
            own_addresses=self._own,
            authserv_id=self.options.authserv_id,
            known_id=raw.remote_id,
            signed_by=raw.checked,
        )
        if inbound.sent_at is None and raw.received_at:
            inbound = replace(inbound, sent_at=raw.received_at)
        return (inbound,)

    def identify(self, data: bytes) -> str:
        """The mail without its way here: fetched, scanned again or imported, it is the same."""
        return parse.remote_id(data)

    def reply_address(self, token: str) -> str:
        """``help+t.<token>@desk.example``."""
        local, at, domain = self.options.address.rpartition("@")
        return f"{local}+t.{token}{at}{domain}" if local and domain else ""

    def poll(self, cursor: Mapping[str, Any]) -> Iterator[Batch]:
        """New mail since the cursor, oldest first."""
        return map(self._checked, self._mailbox.poll(cursor))

    def skim(self, cursor: Mapping[str, Any], urgent: Callable[[str], bool]) -> Iterator[Batch]:
        """Out of a long backlog, what its subject makes urgent, newest first."""
        return map(self._checked, backlog.skim(self._mailbox, cursor, urgent))

    def history(self, cursor: Mapping[str, Any], since: date | None) -> Iterator[Batch]:
        """All mail the folder holds, oldest first."""
        return backlog.history(self._mailbox, cursor, since)

    def _checked(self, batch: Batch) -> Batch:
        if self._signatures is None:
            return batch
        good = self._signatures.good
        items = tuple(replace(raw, checked=good(raw.data)) for raw in batch.items)
        return replace(batch, items=items)

    def settle(self, items: Sequence[Raw]) -> None:
        """Move what is committed to the processed folder, if one is set."""
        self._mailbox.settle(items)

    def wait(self, timeout: timedelta) -> bool:
        """Until the server tells of new mail; a server that cannot is asked now and then."""
        return self._mailbox.wait(timeout)

    def room(self) -> Room:
        """How full the mailbox was at the last look."""
        return self._mailbox.room

    def speak(self, outbound: Outbound) -> Receipt:
        """Send one mail; the same Outbound is the same mail, byte for byte."""
        submission, password, token = self._submission()
        try:
            receipt = submission.send(outbound, password, token=token)
        except smtp.RecipientRefused as fault:
            if self._refusals.add(outbound.to.value, str(fault)):
                raise Refused(f"one after another: {fault}", channel_fault=True) from fault
            raise
        self._refusals.end()
        return receipt

    def log_in(self) -> str:
        """Look into the mailbox, and say good day to the server that sends; both on fresh lines."""
        mailbox = imap.Mailbox(self._box(self.options.imap_folder), self._login)
        try:
            with mailbox.folder():
                pass
        finally:
            mailbox.close()
        if not self.options.smtp_host:
            return f"reads {self.options.imap_folder}; sends nothing, for smtp_host is not set"
        submission, password, token = self._submission()
        submission.log_in(password, token=token)
        return f"reads {self.options.imap_folder}, sends by {self.options.smtp_host}"

    def _submission(self) -> tuple[smtp.Submission, str, Callable[[str], str] | None]:
        """Where mail is handed in, and the password or what lends a token."""
        options = self.options
        bearer = options.smtp_auth == "xoauth2"
        password = "" if bearer else self.vault.secret("smtp_password", "")
        named = options.smtp_user or (options.address if bearer or password else "")
        if named and not bearer:
            password = self.vault.secret("smtp_password")  # who is named has to have one
        submission = smtp.Submission(
            options.address,
            host=options.smtp_host,
            port=options.smtp_port,
            user=named,
            security=options.smtp_tls,
            tagged=options.return_tags,
        )
        return submission, password, self._token if bearer else None

    def pace(self) -> Sequence[Pace]:
        """How fast the provider lets us send."""
        limits = ((60, self.options.smtp_per_minute), (86_400, self.options.smtp_per_day))
        return [Pace(seconds, limit) for seconds, limit in limits if limit]

    def signs(self, locale: str) -> tuple[str, str]:
        """The mailbox's own name and signature in the language of whom it writes to."""
        options = self.options
        if locale.startswith("zh"):
            return options.sender_name_zh, options.signature_zh
        return options.sender_name_en, options.signature_en

    def guarded(self) -> Sequence[str]:
        """Our addresses, and the domain of the desk's where nobody else has one."""
        return sorted(self._own)

    def look_up(self, outbound: Outbound) -> Receipt | None:
        """The receipt of a mail that the server keeps among the sent; on a line of its own.

        A mail that is not there may have been sent all the same: then nobody can know.
        """
        if not self.options.sent_folder:
            raise Unknown("no folder of sent mail is set")
        sent = imap.Mailbox(self._box(self.options.sent_folder), self._login)
        try:
            if sent.holds(outbound.message_id):
                return Receipt()
        finally:
            sent.close()
        raise Unknown("it is not among the mails sent, which proves nothing")

    def close(self) -> None:
        """Let go of the mailbox; a thread that waits for mail comes back."""
        self._mailbox.close()
