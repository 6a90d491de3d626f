"""What is measured, and what there is to measure of it: it follows from capabilities and data."""

from dataclasses import dataclass, field

from genzoo.apply.search import searchable
from genzoo.data.dataset import Dataset
from genzoo.data.view import View
from genzoo.evaluation import modes
from genzoo.evaluation.completion import SMALLEST
from genzoo.evaluation.features import Extractor
from genzoo.evaluation.protocol import Group, Protocol
from genzoo.evaluation.quality import FEWEST
from genzoo.models import Model
from genzoo.models.base import (
    Bounds,
    Completes,
    Decodes,
    Encodes,
    Features,
    Samples,
    Scores,
    Translates,
    capabilities,
)
from genzoo.training.config import Config


@dataclass(frozen=True)
class Subject:
    """What is measured: a model with its data, and how it sees them.

    Args:
        model: in evaluation mode.
        dataset: of the model's shape.
        view: how the model sees the data.
        through: how samples and real images are seen where they are compared; by default as the model
            sees its data. Runs with different views are compared through a common one.
        extractor: the features of that comparison; by default those that suit the data.
        config: of the run, for what training costs.
    """

    model: Model
    dataset: Dataset
    view: View = field(default_factory=View)
    through: View | None = None
    extractor: Extractor | str | None = None
    config: Config | None = None


def applicable(subject: Subject, protocol: Protocol) -> dict[Group, str]:
    """Each group with the reason why there is nothing to measure in it, empty where there is."""
    model, dataset, name = subject.model, subject.dataset, type(subject.model).__name__
    sampling = ""
    if not isinstance(model, Samples):
        sampling = f"{name} draws no samples"
    elif model.requires - {"labels"}:
        sampling = f"{name} draws no samples without more than a label"
    return {
        "likelihood": "" if _has_likelihood(model) else f"{name} has no likelihood, bound or reconstruction",
        "quality": _no_images(dataset, protocol) or sampling,
        "coverage": sampling if modes.known(dataset) else f"the modes of {dataset.name} are not known",
        "translation": _no_translation(subject),
        "completion": _no_completion(subject),
        "representation": _no_labels(dataset, protocol) or _no_features(model),
        "cost": "",
    }


def only_if_asked(model: Model, group: Group) -> bool:
    """Whether a group is left out unless it is asked for: completions by a model that has samples to show.

    It draws them as slowly as samples. Of a model that can do nothing else they are what there is to say.
    """
    return group == "completion" and isinstance(model, Samples)


def _no_completion(subject: Subject) -> str:
    dataset, name = subject.dataset, type(subject.model).__name__
    if not isinstance(subject.model, Completes):
        return f"{name} does not complete images" + (
            ", unless by search" if searchable(subject.model) else ""
        )
    if dataset.kind != "images" or len(dataset.shape) != 3:
        return f"{dataset.name} holds {dataset.kind}, not images"
    height, width = dataset.shape[1:]
    if min(height, width) < SMALLEST:
        return f"images of {height}x{width} have no room for holes: {SMALLEST} pixels a side are needed"
    return ""


def _no_translation(subject: Subject) -> str:
    model, dataset = subject.model, subject.dataset
    if "translate" not in capabilities(model):
        return f"{type(model).__name__} does not translate"
    if isinstance(model, Translates):
        alone = dataset.given is None and dataset.other is None
        return f"{dataset.name} is one set of images: give A::B, or pairs:A::B" if alone else ""
    alone = dataset.given is None and subject.view.degrade is None
    return f"{dataset.name} does not say what is given: give pairs:A::B" if alone else ""


def _has_likelihood(model: Model) -> bool:
    return isinstance(model, Scores | Bounds) or (isinstance(model, Encodes) and isinstance(model, Decodes))


def _no_images(dataset: Dataset, protocol: Protocol) -> str:
    if dataset.kind != "images":
        return f"{dataset.name} holds {dataset.kind}, not images"
    n = len(dataset.split(protocol.split))
    return (
        f"{dataset.name} {protocol.split} has {n} images, at least {FEWEST} are needed" if n < FEWEST else ""
    )


def _no_labels(dataset: Dataset, protocol: Protocol) -> str:
    if dataset.labels is None or len(dataset.classes) < 2:
        return f"{dataset.name} has no classes"
    fewest = min((n for n in protocol.labels if n), default=len(dataset.classes))
    train = len(dataset.splits.get("train", ()))
    if protocol.split in ("train", "all"):
        return f"a probe learns from the train split; give --split val or test, not {protocol.split}"
    if not len(dataset.classes) <= fewest <= train:
        return f"--labels {fewest}: {dataset.name} allows {len(dataset.classes)} (one a class) to {train}"
    return ""


def _no_features(model: Model) -> str:
    name = type(model).__name__
    if not isinstance(model, Encodes | Features):
        return f"{name} has no features"
    return f"{name} is told the label, so its features give it away" if "labels" in model.requires else ""
