"""A GAN samples, scores and decodes images, vectors and series, in every type."""

import inspect

import pytest
import torch

from genzoo.configurable import build
from genzoo.errors import BadInput
from genzoo.models import capabilities, entry_named
from genzoo.models.adversarial.gan import GAN
from genzoo.random import seeded
from genzoo.types import Given

NETS = {"mlp": {"hidden": (16,)}, "dcgan": {"net": "dcgan", "width": 4}}


def gan(net, shape=(1, 8, 8), **other):
    return GAN(shape, latent=5, **NETS[net], **other)


@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 8, 12), (4, 16, 16)])
def test_images_are_in_the_unit_interval_and_score_one_logit_each(net, shape):
    model = gan(net, shape)
    images = model.sample(6)
    assert images.shape == (6, *shape)
    assert images.min() >= 0
    assert images.max() <= 1
    assert model.score(images).shape == (6,)


@pytest.mark.parametrize("shape", [(1,), (2,), (5, 3)])
def test_vectors_and_series_are_unbounded(shape):
    model = gan("mlp", shape)
    torch.nn.init.constant_(model.generator[-2].bias, 7.0)
    assert model.sample(6).min() > 1
    assert model.score(torch.randn(6, *shape)).shape == (6,)


@pytest.mark.parametrize("net", NETS)
def test_the_nets_see_pixels_between_minus_one_and_one(net):
    model, seen = gan(net).eval(), []
    model.critic.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    model.score(torch.stack([torch.zeros(1, 8, 8), torch.ones(1, 8, 8)]))
    assert seen[0][0].unique().tolist() == [-1]
    assert seen[0][1].unique().tolist() == [1]
    latents = model.draw_latents(3)
    assert torch.equal(2 * model.decode(latents) - 1, 2 * ((model.generator(latents) + 1) / 2) - 1)


@pytest.mark.parametrize("net", NETS)
def test_a_sample_and_a_score_do_not_depend_on_batch_mates_in_evaluation(net):
    model = gan(net).double()
    model.score(model.sample(16))  # moves the running statistics off their start
    model.eval()
    latents = model.draw_latents(8)
    together = model.decode(latents)
    alone = torch.cat([model.decode(z[None]) for z in latents])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-12)  # float64, sums of a few hundred
    scores = torch.cat([model.score(x[None]) for x in alone])
    torch.testing.assert_close(model.score(together), scores, rtol=0, atol=1e-12)


@pytest.mark.parametrize("net", NETS)
def test_double_precision_goes_in_and_out(net):
    model = gan(net).double()
    assert model.sample(2).dtype == model.score(model.sample(2)).dtype == torch.float64


def test_temperature_scales_the_latents():
    model = gan("mlp").eval()
    with seeded(0):
        wide = model.draw_latents(4)
    with seeded(0):
        narrow = model.draw_latents(4, 0.5)
    assert torch.equal(narrow, 0.5 * wide)
    still = model.sample(3, temperature=0.0)
    assert torch.equal(still[0], still[1])


def test_the_uniform_prior_fills_minus_one_to_one():
    z = gan("mlp", prior="uniform").draw_latents(2000)
    assert -1 <= z.min() < -0.99
    assert 0.99 < z.max() <= 1
    assert abs(z.var() - 1 / 3) < 0.02  # five standard errors of the variance of 10,000 uniform numbers


@pytest.mark.parametrize("net", NETS)
def test_the_spec_builds_a_twin(net):
    model = gan(net, prior="uniform")
    twin = build(model.spec)
    assert twin.spec == model.spec
    twin.load_state_dict(model.state_dict())
    with seeded(3):
        a = model.eval().sample(2)
    with seeded(3):
        b = twin.eval().sample(2)
    assert torch.equal(a, b)


def test_it_is_in_the_catalogue_with_both_nets():
    entry = entry_named("gan")
    assert list(entry.tiny) == ["", "dcgan"]
    assert set(capabilities(GAN(**entry.tiny[""]))) == {"sample", "decode", "features"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"shape": (2,), "net": "dcgan"}, r"images \(c, h, w\)"),
        ({"shape": (1, 4, 30), "net": "dcgan"}, "at least 5, got 4x30"),
        ({"shape": (2,), "latent": 0}, "latent must be at least 1"),
        ({"shape": (1, 8, 8), "width": 0}, "width must be at least 1"),
    ],
)
def test_bad_arguments_are_said_with_what_was_expected(arguments, said):
    with pytest.raises(BadInput, match=said):
        build({"class": "GAN", **arguments})


@pytest.mark.parametrize(
    ("arguments", "said"),
    [({"net": "dcgn"}, "did you mean 'dcgan'"), ({"prior": "gauss"}, "known: normal, uniform")],
)
def test_a_misspelt_choice_is_answered_with_the_right_ones(arguments, said):
    unchecked = inspect.unwrap(GAN.__init__)  # without the tests' type checker, which would come first
    with pytest.raises(BadInput, match=said):
        unchecked(GAN.__new__(GAN), (1, 8, 8), **arguments)


def test_conditions_and_wrong_shapes_are_refused():
    model = gan("mlp")
    with pytest.raises(ValueError, match=r"takes no given\.labels"):
        model.sample(2, Given(labels=torch.zeros(2, dtype=torch.long)))
    with pytest.raises(ValueError, match="expected items of shape"):
        model.score(torch.zeros(2, 1, 8, 9))
