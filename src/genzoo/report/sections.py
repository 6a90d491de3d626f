"""The tables of a comparison, one a group of quantities, with charts where several runs have a number."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from genzoo.evaluation import Result
from genzoo.evaluation.quantities import QUANTITIES
from genzoo.report.columns import Column, best
from genzoo.report.compare import Comparison, Entrant
from genzoo.report.forest import forest
from genzoo.report.table import number

GROUPS: Mapping[str, tuple[str, str]] = {
    "likelihood": (
        "Likelihood",
        "What a model says of images that it has not seen. Exact values, bounds and estimates "
        "stand in columns of "
        "their own, and so do numbers of different views of the data: none of them may be "
        "read against another.",
    ),
    "quality": (
        "Sample quality",
        "Samples and real images are seen through one view, in one net's features. The net's "
        "name and the hash of "
        "its weights are part of a number's name.",
    ),
    "coverage": ("Mode coverage", "Whether all the modes that the data are known to have are found."),
    "translation": (
        "Translation",
        "How near translations come to what truly belongs to their originals, and how like the "
        "other kind of image they are; beside them, copying the original, and the original with "
        "the other kind's mean colours.",
    ),
    "completion": (
        "Completion",
        "How near what fills a hole comes to what it hid, and how like whole images completed ones are; "
        "beside them, the mean colour of the known pixels, and the smoothest filling.",
    ),
    "representation": (
        "Representation",
        "How well few labels teach a classifier what an image shows, from the model's "
        "features. Each model sees "
        "the images through its own view.",
    ),
}


@dataclass(frozen=True)
class Cell:
    """A number of a table.

    Args:
        text: the number, or a dash.
        below: its error, and the same number in another unit.
        best: nothing beats it by more than its noise.
    """

    text: str = "–"
    below: tuple[str, ...] = ()
    best: bool = False


@dataclass(frozen=True)
class Heading:
    """A column's heading: title, what it was measured with, and its protocol's number below the table."""

    title: str
    below: str
    better: str
    protocol: int


@dataclass(frozen=True)
class Section:
    """A group of columns with its charts.

    Args:
        net: whose features its numbers were measured in, empty where none.
        protocols: the protocols that the headings' numbers refer to.
        says: for each quantity, how to read it.
    """

    title: str
    lede: str
    net: str
    headings: list[Heading]
    lines: list[tuple[Entrant, list[Cell]]]
    charts: list[Markup]
    protocols: list[str]
    says: list[tuple[str, str, str]]


def sections(found: Comparison) -> list[Section]:
    """One section for each group that anything was measured in."""
    made = []
    for group, (title, lede) in GROUPS.items():
        columns = [c for c in found.columns if c.quantity.group == group and not _is_below(c)]
        if columns:
            made.append(_section(found, group, title, lede, columns))
    return made


def _section(found: Comparison, group: str, title: str, lede: str, columns: Sequence[Column]) -> Section:
    by_column = [[e.result(c) for e in found.entrants] for c in columns]
    marks = [best(c, results) for c, results in zip(columns, by_column, strict=True)]
    lines = [
        (e, [_cell(e, results[i], mark[i]) for results, mark in zip(by_column, marks, strict=True)])
        for i, e in enumerate(found.entrants)
    ]
    every = {r: None for results in by_column for r in results if r is not None}
    protocols = list(dict.fromkeys(f"{r.protocol}; {r.n:,} items" for r in every))
    headings = [_heading(c, results, protocols) for c, results in zip(columns, by_column, strict=True)]
    names, colours = [e.member.path.name for e in found.entrants], [e.member.colour for e in found.entrants]
    shown = [i for i, results in enumerate(by_column) if sum(r is not None for r in results) > 1]
    charts = forest([columns[i] for i in shown], names, colours, [by_column[i] for i in shown], group)
    known = dict.fromkeys(c.name.partition("[")[0] for c in columns)
    says = [(QUANTITIES[q].title, QUANTITIES[q].says, QUANTITIES[q].reference) for q in known]
    net = columns[0].measured_with if group == "quality" else ""
    return Section(title, lede, net, headings, lines, charts, protocols, says)


def _is_below(column: Column) -> bool:
    """Whether its numbers stand below those of another column: the same in another unit."""
    return column.name.startswith("bits_per_dim") or column.unit == "per dimension"


def _cell(entrant: Entrant, result: Result | None, is_best: bool) -> Cell:
    if result is None:
        return Cell()
    value, _, error = number(result).removeprefix("≈ ").partition(" ± ")
    below = [f"± {error}"] if error else []
    if result.unit == "nats":
        of = (
            f"bits_per_dim[{result.quantity}-{result.measured_with}]"
            if result.measured_with
            else "bits_per_dim"
        )
        bits = next((r for r in entrant.results if (r.name, r.kind) == (of, result.kind)), None)
        below += [f"{number(bits).removeprefix('≈ ').partition(' ± ')[0]} bits/dim"] if bits else []
    return Cell(value, tuple(below), is_best)


def _heading(column: Column, results: Sequence[Result | None], protocols: list[str]) -> Heading:
    first = next(r for r in results if r is not None)
    net = column.quantity.group == "quality"  # named once, above the table
    words = ("" if net else column.measured_with, column.unit, _kind(column))
    below = " · ".join(word for word in words if word)
    better = {"higher": "↑", "lower": "↓"}.get(column.quantity.better, "")
    place = protocols.index(f"{first.protocol}; {first.n:,} items") + 1
    return Heading(column.quantity.title, below, better, place)


def _kind(column: Column) -> str:
    return column.kind if column.kind in ("bound", "exact") else ""
