"""Pictures of counts: what they say can be read without their colours, and on them."""

import re

import pytest

from router.core.documents import Bars, Heat
from router.reports import charts

HOURS = tuple(f"{hour:02}" for hour in range(24))


@pytest.mark.parametrize("most", [1, 2, 3, 7, 40, 999])
def test_a_number_in_a_field_stands_out_whatever_the_count(most):
    counts = [[n * most // 23 for n in range(24)]]
    drawn = charts.heat(Heat(("Mon",), HOURS, counts), "t", "d", "k")
    shown = re.findall(r'fill-opacity="([\d.]+)"/>(?:<text [^>]*class="n (\w+)")?', drawn)
    assert len(shown) == 24
    for depth, ink in shown:  # between these neither ink has 4.5 to 1 on its ground
        if ink:
            assert (float(depth) <= 0.45, float(depth) >= 0.85) == (ink == "weak", ink == "strong")


@pytest.mark.parametrize("most", [0, 1, 2, 3, 5, 8, 1001])
def test_the_scale_of_counts_has_whole_numbers_that_hold_them(most):
    drawn = charts.bars(Bars((("2026-11-01", most, 0),), ("well", "ill")), "t", "d", "k")
    ticks = re.findall(r'class="axis">([^<]+)<', drawn)
    numbers = [int(one.replace(",", "")) for one in ticks]
    assert numbers == sorted(set(numbers))
    assert numbers[-1] >= most


@pytest.mark.parametrize("days", [1, 7, 30, 31, 57, 90, 366])
def test_the_last_date_is_whole(days):
    chart = Bars(tuple((f"2026-11-{n:02}", 1, 0) for n in range(days)), ("well", "ill"))
    drawn = charts.bars(chart, "t", "d", "k")
    width = float(re.search(r'viewBox="0 0 ([\d.]+)', drawn)[1])
    ticks = [float(one) for one in re.findall(r'<text x="([\d.]+)" y="\d+" class="tick"', drawn)]
    assert ticks
    assert max(ticks) + 18 <= width
