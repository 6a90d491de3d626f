"""Which features a data set's samples are measured in: by default, by name, from a file, from Python."""

from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

from genzoo.data import Dataset, View
from genzoo.errors import BadInput, nearest
from genzoo.evaluation.features.extractor import Extractor
from genzoo.evaluation.features.labelled import classes_to_learn, classifier
from genzoo.evaluation.features.random_conv import random_conv
from genzoo.evaluation.features.store import load_extractor
from genzoo.nn.small_cnn import SmallCNN

NAMED = ("classifier", "random-conv")
PUBLISHED = {"inception": "inception-v3", "dinov2": "dinov2-"}  # the prefix, and how what it loads is called


def extractor_for(
    dataset: Dataset,
    spec: str | Path | nn.Module | Extractor | None = None,
    *,
    view: View | None = None,
    device: str | torch.device = "cpu",
    tick: Callable[[int], None] | None = None,
) -> Extractor:
    """The features that `spec` means for samples of `dataset`, ready to use.

    Without a spec: the set's own classifier where it has at least two classes of labelled images, the fixed
    random net elsewhere.

    Args:
        spec: `classifier`, `random-conv`, a .safetensors file, `inception:FILE`, `dinov2:FILE`; a module that
            maps images in [0, 1], shape (b, c, h, w), to features; or an extractor.
        view: how the run presents the set; the features are the same under any levels and binarization, so
            that runs of different views are measured by one ruler.
        device: where the net is to be.
        tick: told how many more images a classifier has learned from (`training_budget` says of how many).
    """
    if isinstance(spec, Extractor):
        chosen = spec
    elif isinstance(spec, nn.Module):
        chosen = Extractor(type(spec).__name__, spec)
    elif spec is None and classes_to_learn(dataset) < 2:
        chosen = random_conv(dataset.shape)
    elif spec is None or spec == "classifier":
        chosen = classifier(dataset, device=device, tick=tick)
    elif spec == "random-conv":
        chosen = random_conv(dataset.shape)
    else:
        chosen = _from_file(dataset, str(spec))
    _check(dataset, chosen)
    chosen.net.to(device)
    if chosen.head is not None:
        chosen.head.to(device)
    return chosen


def _from_file(dataset: Dataset, spec: str) -> Extractor:
    kind, colon, path = spec.partition(":")
    if colon and kind in PUBLISHED:
        found = load_extractor(Path(path).expanduser())
        if not found.name.startswith(PUBLISHED[kind]):
            raise BadInput(f"--features {spec}: that file holds {found.name}")
        return found
    file = Path(spec).expanduser()
    if not file.exists() and "/" not in spec and not file.suffix:
        raise BadInput(
            f"--features {spec}: expected a .safetensors file, inception:FILE, dinov2:FILE or a name"
            f"{nearest(kind, [*NAMED, *(f'{name}:FILE' for name in PUBLISHED)])}"
        )
    return load_extractor(file)


def _check(dataset: Dataset, chosen: Extractor) -> None:
    """BadInput unless the features can be taken of this set's images."""
    if dataset.kind != "images":
        said = "x".join(map(str, dataset.shape))
        raise BadInput(f"{dataset.name}: features are of images, and its items are {dataset.kind} of {said}")
    if isinstance(chosen.net, SmallCNN) and chosen.net.channels != dataset.shape[0]:
        raise BadInput(
            f"--features {chosen.name}: it takes images with {chosen.net.channels} channels, "
            f"{dataset.name} has {dataset.shape[0]}"
        )
