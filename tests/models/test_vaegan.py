"""A VAE/GAN encodes, decodes and samples images of any size, and claims no bound."""

import pytest
import torch

from genzoo.configurable import build
from genzoo.densities import Gaussian
from genzoo.errors import BadInput
from genzoo.models import capabilities, entry_named
from genzoo.models.base import Latent
from genzoo.models.variational.vaegan import VAEGAN
from genzoo.random import seeded
from genzoo.types import Given

NETS = {"mlp": {"net": "mlp", "hidden": (16,)}, "dcgan": {"width": 4}}


def vaegan(net="dcgan", shape=(1, 8, 8)):
    return VAEGAN(shape, latent=5, **NETS[net])


@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 16, 16), (1, 28, 28), (3, 32, 32), (4, 12, 20)])
def test_codes_and_images_of_every_size_have_their_shapes(net, shape):
    model = vaegan(net, shape)
    images = torch.rand(3, *shape)
    q = model.posterior(images)
    assert isinstance(q, Gaussian)
    assert q.mean.shape == q.log_scale.shape == model.encode(images).shape == (3, 5)
    for made in (model.decode(q.mean), model.sample(3)):
        assert made.shape == (3, *shape)
        assert 0 <= made.min() <= made.max() <= 1


def test_it_claims_neither_a_bound_nor_a_density():
    for arguments in entry_named("vae-gan").tiny.values():
        model = VAEGAN(**arguments)
        assert set(capabilities(model)) == {"sample", "encode", "decode", "features"}
        assert not isinstance(model, Latent)


@pytest.mark.parametrize("net", NETS)
def test_a_sample_is_the_decoded_draw_from_the_prior(net):
    model = vaegan(net).eval()
    with seeded(1):
        latents = model.draw_latents(4)
    with seeded(1):
        assert torch.equal(model.sample(4), model.decode(latents))


@pytest.mark.parametrize("net", NETS)
def test_one_pass_of_the_critic_gives_the_score_and_the_features(net):
    model = vaegan(net).double().eval()
    images = torch.rand(6, 1, 8, 8, dtype=torch.float64)
    scores, features = model.judge(images)
    torch.testing.assert_close(scores, model.score(images), rtol=0, atol=1e-14)
    assert len(features) == len(model.features(images)) == 1
    assert all(torch.equal(a, b) for a, b in zip(features, model.features(images), strict=True))


def test_the_encoder_sees_pixels_between_minus_one_and_one_and_its_convolutions_are_the_critics():
    model, seen = vaegan(shape=(1, 16, 16)), []
    model.encoder.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    model.posterior(torch.stack([torch.zeros(1, 16, 16), torch.ones(1, 16, 16)]))
    assert (seen[0].min(), seen[0].max()) == (-1, 1)
    nets = zip(list(model.encoder)[:-1], model.gan.critic.body, strict=True)
    for a, b in nets:
        assert [p.shape for p in a.parameters()] == [p.shape for p in b.parameters()]


def test_the_spec_builds_a_twin():
    model = vaegan("mlp")
    twin = build(model.spec)
    twin.load_state_dict(model.state_dict())
    images = torch.rand(2, 1, 8, 8)
    assert twin.spec == model.spec
    assert torch.equal(twin.encode(images), model.encode(images))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"shape": (6,)}, r"images \(c, h, w\), got items of shape \(6,\)"),
        ({"shape": (1, 4, 30)}, "at least 5, got 4x30"),
        ({"shape": (1, 8, 8), "latent": 0}, "latent, width and pack must be at least 1, got 0, 64 and 1"),
    ],
)
def test_bad_arguments_are_said_with_what_was_expected(arguments, said):
    with pytest.raises(BadInput, match=said):
        build({"class": "VAEGAN", **arguments})


def test_conditions_are_refused():
    given = Given(labels=torch.zeros(2, dtype=torch.long))
    for verb in (vaegan().posterior, vaegan().score):
        with pytest.raises(ValueError, match=r"takes no given\.labels"):
            verb(torch.rand(2, 1, 8, 8), given)
