"""What the Graph API answers, and what each error means for the message and for the channel."""

import json
from datetime import timedelta
from typing import Any

import requests

from channels.contract import ChannelError, Refused, Transient, Unknown, WindowClosed

_RATE = frozenset({4, 17, 32, 613, 80006})
_OURS = frozenset({190, 368, 10, 199, 200})
_RESTRICTED, _TERMS = 1893063, 2018344
_OUTSIDE = frozenset({2018065, 2018278})
#: Said of one person who wants nothing from us, under codes that else are said of all of us.
_PERSON = frozenset({1545041, 2018108})
_PAUSE = timedelta(seconds=60)
#: What whoever set the page up has to do about an error of the platform's.
_ADVICE = {
    10: "the app may not do this; look whether pages_messaging is granted for the page",
    190: "the page token is dead; make a new one and set page_token",
    199: "the app may not do this; look whether pages_messaging is granted for the page",
    200: "the app may not do this; look whether pages_messaging is granted for the page",
    368: "the platform has blocked the page for a while; see the page's quality",
}
_ADVICE_WITHIN = {
    _RESTRICTED: "the platform has restricted the page for a while; see the page's quality",
    _TERMS: "an administrator of the page has to accept the platform's terms",
}


def read(answer: requests.Response) -> dict[str, Any]:
    """The fields of a good answer; raises what a bad one means (the status alone says little)."""
    try:
        said = answer.json()
    except ValueError:
        said = None
    error = said.get("error") if isinstance(said, dict) else None
    if isinstance(error, dict):
        raise _meant(error, answer)
    if answer.status_code == 503:
        raise Transient("the platform is busy (503)")
    if answer.status_code >= 500 or (answer.status_code < 300 and not isinstance(said, dict)):
        raise Unknown(f"the platform answered {answer.status_code}, and nothing of its own")
    if answer.status_code >= 300 or not isinstance(said, dict):
        raise Refused(f"the platform answered {answer.status_code}", channel_fault=True)
    return said


def _meant(error: dict[str, Any], answer: requests.Response) -> ChannelError:
    code, inner = error.get("code"), error.get("error_subcode")
    told = f"code {code}/{inner}, fbtrace_id {str(error.get('fbtrace_id', ''))[:40]}"
    if code in _RATE:
        return Transient(told, _pause(answer))
    if code == 10 and inner in _OUTSIDE:
        return WindowClosed(told)
    if inner in _PERSON:
        return Refused(f"this person takes no messages from the page ({told})")
    if code in (1, 2) and inner != _TERMS:
        return Unknown(f"{told}: temporary, says the platform")
    advice = _ADVICE_WITHIN.get(inner or 0) or _ADVICE.get(code or 0)
    said = f"{advice} ({told})" if advice else told
    return Refused(said, channel_fault=code in _OURS or inner in (_TERMS, _RESTRICTED))


def _pause(answer: requests.Response) -> timedelta:
    """How long the usage header says, in minutes; else a minute."""
    try:
        usage = json.loads(answer.headers.get("X-Business-Use-Case-Usage", "{}"))
        minutes = [
            int(one["estimated_time_to_regain_access"])
            for listed in usage.values()
            for one in listed
            if one.get("estimated_time_to_regain_access")
        ]
    except (ValueError, AttributeError, TypeError, KeyError):
        return _PAUSE
    return max([_PAUSE, *(timedelta(minutes=one) for one in minutes)])
