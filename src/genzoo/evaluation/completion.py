"""How good completions are: near what a hole hid, and, with what is around it, like real images."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from genzoo.apply.blend import blended
from genzoo.data.batches import in_order
from genzoo.data.dataset import Dataset
from genzoo.data.view import View
from genzoo.evaluation.features import Extractor
from genzoo.evaluation.fid import frechet
from genzoo.evaluation.reference import as_files
from genzoo.evaluation.result import Kind, Result, summarised
from genzoo.evaluation.shards import Tick, gathered, share
from genzoo.evaluation.similarity import peak_ratio
from genzoo.evaluation.statistics import Estimate
from genzoo.models.base import Completes, Model, evaluating
from genzoo.nn.holes import Holes, corners, holes
from genzoo.random import by_item
from genzoo.types import Batch, Images, Known

MOST = 1000  # images of a split that are completed, unless others are asked for
FEWEST = 10  # images to fit a Gaussian to
SMALLEST = 8  # pixels of the shorter side of images that have room for holes
KINDS: tuple[Holes, ...] = ("boxes", "strokes")
FILLINGS = ("", "mean colour", "smooth")  # who fills a hole: the model, and two baselines


def completion(
    model: Model,
    dataset: Dataset,
    extractor: Extractor | None,
    *,
    view: View,
    split: str = "test",
    limit: int | None = None,
    seed: int = 0,
    batch: int = 64,
    tick: Tick | None = None,
) -> list[Result]:
    """Numbers of completions of boxes and of strokes, beside two fillings that any model has to beat.

    Of the numbers that a hole hides the mean absolute error, and the peak signal-to-noise ratio of the mean
    squared error; means over a hole, then over images. The Fréchet distance is that of completed images to
    the same images whole: they share what is known, so it is far smaller than that of samples, and its
    standard error, which takes them for independent, is rather too large. The baselines are the mean colour
    of an image's known pixels and the smoothest filling that fits around the hole, the harmonic one. Of a
    model that draws it is one draw of each, at temperature 1.

    Args:
        extractor: features of the Fréchet distance; None: it is left out.
        limit: the first so many images; None: `MOST`.
        tick: told how many more images are completed.
    """
    positions = dataset.split(split)[: MOST if limit is None else limit]
    about = f"{dataset.name} {split}, {len(positions)} images, {view.protocol()}, 8-bit files"
    results: list[Result] = []
    for kind in KINDS:
        batches = in_order(dataset, positions, view=view, size=batch, seed=seed, requires=model.requires)
        errors, features = _measured(model, share(batches, tick), extractor, kind, seed)
        results += [replace(r, protocol=about, seed=seed) for r in _of(kind, errors, features, extractor)]
    return results


def holes_at(index: Int[Tensor, " b"], size: Sequence[int], kind: Holes, seed: int) -> Known:
    """A hole for each image, a pure function of the seed and of the image's position in its data.

    It lies in a window of half the image's shorter side, as in training (Iizuka et al., 2017, section 3.4),
    at any place. A stroke that misses every pixel's centre, as it may in very small windows, gives way to a
    box.

    Args:
        index: the images' positions.
        size: their height and width.
    """
    like, window = torch.zeros(()), (min(size) // 2,) * 2
    with by_item(index, seed, "holes", kind):
        known = holes(corners(len(index), size, window, like), size, window, like, kind=kind)
    missed = known.flatten(1).all(1)[:, None, None, None]
    return torch.where(missed, holes_at(index, size, "boxes", seed), known) if missed.any() else known


def mean_colour(images: Images, known: Known) -> Images:
    """The images with every unknown pixel in the mean colour of the image's known ones."""
    mean = (images * known).sum((2, 3), keepdim=True) / known.sum((2, 3), keepdim=True).clamp_min(1)
    return torch.where(known, images, mean)


def in_hole(values: Images, known: Known) -> Float[Tensor, " b"]:
    """The mean of the numbers that each image's hole hides."""
    hidden = (~known).expand_as(values)
    return (values * hidden).flatten(1).sum(1) / hidden.flatten(1).sum(1)


def _measured(
    model: Model, batches: Iterable[Batch], extractor: Extractor | None, kind: Holes, seed: int
) -> tuple[Float[Tensor, "n fillings two"], Float[Tensor, "n images d"] | None]:
    """Absolute and squared error of each filling in each hole, and features of originals and fillings."""
    width = extractor(torch.zeros(1, *model.shape)).shape[1] if extractor else 0
    errors = [torch.empty(0, len(FILLINGS), 2, dtype=torch.float64)]  # also where a process has no batch
    features, index = [torch.empty(0, 1 + len(FILLINGS), width)], [torch.empty(0, dtype=torch.long)]
    for batch in batches:
        assert batch.index is not None
        known = holes_at(batch.index, batch.images.shape[2:], kind, seed)
        fillings = [as_files(made) for made in _filled(model, batch, known, kind, seed)]
        real = as_files(batch.images)
        away = [(made - real).double() for made in fillings]
        each = [torch.stack([in_hole(a.abs(), known), in_hole(a.square(), known)], 1) for a in away]
        errors.append(torch.stack(each, 1))
        if extractor:
            features.append(torch.stack([extractor(images).cpu() for images in (real, *fillings)], 1))
        index.append(batch.index)
    numbers = torch.cat(index)
    found = gathered(torch.cat(errors), numbers)[0]
    return found, gathered(torch.cat(features), numbers)[0] if extractor else None


def _filled(model: Model, batch: Batch, known: Known, kind: Holes, seed: int) -> list[Images]:
    """What each of `FILLINGS` makes of the images."""
    assert isinstance(model, Completes)
    assert batch.index is not None
    x, here = batch.images, batch.map(model.placed)
    with evaluating(model), by_item(batch.index, seed, "completion", kind):
        made = model.complete(here.images, model.placed(known), here.given).to(x)
    return [made, mean_colour(x, known), blended(x, torch.zeros_like(x), known)]


def _of(
    kind: Holes,
    errors: Float[Tensor, "n fillings two"],
    features: Float[Tensor, "n images d"] | None,
    extractor: Extractor | None,
) -> Iterator[Result]:
    """What is said of each filling."""
    n = len(errors)
    for number, name in enumerate(FILLINGS):
        label = f"{kind}: {name}" if name else kind
        absolute, squared = errors[:, number].unbind(1)
        yield _result(f"hole_error[{label}]", Estimate(*summarised(absolute)), n, "per number", "error")
        yield _result(f"hole_psnr[{label}]", peak_ratio(squared), n, "dB", "error")
        if extractor and features is not None and n >= FEWEST:
            found = frechet(features[:, 1 + number], features[:, 0])
            yield _result(f"completed_fid[{label}, {extractor.label}]", found, n, "", "estimate")


def _result(name: str, found: Estimate, n: int, unit: str, kind: Kind) -> Result:
    return Result(name, found.value, found.stderr, n, unit, kind, "", 0)
