"""The same items encoded by several runs, as points of a plane."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from genzoo.apply import Tick, encode, has_prior
from genzoo.cli.console import wrote
from genzoo.cli.opened import Opened, data_for, open_for
from genzoo.cli.output import write_arrays
from genzoo.data.batches import chosen, in_order
from genzoo.data.dataset import Dataset
from genzoo.data.view import View
from genzoo.errors import BadInput
from genzoo.files import atomic
from genzoo.report.clouds import Cloud, cloud, clouds_figure
from genzoo.types import Labels, Latents


@dataclass(frozen=True)
class Scattered:
    """Clouds of the same items.

    Args:
        clouds: one a run, and that of the pixels if it was asked for.
        index: of each item in its data set, shape (n).
        labels: class numbers, shape (n); None of a set without labels.
        classes: their names.
    """

    clouds: Sequence[Cloud]
    index: NDArray
    labels: NDArray | None
    classes: Sequence[str]


def scattered(
    runs: Sequence[Path],
    source: str | None,
    split: str,
    n: int,
    *,
    pixels: bool,
    seed: int,
    device: str,
    tick: Tick,
) -> Scattered:
    """`n` items of a split, the same ones in every run's codes.

    Args:
        source: the data; None is the runs' own.
        pixels: a last cloud is that of the grey or colour pixels, without binarization.
        seed: picks the items.
    """
    if n < 3:
        raise BadInput(f"-n must be at least 3, got {n}")
    opened = [open_for("scatter", path, device) for path in runs]
    own = {run.data for run in opened if run.data is not None}
    if source is None and len(own) > 1:
        raise BadInput(f"the runs were trained on {' and '.join(sorted(own))}; say which with --data DATA")
    datasets = [data_for(run, source) for run in opened]
    dataset = datasets[0]
    if len({len(other) for other in datasets}) > 1:
        raise BadInput(f"{dataset.name}: the runs cut it into different items, which cannot be compared")
    index = chosen(dataset, split, n, seed)
    of_items = None if dataset.labels is None else dataset.labels[index]
    labels = None if of_items is None else torch.from_numpy(of_items)
    clouds = [
        cloud(_name(run.path), codes_at(run, theirs, index, seed, tick), labels, prior=has_prior(run.model))
        for run, theirs in zip(opened, datasets, strict=True)
    ]
    if pixels:
        clouds.append(_of_pixels(dataset, index, opened[0].view, labels))
    return Scattered(clouds, index, of_items, dataset.classes)


def write_points(found: Scattered, out: Path) -> None:
    """The points of every cloud as arrays."""
    points = np.stack([x.points.numpy() for x in found.clouds])
    labels = {} if found.labels is None else {"labels": found.labels}
    write_arrays(
        out, points=points, names=np.array([x.name for x in found.clouds]), index=found.index, **labels
    )


def write_scatter(found: Scattered, out: Path, *, same_axes: bool) -> None:
    """The clouds side by side as a picture."""
    figure = clouds_figure(found.clouds, found.labels, found.classes, same_axes=same_axes)
    with atomic(out) as temporary:
        figure.savefig(temporary, format="png", dpi=150)
    panels = f"{len(found.clouds)} panels" if len(found.clouds) > 1 else "1 panel"
    wrote(out, f"{len(found.index):,} codes, {panels}")


def _name(run: Path) -> str:
    """`runs/a` is a, `runs/a/best` is a/best."""
    return f"{run.parent.name}/best" if run.name == "best" else run.name


def codes_at(run: Opened, dataset: Dataset, index: NDArray, seed: int, tick: Tick) -> Latents:
    """The codes of the items at `index`."""
    batches = in_order(dataset, index, view=run.view, size=256, seed=seed, requires=run.model.requires)
    return torch.cat([encode(run.model, batch.images, batch.given, tick=tick) for batch in batches])


def _of_pixels(dataset: Dataset, index: NDArray, view: View, labels: Labels | None) -> Cloud:
    plain = replace(view, binarize="none", levels=256)
    items = torch.cat([batch.images for batch in in_order(dataset, index, view=plain, size=256)])
    return cloud("pixels", items, labels)
