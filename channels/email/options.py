"""What can be set of a mailbox."""

import re
from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import Field

from channels.contract import ChannelOptions

_ADDRESS = re.compile(r"[^@\s<>()\[\],;:\\\"]+@\w[\w.-]*")


class EmailOptions(ChannelOptions):
    """One mailbox and the server that sends for it. Passwords are secrets, never settings."""

    address: str = Field("", description="The desk's address; answers come from and go to it.")
    imap_host: str = Field("", description="The IMAP server's name.")
    imap_port: int = Field(993, ge=1, le=65535, description="The IMAP server's port.")
    imap_user: str = Field("", description="Who logs in to the mailbox; empty: the address.")
    imap_folder: str = Field("INBOX", description="The folder that is read.")
    imap_auth: Literal["password", "xoauth2", "oauthbearer"] = Field(
        "password", description="How to log in; the last two need the oauth options below."
    )
    start: Literal["all", "now"] = Field(
        "all",
        description="What of a mailbox that is not empty is read at first: all, or only what comes "
        "from now on; `router backfill` reads the rest when you choose.",
    )
    imap_tls: Literal["tls", "starttls", "none"] = Field(
        "tls", description="How the IMAP connection is protected; none only on loopback."
    )
    smtp_host: str = Field("", description="The SMTP server's name; empty: nothing is sent.")
    smtp_port: int = Field(465, ge=1, le=65535, description="The SMTP server's port.")
    smtp_user: str = Field(
        "",
        description="Who logs in to send; empty: the address, or nobody when there is no secret "
        "smtp_password.",
    )
    smtp_auth: Literal["password", "xoauth2"] = Field(
        "password", description="How to log in to send; xoauth2 needs the oauth options below."
    )
    smtp_tls: Literal["tls", "starttls", "none"] = Field(
        "tls", description="How the SMTP connection is protected; none only on loopback."
    )
    smtp_per_minute: int = Field(
        30, ge=0, description="Mails sent a minute at most, the rest waits; 0: no limit of ours."
    )
    smtp_per_day: int = Field(0, ge=0, description="The same for a day; 0: no limit of ours.")
    return_tags: bool = Field(
        default=False,
        description="Replies leave from help+b.<random>@…, so that any bounce tells which mail it "
        "is about; only where the SMTP server lets us.",
    )
    oauth_url: str = Field(
        "",
        description="Where tokens are renewed (https); the secrets are oauth_refresh_token and, "
        "where the provider wants one, oauth_client_secret.",
    )
    oauth_client_id: str = Field("", description="The id this desk has with the provider.")
    oauth_confidential: bool = Field(
        default=False, description="The provider gave this desk a client secret as well."
    )
    oauth_scope: str = Field("", description="What the token is asked for; may be empty.")
    sent_folder: str = Field(
        "",
        description="Where the server keeps what was sent; a send nobody knows about is looked "
        "up there.",
    )
    sender_name_zh: str = Field("", description="Name in From; empty: the desk's name in Chinese.")
    sender_name_en: str = Field("", description="The same in English.")
    signature_zh: str = Field("", description="What stands under agents' replies in Chinese.")
    signature_en: str = Field("", description="The same in English.")
    check_dkim: bool = Field(
        default=False,
        description="Check signatures ourselves where the receiving server says "
        "nothing; asks DNS, and needs the extra `dkim`.",
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

    def lacks(self) -> Mapping[str, str]:
        """A mailbox has an address of its own, and a server to read it from."""
        found = {}
        if not self.address:
            found["address"] = "is not set; write the mailbox's address (support@example.com)"
        elif not _ADDRESS.fullmatch(self.address):
            found["address"] = f"{self.address} is no address; write support@example.com alone"
        if not self.imap_host:
            found["imap_host"] = "is not set; write the IMAP server's name"
        return found

    def needs(self) -> Sequence[str]:
        """Passwords, or what tokens are renewed by; who names nobody may send without."""
        by_token = self.imap_auth != "password" or (self.smtp_host and self.smtp_auth == "xoauth2")
        found = ["imap_password"] if self.imap_auth == "password" else []
        if self.smtp_host and self.smtp_user and self.smtp_auth == "password":
            found.append("smtp_password")
        if by_token:
            found.append("oauth_refresh_token")
        if by_token and self.oauth_confidential:
            found.append("oauth_client_secret")
        return found
