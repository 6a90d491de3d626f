"""How far samples are from held-out images in training: a number for games that have no loss to go by."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import torch

from genzoo.apply.conditions import given_labels
from genzoo.apply.sample import sample, sample_at
from genzoo.apply.translate import translate
from genzoo.data.batches import chosen, in_order, presented
from genzoo.data.dataset import Dataset
from genzoo.data.domains import two_domains
from genzoo.data.view import View
from genzoo.evaluation.features import Extractor, extractor_for
from genzoo.evaluation.fid import frechet_distance
from genzoo.evaluation.reference import as_files
from genzoo.evaluation.statistics import Rows
from genzoo.images import to_uint8
from genzoo.models import Model
from genzoo.models.base import Samples, Translates
from genzoo.training.settings import Judged, Settings
from genzoo.types import Batch, Given, Images

JUDGED = 2000  # samples, and held-out images where there are as many
TRANSLATED = 500  # held-out images that are translated, where there are as many
FEWEST = 64  # held-out images to judge by
_AT_ONCE = 16


@dataclass(frozen=True)
class Judge(ABC):
    """A Fréchet distance of what a model makes, with the same noise each time, to validation images.

    With few held-out images it is biased upward, by as much each time: it ranks a run's moments, and is not
    to be compared with what `genzoo evaluate` says. It works in one process and knows nothing of others.

    Args:
        dataset: what the model is trained on.
        view: how the run presents it.
        features: "random-conv", or "classifier", which is trained first if it is not in the cache.
        seed: of the choice of held-out images and of what is drawn.
        device: where features are computed.
    """

    dataset: Dataset
    view: View
    features: Judged
    seed: int
    device: torch.device

    @abstractmethod
    def __call__(self, model: Model) -> float:
        """The distance, in the units of squared features."""


class SampleJudge(Judge):
    """The distance of 2,000 samples."""

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


class TranslationJudge(Judge):
    """The distance of images made from what is given with held-out ones.

    Of a model that translates both ways, whose images of both kinds need not belong together, the mean of
    both directions.
    """

    def __call__(self, model: Model) -> float:
        """The distance, in the units of squared features."""
        if isinstance(model, Translates):
            a, b = self._kinds
            made = [(b, translate(model, a.images, to="B")), (a, translate(model, b.images, to="A"))]
        else:
            made = [(self._given, self._drawn(model))]
        distances = [frechet_distance(kind.seen(images), kind.real) for kind, images in made]
        return sum(distances) / len(distances)

    def _drawn(self, model: Model) -> Images:
        given = self._given.batch.given
        assert given is not None
        assert given.images is not None
        numbers = torch.arange(len(given.images)).split(_AT_ONCE)
        draws = [sample_at(model, i, Given(images=given.images[i]), seed=self.seed) for i in numbers]
        return torch.cat(draws).cpu()

    @cached_property
    def _given(self) -> "Held":
        return self._held(self.dataset, {"images"})

    @cached_property
    def _kinds(self) -> "tuple[Held, Held]":
        a, b = (self._held(kind, set()) for kind in two_domains(self.dataset))
        return a, b

    def _held(self, kind: Dataset, requires: set[str]) -> "Held":
        eye = extractor_for(kind, self.features, view=self.view, device=self.device)
        positions = chosen(kind, "val", TRANSLATED, self.seed)
        return Held(presented(kind, positions, self.view, self.seed, requires), eye)


@dataclass(frozen=True)
class Held:
    """Held-out images of one kind, with what is given of each, and the net whose features are compared."""

    batch: Batch
    eye: Extractor

    @property
    def images(self) -> Images:
        """In [0, 1]."""
        return self.batch.images

    @cached_property
    def real(self) -> Rows:
        """Their features."""
        return self.seen(self.images)

    def seen(self, images: Images) -> Rows:
        """Features of images as 8-bit files have them."""
        return torch.cat([self.eye(as_files(some)).cpu() for some in images.split(_AT_ONCE)])


def judge_for(model: Model, view: View, settings: Settings, *, dataset: Dataset) -> Judge | None:
    """What judges a model's samples in training; None where it has none or too little is held out."""
    kinds = two_domains(dataset) if isinstance(model, Translates) else (dataset,)
    held = min(len(kind.splits.get("val", ())) for kind in kinds)
    if settings.judge == "none" or dataset.kind != "images" or held < FEWEST:
        return None
    both = isinstance(model, Translates)
    given = model.requires - {"labels"}
    if not both and (not isinstance(model, Samples) or (given and model.requires != {"images"})):
        return None
    cls = TranslationJudge if both or given else SampleJudge
    return cls(dataset, view, settings.judge, settings.seed, model.like.device)
