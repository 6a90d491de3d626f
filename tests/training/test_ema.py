import numpy as np
import torch
from torch import nn

from genzoo.data.batches import Batches
from genzoo.data.dataset import Dataset
from genzoo.models import Model
from genzoo.objectives import OnePlayer
from genzoo.training.ema import refresh_batch_norm
from genzoo.training.loop import fit
from genzoo.training.run import start
from genzoo.training.settings import OptimizerSettings, Settings
from genzoo.types import Loss


class Normed(Model):
    def __init__(self, shape: tuple[int, ...] = (3,)) -> None:
        super().__init__(shape)
        self.linear, self.norm = nn.Linear(3, 2), nn.BatchNorm1d(2)


class Any(OnePlayer[Normed]):
    def loss(self, model, batch):
        return Loss(model.norm(model.linear(batch.images)).pow(4).mean())


def make(**settings):
    items = np.random.default_rng(0).normal(2, 3, (64, 3)).astype(np.float32)
    dataset = Dataset("t", "vectors", items, {"train": np.arange(64), "val": np.arange(2)})
    chosen = Settings(images=640, batch=32, **settings)
    return start(Normed(), Any(), Batches(dataset, size=32), chosen, OptimizerSettings(lr=0.1))


def test_statistics_of_averaged_weights_are_those_of_their_own_activations():
    run = make(ema=0.9)
    fit(run)
    model = run.learned()
    with torch.no_grad():
        activations = model.linear(torch.from_numpy(run.batches.dataset.items))
    # 8 batches of 32 are four whole passes over the 64 items, so the mean over them is exact
    torch.testing.assert_close(model.norm.running_mean, activations.mean(0), rtol=1e-4, atol=1e-4)
    assert not torch.allclose(model.norm.running_mean, run.model.norm.running_mean, atol=1e-3)
    assert not model.training
    assert model.norm.momentum == 0.1


def test_refreshing_does_not_touch_a_model_without_batch_norm():
    model = nn.Linear(2, 2)
    refresh_batch_norm(model, Any(), lambda i: 1 / 0, step=0, seed=0)
