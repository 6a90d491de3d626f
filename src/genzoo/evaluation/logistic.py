"""The linear probe: multinomial logistic regression with a prior on the spread of its logits."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

PRIOR = 10.0  # variance of a logit under the prior of the weights
_CHUNK = 4096  # rows of features in double precision at once


@dataclass(frozen=True)
class LinearProbe:
    """logits = W(x − mean)/scale + b.

    Args:
        mean: of the labelled features, shape (d).
        scale: one number, so that their mean variance is 1: a dimension that never varied stays silent.
        weight: W, shape (k, d).
        bias: b, shape (k).
    """

    mean: Float[Tensor, " d"]
    scale: float
    weight: Float[Tensor, "k d"]
    bias: Float[Tensor, " k"]

    def logits(self, features: Float[Tensor, "n d"]) -> Float[Tensor, "n k"]:
        """Unnormalised log-probabilities of the classes, float64, shape (n, k)."""
        parts = [(part.double() - self.mean) / self.scale for part in features.split(_CHUNK)]
        return torch.cat([part @ self.weight.T + self.bias for part in parts])


def fit_probe(
    features: Float[Tensor, "n d"],
    labels: Int[Tensor, " n"],
    classes: int,
    *,
    prior: float = PRIOR,
    tolerance: float = 1e-4,
    iterations: int = 200,
) -> LinearProbe:
    """Multinomial logistic regression with an L2 penalty, by L-BFGS in float64.

        min over W, b of  Σᵢ −log softmax(W(xᵢ − mean)/scale + b)[yᵢ] + d/(2·prior)·‖W‖²

    That is the mode under W ~ N(0, prior/d): before any label is seen, a typical item's logits have the
    variance `prior` for any number of features. The strength is the same for 10 labels and for all; there is
    nothing to tune, so no label is spent on tuning.

    Args:
        features, labels: of the labelled items.
        classes: how many there are.
        prior: variance of a logit.
        tolerance: on the largest number of the mean loss's gradient.
        iterations: at most so many.
    """
    n, d = features.shape
    mean, scale = _standard(features)
    penalty, labels = d / (prior * n), labels.to(features.device)
    weight = torch.zeros(classes, d, dtype=torch.float64, device=features.device)
    bias = torch.zeros(classes, dtype=torch.float64, device=features.device)

    @torch.no_grad()
    def closure() -> float:
        line = (weight / scale, bias - weight @ mean / scale)  # of the features as they are
        loss, slope = _cross_entropy(features, labels, line)
        weight.grad = (slope[0] - torch.outer(slope[1], mean)) / scale + penalty * weight
        bias.grad = slope[1]
        return loss + penalty / 2 * float(weight.square().sum())

    _lbfgs([weight, bias], tolerance, iterations).step(closure)
    return LinearProbe(mean, scale, weight.detach(), bias.detach())


def _lbfgs(parameters: list[Tensor], tolerance: float, iterations: int) -> torch.optim.LBFGS:
    return torch.optim.LBFGS(
        [parameter.requires_grad_() for parameter in parameters],
        max_iter=iterations,
        max_eval=2 * iterations,
        tolerance_grad=tolerance,
        tolerance_change=1e-12,
        history_size=20,
        line_search_fn="strong_wolfe",
    )


def _cross_entropy(
    features: Float[Tensor, "n d"],
    labels: Int[Tensor, " n"],
    line: tuple[Float[Tensor, "k d"], Float[Tensor, " k"]],
) -> tuple[float, tuple[Float[Tensor, "k d"], Float[Tensor, " k"]]]:
    """The mean cross-entropy of linear logits and its gradient in weight and bias, row chunk by row chunk."""
    weight, bias = line
    loss, by_weight, by_bias = 0.0, torch.zeros_like(weight), torch.zeros_like(bias)
    for part, truth in zip(features.split(_CHUNK), labels.split(_CHUNK), strict=True):
        x = part.double()
        log_p = F.log_softmax(x @ weight.T + bias, 1)
        loss -= float(log_p.gather(1, truth[:, None]).sum()) / len(features)
        residual = (log_p.exp() - F.one_hot(truth, len(bias))) / len(features)
        by_weight += residual.T @ x
        by_bias += residual.sum(0)
    return loss, (by_weight, by_bias)


def _standard(features: Float[Tensor, "n d"]) -> tuple[Float[Tensor, " d"], float]:
    """The mean of the rows, and the root of the columns' mean variance (1 if nothing varies), float64."""
    n = len(features)
    mean = torch.stack([part.double().sum(0) for part in features.split(_CHUNK)]).sum(0) / n
    total = sum(float((part.double() - mean).square().sum()) for part in features.split(_CHUNK))
    scale = math.sqrt(total / features.numel())
    return mean, scale if scale > 1e-12 else 1.0
