"""A plot of lines over two logarithmic axes, as SVG, by hand."""

from collections.abc import Mapping, Sequence
from math import ceil, floor, log10

WIDTH, HEIGHT, MARGIN = 760, 480, 70
COLOURS = ("#1b6ca8", "#3a9d5d", "#c0392b", "#7f8c8d", "#8e44ad")
Line = Sequence[tuple[float, float]]


def svg(title: str, x_label: str, y_label: str, lines: Mapping[str, Line]) -> str:
    points = [point for line in lines.values() for point in line]
    left, right = (log10(edge(x for x, _ in points)) for edge in (min, max))
    low, high = floor(log10(min(y for _, y in points))), ceil(log10(max(y for _, y in points)))

    def at(x: float, y: float) -> tuple[float, float]:
        across = (log10(x) - left) / (right - left or 1)
        up = (log10(y) - low) / (high - low or 1)
        return MARGIN + across * (WIDTH - 2 * MARGIN), HEIGHT - MARGIN - up * (HEIGHT - 2 * MARGIN)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        _text(WIDTH / 2, 28, title, size=15),
        _text(WIDTH / 2, HEIGHT - 18, x_label),
        f'<g transform="rotate(-90 20 {HEIGHT / 2})">{_text(20, HEIGHT / 2, y_label)}</g>',
    ]
    for power in range(low, high + 1):
        _, y = at(10**left, 10.0**power)
        parts.append(f'<path d="M{MARGIN} {y:.1f}H{WIDTH - MARGIN}" stroke="#ddd"/>')
        parts.append(_text(MARGIN - 8, y + 4, f"{10.0**power:g}", anchor="end"))
    sizes = sorted({x for x, _ in points})
    parts += [_text(at(x, 10.0**low)[0], HEIGHT - MARGIN + 18, f"{x:,.0f}") for x in sizes]
    for (name, line), colour in zip(lines.items(), COLOURS, strict=False):
        places = [at(*point) for point in line]
        track = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        parts.append(f'<path d="M{track}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>' for x, y in places]
        parts.append(_text(places[-1][0], places[-1][1] - 8, name, anchor="end", fill=colour))
    return "\n".join([*parts, "</svg>", ""])


def _text(x: float, y: float, text: str, *, anchor: str = "middle", size: int = 12, fill: str = "#333") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{fill}">{text}</text>'
