"""Notices that leave the house: Feishu, DingTalk, WeCom, Slack, mail, by the library apprise.

A notice says which ticket, how urgent, and where to look; never who wrote or what. It may come
twice when a worker dies at the wrong moment; it is never lost silently: what cannot be sent is
tried again and then shown as failed.
"""

from __future__ import annotations

import importlib
import json
import logging
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from channels import registry
from router import configuration, one_by_one
from router.assemble import Router
from router.core.clock import to_us
from router.core.wording import LANGUAGES
from router.errors import SettingsFault
from router.store import notices
from router.store.unit import Unit

log = logging.getLogger("router.notify")

#: Notices sent before others' turn has come.
_A_TURN = 50
#: How long one may take.
_LEASE_US = 60_000_000
#: Waits between tries, in minutes; after the last a notice is given up.
_WAITS = (1, 2, 5, 15, 60)


def sweep(router: Router) -> int:
    """Send notices that are due; how many were taken."""
    taken = 0
    due = one_by_one.claimed(
        router, lambda unit: notices.claim(unit, 1, _LEASE_US), at_most=_A_TURN
    )
    for row in due:
        error = _send(router, row)
        taken += not error
        router.store.write(_outcome(router, row, error))
    return taken


def _outcome(router: Router, row: Any, error: str) -> Any:
    waits = _WAITS[row.attempts - 1] if row.attempts <= len(_WAITS) else None

    def work(unit: Unit) -> None:
        if not error:
            notices.sent(unit, row.id)
            return
        due = None if waits is None else to_us(router.clock.now()) + waits * 60_000_000
        notices.later(unit, row.id, error, due)

    return work


def _send(router: Router, row: Any) -> str:
    """Send one; why it was not taken, as a code, or nothing. Whatever that raises is a try of this
    notice and harms no other."""
    try:
        title, body = told(router, row)
        return post(router, row.target, title, body)
    except Exception:  # counted as a try of that notice, told in the log
        log.exception("the notice %s (%s) could not be sent", row.id, row.code)
        return "fault"


def post(router: Router, name: str, title: str, body: str) -> str:
    """Tell a place of the settings something; why it was not taken, as a code, or nothing."""
    target = router.settings.notices.get(name)
    if target is None or not target.enabled:
        return "no_target"
    try:
        address = configuration.secret(f"notices.{name}.secret")
    except SettingsFault as fault:
        log.warning("notices.%s: %s", name, fault)
        return "no_address"
    if address is None:
        return "no_address"
    sender = _library().Apprise()
    if not sender.add(address.get_secret_value()):
        return "bad_address"
    return "" if sender.notify(title=title, body=body) else "not_taken"


@cache
def _library() -> Any:
    """Loaded with the first notice, for it brings a hundred services along."""
    return importlib.import_module("apprise")


# ---------------------------------------------------------------- words


def told(router: Router, row: Any) -> tuple[str, str]:
    """Title and text of a notice in the language of the desk."""
    language = router.settings.desk.language
    words = _words(language)
    params: Mapping[str, Any] = json.loads(row.params or "{}")
    kind = router.rules.kinds.get(str(params.get("category")))
    named = {
        **params,
        "category": (kind.zh if language == "zh" else kind.en) if kind else params.get("category"),
        "cause": words["causes"].get(row.code, row.code),
        "desk": router.settings.desk.name_zh if language == "zh" else router.settings.desk.name_en,
        "url": f"{router.settings.public_url}/ticket/{params.get('number', '')}",
    }
    if row.ticket_id is None:
        return _of_channel(router, words, row.code, params, named)
    return str(words["title"]).format(**named), str(words["body"]).format(**named)


def _of_channel(
    router: Router,
    words: Mapping[str, Any],
    code: str,
    params: Mapping[str, Any],
    named: Mapping[str, Any],
) -> tuple[str, str]:
    """The same for a notice about a channel."""
    told = words["channel"]
    name = f"{_label(router, str(params['channel']))} ({params['account']})"
    trouble = told["trouble"].get(params.get("trouble"), "")
    url = f"{router.settings.public_url}/status"
    more = {**named, "channel": name, "trouble": trouble, "url": url}
    return str(told[f"{code}_title"]).format(**more), str(told[f"{code}_body"]).format(**more)


def _label(router: Router, kind: str) -> str:
    """What people call a channel; one whose plug-in was taken out has its kind for a name."""
    if kind not in registry.kinds():
        return kind
    return registry.labels(kind)[0 if router.settings.desk.language == "zh" else 1]


@cache
def _words(language: str) -> dict[str, Any]:
    name = language if language in LANGUAGES else "en"
    path = resources.files("router").joinpath("texts", f"notice.{name}.toml")
    return tomllib.loads(path.read_text("utf-8"))
