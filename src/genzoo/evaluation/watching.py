"""How far samples are from held-out images in training: a number for games that have no loss to go by."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import torch

from genzoo.apply.conditions import given_labels
from genzoo.apply.sample import sample
from genzoo.data.batches import chosen, in_order
from genzoo.data.dataset import Dataset
from genzoo.data.view import View
from genzoo.evaluation.features import Extractor, extractor_for
from genzoo.evaluation.fid import frechet_distance
from genzoo.evaluation.reference import as_files
from genzoo.evaluation.statistics import Rows
from genzoo.images import to_uint8
from genzoo.models import Model
from genzoo.models.base import Samples
from genzoo.training.settings import Judged, Settings
from genzoo.types import Batch

JUDGED = 2000  # samples, and held-out images where there are as many
FEWEST = 64  # held-out images to judge by


@dataclass(frozen=True)
class Judge:
    """The Fréchet distance of 2,000 samples, the same noise each time, to images of the validation split.

    With few held-out images it is biased upward, by as much each time: it ranks a run's moments, and is not
    to be compared with what `genzoo evaluate` says. It works in one process and knows nothing of others.

    Args:
        dataset: what the model is trained on.
        view: how the run presents it.
        features: "random-conv", or "classifier", which is trained first if it is not in the cache.
        seed: of the choice of held-out images and of the samples.
        device: where features are computed.
    """

    dataset: Dataset
    view: View
    features: Judged
    seed: int
    device: torch.device

    def __call__(self, model: Model) -> float:
        """The distance, in the units of squared features."""
        drawn = sample(model, JUDGED, given=given_labels(model, JUDGED), seed=self.seed)
        items = Dataset("samples", "images", to_uint8(drawn).numpy(), {})
        batches = in_order(items, "all", view=self.view, size=64, seed=self.seed)
        return frechet_distance(self._seen(batches), self._real)

    @cached_property
    def _extractor(self) -> Extractor:
        return extractor_for(self.dataset, self.features, view=self.view, device=self.device)

    @cached_property
    def _real(self) -> Rows:
        positions = chosen(self.dataset, "val", JUDGED, self.seed)
        return self._seen(in_order(self.dataset, positions, view=self.view, size=64, seed=self.seed))

    def _seen(self, batches: Iterable[Batch]) -> Rows:
        return torch.cat([self._extractor(as_files(batch.images)).cpu() for batch in batches])


def judge_for(model: Model, view: View, settings: Settings, *, dataset: Dataset) -> Judge | None:
    """What judges a model's samples in training; None where it has none or too little is held out."""
    able = isinstance(model, Samples) and dataset.kind == "images" and not model.requires - {"labels"}
    if settings.judge == "none" or not able or len(dataset.splits.get("val", ())) < FEWEST:
        return None
    return Judge(dataset, view, settings.judge, settings.seed, model.like.device)
