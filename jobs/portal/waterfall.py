"""The match weight of one pair as a waterfall: from the prior, finding by finding, to the total. Inline SVG, nothing fetched.

The same weights as Splink's waterfall chart. Colours come from the page's style (`explanation.css`), so that it reads on screen,
light or dark, and in print; every bar carries its number, so that colour says nothing alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

WIDTH, LABELS, VALUES = 880, 330, 54
"""Units of the drawing: all, the labels at its left, the room for numbers beside the longest bars, at either end."""

ROW, BAR, TOP, BOTTOM = 38, 18, 26, 26
"""Heights: a row, its bar, and the margins that hold the thresholds' names and the axis."""

LONGEST_LABEL = 52
"""Characters of a finding that fit beside its bar; a Chinese one counts twice."""


@dataclass(frozen=True)
class Bar:
    """One row: what was found, where the sum stood before and stands after it (bits), and its kind for the style."""

    title: str
    finding: str
    start: float
    end: float
    kind: str

    @property
    def weight(self) -> float:
        """What it adds to the sum; of the total, the sum."""
        return self.end - self.start


@dataclass(frozen=True)
class Scale:
    """Bits along the drawing's width."""

    low: float
    high: float

    def x(self, bits: float) -> float:
        """Where a number of bits stands."""
        return LABELS + VALUES + (bits - self.low) / (self.high - self.low) * (WIDTH - LABELS - 2 * VALUES)

    @property
    def ticks(self) -> list[int]:
        """Round numbers of bits, at most nine."""
        step = next(size for size in (1, 2, 5, 10, 20, 50, 100, 200, 500) if (self.high - self.low) / size <= 8)
        return list(range(math.ceil(self.low / step) * step, math.floor(self.high) + 1, step))


def scale_of(links: Sequence[dict[str, Any]], thresholds: dict[str, float]) -> Scale:
    """A scale on which all of these pairs and the thresholds have room, so that their pictures can be compared."""
    bars = [bar for link in links for bar in bars_of(link)]
    reached = [0.0, *thresholds.values(), *(bar.start for bar in bars), *(bar.end for bar in bars)]
    margin = max((max(reached) - min(reached)) * 0.02, 0.5)
    return Scale(min(reached) - margin, max(reached) + margin)


def waterfall(link: dict[str, Any], thresholds: dict[str, float], scale: Scale) -> str:
    """A scored pair (`jobs.portal.evidence.links_among`) as an ``<svg>``; ``thresholds``: ``link`` and ``review``, in bits."""
    bars = bars_of(link)
    height = TOP + ROW * len(bars) + BOTTOM
    parts = [*_axis(scale, height), *_thresholds(scale, height, thresholds)]
    for number, bar in enumerate(bars):
        parts += _row(bar, scale, TOP + ROW * number, is_last=number == len(bars) - 1)
    title = escape(f"Match weight {link['match_weight']:+.1f} of {link['left']} and {link['right']}")
    return f'<svg class="waterfall" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{title}">{"".join(parts)}</svg>'


def bars_of(link: dict[str, Any]) -> list[Bar]:
    """The rows of a pair's waterfall: the prior, every comparison in the model's order, the total."""
    bars = [Bar("Prior", "two records picked at random", 0.0, link["prior"], "prior")]
    for comparison in link["comparisons"]:
        start, weight = bars[-1].end, comparison["weight"]
        kind = "for" if weight > 0 else "against" if weight < 0 else "neutral"
        bars.append(Bar(comparison["comparison"], comparison["level"], start, start + weight, kind))
    return [*bars, Bar("Match weight", "the sum", 0.0, link["match_weight"], "total")]


def _axis(scale: Scale, height: int) -> list[str]:
    bottom = height - BOTTOM
    parts = []
    for bits in scale.ticks:
        x = scale.x(bits)
        parts.append(_line(x, TOP, x, bottom, "zero" if bits == 0 else "grid"))
        parts.append(f'<text class="tick" x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{_number(bits)}</text>')
    return parts


def _thresholds(scale: Scale, height: int, thresholds: dict[str, float]) -> list[str]:
    """Dashed lines; the names stand on either side, so that they stay apart however near the lines are."""
    parts = []
    for name, anchor, shift in (("review", "end", -4), ("link", "start", 4)):
        x = scale.x(thresholds[name])
        parts.append(_line(x, TOP - 14, x, height - BOTTOM, f"threshold {name}"))
        words = f"{name} from {_number(thresholds[name])}"
        parts.append(f'<text class="threshold" x="{x + shift:.1f}" y="{TOP - 8}" text-anchor="{anchor}">{words}</text>')
    return parts


def _row(bar: Bar, scale: Scale, top: int, *, is_last: bool) -> list[str]:
    left, right = sorted((scale.x(bar.start), scale.x(bar.end)))
    middle = top + ROW / 2
    place = f'x="{left:.1f}" y="{middle - BAR / 2:.1f}" width="{max(right - left, 1.5):.1f}" height="{BAR}"'
    parts = [
        f'<text class="title" x="0" y="{middle - 3:.1f}">{escape(bar.title)}</text>',
        f'<text class="finding" x="0" y="{middle + 12:.1f}">{escape(shortened(bar.finding))}</text>',
        f'<rect class="{bar.kind}" {place} rx="2"/>',
        _value(bar, left, right, middle),
    ]
    if not is_last:
        x = scale.x(bar.end)
        parts.append(_line(x, middle + BAR / 2, x, middle + ROW - BAR / 2, "step"))
    return parts


def _value(bar: Bar, left: float, right: float, middle: float) -> str:
    """The number of a bar: left of one that lowers the sum or ends below zero, so that it is clear of zero and the thresholds."""
    x, anchor = (left - 6, "end") if bar.weight < 0 or bar.end < 0 else (right + 6, "start")
    return f'<text class="value" x="{x:.1f}" y="{middle + 4.5:.1f}" text-anchor="{anchor}">{signed(bar.weight)}</text>'


def shortened(text: str) -> str:
    """A text that fits beside a bar, with an ellipsis where it was cut."""
    room = LONGEST_LABEL
    for place, character in enumerate(text):
        room -= 2 if ord(character) > 0x2E7F else 1
        if room < 0:
            return text[: max(place - 1, 0)] + "…"
    return text


def signed(bits: float) -> str:
    """A weight as it is printed, with a typographic minus."""
    return f"{bits:+.1f}".replace("-", "−")


def _number(bits: float) -> str:
    return f"{bits:g}".replace("-", "−")


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'
