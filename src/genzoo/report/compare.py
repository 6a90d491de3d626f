"""Several runs on one ruler: the same data, the same protocol, the same features, measured once each."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from genzoo import __version__
from genzoo.data import Dataset, View
from genzoo.errors import BadInput
from genzoo.evaluation import Evaluation, Ledger, Protocol, Result, Subject, evaluate, over_seeds
from genzoo.evaluation.evaluate import Watch, unwatched
from genzoo.evaluation.features import Extractor
from genzoo.evaluation.protocol import GROUPS
from genzoo.evaluation.subject import applicable
from genzoo.report.columns import Column, column_of, columns_of
from genzoo.report.members import Member, open_members
from genzoo.report.reasons import lacks


@dataclass(frozen=True)
class Entrant:
    """One line of a comparison: a run, or several that differ in nothing but the seed.

    Args:
        members: the runs; the first is the one in the pictures.
        results: its numbers; over several seeds mean and standard deviation.
        evaluation: of the first run.
    """

    members: tuple[Member, ...]
    results: tuple[Result, ...]
    evaluation: Evaluation

    @property
    def member(self) -> Member:
        """The first run."""
        return self.members[0]

    @property
    def name(self) -> str:
        """The name of its folder, and of how many there are."""
        more = f" and {len(self.members) - 1} other seeds" if len(self.members) > 1 else ""
        return f"{self.member.path.name}{more}"

    def result(self, column: Column) -> Result | None:
        """Its number in a column."""
        return next((r for r in self.results if column_of(r) == column), None)


@dataclass(frozen=True)
class Comparison:
    """What was found of several runs.

    Args:
        entrants: one a line.
        columns: of their numbers.
        through: the view in which samples are compared with real images.
    """

    entrants: tuple[Entrant, ...]
    columns: tuple[Column, ...]
    protocol: Protocol
    through: View

    @property
    def notes(self) -> list[str]:
        """What whoever reads the numbers should know, each sentence once."""
        return list(dict.fromkeys(note for e in self.entrants for note in e.evaluation.notes))

    def to_json(self) -> dict[str, Any]:
        """Everything that was measured, and what could not be, as JSON."""
        return {
            "data": self.entrants[0].member.dataset.name,
            "runs": [
                {
                    "runs": [m.path.name for m in e.members],
                    "model": e.member.entry.name,
                    "place": e.member.entry.place,
                    "results": [r.to_json() for r in e.results],
                    "cannot": [
                        {"what": what, "why": why} for what, why in lacks(e.member.place, e.member.can)
                    ],
                    "cost": e.evaluation.cost,
                }
                for e in self.entrants
            ],
            "notes": self.notes,
            "genzoo": __version__,
        }


def compare(
    runs: Sequence[str | Path],
    data: str | Path | Dataset | None = None,
    *,
    protocol: Protocol | None = None,
    groups: Collection[str] | None = None,
    features: Extractor | str | None = None,
    device: str = "auto",
    again: bool = False,
    batch: int = 64,
    watch: Watch = unwatched,
) -> Comparison:
    """Measures what was not measured of each run, on the same data under the same protocol.

    Args:
        runs: run folders. Those that differ in the seed alone share a line: mean and standard deviation.
        data: what to measure on; by default the runs' own, which must then be the same.
        protocol, groups, features: how, what (by default all that there is), and in which net's features.
        device: where: auto, cpu, cuda or mps.
        again: measure also what was measured before.

    Raises:
        BadInput: for runs of different data or image sizes, or numbers measured with different features.
    """
    protocol = protocol or Protocol()
    members = open_members(runs, data, device)
    _check_same(members)
    through = common_view([m.view for m in members])
    how: dict[str, Any] = {"again": again, "batch": batch}
    found = []
    for member in members:
        subject = Subject(member.model, member.dataset, member.view, through, features, member.config)
        asked = _possible(subject, protocol, groups)
        how |= {"ledger": Ledger(member.path), "watch": _titled(watch, member.path.name)}
        found.append(evaluate(subject, protocol, groups=asked, **how))
    entrants = _lines(members, found)
    columns = columns_of([e.results for e in entrants])
    check_features(columns)
    return Comparison(tuple(entrants), tuple(columns), protocol, through)


def _possible(subject: Subject, protocol: Protocol, groups: Collection[str] | None) -> list[str] | None:
    """Those of the groups asked for that this model has something for: the others stay empty."""
    if groups is None:
        return None
    reasons = applicable(subject, protocol)
    return [g for g in groups if g not in GROUPS or not reasons[g]]


def _titled(watch: Watch, name: str) -> Watch:
    return lambda title, total: watch(f"{name}: {title}", total)


def common_view(views: Sequence[View]) -> View:
    """The view through which all samples can be compared: the coarsest of them.

    Where one model knows black and white alone, all others' samples and the real images are binarized as
    its data were, by a draw that is fixed for each item. Two distributions that agree still do after that,
    so no model that is right is made wrong.
    """
    if any(v.binarize != "none" for v in views):
        kinds = {v.binarize for v in views if v.binarize != "none"}
        drawn = kinds.pop() if len(kinds) == 1 else "static"
        return replace(views[0], levels=256, binarize=drawn)
    return replace(views[0], levels=min(v.levels for v in views))


def check_features(columns: Sequence[Column]) -> None:
    """BadInput where one quantity was measured with different features."""
    seen: dict[str, str] = {}
    for column in columns:
        if column.quantity.group != "quality" or not column.measured_with:
            continue
        quantity = column.name.partition("[")[0]
        other = seen.setdefault(quantity, column.measured_with)
        if other != column.measured_with:
            raise BadInput(
                f"{quantity} was measured with the features {other} and {column.measured_with}, which cannot "
                "be compared; name one net for all with --features"
            )


def _check_same(members: Sequence[Member]) -> None:
    first = members[0]
    for member in members[1:]:
        if member.model.shape != first.model.shape:
            a, b = ("x".join(map(str, m.model.shape)) for m in (first, member))
            raise BadInput(
                f"{first.path} makes items of {a} and {member.path} of {b}: only equal shapes are compared"
            )
        if member.dataset.fingerprint != first.dataset.fingerprint:
            raise BadInput(
                f"{first.path} is of {first.dataset.name} and {member.path} of {member.dataset.name}: "
                "name the data that all are measured on with --data"
            )


def _lines(members: Sequence[Member], found: Sequence[Evaluation]) -> list[Entrant]:
    """One line for each set of runs that differ in their seed alone."""
    together: dict[str, list[int]] = {}
    for i, member in enumerate(members):
        together.setdefault(_but_the_seed(member), []).append(i)
    lines = []
    for numbers in together.values():
        results = [found[i].results for i in numbers]
        merged = results[0] if len(numbers) == 1 else over_seeds(results)
        lines.append(Entrant(tuple(members[i] for i in numbers), tuple(merged), found[numbers[0]]))
    return lines


def _but_the_seed(member: Member) -> str:
    config = member.config
    return repr(replace(config, settings=replace(config.settings, seed=0)).to_json())
