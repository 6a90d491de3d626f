"""Which images a model finds odd: a score for each, and how well scores tell one data set from another.

A low score is no proof that an image is foreign, nor a high one that it is not: simple images often score
higher than those of the kind that the model was trained on.

Reference: Nalisnick et al., 2019, "Do deep generative models know what they don't know?", arXiv:1810.09136.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from genzoo.data.dataset import Dataset
from genzoo.data.view import View
from genzoo.errors import BadInput
from genzoo.evaluation.measured import Measure, measures_of, protocol, results_of, values_of
from genzoo.evaluation.result import Result
from genzoo.images import bits_per_dim
from genzoo.models import Model

_PREFERRED = ("log_prob", "iwae", "elbo", "squared_error")  # the nearest to log p(x) first


@dataclass(frozen=True)
class Ranking:
    """A score of each item of a split, higher for a likelier one, from the least likely on.

    Args:
        scores: float64, rising.
        index: the position of each in its data set; equal scores stand in the order of the set.
        bits_per_dim: of the scores, where the model has probabilities of levels; else None.
        summary: what was measured, its mean, kind and protocol; if that is an error, scores are minus it.
    """

    scores: Float[Tensor, " n"]
    index: Int[Tensor, " n"]
    bits_per_dim: Float[Tensor, " n"] | None
    summary: Result

    @property
    def unit(self) -> str:
        """Of the scores."""
        return "minus squared error" if self.summary.kind == "error" else self.summary.unit

    def __len__(self) -> int:
        return len(self.scores)


def rank(
    model: Model,
    dataset: Dataset,
    *,
    view: View | None = None,
    split: str = "test",
    batch: int = 64,
    seed: int = 0,
    iwae: int = 50,
    samples: int = 16,
    limit: int | None = None,
    tick: Callable[[int], None] | None = None,
) -> Ranking:
    """Items sorted by how likely a model finds them, the least likely first.

    The score is the best that the model has: exact log p(x), else the importance-weighted bound, else the
    ELBO, nats each; a model without a density has minus the squared error of its reconstruction.

    Args:
        view: how the items are presented; a run remembers its own.
        split: `train`, `val`, `test` or `all`.
        batch: items at a time.
        seed: of the noise and of static and dynamic binarization.
        iwae: draws of the importance-weighted bound; 0: the ELBO instead.
        samples: draws of the ELBO.
        limit: only the first so many items.
        tick: told how many more items are done.
    """
    view = view or View()
    measure = score_of(measures_of(model, samples=samples, iwae=iwae, seed=seed))
    found = values_of(
        model, dataset, [measure], view=view, split=split, batch=batch, seed=seed, limit=limit, tick=tick
    )
    values = found.of[measure.name]
    summary = results_of(measure, values, model, protocol(dataset, split, view), seed)[0]
    scores = -values if measure.kind == "error" else values
    order = scores.argsort(stable=True)
    bits = bits_per_dim(scores[order], model.shape) if summary.unit == "nats" else None
    return Ranking(scores[order], found.index[order], bits, summary)


def score_of(measures: list[Measure]) -> Measure:
    """The one of some measures that says most of log p(x)."""
    by_name = {measure.name.partition("[")[0]: measure for measure in measures}
    return next(by_name[name] for name in _PREFERRED if name in by_name)


def roc_auc(inside: Float[Tensor, " m"], outside: Float[Tensor, " n"]) -> tuple[float, float]:
    """The area under the ROC curve and its standard error: P(an inside score > an outside one), ties half.

        A = (1/mn) Σᵢⱼ [xᵢ > yⱼ] + ½[xᵢ = yⱼ],   se² = var(Vᵢ)/m + var(Wⱼ)/n

    with Vᵢ the share of outside scores that xᵢ exceeds and Wⱼ the share of inside ones that exceed yⱼ.

    Reference: DeLong, DeLong & Clarke-Pearson, 1988, Biometrics 44; Hanley & McNeil, 1982, Radiology 143.

    >>> roc_auc(torch.tensor([2.0, 3.0, 4.0]), torch.tensor([1.0, 2.0]))[0]
    0.9166666666666666

    Args:
        inside: scores of items of the kind that the model knows.
        outside: scores of others.
    """
    if min(len(inside), len(outside)) < 2:
        sizes = f"{len(inside)} and {len(outside)}"
        raise BadInput(f"a ROC curve needs two scores of each set, got {sizes}")
    x, y = inside.double(), outside.double()
    exceeds, exceeded = _share_below(x, y), 1 - _share_below(y, x)
    variance = exceeds.var() / len(x) + exceeded.var() / len(y)
    return float(exceeds.mean()), math.sqrt(float(variance))


def _share_below(values: Float[Tensor, " m"], others: Float[Tensor, " n"]) -> Float[Tensor, " m"]:
    """For each value the share of the others below it, equal ones counted half."""
    ranked = others.sort().values
    below, up_to = (torch.searchsorted(ranked, values, right=right) for right in (False, True))
    return (below + up_to).double() / (2 * len(others))
