"""Tiny runs of every family, trained once: bars of two widths on 8x8 pixels."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

import genzoo
from genzoo.data import Dataset
from genzoo.evaluation import Protocol
from genzoo.report import build
from genzoo.report.compare import compare
from genzoo.report.compare_page import write_comparison


def bars(n=80, side=8):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, n)
    items = np.zeros((n, 1, side, side), np.uint8)
    for item, label in zip(items, labels, strict=True):
        top = rng.integers(0, side - 2)
        item[:, top : top + 1 + label] = rng.integers(200, 256)
    splits = {"train": np.arange(n - 40), "val": np.arange(n - 40, n - 20), "test": np.arange(n - 20, n)}
    return Dataset(
        "bars", "images", items, splits, labels=labels, classes=("thin", "thick"), fingerprint="bars"
    )


MODELS = {
    "autoencoder": {"code": 2, "hidden": (16,), "binarize": "threshold"},
    "vae": {"latent": 2, "hidden": (16,), "binarize": "threshold"},
    "pixelcnn": {"width": 4, "blocks": 1, "head": 8, "binarize": "threshold"},
    "gan": {"latent": 4, "hidden": (16,)},
}


_KEPT = TemporaryDirectory()  # until the tests end


@cache
def dataset():
    return bars()


@cache
def runs():
    """Run folders by model name."""
    folder = Path(_KEPT.name)
    torch.manual_seed(0)
    for name, arguments in MODELS.items():
        genzoo.train(name, dataset(), out=folder / name, images=128, batch=16, quiet=True, **arguments)
    return {name: folder / name for name in MODELS}


@cache
def page():
    """The report of all of them, as a file."""
    return build(list(runs().values()), dataset(), Path(_KEPT.name) / "report.html")


PROTOCOL = Protocol(samples=12, labels=(4,), probe_seeds=2, draws=2, iwae=3)


@cache
def comparison():
    """All of them on one ruler."""
    return compare(list(runs().values()), dataset(), protocol=PROTOCOL, features="random-conv")


@cache
def comparison_page():
    """The page of the comparison, as a file."""
    return write_comparison(comparison(), Path(_KEPT.name) / "compare.html")
