"""Whose an address is when mails to it are counted: one mailbox however it is spelt, one owner of
all the names below a domain.

For limits only. It errs towards one: two people who are taken for one share a budget, where two
identities would share their tickets (:mod:`router.core.identity` keeps those apart).
"""

from __future__ import annotations

from router.core.identity import normalise

#: Providers that read over dots in what stands before the @, and their other name.
_DOTLESS = {"gmail.com": "gmail.com", "googlemail.com": "gmail.com"}
#: Names below a country's under which others register theirs: example.co.uk, example.com.cn.
_REGISTRIES = frozenset(
    (
        *("ac", "co", "com", "edu", "go", "gob", "gouv", "gov", "ltd", "me", "mil", "ne", "net"),
        *("nom", "or", "org", "plc", "sch"),
    )
)


def mailbox(address: str) -> str:
    """The one address that all spellings of a mailbox are counted as: without what a plus adds, and
    without dots where its provider reads over them."""
    local, at, domain = normalise("email", address).rpartition("@")
    if not at:
        return domain
    plain = local.partition("+")[0] or local
    if domain in _DOTLESS:
        domain, plain = _DOTLESS[domain], plain.replace(".", "") or plain
    return f"{plain}@{domain}"


def owned(domain: str) -> str:
    """The part of a domain that somebody registered: its last two labels, three where the second
    belongs to a country's registry. A small rule in place of a list of ten thousand: where it is
    wrong, strangers below one name share what is counted."""
    labels = domain.split(".")
    if domain.startswith("[") or len(labels) < 3:
        return domain
    under_country = len(labels[-1]) == 2 and labels[-2] in _REGISTRIES
    return ".".join(labels[-3 if under_country else -2 :])
