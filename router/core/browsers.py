"""What a browser is called, from what it says of itself.

Only families are told, for people who look through the list of their sessions: versions and devices
are nobody's business, and whoever wants to hide says something else anyway.
"""

from __future__ import annotations

import re

#: Looked for in this order: nearly all of them name Chrome and Safari too.
_BROWSERS = (
    (r"MicroMessenger/", "WeChat"),
    (r"Edg(?:e|A|iOS)?/", "Edge"),
    (r"OPR/|OPiOS/", "Opera"),
    (r"SamsungBrowser/", "Samsung Internet"),
    (r"Firefox/|FxiOS/", "Firefox"),
    (r"Chrome/|CriOS/", "Chrome"),
    (r"Safari/", "Safari"),
)
_SYSTEMS = (
    (r"Android", "Android"),
    (r"iPhone", "iPhone"),
    (r"iPad", "iPad"),
    (r"Windows", "Windows"),
    (r"CrOS", "ChromeOS"),
    (r"Mac OS X|Macintosh", "macOS"),
    (r"Linux|X11", "Linux"),
)
_LONGEST = 1000


def named(user_agent: str) -> str:
    """``Firefox · Windows``; what cannot be told is left out, so it may be empty."""
    said = user_agent[:_LONGEST]
    found = (
        next((name for pattern, name in names if re.search(pattern, said)), "")
        for names in (_BROWSERS, _SYSTEMS)
    )
    return " · ".join(one for one in found if one)
