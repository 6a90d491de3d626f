"""A GAN samples, scores and decodes images, vectors and series, in a batch as alone, with labels or not."""

from itertools import pairwise

import pytest
import torch

from genzoo.configurable import build
from genzoo.errors import BadInput
from genzoo.models import capabilities, entry_named
from genzoo.models.adversarial.gan import GAN, check_prior
from genzoo.nn.adversaries import check_net
from genzoo.objectives import build_objective
from genzoo.random import seeded
from genzoo.types import Given

NETS = {"mlp": {"hidden": (16,)}, "dcgan": {"net": "dcgan", "width": 4}}
VARIANTS = entry_named("gan").tiny
LABELLED = {k: v for k, v in VARIANTS.items() if "classes" in v}


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


def variant(name):
    """A tiny variant that has seen some batches, so that its running statistics are off their start."""
    model = GAN(**VARIANTS[name]).double()
    with torch.no_grad():
        for p in model.parameters():
            p.add_(0.1 * torch.randn_like(p))
    for _ in range(3):
        given = labels(model, 12)
        model.score(model.sample(12, given), given)
    return model.eval()


def labels(model, n):
    return Given(labels=torch.arange(n) % 3) if model.requires else None


def part(given, rows):
    return given.map(lambda t: t[rows]) if given else None


@pytest.mark.parametrize("name", VARIANTS)
def test_a_sample_and_a_score_do_not_depend_on_batch_mates_in_evaluation(name):
    model = variant(name)
    latents, given, pack = model.draw_latents(6), labels(model, 6), model.critic.pack
    together = model.decode(latents, given)
    alone = torch.cat([model.decode(latents[[i]], part(given, [i])) for i in range(6)])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-12)  # float64, sums of a few hundred
    assert together.std(0).max() > 1e-3
    whole = model.score(together, given)
    packs = [list(range(i, i + pack)) for i in range(0, 6, pack)]
    scores = torch.cat([model.score(together[rows], part(given, rows)) for rows in packs])
    torch.testing.assert_close(whole, scores, rtol=0, atol=1e-12)
    assert whole.std() > 1e-6


@pytest.mark.parametrize("name", LABELLED)
def test_the_label_reaches_the_generator_and_the_critic_as_the_variant_says(name):
    model = variant(name)
    latents, images = model.draw_latents(4), torch.rand(4, *model.shape, dtype=torch.float64)
    made, judged = [], []
    for label in range(3):
        given = Given(labels=torch.full((4,), label))
        made.append(model.decode(latents, given))
        judged.append(model.judge(images, given))
    assert all((a - b).abs().amax((1, 2, 3)).min() > 1e-5 for a, b in pairwise(made))
    shown = name != "auxiliary"  # whose critic is asked for the label, and not told
    for a, b in pairwise(judged):
        assert ((a.score - b.score).abs().min() > 1e-6) == shown
        assert (a.read is None) == shown
    with pytest.raises(ValueError, match=r"given\.labels is missing"):
        model.score(images)


def test_the_auxiliary_head_reads_the_label_and_pays_its_cross_entropy():
    model = variant("auxiliary")
    images, wanted = torch.rand(5, *model.shape, dtype=torch.float64), torch.tensor([0, 2, 1, 1, 0])
    judged = model.judge(images, Given(labels=wanted))
    logits = judged.read
    expected = logits.exp().sum(1).log() - logits[torch.arange(5), wanted]  # −log P(y | x)
    found = model.reading(judged, None, Given(labels=wanted))
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-14)
    assert model.reading(judged, None, None) is None


@pytest.mark.parametrize("name", ["", "dcgan", "conditional", "projection", "auxiliary", "packed"])
def test_features_are_one_row_an_item_and_the_same_whatever_the_labels(name):
    model = variant(name)
    images = torch.rand(4, *model.shape, dtype=torch.float64)
    plain = model.features(images)
    assert all(len(f) == 4 for f in plain)
    if model.requires:
        for label in range(3):
            found = model.features(images, Given(labels=torch.full((4,), label)))
            assert all(torch.equal(a, b) for a, b in zip(plain, found, strict=True))
    alone = [model.features(image[None]) for image in images]
    for layer, whole in enumerate(plain):
        each = torch.cat([found[layer] for found in alone])
        torch.testing.assert_close(whole, each, rtol=0, atol=1e-12)


def test_other_weights_judge_as_a_critic_that_has_them():
    model, other = variant(""), variant("")
    images = torch.rand(3, *model.shape, dtype=torch.float64)
    weights = dict(other.critic.named_parameters())
    assert torch.equal(model.judge(images, weights=weights).score, other.score(images))
    assert not torch.equal(model.score(images), other.score(images))


@pytest.mark.parametrize("net", NETS)
def test_double_precision_goes_in_and_out(net):
    model = gan(net).double()
    assert model.sample(2).dtype == model.score(model.sample(2)).dtype == torch.float64


@pytest.mark.parametrize("net", ["mlp", "maxout"])
def test_nets_without_hidden_layers_are_linear(net):
    model = GAN((2, 3), latent=2, net=net, hidden=()).double().eval()
    x, y = torch.randn(2, 4, 2, 3, dtype=torch.float64)
    middle = (model.score(x) + model.score(y)) / 2
    torch.testing.assert_close(model.score((x + y) / 2), middle, rtol=0, atol=1e-14)
    assert model.features(x) == []


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


def test_every_variant_is_a_gan_of_the_catalogue_with_a_game_of_its_own_kind():
    entry = entry_named("gan")
    for name, arguments in entry.tiny.items():
        model = GAN(**arguments)
        assert {"sample", "decode", "features"} <= set(capabilities(model))
        assert not {"log_prob", "elbo", "encode"} & set(capabilities(model))
        game = build_objective(
            {k: list(v) if isinstance(v, tuple) else v for k, v in entry.objective_of(name).items()}
        )
        assert game.players(model).keys() == {"critic", "generator"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"shape": (2,), "net": "dcgan"}, r"images \(c, h, w\)"),
        ({"shape": (1, 4, 30), "net": "dcgan"}, "at least 5, got 4x30"),
        ({"shape": (2,), "latent": 0}, "latent, width and pack must be at least 1, got 0, 128 and 1"),
        ({"shape": (1, 8, 8), "width": 0}, "at least 1, got 100, 0 and 1"),
        ({"shape": (1, 8, 8), "pack": 0}, "at least 1, got 100, 128 and 0"),
        ({"shape": (1, 8, 8), "classes": 1}, "classes must be 0 or at least 2, got 1"),
        (
            {"shape": (1, 8, 8), "generator_norm": "layer"},
            "only net 'dcgan' can be normalised, this is 'mlp'",
        ),
    ],
)
def test_bad_arguments_are_said_with_what_was_expected(arguments, said):
    with pytest.raises(BadInput, match=said):
        build({"class": "GAN", **arguments})


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"net": "dcgn"}, "did you mean 'dcgan'"),
        ({"prior": "gauss"}, "known: normal, uniform"),
        ({"conditioning": "project"}, "did you mean 'projection'"),
        ({"mates": "discriminate"}, "did you mean 'discrimination'"),
        ({"critic_norm": "spectrum"}, "did you mean 'spectral'"),
    ],
)
def test_a_misspelt_choice_is_answered_with_the_right_ones(arguments, said):
    with pytest.raises(BadInput, match=said):
        build({"class": "GAN", "shape": (1, 8, 8), **arguments})


def test_a_misspelt_net_or_prior_is_known_without_its_type():
    with pytest.raises(BadInput, match="did you mean 'dcgan'"):
        check_net("dcgn", (1, 8, 8))
    with pytest.raises(BadInput, match="known: normal, uniform"):
        check_prior("gauss")


def test_conditions_and_wrong_shapes_are_refused():
    model = gan("mlp")
    with pytest.raises(ValueError, match=r"takes no given\.labels"):
        model.sample(2, Given(labels=torch.zeros(2, dtype=torch.long)))
    with pytest.raises(ValueError, match="expected items of shape"):
        model.score(torch.zeros(2, 1, 8, 9))
