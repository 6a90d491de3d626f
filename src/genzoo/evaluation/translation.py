"""How good translations are: near the true partner where it is known, like the other kind where it is not."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from genzoo.apply.translate import translate
from genzoo.data.batches import in_order, presented
from genzoo.data.dataset import Dataset
from genzoo.data.domains import two_domains
from genzoo.data.view import View
from genzoo.evaluation.features import Extractor
from genzoo.evaluation.fid import frechet
from genzoo.evaluation.label_maps import confusions, scored
from genzoo.evaluation.labeller import Labeller, described, labeller, true_classes
from genzoo.evaluation.perceptual import Perceptual
from genzoo.evaluation.reference import as_files
from genzoo.evaluation.result import Result, summarised
from genzoo.evaluation.shards import Tick
from genzoo.evaluation.similarity import LEAST, peak_ratio, ssim
from genzoo.evaluation.statistics import Rows
from genzoo.models import Model
from genzoo.models.base import Translates

MOST = 2000  # images of a split that are translated
FEWEST = 10  # images of either kind to fit a Gaussian to

Kinds = Float[Tensor, "n _ _ _"]
Many = Float[Tensor, "_ _ _ _"]


@dataclass(frozen=True)
class Way:
    """A direction with what it needs to be measured.

    Args:
        to: the kind that is made.
        given: images of the other kind.
        real: images of kind `to`; the partners of `given` where the data are pairs.
        paired: whether they are.
        colours: `given` with the means and deviations of each channel of the training images of kind `to`;
            None where the kinds have other channels or sizes.
    """

    to: str
    given: Many
    real: Many
    paired: bool
    colours: Many | None

    @property
    def baselines(self) -> dict[str, Many]:
        """What any translator has to beat, by name; none where the kinds differ in channels or size."""
        return {} if self.colours is None else {"copy": self.given, "colours": self.colours}


def ways(model: Model, dataset: Dataset, view: View, split: str, seed: int) -> list[Way]:
    """The directions of a model: from A to B, and back where it learned both."""
    if not isinstance(model, Translates):
        (given, real), (own, others) = (_with_given(dataset, name, view, seed) for name in (split, "train"))
        return [
            Way("B", given, real, True, matched(given, own, others) if given.shape == real.shape else None)
        ]
    first, second = two_domains(dataset)
    kinds, paired = {"A": first, "B": second}, dataset.given is not None
    found = {name: _images(kind, split, view, seed) for name, kind in kinds.items()}
    train = {name: _images(kind, "train", view, seed) for name, kind in kinds.items()}
    same = found["A"].shape[1:] == found["B"].shape[1:]
    return [
        Way(to, found[by], found[to], paired, matched(found[by], train[by], train[to]) if same else None)
        for to, by in (("B", "A"), ("A", "B"))
    ]


def translation(
    model: Model,
    dataset: Dataset,
    extractor: Extractor | None,
    *,
    view: View,
    split: str = "test",
    seed: int = 0,
    batch: int = 16,
    lpips: Perceptual | None = None,
    tick: Tick | None = None,
) -> list[Result]:
    """Numbers of every direction, each beside copying what is given and beside matching its colours.

    Where the data are pairs, mean absolute error, peak signal-to-noise ratio and structural similarity to the
    true partner; always the Fréchet distance of translations to images of the kind made. Where what is given
    are label maps, how much of them a small net reads off the translations, and off the partners (`real`). Of
    a model that goes both ways how far images are from themselves there and back, of one that draws how far
    two draws are apart.

    Args:
        extractor: features of the Fréchet distance; None: it is left out.
        lpips: also this distance to the true partner.
        tick: told how many more images are translated, or seen by the net that learns to read them.
    """
    results: list[Result] = []
    tick = tick or (lambda n: None)
    for way in ways(model, dataset, view, split, seed):
        about = f"{dataset.name} {split}, {len(way.given)} images, {view.protocol()}, 8-bit files"
        made = translate(model, way.given, to=way.to, seed=seed, batch=batch, tick=tick)
        shown = {"": made} | way.baselines
        real = _features(as_files(way.real), extractor) if extractor else None
        found = [r for k, x in shown.items() for r in _of(x, way, _label(way, k), extractor, real, lpips)]
        reader = labeller(dataset, way.to, device=model.like.device, tick=tick)
        if reader is not None:
            found += _read(reader, dataset, split, way, shown | {"real": way.real})
        found += _extra(model, way, made, seed, batch)
        results += [replace(r, protocol=about + r.protocol, seed=seed) for r in found]
    return results


def matched(images: Kinds, own: Many, others: Many) -> Kinds:
    """Images with each channel shifted and scaled as takes mean and deviation of `own` to `others`."""
    axes = (0, 2, 3)
    mean, sd = own.mean(axes, keepdim=True), own.std(axes, keepdim=True).clamp_min(1e-6)
    goal, spread = others.mean(axes, keepdim=True), others.std(axes, keepdim=True)
    return ((images - mean) / sd * spread + goal).clamp(0, 1)


def _of(
    images: Many,
    way: Way,
    label: str,
    extractor: Extractor | None,
    features: Rows | None,
    lpips: Perceptual | None,
) -> Iterator[Result]:
    """What is said of images beside the real ones, whose features are given."""
    images, real = as_files(images), as_files(way.real)
    if way.paired:
        apart = (images - real).double().flatten(1)
        yield _mean(f"partner_error[{label}]", apart.abs().mean(1), "per number", "error")
        ratio = peak_ratio(apart.square().mean(1))
        yield Result(f"partner_psnr[{label}]", ratio.value, ratio.stderr, len(apart), "dB", "error", "", 0)
        if min(images.shape[2:]) >= LEAST:
            yield _mean(f"partner_ssim[{label}]", ssim(images, real), "", "error")
        if lpips is not None:
            seen = torch.cat([lpips(a, b) for a, b in zip(images.split(64), real.split(64), strict=True)])
            yield _mean(f"partner_lpips[{label}, {lpips.label}]", seen, "", "error")
    if extractor is not None and features is not None and min(len(images), len(real)) >= FEWEST:
        found = frechet(_features(images, extractor), features)
        name = f"translated_fid[{label}, {extractor.label}]"
        yield Result(name, found.value, found.stderr, len(images), "", "estimate", "", 0)


def _read(
    reader: Labeller, dataset: Dataset, split: str, way: Way, contenders: Mapping[str, Many]
) -> Iterator[Result]:
    """Whether a net reads from images the classes of the label maps that they were made from."""
    truth = true_classes(reader, dataset, way.to, split, len(way.given))
    said = f", {described(reader, dataset)}"
    for name, images in contenders.items():
        told = reader.told(as_files(images))
        values, errors = scored(confusions(truth, told, len(reader.palette)))
        for i, quantity in enumerate(("label_accuracy", "label_class_accuracy", "label_iou")):
            error = None if errors is None else float(errors[i])
            label = f"{quantity}[{_label(way, name)}]"
            yield Result(label, float(values[i]), error, len(images), "share", "estimate", said, 0)


def _label(way: Way, contender: str) -> str:
    return f"to {way.to}" + (f": {contender}" if contender else "")


def _extra(model: Model, way: Way, made: Many, seed: int, batch: int) -> Iterator[Result]:
    if isinstance(model, Translates):
        other = "A" if way.to == "B" else "B"
        back = translate(model, made, to=other, batch=batch)
        errors = (back - way.given).double().abs().flatten(1).mean(1)
        yield _mean(f"cycle_error[{other}]", errors, "per number", "error")
    else:
        again = translate(model, way.given, to=way.to, seed=seed + 1, batch=batch)
        apart = (made - again).double().abs().flatten(1).mean(1)
        yield _mean(f"draws_apart[to {way.to}]", apart, "per number", "estimate")


def _mean(name: str, values: Float[Tensor, " n"], unit: str, kind: str) -> Result:
    value, error = summarised(values)
    return Result(name, value, error, len(values), unit, kind, "", 0)  # type: ignore[arg-type]


def _features(images: Kinds, extractor: Extractor) -> Rows:
    return torch.cat([extractor(some).cpu() for some in images.split(64)])


def _images(dataset: Dataset, split: str, view: View, seed: int) -> Kinds:
    positions = dataset.split(split)[:MOST]
    return torch.cat([b.images for b in in_order(dataset, positions, view=view, size=256, seed=seed)])


def _with_given(dataset: Dataset, split: str, view: View, seed: int) -> tuple[Many, Many]:
    """What is given of the first images of a split, and the images."""
    batch = presented(dataset, dataset.split(split)[:MOST], view, seed, {"images"})
    assert batch.given is not None
    assert batch.given.images is not None
    return batch.given.images, batch.images
