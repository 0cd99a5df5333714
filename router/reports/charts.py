"""Pictures of counts as SVG, made here: with a title and a description, readable without colour.

Colours come from the page's style sheet by class; strength is an attribute of its own, for the page
allows no inline styles. What a picture shows stands in the table beside it as well.
"""

from __future__ import annotations

from markupsafe import Markup, escape

from router.core.documents import Bars, Heat

_WIDTH, _HEIGHT, _LEFT, _BOTTOM = 720, 200, 40, 24
#: Half of a date, which stands under the middle of the last day.
_RIGHT = 20
_FIELD = 27
#: Beyond this share of the most a field is strong, and its number in the other ink.
_STRONG = 0.5


def bars(chart: Bars, title: str, description: str, key: str) -> Markup:
    """Two counts a day, one upon the other; what is not well is hatched and outlined."""
    most = max((well + ill for _, well, ill in chart.days), default=0) or 1
    most += most % 2 if most > 1 else 0  # half of it is a whole count too
    step = (_WIDTH - _LEFT - _RIGHT) / max(len(chart.days), 1)
    drawn = [
        Markup(
            '<defs><pattern id="hatch-{}" width="6" height="6" patternUnits="userSpaceOnUse" '
            'patternTransform="rotate(45)"><rect width="6" height="6" class="ill-ground"/>'
            '<line x1="0" y1="0" x2="0" y2="6" class="ill-line"/></pattern></defs>'
        ).format(key)
    ]
    for share in (0, 0.5, 1) if most > 1 else (0, 1):
        y = _HEIGHT * (1 - share) + 10
        drawn.append(
            Markup(
                '<line x1="{}" y1="{:.1f}" x2="{}" y2="{:.1f}" class="grid"/>'
                '<text x="{}" y="{:.1f}" class="axis">{}</text>'
            ).format(_LEFT, y, _WIDTH, y, _LEFT - 6, y, f"{most * share:,.0f}")
        )
    every = max(len(chart.days) // 8, 1)
    for place, (day, well, ill) in enumerate(chart.days):
        x, width = _LEFT + place * step + step * 0.15, step * 0.7
        tall, more = _HEIGHT * well / most, _HEIGHT * ill / most
        base = _HEIGHT + 10
        said = f"{day}: {chart.names[0]} {well}, {chart.names[1]} {ill}"
        drawn.append(
            Markup(
                '<g><title>{}</title><rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" '
                'class="well"/><rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" '
                'class="ill" fill="url(#hatch-{})"/></g>'
            ).format(said, x, base - tall, width, tall, x, base - tall - more, width, more, key)
        )
        if place % every == 0:
            drawn.append(
                Markup('<text x="{:.1f}" y="{}" class="tick">{}</text>').format(
                    x + width / 2, _HEIGHT + _BOTTOM + 4, day[5:]
                )
            )
    return _svg(drawn, title, description, key, _WIDTH, _HEIGHT + _BOTTOM + 16)


def heat(chart: Heat, title: str, description: str, key: str) -> Markup:
    """Counts by weekday and hour: each field has its number, the more the darker."""
    most = max((n for line in chart.counts for n in line), default=0) or 1
    drawn = []
    for column, name in enumerate(chart.columns):
        drawn.append(
            Markup('<text x="{}" y="12" class="tick">{}</text>').format(
                _LEFT + column * _FIELD + _FIELD / 2, name
            )
        )
    for row, name in enumerate(chart.rows):
        y = 20 + row * _FIELD
        drawn.append(
            Markup('<text x="{}" y="{}" class="axis">{}</text>').format(
                _LEFT - 6, y + _FIELD / 2, name
            )
        )
        for column, n in enumerate(chart.counts[row]):
            x = _LEFT + column * _FIELD
            drawn.append(
                Markup(
                    '<g><title>{} {}: {}</title><rect x="{}" y="{}" width="{}" height="{}" '
                    'class="field" fill-opacity="{:.2f}"/>'
                ).format(
                    name, chart.columns[column], n, x, y, _FIELD - 2, _FIELD - 2, _depth(n / most)
                )
            )
            strong = "strong" if n / most > _STRONG else "weak"
            if n:
                drawn.append(
                    Markup('<text x="{}" y="{}" class="n {}">{}</text>').format(
                        x + _FIELD / 2 - 1, y + _FIELD / 2, strong, _short(n)
                    )
                )
            drawn.append(Markup("</g>"))
    width = _LEFT + len(chart.columns) * _FIELD
    return _svg(drawn, title, description, key, width, 20 + len(chart.rows) * _FIELD)


def _svg(drawn: list[Markup], title: str, description: str, key: str, *size: int) -> Markup:
    return Markup(
        '<svg viewBox="0 0 {} {}" role="img" aria-labelledby="chart-{}-t chart-{}-d" '
        'class="chart"><title id="chart-{}-t">{}</title><desc id="chart-{}-d">{}</desc>{}</svg>'
    ).format(*size, key, key, key, title, key, description, Markup("").join(drawn))


def _depth(share: float) -> float:
    """How much of the colour a field has. What lies between is left out: there neither ink stands
    out from the ground by 4.5 to 1, in the light scheme or the dark one."""
    if share > _STRONG:
        return 0.85 + 0.15 * (share - _STRONG) / (1 - _STRONG)
    return 0.45 * share / _STRONG


def _short(n: int) -> str:
    """A count in a small field: exact up to 999, else in thousands."""
    if n < 1000:
        return str(n)
    return escape(f"{n / 1000:.1f}k" if n < 10_000 else f"{n // 1000}k")
