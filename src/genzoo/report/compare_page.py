"""The page of a comparison: tables with error bars, pictures on the same seeds, quality against cost."""

from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup

from genzoo.apply import complete, mask_named, occluded, reconstruct
from genzoo.data import View
from genzoo.data.batches import gather
from genzoo.evaluation import Cost
from genzoo.files import write_text
from genzoo.models.base import Completes, Decodes, Encodes
from genzoo.report.columns import Column
from genzoo.report.compare import Comparison, Entrant
from genzoo.report.markup import tiles
from genzoo.report.page import environment, facts, lineup, notes
from genzoo.report.panels import Row, draws
from genzoo.report.pareto import Plane, Point, pareto
from genzoo.report.reasons import lacks
from genzoo.report.sections import sections
from genzoo.report.tree import tree
from genzoo.training.progress import duration

SHOWN = 18  # images in a row


def write_comparison(found: Comparison, out: str | Path, *, title: str | None = None) -> Path:
    """Writes the page as one HTML file that asks for nothing outside itself."""
    write_text(out, render(found, title=title))
    return Path(out)


def render(found: Comparison, *, title: str | None = None) -> str:
    """The page as HTML."""
    members = [e.member for e in found.entrants]
    content: dict[str, Any] = {
        "title": title or f"{len(found.entrants)} models of {members[0].dataset.name}, one ruler",
        "entrants": found.entrants,
        "lineup": lineup(members),
        "tree": tree(members),
        "sections": sections(found),
        "costs": costs(found),
        "pareto": planes(found),
        "pictures": pictures(found),
        "lacks": [(e, lacks(e.member.place, e.member.can)) for e in found.entrants],
        "remarks": found.notes,
        "notes": notes(members),
        "facts": [fact for fact in facts(members, None) if fact[0] != "time"],
    }
    return environment().get_template("compare.html.j2").render(content)


def costs(found: Comparison) -> list[tuple[Entrant, list[tuple[str, str]]]]:
    """Each entrant's costs as (heading, text), the same headings for all; empty if none was measured."""
    lines = []
    for entrant in found.entrants:
        said = entrant.evaluation.cost
        if said is None:
            return []
        trained = entrant.member.saved
        own = [("training", f"{duration(trained['seconds'])}, {trained['images_seen']:,} images")]
        lines.append((entrant, own + Cost.from_json(said).in_words()))
    return lines


def planes(found: Comparison) -> list[Markup]:
    """Sample quality against the time of a sample, and against the time of training."""
    made = []
    for quantity in ("fid", "log_prob", "elbo"):
        columns = [c for c in found.columns if c.name.partition("[")[0] == quantity]
        for column in columns[:1]:
            made += _planes_of(found, column)
    return [pareto(made[i : i + 2], f"pareto-{i}") for i in range(0, len(made), 2)]


def _planes_of(found: Comparison, column: Column) -> list[Plane]:
    """A quantity against both costs, where at least two runs have it."""
    there = [(e, r) for e in found.entrants if (r := e.result(column)) is not None]
    title, higher = column.quantity.title, column.quantity.better == "higher"
    kinds = {
        "seconds for a new image": lambda e: (e.evaluation.cost or {}).get("seconds_per_sample"),
        "seconds of training": lambda e: e.member.saved["seconds"],
    }
    made = []
    for across, cost_of in kinds.items():
        points = [
            Point(e.member.path.name, e.member.colour, cost, r.value, r.stderr or 0.0)
            for e, r in there
            if (cost := cost_of(e))
        ]
        if len(points) > 1:
            up = f"{title}, {column.unit}" if column.unit else title
            made.append(Plane(f"{title} against {across}", across, up, higher, points))
    return made


def pictures(found: Comparison) -> list[tuple[str, str, list[Row]]]:
    """Figures (title, caption, rows) in which all models look at the same images or draw by one seed."""
    members = [e.member for e in found.entrants]
    if not members[0].pictured:
        return []
    made = [_reconstructions(found), _completions(found), *_neighbours(found)]
    return [figure for figure in made if figure[2]]


def _reconstructions(found: Comparison) -> tuple[str, str, list[Row]]:
    able = [
        e.member
        for e in found.entrants
        if isinstance(e.member.model, Encodes) and isinstance(e.member.model, Decodes)
    ]
    rows: list[Row] = []
    for member in able:
        batch = member.held_out(SHOWN)
        if not rows:
            real = gather(member.dataset, batch.index.numpy(), View(), member.seed)  # type: ignore[union-attr]
            rows.append(Row("original", tiles(real, SHOWN, f"{SHOWN} unseen images")))
        rebuilt = reconstruct(member.model, batch.images, batch.given).reconstructions.clamp(0, 1)
        rows.append(Row(member.path.name, tiles(rebuilt, SHOWN, f"Rebuilt by {member.entry.title}")))
    caption = (
        "The same unseen images, and what each model rebuilds from its own codes (of its own view of them)."
    )
    return "Reconstructions of the same images", caption, rows


def _completions(found: Comparison) -> tuple[str, str, list[Row]]:
    able = [e.member for e in found.entrants if isinstance(e.member.model, Completes)]
    rows: list[Row] = []
    for member in able:
        batch = member.held_out(SHOWN)
        known = mask_named("bottom", *batch.images.shape[-2:])
        drawn = complete(member.model, batch.images, known, batch.given, k=1, seed=member.seed).cpu()
        if not rows:
            rows.append(Row("original", tiles(batch.images, SHOWN, "Unseen images")))
            rows.append(Row("hidden", tiles(occluded(batch.images, known), SHOWN, "Lower half hidden")))
        rows.append(Row(member.path.name, tiles(drawn[:, 0], SHOWN, f"Completed by {member.entry.title}")))
    caption = "The lower half is hidden, and drawn once from p(hidden pixels | seen pixels), or filled in."
    return "Completions of the same images", caption, rows


def _neighbours(found: Comparison) -> list[tuple[str, str, list[Row]]]:
    rows = []
    for entrant in found.entrants:
        answer = entrant.evaluation.answers.get("quality")
        nearest = answer.extra.get("nearest") if answer else None
        member = entrant.member
        if not nearest:
            continue
        n = min(SHOWN, len(nearest))
        drawn = draws(member, n)
        if drawn is None:
            continue
        index = np.asarray(nearest[:n], np.int64)
        real = gather(member.dataset, index, View(), member.seed)
        rows += [
            Row(member.path.name, tiles(drawn, SHOWN, f"Samples of {member.entry.title}")),
            Row("nearest", tiles(real, SHOWN, f"Their nearest training images, {member.entry.title}")),
        ]
    caption = (
        "Each model's first samples, and below each the training image whose features are "
        "nearest. A model that "
        "copies would show the same image twice; the memorisation share says how often that happens."
    )
    return [("Samples, and the nearest training images", caption, rows)]
