"""What the desk wrote once in Chinese and once in English, for one reader.

Readers of traditional characters get the Chinese text in their own script.
"""

from __future__ import annotations

from functools import cache

from opencc import OpenCC


def for_reader(language: str, zh: str, en: str, otherwise: str = "en") -> str:
    """The text in a language; ``otherwise`` is the desk's, where nobody knows the reader's."""
    spoken = language or otherwise
    if not spoken.startswith("zh"):
        return en
    return _traditional().convert(zh) if spoken == "zh-Hant" else zh


@cache
def _traditional() -> OpenCC:
    return OpenCC("s2t")
