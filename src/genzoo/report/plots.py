"""Charts as inline SVG whose colours are the page's own: learning curves, and codes by class."""

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from markupsafe import Markup
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

# Colours that stand for the page's variables, so that a chart follows light and dark.
INK, MUTED, LINE, ACCENT, PAPER = "#010101", "#020202", "#030303", "#040404", "#050505"
_VARIABLES = {INK: "--ink", MUTED: "--muted", LINE: "--line", ACCENT: "--accent", PAPER: "--paper"}


@dataclass(frozen=True)
class Palette:
    """The colours of text, of lesser text, of lines, of data without classes, and of the ground."""

    ink: str
    muted: str
    line: str
    accent: str
    paper: str


PAGE = Palette(INK, MUTED, LINE, ACCENT, PAPER)
PRINT = Palette("#1d1b18", "#6b665d", "#ddd8cc", "#8a4b2a", "#ffffff")  # of a picture that stands alone
_WARM = ("#f28e2b", "#e15759", "#d9b52a", "#ff8fa3", "#9c755f")
_COOL = ("#4e79a7", "#5fb3ad", "#59a14f", "#b07aa1", "#8c8c94")
CLASSES = tuple(colour for pair in zip(_COOL, _WARM, strict=True) for colour in pair)
Series = Sequence[tuple[float, float]]


def _style(palette: Palette) -> Any:
    return {
        "svg.fonttype": "none",
        "font.size": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": palette.line,
        "axes.labelcolor": palette.muted,
        "axes.grid": True,
        "grid.color": palette.line,
        "grid.linewidth": 0.6,
        "xtick.color": palette.line,
        "ytick.color": palette.line,
        "xtick.labelcolor": palette.muted,
        "ytick.labelcolor": palette.muted,
        "text.color": palette.ink,
        "legend.frameon": False,
        "legend.labelcolor": palette.muted,
        "figure.facecolor": "none",
        "axes.facecolor": "none",
    }


@contextmanager
def chart(
    width: float, height: float, panels: int = 1, palette: Palette = PAGE
) -> Iterator[tuple[Figure, list[Axes]]]:
    """A figure in the page's style with `panels` axes side by side."""
    with mpl.rc_context(_style(palette)):
        figure = Figure(figsize=(width, height), layout="constrained")
        axes = figure.subplots(1, panels, squeeze=False)[0]
        yield figure, list(axes)


def svg(figure: Figure, name: str, alt: str) -> Markup:
    """The figure as an inline <svg>: no fonts, no links, no metadata, ids that are the page's alone.

    Args:
        name: unlike that of any other chart on the page.
        alt: what a reader who cannot see it is told.
    """
    file = io.BytesIO()
    metadata: dict[str, Any] = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    with mpl.rc_context(_style(PAGE) | {"svg.hashsalt": name}):
        figure.savefig(file, format="svg", metadata=metadata)
    text = file.getvalue().decode()
    text = re.sub(
        r"<!--.*?-->|<metadata>.*?</metadata>|<style.*?</style>", "", text[text.index("<svg") :], flags=re.S
    )
    linked = set(re.findall(r"(?:xlink:href=\"|url\()#([\w.-]+)", text))
    text = re.sub(r' id="([\w.-]+)"', lambda m: f' id="{name}-{m[1]}"' if m[1] in linked else "", text)
    text = re.sub(r'(xlink:href="|url\()#', rf"\g<1>#{name}-", text)
    for colour, variable in _VARIABLES.items():
        text = text.replace(colour, f"var({variable})")
    text = re.sub(r' (width|height)="[\d.]+pt"', "", text, count=2)
    text = re.sub(r" font-family: [^;]*;", "", text)  # the page's own
    opening = Markup('<svg class="chart" role="img" aria-label="{}" ').format(alt)
    return opening + Markup(text.removeprefix("<svg "))


def thousands(value: float, _: Any = None) -> str:
    """A tick in thousands.

    >>> thousands(0), thousands(250_000)
    ('0', '250k')
    """
    return f"{value / 1000:g}k" if value >= 1000 else f"{value:g}"


def smooth(series: Series, share: float = 0.04) -> Series:
    """A running mean over a window of `share` of the points, at least one."""
    values = np.array([y for _, y in series])
    half = max(0, round(len(values) * share / 2))
    windows = [values[max(0, i - half) : i + half + 1] for i in range(len(values))]
    return [(x, float(w.mean())) for (x, _), w in zip(series, windows, strict=True)]


def draw_curve(axes: Axes, series: Series, label: str, colour: str, *, marks: bool = False) -> None:
    """One curve: its smoothed values over the faint raw ones, or its points joined."""
    x, y = zip(*series, strict=True)
    if marks:
        axes.plot(x, y, color=colour, lw=1.1, marker="o", ms=3, label=label, zorder=4)
        return
    axes.plot(x, y, color=colour, lw=0.7, alpha=0.3, zorder=2)
    x, y = zip(*smooth(series), strict=True)
    axes.plot(x, y, color=colour, lw=1.8, label=label, zorder=3)


def finish_curves(axes: Axes, all_series: Sequence[Series], title: str, *, from_zero: bool = False) -> None:
    """Labels, and limits that leave the plunge of the first few steps out of the picture."""
    last = max(x for series in all_series for x, _ in series)
    late = [y for series in all_series for x, y in series if x >= 0.04 * last] or [0.0]
    low, high = (0.0, 1.0) if from_zero else (min(late), max(late))
    margin = 0.06 * ((high - low) or abs(high) or 1.0)
    axes.set_ylim(low - margin, high + margin)
    axes.set_xlim(0, 1.015 * last)
    axes.set_title(title, fontsize=9.5, loc="left", color=INK)
    axes.set_xlabel("images seen")
    axes.xaxis.set_major_formatter(FuncFormatter(thousands))
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.legend(loc="best", fontsize=8.5, handlelength=1.4)


def scatter(codes: NDArray, labels: NDArray | None, classes: Sequence[str], *, prior: bool) -> Figure:
    """Codes in the plane, coloured by class; each class's number or name stands at its median.

    Args:
        codes: shape (n, 2).
        labels: class numbers, shape (n).
        prior: circles of one, two and three standard deviations of N(0, I) are drawn.
    """
    with chart(4.6, 4.6) as (figure, (axes,)):
        draw_codes(axes, codes, labels, len(classes), PAGE)
        if prior:
            draw_prior(axes, PAGE)
        if labels is not None and len(classes) <= len(CLASSES):
            for number, name in enumerate(classes):
                if (labels == number).any():
                    x, y = np.median(codes[labels == number], 0)
                    halo: Any = [patheffects.withStroke(linewidth=3.5, foreground=PAPER)]
                    axes.text(
                        x, y, name, color=INK, fontsize=14, weight="bold", ha="center", va="center"
                    ).set_path_effects(halo)
        frame(axes, *square(codes))
        axes.set_xlabel("z₁")
        axes.set_ylabel("z₂", rotation=0)
    return figure


def colours_of(classes: int) -> list[Any]:
    """A colour for each class, no two alike."""
    if classes <= len(CLASSES):
        return list(CLASSES[:classes])
    return [mpl.colormaps["turbo"](i / (classes - 1)) for i in range(classes)]


def draw_codes(
    axes: Axes, codes: NDArray, labels: NDArray | None, classes: int, palette: Palette, size: float = 11
) -> None:
    """A dot for each code, coloured by its class.

    Args:
        codes: shape (n, 2).
        labels: class numbers, shape (n).
        classes: how many there are.
        size: of a dot, in points squared.
    """
    chosen = colours_of(classes)
    colours: Any = palette.accent if labels is None else [chosen[i] for i in labels]
    axes.scatter(codes[:, 0], codes[:, 1], s=size, c=colours, lw=0, alpha=0.85, zorder=2)


def draw_prior(axes: Axes, palette: Palette) -> None:
    """Circles of one, two and three standard deviations of N(0, I)."""
    angle = np.linspace(0, 2 * np.pi, 121)
    for radius in (1, 2, 3):
        axes.plot(radius * np.cos(angle), radius * np.sin(angle), color=palette.muted, lw=0.7, ls=(0, (3, 3)))


def square(codes: NDArray) -> tuple[NDArray, float]:
    """Centre and side of a square that holds codes (n, 2) but for the outermost 0.2% on each side."""
    low, high = np.quantile(codes, 0.002, 0), np.quantile(codes, 0.998, 0)
    return (low + high) / 2, 1.12 * max(float((high - low).max()), 1e-6)


def frame(axes: Axes, centre: NDArray, side: float) -> None:
    """Shows this square, both axes on one scale."""
    axes.set_xlim(centre[0] - side / 2, centre[0] + side / 2)
    axes.set_ylim(centre[1] - side / 2, centre[1] + side / 2)
    axes.set_aspect("equal")
