"""`genzoo score`: images ranked by how likely a model finds them, and how well that tells two sets apart."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from genzoo.cli.options import BatchSize, Data, Device, Limit, Out, Overwrite, Run, Seed, Split
from genzoo.errors import BadInput

if TYPE_CHECKING:
    from PIL import Image

    from genzoo.cli.opened import Opened
    from genzoo.data.dataset import Dataset
    from genzoo.evaluation.anomaly import Ranking
    from genzoo.types import Images

Against = Annotated[
    str | None, tyro.conf.arg(help="Another DATA, to tell apart from the first by its scores.")
]
Weights = Annotated[
    int, tyro.conf.arg(help="Draws of the importance-weighted bound, for a model that has one; 0: the ELBO.")
]
Shown = Annotated[int, tyro.conf.arg(aliases=("-n",), help="Images in each panel of a picture.")]
SUFFIXES = (".csv", ".png", ".json", ".npz")


@dataclass(frozen=True)
class Scored:
    """A split of a data set and its ranking."""

    dataset: "Dataset"
    split: str
    ranking: "Ranking"

    @property
    def name(self) -> str:
        """Of the data, in tables and pictures."""
        return self.dataset.name

    @property
    def ends(self) -> tuple[str, str]:
        """What the first and the last of the ranking are."""
        rebuilt = self.ranking.summary.kind == "error"
        return ("worst rebuilt", "best rebuilt") if rebuilt else ("least likely", "most likely")


def command(
    run: Run,
    /,
    *,
    out: Out,
    data: Data = None,
    against: Against = None,
    split: Split = "test",
    limit: Limit = None,
    n: Shown = 24,
    iwae: Weights = 50,
    batch: BatchSize = 64,
    seed: Seed = 0,
    device: Device = "auto",
    overwrite: Overwrite = False,
) -> None:
    """Rank images by exact log p(x), else by the best bound, else by reconstruction error.

    --out NAME.csv has a row for each image, the least likely first; NAME.png shows the least and the most
    likely; NAME.json and NAME.npz hold all scores. With --against also those of another set, and the area
    under the ROC curve.
    """
    from genzoo.cli.opened import open_for
    from genzoo.cli.output import check_suffix

    check_suffix(out, SUFFIXES, overwrite=overwrite)
    opened = open_for("score", run, device)
    if out.suffix.lower() == ".png":
        check_picture(opened, n, two=against is not None)
    options = {"batch": batch, "seed": seed, "iwae": iwae, "limit": limit}
    sets = [
        scored(opened, source, split, options) for source in ([data] if against is None else [data, against])
    ]
    auc = area(sets)
    say(sets, auc)
    write(out, opened, sets, auc, n, seed)


def check_picture(opened: "Opened", n: int, *, two: bool) -> None:
    """BadInput if a picture of `n` images a panel, and of two sets, cannot be drawn."""
    from genzoo.cli.opened import image_size
    from genzoo.report.extremes import check_histogram

    image_size(opened)
    if n < 1:
        raise BadInput(f"-n must be at least 1, got {n}")
    if two:
        check_histogram()


def scored(opened: "Opened", source: str | None, split: str, options: Mapping[str, Any]) -> Scored:
    """The ranking of a split of a data set, seen as the run sees data."""
    from genzoo.cli.console import progress
    from genzoo.cli.opened import data_for
    from genzoo.evaluation.anomaly import rank

    dataset = data_for(opened, source)
    with progress(f"scoring {dataset.name}", len(dataset.split(split)[: options["limit"]])) as tick:
        ranking = rank(opened.model, dataset, view=opened.view, split=split, tick=tick, **options)
    return Scored(dataset, split, ranking)


def area(sets: list[Scored]) -> tuple[float, float] | None:
    """The area under the ROC curve of two sets and its standard error."""
    from genzoo.evaluation.anomaly import roc_auc

    return roc_auc(*(one.ranking.scores for one in sets)) if len(sets) > 1 else None


def say(sets: list[Scored], auc: tuple[float, float] | None) -> None:
    """Mean, extremes and area in words."""
    from rich.markup import escape

    from genzoo.cli.console import out as console

    for one in sets:
        ranking, summary = one.ranking, one.ranking.summary
        bits = "" if ranking.bits_per_dim is None else f", {float(ranking.bits_per_dim.mean()):.4f} bits/dim"
        lines = [
            f"{summary.protocol}: {len(ranking):,} items",
            f"  mean {summary.name} {summary} {summary.unit} ({summary.kind}{bits})",
            *(f"  {end}: {extreme(one, place)}" for end, place in zip(one.ends, (0, -1), strict=True)),
        ]
        for line in lines:
            console().print(escape(line), soft_wrap=True)
    if auc is not None:
        console().print(escape(verdict(sets, auc)), soft_wrap=True)


def extreme(one: Scored, place: int) -> str:
    """An item of a ranking in words."""
    row = rows(one)[place]
    named = [f"{key} {row[key]}" for key in ("index", "file", "label") if row[key] != ""]
    score, where = row["score"], ", ".join(named)
    if one.ranking.summary.kind == "error":
        return f"squared error {-score:.4g} ({where})"
    return f"{score:.4g} {one.ranking.unit} ({where})"


def verdict(sets: list[Scored], auc: tuple[float, float]) -> str:
    """What an area under the ROC curve means."""
    (inside, outside), (value, error) = (one.name for one in sets), auc
    said = (
        f"AUC {value:.4f} ± {error:.4f}: {inside} scores higher than {outside} in {100 * value:.1f}% of pairs"
    )
    if value < 0.5:
        finds = (
            f"rebuilds {outside} better"
            if sets[0].ends[0] == "worst rebuilt"
            else f"finds {outside} likelier"
        )
        said += f"; the model {finds}, so its score does not tell that {outside} is foreign"
    return said


def rows(one: Scored) -> list[dict[str, Any]]:
    """Every item of a ranking, the least likely first."""
    dataset, ranking = one.dataset, one.ranking
    bits = ranking.bits_per_dim.tolist() if ranking.bits_per_dim is not None else [""] * len(ranking)
    found = []
    for index, score, b in zip(ranking.index.tolist(), ranking.scores.tolist(), bits, strict=True):
        label: Any = "" if dataset.labels is None else int(dataset.labels[index])
        if label != "" and dataset.classes:
            label = dataset.classes[label]
        file = dataset.names[index] if dataset.names else ""
        row = {"data": one.name, "index": index, "file": file, "label": label, "score": score}
        found.append(row | {"bits_per_dim": b})
    return found


def write(
    out: Path, opened: "Opened", sets: list[Scored], auc: tuple[float, float] | None, n: int, seed: int
) -> None:
    """Writes the table, the picture or the arrays that the suffix of `out` asks for."""
    from genzoo.cli.console import wrote
    from genzoo.cli.output import write_arrays
    from genzoo.files import atomic, write_json, write_text

    suffix, count = out.suffix.lower(), sum(len(one.ranking) for one in sets)
    if suffix == ".npz":
        write_arrays(out, **arrays(sets))
        return
    if suffix == ".csv":
        write_text(out, table(sets))
    elif suffix == ".json":
        write_json(out, document(opened, sets, auc))
    else:
        page = picture(opened, sets, auc, n, seed)
        with atomic(out) as temporary:
            page.save(temporary, format="PNG")
    wrote(out, f"the extremes of {count:,} images" if suffix == ".png" else f"{count:,} scores")


def arrays(sets: list[Scored]) -> dict[str, Any]:
    """Scores and positions, the least likely first, and labels if there are any."""
    found: dict[str, Any] = {}
    for prefix, one in zip(("", "against_"), sets, strict=False):
        index = one.ranking.index.numpy()
        found |= {f"{prefix}scores": one.ranking.scores.numpy(), f"{prefix}index": index}
        if one.dataset.labels is not None:
            found[f"{prefix}labels"] = one.dataset.labels[index]
    return found


def table(sets: list[Scored]) -> str:
    """All items as CSV, the least likely first."""
    found = sorted((row for one in sets for row in rows(one)), key=lambda row: row["score"])
    text = io.StringIO()
    writer = csv.DictWriter(text, list(found[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(found)
    return text.getvalue()


def document(opened: "Opened", sets: list[Scored], auc: tuple[float, float] | None) -> dict[str, Any]:
    """What was scored, how, and every score, as JSON."""
    said = [
        {"summary": one.ranking.summary.to_json(), "unit": one.ranking.unit, "items": rows(one)}
        for one in sets
    ]
    area = None if auc is None else {"value": auc[0], "stderr": auc[1]}
    return {"run": str(opened.path), "view": opened.view.to_json(), "sets": said, "roc_auc": area}


def picture(
    opened: "Opened", sets: list[Scored], auc: tuple[float, float] | None, n: int, seed: int
) -> "Image.Image":
    """The least and the most likely images of each set; with two, how their scores are distributed."""
    import torch

    from genzoo.report.extremes import Panel, histogram, panels_picture

    panels = []
    for one in sets:
        shown = min(n, max(1, len(one.ranking) // 2))
        row = []
        for end, order in zip(one.ends, (torch.arange(shown), -1 - torch.arange(shown)), strict=True):
            index, scores = one.ranking.index[order], one.ranking.scores[order]
            first, last = float(scores[0]), float(scores[-1])
            said = f"{first:.1f} to {last:.1f} {one.ranking.unit}"
            if one.ranking.summary.kind == "error":
                said = f"squared error {-first:.1f} to {-last:.1f}"
            heading = f"{one.name}: {end} of {len(one.ranking):,}"
            row.append(Panel(heading, said, seen(opened, one, index.numpy(), seed)))
        panels.append(row)
    if auc is None:
        return panels_picture(panels)
    ranking = sets[0].ranking
    title = f"area under the ROC curve {auc[0]:.4f} ± {auc[1]:.4f}"
    what = ranking.summary
    label = ranking.unit if what.kind == "error" else f"{what.name}, {ranking.unit}"
    found = [(one.name, one.ranking.scores) for one in sets]
    return panels_picture(panels, histogram(found, label, title))


def seen(opened: "Opened", one: Scored, index: Any, seed: int) -> "Images":
    """Images as the model sees them."""
    from genzoo.data.batches import gather

    return gather(one.dataset, index, opened.view, seed)
