import math

import numpy as np
import pytest
import torch
from linear_truth import linear_vae, point_set

from genzoo.data.dataset import Dataset
from genzoo.data.view import View
from genzoo.errors import BadInput
from genzoo.evaluation.measured import likelihood, measures_of, values_of
from genzoo.evaluation.quantities import QUANTITIES
from genzoo.models.autoencoding.autoencoder import Autoencoder
from genzoo.models.autoregressive.pixelcnn import PixelCNN
from genzoo.models.base import Model
from genzoo.models.variational.vae import VAE


def digits(n=12, levels=256):
    items = np.random.default_rng(0).integers(0, levels, (n, 1, 4, 4), dtype=np.uint8)
    return Dataset("toy", "images", items, {"test": np.arange(n)}, labels=np.arange(n) % 2)


def vae(**options):
    torch.manual_seed(0)
    return VAE((1, 4, 4), latent=2, hidden=(8,), **options).double()


def named(results):
    return {(r.name, r.unit): r for r in results}


def test_a_vae_reports_bounds_estimates_and_error_each_with_its_kind_and_protocol():
    found = named(
        likelihood(
            vae(),
            digits(),
            view=View(binarize="static"),
            samples=4,
            iwae=5,
            naive=6,
            ais=7,
            ais_chains=2,
            seed=3,
        )
    )
    assert {name: (r.kind, r.samples) for (name, unit), r in found.items() if unit == "nats"} == {
        "elbo": ("bound", 4),
        "iwae[5]": ("bound", 5),
        "naive_mc[6]": ("estimate", 6),
        "ais[7]": ("estimate", 2),
    }
    assert [name for name, unit in found if unit == "bits/dim"] == [
        "bits_per_dim",
        "bits_per_dim[iwae-5]",
        "bits_per_dim[naive_mc-6]",
        "bits_per_dim[ais-7]",
    ]
    nats, bits = found["iwae[5]", "nats"], found["bits_per_dim[iwae-5]", "bits/dim"]
    assert bits.value == pytest.approx(-nats.value / (16 * math.log(2)))
    assert bits.kind == "bound"
    assert nats.protocol == "toy test, static binarization, 5 draws of q an item"
    said = found["ais[7]", "nats"].protocol
    assert said.endswith("7 temperatures, 2 chains of 10 leapfrog steps an item")
    assert found["squared_error", "per image"].kind == "error"
    assert all((r.n, r.seed) == (12, 3) and r.stderr > 0 for r in found.values())
    assert all(r.quantity in QUANTITIES for r in found.values())


def test_a_model_with_an_exact_density_and_a_bound_reports_both():
    model = linear_vae()
    found = named(likelihood(model, point_set(model), iwae=200))
    exact, bound, weighted = (found[name, "nats (density)"] for name in ("log_prob", "elbo", "iwae[200]"))
    assert (exact.kind, bound.kind, weighted.kind) == ("exact", "bound", "bound")
    assert bound.value < exact.value
    assert weighted.value == pytest.approx(exact.value, abs=0.1)
    assert not any(unit == "bits/dim" for _, unit in found)


def test_what_a_model_lacks_is_not_asked_of_it():
    def names(model, **options):
        return [measure.name for measure in measures_of(model, **options)]

    assert names(PixelCNN((1, 4, 4), levels=2, width=4, blocks=1), naive=5, ais=5) == ["log_prob"]
    assert names(Autoencoder((1, 4, 4), code=2, hidden=(4,)), ais=5) == ["squared_error"]
    assert names(vae(), iwae=0) == ["elbo", "squared_error"]


def test_items_get_the_same_values_in_batches_of_any_size():
    model, data = vae(classes=2), digits()
    measures = measures_of(model, iwae=3, naive=3, ais=3, ais_chains=2, samples=2)
    tables = []
    for size in (1, 7, 64):
        found = values_of(model, data, measures, view=View(binarize="dynamic"), batch=size)
        assert found.index.tolist() == list(range(12))
        tables.append(torch.stack(list(found.of.values())))
    for table in tables[1:]:  # float64: some 1e-15 relative, of tens of nats
        assert torch.allclose(table, tables[0], rtol=0, atol=1e-12)


def test_progress_reaches_every_item():
    done = []
    likelihood(vae(), digits(), view=View(binarize="static"), batch=5, limit=11, iwae=2, tick=done.append)
    assert done == [5, 5, 1]


class Overflows(Model):
    def __init__(self, shape, bad=math.inf):
        super().__init__(shape)
        self.bad, self.zero = bad, torch.nn.Parameter(torch.zeros(()))

    def log_prob(self, images, given=None):
        return torch.where(images.flatten(1).sum(1) > 8, self.bad, -1.0)


def test_values_that_are_not_finite_are_counted_and_the_first_is_named():
    data = digits(9)
    data.items[:] = 0
    data.items[[4, 7]] = 255
    with pytest.raises(FloatingPointError, match=r"log_prob .* 2 of 9 items \(the first is item 4 .*: inf"):
        likelihood(Overflows((1, 4, 4)), data, batch=2)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"samples": 0}, "--draws must be at least 1, got 0"),
        ({"iwae": -1}, "--iwae must be at least 0"),
        ({"ais": -1}, "--ais must be at least 0"),
        ({"ais_chains": 0}, "--ais-chains"),
        ({"batch": 0}, "--batch"),
        ({"limit": 0}, "--limit"),
        ({"split": "tset"}, "did you mean 'test'"),
        ({}, "12 of 12 items have values that are none of the 2 levels"),
    ],
)
def test_what_cannot_be_measured_is_refused(options, says):
    with pytest.raises(BadInput, match=says):
        likelihood(vae(), digits(), **options)
