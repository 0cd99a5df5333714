"""The e-mail door: a mailbox is polled by IMAP, answers leave by SMTP."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar, Literal

from pydantic import Field

from channels.contract import (
    Batch,
    Channel,
    ChannelOptions,
    Inbound,
    Limits,
    Outbound,
    Raw,
    Receipt,
    Vault,
)
from channels.email import imap, parse, smtp


class EmailOptions(ChannelOptions):
    """One mailbox and the server that sends for it. Passwords are secrets, never settings."""

    address: str = Field("", description="The desk's address; answers come from and go to it.")
    imap_host: str = Field("", description="The IMAP server's name.")
    imap_port: int = Field(993, description="The IMAP server's port.")
    imap_user: str = Field("", description="Who logs in to the mailbox; empty: the address.")
    imap_folder: str = Field("INBOX", description="The folder that is read.")
    imap_tls: Literal["tls", "starttls", "none"] = Field(
        "tls", description="How the IMAP connection is protected; none only on loopback."
    )
    smtp_host: str = Field("", description="The SMTP server's name; empty: nothing is sent.")
    smtp_port: int = Field(465, description="The SMTP server's port.")
    smtp_user: str = Field("", description="Who logs in to send; empty: nobody logs in.")
    smtp_tls: Literal["tls", "starttls", "none"] = Field(
        "tls", description="How the SMTP connection is protected; none only on loopback."
    )
    authserv_id: str = Field(
        "",
        description="The id your receiving server writes into Authentication-Results; only that "
        "header is believed. Empty: no sender is ever verified.",
    )
    processed_folder: str = Field(
        "", description="Where mail is moved once it is a ticket; empty: it stays unread."
    )
    poll_seconds: int = Field(
        60, ge=1, description="How often to look when the server cannot tell us of new mail."
    )
    own_addresses: list[str] = Field(
        default_factory=list,
        description="Other addresses of ours; mail from them is never answered by a machine.",
    )


class Email(Channel):
    """A mailbox of the desk."""

    kind = "email"
    label_zh: ClassVar[str] = "电子邮件"
    label_en: ClassVar[str] = "E-mail"
    identity = "email"
    limits: ClassVar[Limits] = Limits(attachment_bytes=20 * 1024 * 1024)
    Options = EmailOptions

    def __init__(self, account: str, options: EmailOptions, vault: Vault) -> None:
        super().__init__(account, options, vault)
        self._mailbox = imap.Mailbox(
            imap.Box(
                options.imap_host,
                options.imap_port,
                options.imap_user or options.address,
                options.imap_folder,
                options.imap_tls,
                options.processed_folder,
                timedelta(seconds=options.poll_seconds),
            ),
            lambda: vault.secret("imap_password"),
        )
        own = {options.address, *options.own_addresses} - {""}
        self._own = frozenset(address.lower() for address in own)

    def parse(self, raw: Raw) -> Sequence[Inbound]:
        """One mail, one message. Never raises; a mail without a date has the day it arrived."""
        inbound = parse.parse_mail(
            raw.data,
            account=self.account,
            own_addresses=self._own,
            authserv_id=self.options.authserv_id,
            known_id=raw.remote_id,
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
        return self._mailbox.poll(cursor)

    def settle(self, items: Sequence[Raw]) -> None:
        """Move what is committed to the processed folder, if one is set."""
        self._mailbox.settle(items)

    def wait(self, timeout: timedelta) -> bool:
        """Until the server tells of new mail; a server that cannot is asked now and then."""
        return self._mailbox.wait(timeout)

    def speak(self, outbound: Outbound) -> Receipt:
        """Send one mail; the same Outbound is the same mail, byte for byte."""
        options = self.options
        submission = smtp.Submission(
            options.address,
            host=options.smtp_host,
            port=options.smtp_port,
            user=options.smtp_user,
            security=options.smtp_tls,
        )
        return submission.send(
            outbound, self.vault.secret("smtp_password") if options.smtp_user else ""
        )

    def close(self) -> None:
        """Let go of the mailbox; a thread that waits for mail comes back."""
        self._mailbox.close()
