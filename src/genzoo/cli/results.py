"""Results as a table for people and as JSON for programs."""

from collections.abc import Sequence
from typing import Any

from rich.markup import escape
from rich.table import Table

from genzoo import __version__
from genzoo.cli.opened import Opened
from genzoo.evaluation import Kind, Result
from genzoo.models import entry_of, parameter_count

KINDS: tuple[Kind, ...] = ("exact", "bound", "estimate", "error")


def table(results: Sequence[Result], title: str) -> Table:
    """One row for each result; a kind of number never stands in another kind's column."""
    used = [kind for kind in KINDS if any(result.kind == kind for result in results)]
    every = {result.protocol for result in results}
    said = sorted(p for p in every if not any(q != p and q.startswith(p) for q in every))
    said += sorted({f"{result.n:,} items" for result in results})
    drawn = Table(title=escape(title), caption=escape(", ".join(said)), box=None, padding=(0, 2, 0, 0))
    drawn.add_column("quantity", no_wrap=True)
    for kind in used:
        drawn.add_column(kind, justify="right", no_wrap=True)
    drawn.add_column("unit", no_wrap=True)
    for result in results:
        numbers = [str(result) if result.kind == kind else "" for kind in used]
        drawn.add_row(result.name, *numbers, escape(result.unit))
    return drawn


def document(run: Opened, data: str | None, results: Sequence[Result]) -> dict[str, Any]:
    """The results with what they are of, as JSON."""
    entry = entry_of(run.model)
    return {
        "run": str(run.path),
        "model": entry.name if entry else type(run.model).__name__,
        "parameters": parameter_count(run.model),
        "data": data or run.data,
        "view": run.view.to_json(),
        "results": [result.to_json() for result in results],
        "genzoo": __version__,
    }
