"""Truths of M2: its bound, what the class and the style are, what a code holds."""

import math

import pytest
import torch
from torch.distributions import Bernoulli, Normal, kl_divergence

from genzoo.apply.analogies import analogies
from genzoo.errors import BadInput
from genzoo.models import capabilities
from genzoo.models.variational.m2 import M2, marginal_bound
from genzoo.random import normal, seeded, sharded
from genzoo.types import Given

CLASSES = 3


def tiny(**kwargs):
    torch.manual_seed(0)
    return M2((1, 3, 2), **({"classes": CLASSES, "latent": 1, "hidden": (8,)} | kwargs)).double()


def binary(n=6):
    return (torch.rand(n, 1, 3, 2, generator=torch.Generator().manual_seed(1)) < 0.5).double()


def forget(*layers):
    with torch.no_grad():
        for layer in layers:
            for parameter in layer.parameters():
                parameter.zero_()


def lively(model):
    """The same net with larger weights, those of the classes among them, so that class and style matter."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) / 2)
    return model


def log_marginal(model, images, points=2001, reach=8.0):
    """log Σ_y p(y) ∫ p(x|y, z) N(z; 0, 1) dz on an even grid of one latent dimension."""
    line = torch.linspace(-reach, reach, points, dtype=torch.float64)
    total = []
    for y in range(model.classes):
        code = torch.zeros(points, model.classes + 1, dtype=torch.float64)
        code[:, y], code[:, -1] = 1, line
        logits = model.likelihood_of(code).logits.flatten(1)
        log_p = Bernoulli(logits=logits).log_prob(images.flatten(1)[:, None]).sum(2)  # b points
        total.append(log_p + Normal(0, 1).log_prob(line) + math.log(2 * reach / (points - 1)))
    return torch.stack(total).logsumexp(0).logsumexp(1) - math.log(model.classes)


@torch.no_grad()
def test_the_bound_is_the_sum_over_classes_written_out_class_by_class():
    model, images = lively(tiny()), binary()
    with seeded(0):
        ours = model.elbo(images)
    with seeded(0):
        noise = normal((len(images), 1, 1), images)
    log_q = model.class_logits(images).log_softmax(1)
    expected = torch.zeros(len(images), dtype=torch.float64)
    for y in range(CLASSES):
        label = torch.eye(CLASSES, dtype=torch.float64)[y].expand(len(images), 1, CLASSES)
        q = model.styles(images, label)
        mean, scale = q.mean[:, 0], q.log_scale[:, 0].exp()
        logits = model.decoder(torch.cat([label[:, 0], mean + scale * noise[:, 0]], 1))[:, 0]
        log_p = Bernoulli(logits=logits).log_prob(images).flatten(1).sum(1)
        divergence = kl_divergence(Normal(mean, scale), Normal(0.0, 1.0)).sum(1)
        joint = log_p - math.log(CLASSES) - divergence  # −L(x, y), equation 6
        expected += log_q[:, y].exp() * (joint - log_q[:, y])  # equation 7: the sum, and H(q)
    torch.testing.assert_close(ours, expected, rtol=1e-10, atol=1e-10)


@torch.no_grad()
def test_the_bound_is_below_log_p_of_x_by_quadrature():
    model, images = lively(tiny()), binary(16)
    exact = log_marginal(model, images)
    with seeded(0):
        draws = model.elbo(images.repeat(2000, 1, 1, 1)).view(2000, -1)
    error = draws.std(0) / math.sqrt(len(draws))
    assert (draws.mean(0) + 4 * error < exact).all()


@torch.no_grad()
def test_the_bound_is_log_p_of_x_where_q_is_the_posterior():
    """An item that depends on neither class nor style leaves them as the prior has them."""
    model, images = tiny(), binary()
    forget(model.classifier, model.style)
    model.decoder[1].weight.zero_()
    torch.testing.assert_close(model.elbo(images), log_marginal(model, images), rtol=1e-9, atol=1e-9)


@torch.no_grad()
def test_where_the_class_is_certain_the_marginal_bound_is_that_class_alone():
    model, images = tiny(), binary()
    model.classifier[-2].bias[1] = 2000
    joint, log_q = model.bounds_by_class(images)
    assert torch.equal(marginal_bound(joint, log_q), joint[:, 1])


@torch.no_grad()
@pytest.mark.parametrize("net", ["mlp", "conv", "residual", "linear"])
def test_an_untrained_model_takes_all_classes_for_alike(net):
    model = M2((1, 8, 8), classes=CLASSES, latent=2, hidden=(8,), net=net, width=4).double()
    joint, _ = model.bounds_by_class((torch.rand(4, 1, 8, 8) < 0.5).double())
    torch.testing.assert_close(joint, joint[:, :1].expand(4, CLASSES), rtol=1e-12, atol=1e-12)


def test_a_style_needs_the_item_once_for_any_number_of_classes():
    model, images = lively(tiny(latent=4)), binary()
    every = torch.eye(CLASSES, dtype=torch.float64)[None]
    together = model.styles(images, every).mean
    for y in range(CLASSES):
        alone = model.styles(images, every[:, y : y + 1].expand(len(images), 1, CLASSES)).mean[:, 0]
        torch.testing.assert_close(alone, together[:, y], rtol=1e-12, atol=1e-12)
    assert (together[:, 0] - together[:, 1]).abs().max() > 1e-3  # and it depends on the class


@torch.no_grad()
def test_samples_are_of_the_class_asked_for_and_otherwise_of_every_class_alike():
    model = tiny(net="linear")
    forget(model.decoder)
    for k in range(CLASSES):  # class k has pixel k alone
        model.decoder[1].weight[:, k] = -50
        model.decoder[1].weight[k, k] = 50
    labels = torch.tensor([2, 0, 1, 1])
    drawn = model.sample(4, Given(labels=labels)).flatten(1)
    assert torch.equal(drawn[:, :CLASSES].argmax(1), labels)
    assert torch.equal(drawn.sum(1), torch.ones(4, dtype=torch.float64))
    with seeded(0):
        found = model.sample(3000).flatten(1).sum(0)[:CLASSES]
    assert (found - 1000).abs().max() < 4 * math.sqrt(3000 * 2 / 9)  # four deviations of a count


def test_other_conditions_are_refused():
    model = tiny()
    with pytest.raises(ValueError, match=r"takes no given\.vector"):
        model.sample(2, Given(labels=torch.zeros(2, dtype=torch.long), vector=torch.zeros(2, 1)))
    with pytest.raises(ValueError, match=r"takes no given\.labels"):
        model.elbo(binary(2), Given(labels=torch.zeros(2, dtype=torch.long)))
    with pytest.raises(BadInput, match="2 classes and a hidden layer"):
        M2((1, 3, 2), classes=1)


@torch.no_grad()
def test_a_code_is_the_most_probable_class_and_its_style_and_decodes_to_the_mean():
    model, images = lively(tiny(latent=2)), binary()
    codes = model.encode(images)
    best = model.class_logits(images).argmax(1)
    assert torch.equal(codes[:, :CLASSES].argmax(1), best)
    assert torch.equal(codes[:, :CLASSES].sum(1), torch.ones(len(images), dtype=torch.float64))
    every = model.styles(images, torch.eye(CLASSES, dtype=torch.float64)[None]).mean
    torch.testing.assert_close(codes[:, CLASSES:], every[torch.arange(len(images)), best])
    assert torch.equal(model.decode(codes), model.likelihood_of(codes).mean)


def test_noise_of_parts_is_that_of_the_whole_batch():
    model, images = tiny(latent=2), binary()
    with seeded(0):
        whole = model.elbo(images)
    parts = []
    for rank in range(2):
        with seeded(0), sharded(rank, 2):
            parts.append(model.elbo(images[3 * rank : 3 * rank + 3]))
    torch.testing.assert_close(torch.cat(parts), whole, rtol=1e-12, atol=1e-12)


def test_it_bounds_classifies_encodes_and_draws_without_labels():
    able = capabilities(tiny())
    assert {"sample", "elbo", "encode", "decode", "classify"} == set(able)
    assert not tiny().requires


def test_an_analogy_is_one_style_in_every_class():
    model, images = lively(tiny(latent=2)), binary(4)
    picture = analogies(model, images)
    assert picture.shape == (1, 1, 2 + 4 * 5, 2 + 4 * 4)  # 4 rows of an image and 3 classes
    style = model.encode(images)[2, CLASSES:]
    code = torch.cat([torch.tensor([0, 1, 0], dtype=torch.float64), style])[None]
    found = picture[0, :, 2 + 2 * 5 : 5 + 2 * 5, 2 + 2 * 4 : 4 + 2 * 4]
    torch.testing.assert_close(found, model.decode(code)[0].detach())
