"""Results as tables for people and as JSON for programs."""

from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from genzoo import __version__
from genzoo.cli.opened import Opened
from genzoo.evaluation.quantities import QUANTITIES
from genzoo.evaluation.result import Kind, Result
from genzoo.models import entry_of, parameter_count

if TYPE_CHECKING:
    from genzoo.report.compare import Comparison

KINDS: tuple[Kind, ...] = ("exact", "bound", "estimate", "error")


def tables(results: Sequence[Result], title: str) -> list[Table]:
    """A table for each group of quantities."""
    groups = dict.fromkeys(QUANTITIES[r.quantity].group for r in results)
    return [
        table([r for r in results if QUANTITIES[r.quantity].group == group], f"{title}: {group}")
        for group in groups
    ]


def table(results: Sequence[Result], title: str) -> Table:
    """One row for each result; a kind of number never stands in another kind's column.

    Below it stands what all protocols begin with, then what is only some numbers' own.
    """
    used = [kind for kind in KINDS if any(result.kind == kind for result in results)]
    shared = common([result.protocol for result in results])
    counts = sorted({result.n for result in results})
    said = [f"{shared}; {counts[0]:,} items" if len(counts) == 1 else shared]
    own: dict[str, list[str]] = {}
    for result in results:
        own.setdefault(result.protocol.removeprefix(shared).removeprefix(", "), []).append(result.quantity)
    said += [f"{', '.join(dict.fromkeys(names))}: {words}" for words, names in own.items() if words]
    drawn = Table(title=escape(title), caption=escape("\n".join(said)), box=None, padding=(0, 2, 0, 0))
    drawn.add_column("quantity", no_wrap=True)
    for kind in used:
        drawn.add_column(kind, justify="right", no_wrap=True)
    drawn.add_column("unit", no_wrap=True)
    for result in results:
        numbers = [str(result) if result.kind == kind else "" for kind in used]
        drawn.add_row(escape(result.name), *numbers, escape(result.unit))
    return drawn


def common(protocols: Sequence[str]) -> str:
    """What all of some protocols begin with, up to a comma.

    >>> common(["mnist test, 256 levels, k = 3", "mnist test, 256 levels"])
    'mnist test, 256 levels'
    """
    parts = [protocol.split(", ") for protocol in protocols]
    kept = takewhile(lambda same: len(set(same)) == 1, zip(*parts, strict=False))
    return ", ".join(same[0] for same in kept)


def comparison_table(found: "Comparison") -> Table:
    """One row a quantity and one column a run, so that a terminal holds it; a dash where there is nothing.

    The sign before a number tells its kind: ≥ and ≤ are bounds, ≈ is an estimate.
    """
    nets = {c.measured_with: None for c in found.columns if c.quantity.group == "quality"}
    said = f"sample quality in the features {', '.join(nets)}" if nets else None
    drawn = Table(box=None, padding=(0, 2, 0, 0), caption=said and escape(said))
    drawn.add_column("quantity", overflow="fold")
    for entrant in found.entrants:
        drawn.add_column(escape(entrant.name), justify="right", overflow="fold")
    for column in found.columns:
        cells = [entrant.result(column) for entrant in found.entrants]
        short = column.name.partition("[")[0] if column.measured_with in nets else column.name
        name = f"{escape(short)} [dim]{escape(column.unit)}[/dim]"
        drawn.add_row(name, *(str(c) if c else "–" for c in cells))
    return drawn


def document(
    run: Opened,
    data: str | None,
    results: Sequence[Result],
    notes: Sequence[str] = (),
    cost: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The results with what they are of, as JSON; only the block `cost` differs from time to time."""
    entry = entry_of(run.model)
    return {
        "run": str(run.path),
        "model": entry.name if entry else type(run.model).__name__,
        "parameters": parameter_count(run.model),
        "data": data or run.data,
        "view": run.view.to_json(),
        "results": [result.to_json() for result in results],
        "notes": list(notes),
        "cost": dict(cost) if cost is not None else None,
        "genzoo": __version__,
    }
