"""Features of a labelled set's own small classifier, trained once and cached by the set's content."""

import hashlib
import json
import os
import re
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.distributed import broadcast

from genzoo.data import Batches, Dataset, View, cache, in_order
from genzoo.data.gallery import fingerprint
from genzoo.data.rows import rows_digest
from genzoo.errors import BadInput
from genzoo.evaluation.features.store import SUFFIX, Described, load_extractor, save_extractor
from genzoo.evaluation.features.training import AugmentedCrossEntropy, FeatureClassifier
from genzoo.models.base import evaluating
from genzoo.random import seeded
from genzoo.training import distributed
from genzoo.training.loop import Losses, fit
from genzoo.training.run import Run, start
from genzoo.training.settings import OptimizerSettings, Settings

Tick = Callable[[int], None]  # told how many more images were seen
RECIPE = 1  # of everything below that changes what is learned
BATCH = 128
_OPTIMIZER = OptimizerSettings("adamw", lr=3e-3, weight_decay=0.05)


def classes_to_learn(dataset: Dataset) -> int:
    """How many classes have images in the train split; 0 without labels, images or a train split."""
    train = dataset.splits.get("train")
    if dataset.kind != "images" or dataset.labels is None or train is None:
        return 0
    return len(np.unique(dataset.labels[train]))


def training_budget(dataset: Dataset) -> int:
    """Images that a classifier sees: 8 passes in colour, 2 in grey, more of small sets, fewer of huge ones.

    At least 60,000 (but no more than 60 passes, or 50 steps where those are more), at most 400,000.
    """
    n = len(dataset.splits.get("train", ()))
    passes = 2 if dataset.shape[0] == 1 else 8
    wanted = min(400_000, max(60_000, passes * n))
    return max(50 * BATCH, min(60 * n, wanted))


def classifier(
    dataset: Dataset,
    *,
    seed: int = 0,
    images: int | None = None,
    device: str | torch.device = "cpu",
    tick: Tick | None = None,
) -> Described:
    """The features of a small classifier of the set's train split, from the cache if they are there.

    It sees images as 8 bits; grey ones are binarized half of the time, so that the same features measure runs
    of either view. Colour images are mirrored at random, grey ones (digits, letters) are not. The file
    in `$GENZOO_CACHE/features` is named by the set's content, its shape and the settings, not by the device
    or the number of threads, in whose last bits two trainings differ: share the file to share the ruler.
    Several processes train together, and all have the first one's weights.

    Args:
        dataset: images with labels.
        seed: of initial weights, order and augmentation.
        images: how many are seen in training; `training_budget` without it.
        device: where to train; the features are there too.
        tick: told how many more images were seen; the whole is `images`. Not told anything by the cache.
    """
    if classes_to_learn(dataset) < 2:
        raise BadInput(
            f"{dataset.name}: no classifier can be trained without at least two classes of labelled images "
            "in its train split; --features random-conv needs none"
        )
    budget = training_budget(dataset) if images is None else images
    path, device = cached_at(dataset, seed=seed, images=budget), torch.device(device)
    found = _from(path)
    if distributed.any_process(found is None, device) or found is None:
        found = _trained(dataset, seed, budget, device, tick)
        if distributed.rank() == 0:
            _keep(found, path)
    found.net.to(device)
    if found.head is not None:
        found.head.to(device)
    return found


def cached_at(dataset: Dataset, *, seed: int = 0, images: int | None = None) -> Path:
    """Where the file of these features is, or will be."""
    budget = training_budget(dataset) if images is None else images
    settings = [RECIPE, content_of(dataset), dataset.shape, _settings(budget, seed).to_json()]
    text = json.dumps([*settings, asdict(_OPTIMIZER), _objective(dataset).spec, len(dataset.classes)])
    key = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
    return cache.features_root() / f"{name_of(dataset)}-{key}{SUFFIX}"


def content_of(dataset: Dataset) -> str:
    """The set's fingerprint; computed where it was made in Python without one."""
    if dataset.fingerprint:
        return dataset.fingerprint
    arrays = dict(dataset.splits) | ({} if dataset.labels is None else {"labels": dataset.labels})
    return fingerprint(rows_digest(dataset.items), arrays)


def name_of(dataset: Dataset) -> str:
    """What its features are called: the set's name in small letters, digits and dashes, and `cnn`.

    >>> name_of(Dataset("hf:Some/Set [v2]", "vectors", np.zeros((1, 2), np.float32), {}))
    'hf-some-set-v2-cnn'
    """
    return f"{re.sub('[^a-z0-9]+', '-', dataset.name.lower()).strip('-') or 'data'}-cnn"


def _from(path: Path) -> Described | None:
    """What is cached, None if it is not there or broken."""
    if not path.is_file():
        return None
    try:
        found = load_extractor(path)
    except BadInput:  # it is made anew
        return None
    return found if isinstance(found, Described) else None


def _keep(extractor: Described, path: Path) -> None:
    try:
        save_extractor(extractor, path)
    except OSError as error:
        raise BadInput(
            f"{path.parent}: the cache can not be written ({error.strerror}); "
            "set GENZOO_CACHE to another folder"
        ) from error


def _settings(images: int, seed: int, batch: int = BATCH) -> Settings:
    steps = max(1, images // batch)
    return Settings(images=images, batch=batch, seed=seed, schedule="linear", warmup=min(200, steps // 10))


def _objective(dataset: Dataset) -> AugmentedCrossEntropy:
    channels, height, width = dataset.shape
    grey, shift = channels == 1, max(1, min(height, width) // 14)
    return AugmentedCrossEntropy(shift=shift, mirror=not grey, binarize=grey)


def _trained(dataset: Dataset, seed: int, images: int, device: torch.device, tick: Tick | None) -> Described:
    """Plays the game from step 0 and measures what came out."""
    assert dataset.labels is not None
    classes = max(len(dataset.classes), int(dataset.labels.max()) + 1)
    with seeded(seed, "features"):
        model = FeatureClassifier(dataset.shape, classes=classes).to(device)
    batch = BATCH + -BATCH % distributed.world()  # what divides among the processes
    batches = Batches(dataset, size=batch, seed=seed, requires=("labels",))
    run = start(model, _objective(dataset), batches, _settings(images, seed, batch), _OPTIMIZER)

    def told(run: Run, losses: Losses) -> None:
        if tick:
            tick(batch)

    fit(run, hooks=[told])
    model.eval().requires_grad_(False)
    if distributed.world() > 1:  # batch norm saw each process's own part of the batches
        for value in model.state_dict().values():
            broadcast(value, src=0)
    split = next((s for s in ("test", "val") if len(dataset.splits.get(s, ()))), "train")
    about = {
        "data": dataset.name,
        "content": content_of(dataset),
        "shape": list(dataset.shape),
        "classes": list(dataset.classes) or [str(i) for i in range(classes)],
        "split": split,
        "items": len(dataset.splits[split]),
        "accuracy": accuracy(model, dataset, split),
        "images_seen": run.images_seen,
        "seconds": round(run.seconds, 1),
        "seed": seed,
        "recipe": RECIPE,
        "device": device.type,
        "threads": torch.get_num_threads(),
        "cpus": os.cpu_count(),
    }
    return Described(name_of(dataset), model.net, model.head, about)


def accuracy(model: FeatureClassifier, dataset: Dataset, split: str) -> dict[str, float]:
    """The share of a split that is told right: as it is, and for grey images also dynamically binarized."""
    views = {"8 bits": View()} | ({"binarized": View(binarize="dynamic")} if dataset.shape[0] == 1 else {})
    shares = {}
    for name, view in views.items():
        right = 0
        with evaluating(model):
            for batch in in_order(dataset, split, view=view, size=256, requires=("labels",)):
                here: Any = batch.map(model.placed)
                right += int((model.class_logits(here.images).argmax(1) == here.given.labels).sum())
        shares[name] = right / len(dataset.split(split))
    return shares
