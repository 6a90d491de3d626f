"""The registered games, small: every model with its objective on data of its own kind."""

from dataclasses import replace

import numpy as np
import torch

from genzoo.configurable import build
from genzoo.data.dataset import Dataset
from genzoo.data.view import View
from genzoo.models import catalogue
from genzoo.objectives import build_objective
from genzoo.random import seeded
from genzoo.training.run import start
from genzoo.training.settings import OptimizerSettings, Settings

NAMES = [f"{e.name}[{v}]" if v else e.name for e in catalogue().values() for v in e.tiny]


def entry_and_variant(name):
    entry, _, variant = name.partition("[")
    return catalogue()[entry], variant.rstrip("]")


def tiny_model(name, seed=0):
    entry, variant = entry_and_variant(name)
    with seeded(seed, "tiny"):
        return build({"class": entry.cls.__name__, **as_lists(entry.tiny[variant])})


def as_lists(arguments):
    return {k: list(v) if isinstance(v, tuple) else v for k, v in arguments.items()}


def tiny_data(model, n=48):
    """Random items of the model's shape: bars on levels it can represent, with labels."""
    rng = np.random.default_rng(0)
    kind = {1: "vectors", 2: "series", 3: "images"}[len(model.shape)]
    if kind == "images":
        top = (model.levels or 256) - 1
        numbers = rng.integers(0, top + 1, (n, *model.shape))
        numbers[:, :, 1:3, :] = top
        items = np.round(numbers * 255 / top).astype(np.uint8)
    else:
        items = rng.normal(size=(n, *model.shape)).astype(np.float32)
    splits = {"train": np.arange(n - 8), "val": np.arange(n - 8, n), "test": np.arange(n - 8, n)}
    labels = rng.integers(0, 3, n)
    given = None
    if "images" in model.requires:
        given = rng.integers(0, 256, (n, *model.condition_shape), np.uint8)
    tiny = Dataset(
        "tiny", kind, items, splits, labels=labels, classes=("a", "b", "c"), fingerprint="tiny", given=given
    )
    if model.kinds == 1:
        return tiny
    others = rng.integers(0, 256, (n + 5, *model.domains["A"]), np.uint8)
    return replace(tiny, other=Dataset("others", "images", others, splits))


def tiny_view(model):
    return View(levels=model.levels or 256)


def tiny_run(name, *, dtype=torch.float32, **settings):
    """A run at step 0, batches of 8, a budget of 80 images."""
    model = tiny_model(name).to(dtype)
    entry, variant = entry_and_variant(name)
    objective = build_objective(as_lists(entry.objective_of(variant)))
    chosen = Settings(
        **({"images": 80, "batch": 8, "seed": 3, "horizon": 80, "schedule": "cosine"} | settings)
    )
    batches = objective.batches(
        tiny_data(model), view=tiny_view(model), size=8, seed=chosen.seed, requires=model.requires
    )
    return start(model, objective, batches, chosen, OptimizerSettings(lr=1e-3))


def rounding(model):
    """How far a weight may be off by rounding alone.

    A bias before instance normalisation has a gradient of 0, in floating point of 1e-17, and Adam divides
    what rounding left by its 1e-8.
    """
    return 1e-8 if any(isinstance(m, torch.nn.InstanceNorm2d) for m in model.modules()) else 1e-9
