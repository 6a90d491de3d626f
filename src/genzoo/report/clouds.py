"""Codes as points of a plane, model beside model: two numbers as they are, more by principal components."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray
from torch import Tensor

from genzoo.errors import BadInput
from genzoo.evaluation.probes import NEIGHBOURS, knn_predict
from genzoo.report.plots import PRINT, chart, colours_of, draw_codes, draw_prior, frame, square
from genzoo.types import Labels, Latents

NAMED = 30  # classes at most in a legend


@dataclass(frozen=True)
class Cloud:
    """The codes of some items in the plane.

    Args:
        name: whose codes.
        points: shape (n, 2).
        size: numbers in a code.
        share: of the codes' variance that is in the plane.
        prior: whether the plane is the model's own and has a standard normal prior.
        accuracy: of neighbours in the plane; None without labels.
        accuracy_of_code: of neighbours in all dimensions.
    """

    name: str
    points: Float[Tensor, "n 2"]
    size: int
    share: float = 1.0
    prior: bool = False
    accuracy: float | None = None
    accuracy_of_code: float | None = None

    @property
    def says(self) -> str:
        """What is seen, and how well neighbours tell the class there."""
        seen = f"{self.size} dimensions"
        if self.size > 2:
            seen = f"PCA of {self.size} dimensions, {self.share:.0%} of the variance"
        if self.accuracy is None or self.accuracy_of_code is None:
            return seen
        beyond = f", {self.accuracy_of_code:.0%} in all {self.size}" if self.size > 2 else ""
        return f"{seen}\n{NEIGHBOURS}-NN {self.accuracy:.0%} in the plane{beyond}"


def cloud(name: str, codes: Latents, labels: Labels | None, *, prior: bool = False) -> Cloud:
    """The codes in the plane.

    Args:
        name: whose codes.
        codes: of at least two numbers each; of more, the plane is that of the two principal components.
        labels: class numbers, shape (n).
        prior: whether the codes have a standard normal prior.
    """
    rows = codes.flatten(1).double().cpu()
    n, size = rows.shape
    if size < 2 or n < 3:
        raise BadInput(f"{name}: a plane takes 3 codes of 2 numbers or more, got {n} of {size}")
    points, share = (rows, 1.0) if size == 2 else principal_plane(rows)
    if labels is None:
        return Cloud(name, points, size, share, prior and size == 2)
    found = [neighbour_accuracy(x, labels) for x in (points, rows)]
    return Cloud(name, points, size, share, prior and size == 2, *found)


def principal_plane(rows: Float[Tensor, "n d"]) -> tuple[Float[Tensor, "n 2"], float]:
    """Coordinates along the two directions of largest variance, and their share of all variance.

    The largest entry of each direction is positive.
    """
    centred = rows - rows.mean(0)
    _, lengths, axes = torch.linalg.svd(centred, full_matrices=False)
    largest = axes.gather(1, axes.abs().argmax(1, keepdim=True))
    plane = (axes * largest.sign())[:2]
    variance = lengths.square()
    total = float(variance.sum())
    return centred @ plane.T, float(variance[:2].sum()) / total if total else 1.0


def neighbour_accuracy(rows: Float[Tensor, "n d"], labels: Labels) -> float:
    """The share of items whose class a vote of the nearest items of the other half of them tells."""
    classes = int(labels.max()) + 1
    halves = (slice(0, None, 2), slice(1, None, 2))
    right = 0
    for one, other in (halves, halves[::-1]):
        right += int((knn_predict(rows[one], labels[one], classes, rows[other]) == labels[other]).sum())
    return right / len(rows)


def clouds_figure(
    clouds: Sequence[Cloud], labels: NDArray | None, classes: Sequence[str], *, same_axes: bool = False
) -> Figure:
    """One panel for each cloud side by side, coloured by class, with a legend of the classes.

    Args:
        clouds: of the same items.
        labels: class numbers of the items, shape (n).
        classes: their names.
        same_axes: all panels show one range.
    """
    named = labels is not None and len(classes) <= NAMED
    columns = -(-len(classes) // 15) if named else 0
    points = [x.points.numpy() for x in clouds]
    with chart(4.2 * len(clouds) + 1.1 * columns, 4.6, len(clouds), PRINT) as (figure, panels):
        figure.set_facecolor(PRINT.paper)
        for axes, seen, where in zip(panels, clouds, points, strict=True):
            draw_codes(axes, where, labels, len(classes), PRINT, size=8)
            if seen.prior:
                draw_prior(axes, PRINT)
            frame(axes, *square(np.concatenate(points) if same_axes else where))
            axes.set_title(f"{seen.name}\n{seen.says}", fontsize=9.5, loc="left", color=PRINT.ink)
        if named:
            marks: list[Any] = [
                Line2D([], [], ls="", marker="o", ms=6, mew=0, color=colour, label=name)
                for colour, name in zip(colours_of(len(classes)), classes, strict=True)
            ]
            figure.legend(handles=marks, loc="outside right center", ncols=columns)
        figure.draw_without_rendering()  # the layout of square axes settles at the second drawing
    return figure
