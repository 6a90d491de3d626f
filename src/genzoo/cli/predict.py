"""`genzoo predict`: the class of every image, by a classifier that `genzoo classify` trained."""

import csv
import io
import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from genzoo.cli.options import Data, Device, Limit, Out, Overwrite, Run, Seed, Split
from genzoo.errors import BadInput

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image
    from rich.table import Table

    from genzoo.cli.opened import Opened
    from genzoo.data.dataset import Dataset

Shown = Annotated[int, tyro.conf.arg(aliases=("-n",), help="Images in each panel of a picture.")]
SUFFIXES = (".csv", ".png", ".json", ".npz")
_TABLE = 20  # classes in a printed table


def command(
    run: Run,
    /,
    *,
    out: Out,
    data: Data = None,
    split: Split = "test",
    limit: Limit = None,
    n: Shown = 12,
    seed: Seed = 0,
    device: Device = "auto",
    overwrite: Overwrite = False,
) -> None:
    """Tell the class of every item of a split; where labels are known, also how often that is right.

    --out NAME.csv and NAME.json have a row for each item: index, file, predicted class, its probability, and
    the true class. NAME.npz gets the probabilities of all classes. NAME.png shows images under the class that
    they are taken for, the surest first, and beside them those that are taken for it wrongly.
    """
    from genzoo.cli.console import out as console
    from genzoo.cli.console import progress
    from genzoo.cli.opened import data_for, image_size, open_for
    from genzoo.cli.output import check_suffix
    from genzoo.evaluation.finetune import predict

    check_suffix(out, SUFFIXES, overwrite=overwrite)
    if n < 1 or (limit is not None and limit < 1):
        raise BadInput(f"-n and --limit must be at least 1, got {n} and {limit}")
    opened = open_for("predict", run, device)
    if out.suffix.lower() == ".png":
        image_size(opened)
    dataset = data_for(opened, data)
    positions = dataset.split(split)[:limit]
    with progress("predicting", len(positions)) as tick:
        told = predict(opened.model, dataset, positions, view=opened.view, seed=seed, tick=tick)
    found = Predicted(dataset, positions, told.numpy(), class_names(opened, told.shape[1]))
    console().print(found.said(split), soft_wrap=True, markup=False)
    if found.truth is not None and len(found.names) <= _TABLE:
        console().print(confusion_table(found))
    write(out, opened, found, n, seed)


def class_names(opened: "Opened", k: int) -> tuple[str, ...]:
    """What the classifier's classes are called; their numbers where that is not known."""
    return opened.classes if len(opened.classes) == k else tuple(map(str, range(k)))


@dataclass(frozen=True)
class Predicted:
    """What a classifier says of some items.

    Args:
        dataset: where they are.
        positions: which they are.
        probability: of each class, shape (n, k).
        names: of the classes.
    """

    dataset: "Dataset"
    positions: "NDArray"
    probability: "NDArray"
    names: tuple[str, ...]

    @cached_property
    def best(self) -> "NDArray":
        """The most probable class of each item."""
        return self.probability.argmax(1)

    @cached_property
    def truth(self) -> "NDArray | None":
        """The true classes in the classifier's numbers; None unless they are known to be its classes.

        Classes are matched by name: a folder that lacks some of them numbers the others differently.
        """
        import numpy as np

        labels, classes = self.dataset.labels, self.dataset.classes
        if labels is None or any(name not in self.names for name in classes):
            return None
        number = np.array([self.names.index(name) for name in classes], np.int64)
        here = labels[self.positions]
        return number[here] if here.max(initial=-1) < len(number) else None

    def said(self, split: str) -> str:
        """How often it is right, in words."""
        head = f"{self.dataset.name} {split}: {len(self.best):,} items"
        if self.truth is None:
            why = "no labels" if self.dataset.labels is None else "labels of other classes"
            return f"{head}, {why}, so no accuracy; mean probability {self.probability.max(1).mean():.3f}"
        right = float((self.best == self.truth).mean())
        error = math.sqrt(right * (1 - right) / len(self.best))
        return f"{head}, accuracy {right:.4f} ± {error:.4f}"

    def confusion(self) -> "NDArray":
        """How many items of each true class (rows) are taken for each (columns)."""
        import numpy as np

        k = len(self.names)
        truth = self.best if self.truth is None else self.truth
        return np.bincount(k * truth + self.best, minlength=k * k).reshape(k, k)

    def rows(self) -> list[dict[str, Any]]:
        """One for each item."""
        files = self.dataset.names
        rows = []
        for row, (index, best) in enumerate(zip(self.positions.tolist(), self.best.tolist(), strict=True)):
            known = {} if self.truth is None else {"class": self.names[self.truth[row]]}
            rows.append(
                {
                    "index": index,
                    "file": files[index] if files else "",
                    "predicted": self.names[best],
                    "probability": round(float(self.probability[row, best]), 6),
                    **known,
                }
            )
        return rows


def confusion_table(found: Predicted) -> "Table":
    """True classes downwards, predicted ones to the right; zeros are left out."""
    from rich.markup import escape
    from rich.table import Table

    drawn = Table(title="true class ↓, predicted →", box=None, padding=(0, 1, 0, 0), title_justify="left")
    drawn.add_column("")
    for name in found.names:
        drawn.add_column(escape(name), justify="right")
    for name, counts in zip(found.names, found.confusion(), strict=True):
        drawn.add_row(f"[bold]{escape(name)}[/bold]", *[str(c) if c else "" for c in counts])
    return drawn


def write(out: Path, opened: "Opened", found: Predicted, n: int, seed: int) -> None:
    """Writes what the suffix of `out` asks for."""
    from genzoo.cli.console import wrote
    from genzoo.cli.output import write_arrays
    from genzoo.files import atomic, write_json, write_text

    suffix = out.suffix.lower()
    if suffix == ".npz":
        known = {} if found.truth is None else {"labels": found.truth}
        write_arrays(
            out, probabilities=found.probability, predicted=found.best, index=found.positions, **known
        )
        return
    if suffix == ".csv":
        text = io.StringIO()
        writer = csv.DictWriter(text, list(found.rows()[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(found.rows())
        write_text(out, text.getvalue())
    elif suffix == ".json":
        said: dict[str, Any] = {"classifier": str(opened.path), "data": found.dataset.name}
        said["classes"] = list(found.names)
        if found.truth is not None:
            said |= {
                "accuracy": float((found.best == found.truth).mean()),
                "confusion": found.confusion().tolist(),
            }
        write_json(out, said | {"items": found.rows()})
    else:
        page = picture(opened, found, n, seed)
        with atomic(out) as temporary:
            page.save(temporary, format="PNG")
    wrote(out, f"{len(found.best):,} predictions")


def picture(opened: "Opened", found: Predicted, n: int, seed: int) -> "Image.Image":
    """Images under the class that they are taken for, the surest first; beside them the surest wrong ones."""
    import numpy as np

    from genzoo.data.batches import gather
    from genzoo.report.extremes import Panel, panels_picture

    sure, rows = found.probability.max(1), []
    for k, name in enumerate(found.names):
        taken = np.flatnonzero(found.best == k)
        taken = taken[np.argsort(-sure[taken], kind="stable")]
        parts = {f"taken for {name}": taken}
        if found.truth is not None:
            parts["wrongly"] = taken[found.truth[taken] != k]
        row = []
        for heading, part in parts.items():
            if len(part):
                said = f"{len(part):,}, probability {sure[part[0]]:.2f} to {sure[part[-1]]:.2f}"
                images = gather(found.dataset, found.positions[part[:n]], opened.view, seed)
                row.append(Panel(heading, said, images))
        if row:
            rows.append(row)
    return panels_picture(rows)
