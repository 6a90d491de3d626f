"""The one table: what each model cost and what can be said of it, exact values and bounds apart."""

from dataclasses import dataclass

from genzoo.evaluation import Result
from genzoo.models import parameter_count
from genzoo.report.markup import time_of
from genzoo.report.members import Member
from genzoo.training.progress import duration


@dataclass(frozen=True)
class Cell:
    """A number of the table.

    Args:
        text: the number, "–" where there is none.
        below: a second line, smaller.
    """

    text: str = "–"
    below: str = ""


@dataclass(frozen=True)
class Line:
    """A model's line: parameters, time, images, exact nats, bound, error, cost of a sample."""

    member: Member
    cells: tuple[Cell, ...]


COLUMNS = (
    ("parameters", ""),
    ("training time", "images seen"),
    ("log p(x), exact", "nats an image · bits/dim"),
    ("log p(x), lower bound", "ELBO, nats · bits/dim"),
    ("squared error", "of a rebuilt image"),
    ("a sample takes", "against the fastest"),
)


def table(members: list[Member]) -> list[Line]:
    """One line a model."""
    fastest = min((m.cost.seconds_per_sample for m in members if m.cost), default=0.0)
    return [Line(member, cells(member, fastest)) for member in members]


def cells(member: Member, fastest: float) -> tuple[Cell, ...]:
    """The cells of a model's line, in the order of `COLUMNS`."""
    trained = Cell(duration(member.saved["seconds"]), f"{member.saved['images_seen']:,}")
    error = first(member, "squared_error", "error")  # an image's; a pixel's comes after it
    return (
        Cell(f"{parameter_count(member.model):,}"),
        trained,
        nats(first(member, "log_prob", "exact"), first(member, "bits_per_dim", "exact")),
        nats(first(member, "elbo", "bound"), first(member, "bits_per_dim", "bound")),
        Cell(number(error)) if error else Cell(),
        cost(member, fastest),
    )


def first(member: Member, name: str, kind: str) -> Result | None:
    """The first result of this name and kind."""
    return next((r for r in member.results if (r.name, r.kind) == (name, kind)), None)


def nats(value: Result | None, bits: Result | None) -> Cell:
    """Nats over bits per dimension; a density, which has none, is marked."""
    if value is None:
        return Cell()
    if bits is None:
        return Cell(number(value), value.unit)
    return Cell(number(value), f"{number(bits)} bits/dim")


def number(result: Result) -> str:
    """A result with its error and, for a bound, its direction."""
    return str(result).replace("-", "−")


def cost(member: Member, fastest: float) -> Cell:
    """Seconds a sample, and how many times the fastest model's."""
    if member.cost is None:
        return Cell("–", "draws no images")
    times = member.cost.seconds_per_sample / fastest if fastest else 1.0
    return Cell(time_of(member.cost.seconds_per_sample), f"{times:,.0f}×" if times >= 1.5 else "1×")


def protocol(members: list[Member]) -> str:
    """What it takes to compare the numbers: data, view, number of items, draws, seed."""
    said = list(dict.fromkeys(f"{r.protocol} (n = {r.n})" for m in members for r in m.results))
    seeds = ", ".join(sorted({str(r.seed) for m in members for r in m.results}))
    costs = [m.cost for m in members if m.cost]
    line = "; ".join(said)
    if seeds:
        line += f"; seed {seeds}; ± is one standard error of the mean"
    if costs:
        c = costs[0]
        threads = f"{c.threads} thread{'s' if c.threads != 1 else ''}"
        line += f". Samples are timed {c.batch} at once on {c.device}, {threads}, median of {c.repeats}"
    return line + "."
