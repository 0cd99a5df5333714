"""Whether so many messages in five minutes are more than chance: the tail of a Poisson law.

How many are usual is learned from the same hour of past weeks. One odd bucket is an accident; two
running are an outage.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta

BUCKET = timedelta(minutes=5)
#: Fewer messages than this in a bucket are never an outage, however unusual.
LEAST = 8
#: How improbable a bucket must be.
CHANCE = 1e-4


def tail(count: int, mean: float) -> float:
    """The probability of ``count`` or more where ``mean`` are expected."""
    if count <= 0:
        return 1.0
    if mean <= 0:
        return 0.0
    if count <= mean:
        return 1.0 - math.fsum(_term(one, mean) for one in range(count))
    term = _term(count, mean)
    total, at = 0.0, count
    while term > total * 1e-12:
        total += term
        at += 1
        term *= mean / at
    return total


def _term(count: int, mean: float) -> float:
    return math.exp(count * math.log(mean) - mean - math.lgamma(count + 1))


def usual(counted: int, buckets: int) -> float:
    """How many a bucket is expected to hold, after so many in so many; never quite none."""
    return (counted + 1) / max(buckets, 1)


def unusual(count: int, mean: float, *, least: int = LEAST) -> bool:
    """Whether a bucket holds more than chance explains."""
    return count >= least and tail(count, mean) < CHANCE


def outage(buckets: Sequence[int], mean: float, *, least: int = LEAST) -> bool:
    """Whether the last two buckets, one after the other, hold more than chance explains."""
    return len(buckets) >= 2 and all(unusual(one, mean, least=least) for one in buckets[-2:])
