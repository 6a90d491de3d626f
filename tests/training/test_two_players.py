"""How the loop plays games of two: the critic's head start, and what is refused before a run begins."""

import numpy as np
import pytest
import torch

import genzoo
from genzoo.data.batches import Batches
from genzoo.data.dataset import Dataset
from genzoo.errors import BadInput
from genzoo.models.adversarial.gan import GAN
from genzoo.objectives.adversarial import Adversarial
from genzoo.training.loop import fit
from genzoo.training.run import start
from genzoo.training.settings import OptimizerSettings, Settings


def pictures(n=60):
    rng = np.random.default_rng(0)
    items = rng.integers(0, 256, (n, 1, 6, 6)).astype(np.uint8)
    splits = {"train": np.arange(n - 20), "val": np.arange(n - 20, n), "test": np.arange(n - 20, n)}
    labels = rng.integers(0, 3, n)
    return Dataset("noise", "images", items, splits, labels=labels, classes=("a", "b", "c"), fingerprint="1")


def test_in_the_head_start_the_critics_100_moves_count_as_images_seen():
    dataset, settings, seen = pictures(), Settings(images=4 * 203, batch=4), []
    run = start(
        GAN((1, 6, 6), latent=2, hidden=(3,)),
        Adversarial(head_start=2),
        Batches(dataset, size=4, seed=0),
        settings,
        OptimizerSettings(lr=1e-3),
    )
    fit(run, hooks=[lambda run, losses: seen.append((run.step, run.moves_drawn, run.images_seen))])
    assert seen == [(1, 100, 400), (2, 200, 800), (3, 201, 804), (4, 202, 808), (5, 203, 812)]


EVERYWHERE = dict.fromkeys(("train", "val", "test"), np.arange(60))
VECTORS = Dataset("vectors", "vectors", np.zeros((60, 5), np.float32), EVERYWHERE, fingerprint="2")
REFUSED = [
    (pictures(), {"pack": 3}, "packs of 3"),
    (
        pictures(),
        {"pack": 2, "classes": 3, "conditioning": "projection"},
        "concatenated, not by a projection",
    ),
    (VECTORS, {"augment": ["flip"]}, "--augment changes images; these items are not"),
]


@pytest.mark.parametrize(("dataset", "options", "said"), REFUSED)
def test_what_cannot_be_played_is_said_and_nothing_written(dataset, options, said, tmp_path):
    torch.manual_seed(0)
    with pytest.raises(BadInput, match=said):
        genzoo.train(
            "gan",
            dataset,
            out=tmp_path / "run",
            quiet=True,
            latent=2,
            hidden=(4,),
            batch=8,
            images=16,
            **options,
        )
    assert not (tmp_path / "run").exists()
