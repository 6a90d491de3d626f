"""Numbers with their error bars, one panel a column, one line a run."""

import math
from collections.abc import Sequence

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from genzoo.evaluation.result import Result
from genzoo.report.columns import Column
from genzoo.report.plots import INK, chart, svg

_ACROSS = 4  # panels side by side


def forest(
    columns: Sequence[Column],
    names: Sequence[str],
    colours: Sequence[str],
    results: Sequence[Sequence[Result | None]],
    name: str,
) -> list[Markup]:
    """Charts of some columns: a dot at each value, a bar of one standard error to each side.

    Args:
        names: of the lines, from the top.
        colours: of the lines.
        results: of each column, one a line, None where there is none.
        name: of the charts on the page.
    """
    found = []
    for start in range(0, len(columns), _ACROSS):
        part = range(start, min(start + _ACROSS, len(columns)))
        with chart(2.55 * _ACROSS, 0.6 + 0.34 * len(names), _ACROSS) as (figure, axes):
            for ax, i in zip(axes, part, strict=False):
                _panel(ax, columns[i], results[i], colours)
                ax.set_yticks(range(len(names)), names if i == start else [""] * len(names))
                ax.set_ylim(len(names) - 0.4, -0.6)
            for ax in axes[len(part) :]:
                ax.set_visible(False)
        alt = "; ".join(f"{columns[i].quantity.title} of each run" for i in part)
        found.append(svg(figure, f"{name}-{start}", alt))
    return found


def _panel(ax: Axes, column: Column, results: Sequence[Result | None], colours: Sequence[str]) -> None:
    arrow = {"higher": " →", "lower": " ←"}.get(column.quantity.better, "")
    for line, result in enumerate(results):
        if result is not None and math.isfinite(result.value):
            ax.errorbar(
                result.value,
                line,
                xerr=result.stderr or 0.0,
                color=colours[line],
                marker="o",
                ms=5,
                capsize=3,
            )
    of = "" if column.quantity.group == "quality" or not column.measured_with else f", {column.measured_with}"
    ax.set_title(f"{column.quantity.title}{of}{arrow}", fontsize=9, loc="left", color=INK)
    ax.xaxis.set_major_locator(MaxNLocator(4))
    ax.tick_params(axis="y", length=0)
    ax.margins(x=0.15)
