"""Quality against cost: who is beaten by nobody on both."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator

from genzoo.report.plots import INK, LINE, chart, svg


@dataclass(frozen=True)
class Point:
    """A run in the plane of cost and quality.

    Args:
        name: beside the point.
        colour: of the point.
        cost: seconds, above 0.
        value: the quality.
        error: one standard error of it.
    """

    name: str
    colour: str
    cost: float
    value: float
    error: float = 0.0


@dataclass(frozen=True)
class Plane:
    """A plot of quality against cost.

    Args:
        title: above it.
        across: what the cost is, with its unit.
        up: what the quality is, with its unit.
        higher: whether more of it is better.
        points: at least two.
    """

    title: str
    across: str
    up: str
    higher: bool
    points: Sequence[Point]


def front(points: Sequence[Point], higher: bool) -> list[Point]:
    """The points that no other one beats on cost and quality at once, by cost.

    >>> a, b, c = Point("a", "", 1, 5), Point("b", "", 2, 4), Point("c", "", 3, 6)
    >>> [p.name for p in front([c, b, a], higher=True)], [p.name for p in front([a, b, c], higher=False)]
    (['a', 'c'], ['a', 'b'])
    """
    sign = 1 if higher else -1
    kept: list[Point] = []
    for point in sorted(points, key=lambda p: (p.cost, -sign * p.value)):
        if not kept or sign * point.value > sign * kept[-1].value:
            kept.append(point)
    return kept


def pareto(planes: Sequence[Plane], name: str) -> Markup:
    """The plots side by side; a line joins the runs that nobody beats on both."""
    with chart(4.6 * len(planes), 3.5, len(planes)) as (figure, axes):
        for ax, plane in zip(axes, planes, strict=True):
            _draw(ax, plane)
    return svg(figure, name, "; ".join(plane.title for plane in planes))


def _draw(ax: Axes, plane: Plane) -> None:
    best = front(plane.points, plane.higher)
    ax.step([p.cost for p in best], [p.value for p in best], where="post", color=LINE, lw=2, zorder=1)
    for point in plane.points:
        ax.errorbar(
            point.cost, point.value, yerr=point.error, color=point.colour, marker="o", ms=7, capsize=3
        )
        ax.annotate(
            point.name, (point.cost, point.value), (7, 7), textcoords="offset points", color=INK, fontsize=8.5
        )
    ax.set_xscale("log")
    for axis_format in (ax.xaxis.set_major_formatter, ax.xaxis.set_minor_formatter):
        axis_format(FuncFormatter(lambda x, _: f"{x:g}"))
    ax.xaxis.set_minor_locator(LogLocator(subs=(2, 5)))
    ax.set_title(plane.title, fontsize=9.5, loc="left", color=INK)
    ax.set_xlabel(plane.across)
    ax.set_ylabel(f"{plane.up} ({'more' if plane.higher else 'less'} is better)")
    ax.margins(x=0.25, y=0.18)
