"""A small net that tells the class of each pixel of a photograph: whether a translation can be read."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor
from torch.distributed import broadcast
from torch.nn import functional as F

from genzoo.data import Batches, Dataset, cache
from genzoo.data.jitter import Jitter
from genzoo.errors import BadInput
from genzoo.evaluation.features.labelled import content_of
from genzoo.evaluation.label_maps import MIXED, REACH, Colours, classes_of, palette_of
from genzoo.models import Model
from genzoo.models.base import evaluating
from genzoo.models.store import load_model, save_model
from genzoo.nn.unet import UNet, depth_of
from genzoo.objectives import OnePlayer
from genzoo.random import seeded
from genzoo.training import distributed
from genzoo.training.loop import Losses, fit
from genzoo.training.run import Run, start
from genzoo.training.settings import OptimizerSettings, Settings
from genzoo.types import Batch, Images, Loss

Tick = Callable[[int], None]  # told how many more images were seen
RECIPE = 1  # of everything here and in label_maps.py that changes what is learned
BATCH = 16
_DEEPEST = 6  # halvings of the net's images
_SCALE = 10.0  # of logits, which the net's tanh bounds
_OPTIMIZER = OptimizerSettings("adamw", lr=3e-3, weight_decay=0.05)


class Labeller(Model):
    """Images to the logits of each pixel's class: pix2pix's U-Net without dropout, 10·tanh its last layer.

    Sides that cannot be halved so often, at most six times, are padded by their edges.

    Args:
        shape: (c, h, w) of an image, each side at least 4 pixels.
        palette: the colour of each class, in [0, 1], as label maps show it.
        width: channels of the finest feature map.
    """

    def __init__(self, shape: Sequence[int], *, palette: Sequence[Sequence[float]], width: int = 16) -> None:
        super().__init__(shape)
        self.palette = palette
        channels, *sides = self.shape
        depth = min(depth_of(sides), _DEEPEST)
        whole = [side + -side % 2**depth for side in sides]
        self._beyond = (0, whole[1] - sides[1], 0, whole[0] - sides[0])
        self.net = UNet(channels, len(palette), whole, width=width, depth=depth)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def class_logits(self, images: Images) -> Float[Tensor, "b k h w"]:
        """The unnormalised log-probability of each class at each pixel."""
        self.check(images)
        seen = F.pad(2 * images - 1, self._beyond, mode="replicate")
        logits = _SCALE * self.net(seen.contiguous(memory_format=torch.channels_last))
        return logits[..., : self.shape[1], : self.shape[2]]

    @torch.no_grad()
    def told(self, images: Images, batch: int = 64) -> Int[Tensor, "b h w"]:
        """The most probable class of each pixel, on the CPU."""
        with evaluating(self):
            parts = [self.class_logits(self.placed(some)).argmax(1).cpu() for some in images.split(batch)]
        return torch.cat(parts)


class PixelCrossEntropy(OnePlayer[Labeller]):
    """The mean over pixels that have a class of −log p(class | photograph), nats."""

    def loss(self, model: Labeller, batch: Batch) -> Loss:
        """The cross-entropy; 0 of a batch that has no such pixel."""
        if batch.given is None or batch.given.images is None:
            raise ValueError("a labeller learns from label maps; batch.given.images is missing")
        classes = classes_of(batch.given.images, model.palette)
        counted = (classes != MIXED).sum().clamp_min(1)
        total = F.cross_entropy(
            model.class_logits(batch.images), classes, ignore_index=MIXED, reduction="sum"
        )
        return Loss(total / counted, {"cross_entropy": total / counted})


def training_budget(dataset: Dataset) -> int:
    """Images that a labeller sees: 40 passes, at least 200 steps and at most 20,000 images."""
    return max(200 * BATCH, min(40 * len(dataset.splits.get("train", ())), 20_000))


def labeller(
    dataset: Dataset,
    to: str = "B",
    *,
    seed: int = 0,
    images: int | None = None,
    device: str | torch.device = "cpu",
    tick: Tick | None = None,
) -> Labeller | None:
    """The net that reads label maps off images of kind `to`, from the cache if it is there.

    None where it has nothing to learn from: data that are no pairs, pairs whose kinds differ in size, or
    pictures of the other kind that are not label maps (`palette_of`). It sees the train split as 8 bits, both
    of a pair cut and mirrored alike, so that runs of any view are measured by one ruler. It lies in
    `$GENZOO_CACHE/features`, named by content and settings, not by the device or the number of threads.

    Reference: Isola et al., 2017, arXiv:1611.07004, section 3.4 (FCN-score), by a larger net.

    Args:
        dataset: pairs: what is given is A, the items are B.
        to: the kind that it reads: "B", or "A" where B are the label maps.
        seed: of initial weights, order and jitter.
        images: how many are seen in training; `training_budget` without it.
        device: of training, and of the net.
        tick: told how many more images were seen. Not told anything by the cache.
    """
    pairs, device = _towards(dataset, to), torch.device(device)
    if pairs is None:
        return None
    settings = _settings(training_budget(dataset) if images is None else images, seed)
    path = _cached_at(dataset, to, settings)
    found = _from(path)
    if distributed.any_process(found is None, device) or found is None:
        colours = palette_of(_maps(pairs, "train"))
        if colours is None:
            return None
        found = _trained(pairs, colours, settings, device, tick)
        if distributed.rank() == 0:
            _keep(found, path)
    return found.to(device)


def true_classes(model: Labeller, dataset: Dataset, to: str, split: str, n: int) -> Int[Tensor, "n h w"]:
    """The classes that the label maps of a split's first `n` pairs give each pixel, −1 where colours mix."""
    pairs = _towards(dataset, to)
    assert pairs is not None
    return classes_of(torch.from_numpy(_maps(pairs, split)[:n]).float() / 255, model.palette)


def described(model: Labeller, dataset: Dataset) -> str:
    """A labeller of the default budget and seed in words, for protocols."""
    return (
        f"labeller: U-Net of width {model.spec['width']}, {len(model.palette)} classes by colour, "
        f"{len(dataset.split('train'))} training pairs, {training_budget(dataset)} images seen, seed 0; "
        f"pixels more than {round(255 * REACH)} levels from every colour left out"
    )


def _towards(dataset: Dataset, to: str) -> Dataset | None:
    """Pairs with what is of kind `to` as items; None if there are none to learn from."""
    if dataset.kind != "images" or dataset.given is None or not len(dataset.splits.get("train", ())):
        return None
    if dataset.given.shape[2:] != dataset.items.shape[2:] or min(dataset.shape[1:]) < 4:
        return None
    return dataset if to == "B" else replace(dataset, items=dataset.given, given=dataset.items)


def _maps(pairs: Dataset, split: str) -> NDArray[np.uint8]:
    assert pairs.given is not None
    return np.take(pairs.given, pairs.split(split), axis=0)


def _settings(images: int, seed: int) -> Settings:
    batch = BATCH + -BATCH % distributed.world()  # what divides among the processes
    warmup = min(50, max(1, images // batch // 10))
    return Settings(images=images, batch=batch, seed=seed, schedule="linear", warmup=warmup)


def _cached_at(dataset: Dataset, to: str, settings: Settings) -> Path:
    said = [RECIPE, content_of(dataset), to, settings.to_json() | {"batch": BATCH}]
    text = json.dumps([*said, dataset.shape, asdict(_OPTIMIZER)])
    return cache.features_root() / f"labeller-{hashlib.blake2b(text.encode(), digest_size=16).hexdigest()}"


def _from(path: Path) -> Labeller | None:
    """What is cached, None if it is not there or broken."""
    try:
        found = load_model(path)
    except BadInput:  # it is made anew
        return None
    return found if isinstance(found, Labeller) else None


def _keep(model: Labeller, path: Path) -> None:
    try:
        save_model(model, path)
    except OSError as error:
        raise BadInput(
            f"{path.parent}: the cache can not be written ({error.strerror}); "
            "set GENZOO_CACHE to another folder"
        ) from error


def _trained(
    pairs: Dataset,
    colours: Colours,
    settings: Settings,
    device: torch.device,
    tick: Tick | None,
) -> Labeller:
    """Plays the game from step 0."""
    with seeded(settings.seed, "labeller"):
        model = Labeller(pairs.shape, palette=colours).to(device)
    batches = Batches(pairs, size=settings.batch, seed=settings.seed, requires=("images",), jitter=Jitter())
    run = start(model, PixelCrossEntropy(), batches, settings, _OPTIMIZER)

    def told(run: Run, losses: Losses) -> None:
        if tick:
            tick(settings.batch)

    fit(run, hooks=[told])
    model.eval().requires_grad_(False)
    if distributed.world() > 1:  # batch norm saw each process's own part of the batches
        for value in model.state_dict().values():
            broadcast(value, src=0)
    return model
