"""Inception-style score: how surely, and how evenly, a classifier tells samples apart."""

from math import log, sqrt

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from genzoo.errors import BadInput
from genzoo.evaluation.statistics import Estimate, check_features
from genzoo.random import seed_of


def inception_score(logits: Float[Tensor, "n k"], splits: int = 10) -> Estimate:
    """The mean score of `splits` parts of a set, and its standard error sd/√splits (None for one part).

        exp( mean over x of KL(p(y|x) ‖ p(y)) ),    p(y) = mean over x of p(y|x)

    From 1 to the number of classes. Of a part so small that p(y) is poorly known, the score is biased: always
    say `n` and `splits`. It compares samples with no data: a set of one perfect image of each class has the
    best score there is. Rows are dealt to parts by a fixed shuffle, since sets may be sorted by class.

    Reference: Salimans et al. (2016), arXiv:1606.03498, section 4; Barratt & Sharma (2018), arXiv:1801.01973,
    on what it cannot say.

    >>> round(inception_score(torch.eye(4) * 1e3, splits=1).value, 9)
    4.0

    Args:
        logits: unnormalised log-probabilities of `k` classes for each image.
        splits: parts, 10 as published.
    """
    n = len(logits)
    if not 1 <= splits <= n:
        raise BadInput(f"an inception score of {splits} splits needs as many images at least, got {n}")
    check_features("logits", logits)
    order = torch.from_numpy(np.random.default_rng(seed_of("inception score")).permutation(n))
    parts = logits[order.to(logits.device)].tensor_split(splits)
    scores = torch.stack([_score(part.double()) for part in parts])
    return Estimate(float(scores.mean()), float(scores.std()) / sqrt(splits) if splits > 1 else None)


def _score(logits: Tensor) -> Tensor:
    log_given = logits.log_softmax(1)  # log p(y|x)
    log_mean = log_given.logsumexp(0) - log(len(logits))  # log p(y): finite where every p(y|x) underflows
    divergence = (log_given.exp() * (log_given - log_mean)).sum(1)
    return divergence.mean().exp()
