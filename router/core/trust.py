"""What a sender must be known for: changing an account needs somebody we are sure of."""

from __future__ import annotations

#: What is asked for in these changes who can get at the money.
ACCOUNT_CHANGING = frozenset(
    {
        "login.credential_change",
        "login.password_reset",
        "login.account_locked",
        "security.freeze_request",
        "security.lost_or_stolen_device",
        "transfer.recipient_account",
        "other.account",
        "other.identity",
    }
)
#: Our receiver vouched for the sender, or an agent made sure by other means.
_SURE = ("verified", "vouched")


def must_be_sure(category: str, verification: str, imitates: str) -> bool:
    """Whether an agent must make sure who this is before anything is changed."""
    if imitates and verification != "vouched":
        return True
    return category in ACCOUNT_CHANGING and verification not in _SURE
