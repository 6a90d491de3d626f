"""The game of a model of items and their classes, where few of the classes are told."""

from collections.abc import Collection

import torch

from genzoo.data.batches import Batches
from genzoo.data.dataset import Dataset
from genzoo.data.few import told
from genzoo.data.view import View
from genzoo.errors import BadInput
from genzoo.models.variational.m2 import M2, marginal_bound
from genzoo.nn.conditions import one_hot
from genzoo.objectives.base import OnePlayer
from genzoo.types import Batch, Loss


class SemiSupervised(OnePlayer[M2]):
    """Σ L(x, y) over labelled items + Σ U(x) over the others + α·N·E[−log q(y|x)], divided by their number N.

    L and U bound −log p(x, y) and −log p(x) from above. The last term is a mean over the labelled items:
    without it no label would teach q(y|x), which classifies. A batch has more labelled items than fall to
    its share; each term is weighed so that the mean over batches is that of the data set.

    Reference: Kingma, Rezende, Mohamed & Welling, 2014, arXiv:1406.5298, equations 6 to 9; α·N is its α.

    >>> SemiSupervised(labelled=100).spec
    {'class': 'SemiSupervised', 'labelled': 100, 'alpha': 0.1, 'share': 0.1}

    Args:
        labelled: training items whose label is told, in equal parts of the classes and by the seed, the same
            ones as `genzoo classify --labels`; without it all.
        alpha: weight of the classification term, nats of it for a nat of an item.
        share: of each batch, labelled items, if they are a smaller share of the data set.
    """

    def __init__(self, *, labelled: int | None = None, alpha: float = 0.1, share: float = 0.1) -> None:
        if alpha < 0:
            raise BadInput(f"--alpha must be at least 0, got {alpha}")
        if not 0 < share < 1:
            raise BadInput(f"--share must be between 0 and 1, got {share}")
        self.labelled, self.alpha, self.share = labelled, alpha, share
        self._weights = (1.0, 1.0, 1.0)  # of a labelled item, of another, of a label

    def batches(
        self, dataset: Dataset, *, view: View, size: int, seed: int, requires: Collection[str]
    ) -> Batches:
        """Batches with the labels that are told, −1 for the others."""
        known = told(dataset, self.labelled, seed)
        found = Batches(
            dataset, view=view, size=size, seed=seed, requires=requires, told=known, share=self.share
        )
        have, drawn = found.told_share, found.told_each / size
        self._weights = (have / drawn, (1 - have) / (1 - drawn) if drawn < 1 else 0.0, 1 / drawn)
        return found

    def loss(self, model: M2, batch: Batch) -> Loss:
        """A mean over the batch, nats an item; a batch without labels has no classification term."""
        joint, log_q = model.bounds_by_class(batch.images)
        bound = marginal_bound(joint, log_q)  # −U
        if batch.given is None or batch.given.labels is None:
            return Loss(-bound.mean(), {"elbo": bound.mean()})
        labels = batch.given.labels
        known = labels >= 0
        chosen = one_hot(labels.clamp(min=0), joint.shape[1], joint)
        bound = torch.where(known, (chosen * joint).sum(1), bound)  # −L
        of_labelled, of_others, of_labels = self._weights
        mean = torch.where(known, of_labelled * bound, of_others * bound).mean()
        surprise = of_labels * torch.where(known, -(chosen * log_q).sum(1), 0.0).mean()
        return Loss(self.alpha * surprise - mean, {"elbo": mean, "cross_entropy": surprise})
