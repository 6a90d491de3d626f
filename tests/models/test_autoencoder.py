"""Truths of autoencoders."""

import numpy as np
import pytest
import torch
from scipy.linalg import subspace_angles

from genzoo.models import capabilities
from genzoo.models.autoencoding.autoencoder import Autoencoder
from genzoo.objectives.reconstruction import Reconstruction
from genzoo.random import seeded
from genzoo.types import Batch, Given


def descend(model, objective, items, iterations):
    """Full-batch L-BFGS; returns the loss reached."""
    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=iterations, line_search_fn="strong_wolfe")

    def loss():
        optimizer.zero_grad()
        total = objective.loss(model, Batch(items)).total
        total.backward()
        return total

    optimizer.step(loss)
    return loss().item()


def decaying_data(n=400, d=12, seed=3):
    """Points with a mean far from 0 and standard deviations that fall by a third per direction."""
    with seeded(seed):
        basis = torch.linalg.qr(torch.randn(d, d, dtype=torch.float64)).Q
        scales = 1.5 ** -torch.arange(d, dtype=torch.float64)
        return torch.randn(n, d, dtype=torch.float64) * scales @ basis.T + torch.randn(d, dtype=torch.float64)


def test_the_linear_autoencoder_reaches_principal_components():
    items = decaying_data()
    model = Autoencoder((12,), code=3, net="linear").double()
    error = descend(model, Reconstruction(), items, iterations=250)
    centred = items - items.mean(0)
    _, singular, principal = torch.linalg.svd(centred, full_matrices=False)
    least = singular[3:].square().sum().item() / len(items)
    assert least * (1 - 1e-9) <= error <= 1.001 * least
    decoder = next(p for p in model.decoder.parameters() if p.ndim == 2).detach().numpy()
    angles = np.degrees(subspace_angles(decoder, principal[:3].T.numpy()))
    assert angles.max() < 1.0


def test_a_nonlinear_autoencoder_beats_principal_components_on_a_curve():
    t = torch.linspace(-1.2, 1.2, 200, dtype=torch.float64)[:, None]
    items = torch.cat([t, t.square(), (2 * t).sin()], 1)
    model = Autoencoder((3,), code=1, hidden=(24, 24)).double()
    error = descend(model, Reconstruction(), items, iterations=200)
    centred = items - items.mean(0)
    linear = torch.linalg.svdvals(centred)[1:].square().sum().item() / len(items)
    assert error < 0.2 * linear


@pytest.mark.parametrize("net", ["mlp", "conv"])
def test_decoded_images_are_in_the_unit_interval(net):
    model = Autoencoder((3, 9, 7), code=2, net=net, hidden=(8,), width=2)
    images = model.decode(1e4 * torch.randn(20, 2))
    assert images.shape == (20, 3, 9, 7)
    assert images.min() >= 0
    assert images.max() <= 1


def test_the_linear_net_is_affine():
    model = Autoencoder((1, 4, 4), code=3, net="linear").double()
    a, b = torch.randn(2, 5, 3, dtype=torch.float64)
    middle = (model.decode(a) + model.decode(b)) / 2
    assert torch.allclose(model.decode((a + b) / 2), middle, atol=1e-14)
    assert model.decode(100 * a).min() < 0


def test_the_default_net_is_the_published_one():
    model = Autoencoder((1, 28, 28))
    widths = [m.out_features for m in model.modules() if isinstance(m, torch.nn.Linear)]
    assert widths == [1000, 500, 250, 30, 250, 500, 1000, 784]


def test_an_autoencoder_encodes_and_decodes_and_nothing_else():
    assert capabilities(Autoencoder((1, 8, 8), code=2, hidden=(4,))) == ("encode", "decode")


def test_wrong_shapes_and_superfluous_conditions_are_refused():
    model = Autoencoder((1, 8, 8), code=2, hidden=(4,))
    with pytest.raises(ValueError, match=r"expected items of shape \(b, 1, 8, 8\)"):
        model.encode(torch.rand(2, 1, 8, 9))
    with pytest.raises(ValueError, match=r"takes no given\.labels"):
        model.encode(torch.rand(2, 1, 8, 8), Given(labels=torch.zeros(2, dtype=torch.long)))
