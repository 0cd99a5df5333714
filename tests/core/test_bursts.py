"""More than chance explains: the Poisson tail, and two buckets running."""

import itertools
import math
import random

import pytest

from router.core.waves.bursts import outage, tail, unusual, usual


@pytest.mark.parametrize(
    ("count", "mean", "expected"),
    [
        (0, 3.0, 1.0),
        (1, 2.0, 1 - math.exp(-2)),
        (2, 1.0, 1 - 2 / math.e),
        (8, 1.0, 1.0249e-05),
        (3, 5.0, 0.875348),
        (100, 50.0, 3.2001e-10),
    ],
)
def test_the_tail_is_that_of_the_law(count, mean, expected):
    assert tail(count, mean) == pytest.approx(expected, rel=1e-4)


def test_the_tail_falls_as_the_count_grows():
    values = [tail(count, 20.0) for count in range(60)]
    assert values == sorted(values, reverse=True)
    assert all(0 <= one <= 1 for one in values)


def test_large_means_do_no_harm():
    assert tail(10_000, 9_900.0) == pytest.approx(0.158, abs=0.01)
    assert tail(8, 0.0) == 0.0


def test_few_messages_are_never_unusual():
    assert not unusual(7, 0.001)
    assert unusual(8, 0.5)
    assert not unusual(8, 4.0)


def test_one_odd_bucket_is_an_accident():
    assert not outage([40, 2], 1.0)
    assert not outage([2, 40], 1.0)
    assert not outage([40], 1.0)
    assert outage([1, 12, 15], 1.0)


def test_what_is_usual_is_never_quite_none():
    assert usual(0, 48) == pytest.approx(1 / 48)
    assert usual(0, 0) > 0


def test_months_of_quiet_give_no_alarm():
    draw = random.Random(11)
    for mean in (0.3, 2.0, 9.0, 40.0):
        counts = [_poisson(draw, mean) for _ in range(26_000)]
        learned = usual(sum(counts[:48]), 48)
        assert not any(outage(pair, learned) for pair in itertools.pairwise(counts))


def _poisson(draw, mean):
    limit, count, product = math.exp(-mean), 0, draw.random()
    while product > limit:
        count += 1
        product *= draw.random()
    return count
