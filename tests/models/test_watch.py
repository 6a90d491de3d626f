"""The watch on latents: who is active, and every failure provoked and named."""

import numpy as np
import pytest
import torch

import genzoo
from genzoo.data.dataset import Dataset
from genzoo.models.variational.vae import VAE
from genzoo.models.variational.watch import failures, latent_use
from genzoo.objectives.variational import NegativeELBO
from genzoo.training import keeper
from genzoo.types import Batch

IMAGES = (torch.rand(64, 1, 4, 4, generator=torch.Generator().manual_seed(0)) < 0.5).double()


def tiny(**arguments):
    torch.manual_seed(0)
    return VAE((1, 4, 4), **({"latent": 3, "hidden": (8,)} | arguments)).double()


def still(model, unit):
    """The posterior of one unit is the prior, whatever the item."""
    with torch.no_grad():
        last = model.encoder[-2]
        for row in (unit, unit + model.latent):
            last.weight[row].zero_()
            last.bias[row].zero_()


def test_units_are_active_if_their_mean_varies_and_an_idle_one_says_nothing():
    model = tiny()
    with torch.no_grad():
        model.encoder[-2].weight.mul_(3)
    everything = latent_use(model, IMAGES)
    assert (everything.active, everything.units) == (3, 3)
    assert (everything.divergence > 0.01).all()
    still(model, 1)
    use = latent_use(model, IMAGES)
    assert (use.active, use.units) == (2, 3)
    assert use.divergence[1].item() == pytest.approx(0, abs=1e-12)
    assert failures(model, use, IMAGES) == {}


def test_a_collapsed_posterior_is_named_with_remedies():
    model = tiny()
    for unit in range(3):
        still(model, unit)
    found = failures(model, latent_use(model, IMAGES), IMAGES)
    assert list(found) == ["posterior collapse"]
    assert "0 of 3 latent units are active" in found["posterior collapse"]
    assert "--free-bits" in found["posterior collapse"]


def test_codes_that_shrank_to_points_are_named():
    model = tiny()
    with torch.no_grad():
        model.encoder[-2].bias[3:] = -7
    assert list(failures(model, latent_use(model, IMAGES), IMAGES)) == ["narrow posterior"]


def test_scales_at_their_floor_are_named():
    model = tiny(likelihood="gaussian", min_scale=0.05)
    with torch.no_grad():
        model.encoder[-2].weight.mul_(3)
    assert failures(model, latent_use(model, IMAGES), IMAGES) == {}
    with torch.no_grad():
        model.decoder[-2].bias[16:] = -9  # the raw scales, softplus of which is next to nothing
    found = failures(model, latent_use(model, IMAGES), IMAGES)
    assert list(found) == ["variance collapse"]
    assert "floor of 0.05" in found["variance collapse"]


def test_the_objective_reports_both_numbers():
    health = NegativeELBO().health(tiny(), Batch(IMAGES))
    assert health.numbers.keys() == {"active_units", "code_nats"}
    assert health.numbers["code_nats"] > 0


def test_a_run_logs_the_numbers_and_warns_once_after_its_youth(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(keeper, "VALIDATED", 8)
    rng = np.random.default_rng(0)
    items = rng.integers(0, 256, (60, 1, 4, 4)).astype(np.uint8)
    splits = {"train": np.arange(40), "val": np.arange(40, 60), "test": np.arange(40, 60)}
    data = Dataset("noise", "images", items, splits, fingerprint="one")
    options = {"latent": 2, "hidden": (8,), "binarize": "threshold", "batch": 8, "beta": 1000.0}
    run = genzoo.train("vae", data, out=tmp_path / "run", lr=0.01, images=2400, **options)
    milestones = [line for line in run.log if "validation" in line]
    assert all({"active_units", "code_nats"} <= line.keys() for line in milestones)
    assert "warnings" not in milestones[0]
    assert "posterior collapse" in milestones[-1]["warnings"][0]
    said = " ".join(capsys.readouterr().err.split())
    assert said.count("(posterior collapse)") == 1
