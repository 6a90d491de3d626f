"""InfoGAN: what can be read off samples bounds their information from below, and both players pay for it."""

import math

import pytest
import torch

from genzoo.apply.codes import category_latents, code_page, uniform_latents
from genzoo.errors import BadInput
from genzoo.models.adversarial.base import Fakes
from genzoo.models.adversarial.infogan import Codes, InfoGAN
from genzoo.nn.augment import jittered
from genzoo.nn.conditions import one_hot
from genzoo.objectives.adversarial import Adversarial
from genzoo.random import seeded
from genzoo.types import Batch

IMAGES = {"shape": (1, 8, 8), "net": "conv-dense", "width": 2}


def model(**options):
    return InfoGAN(**({"shape": (5,), "noise": 2, "categories": 3, "uniforms": 2, "net": "mlp"} | options))


def information(codes, category, k):
    """E[log Q(c₁ | x)] + H(c₁), nats."""
    empty = torch.zeros(len(category), 0, dtype=torch.float64)
    return float(codes.log_prob(category, empty, 0.0).mean()) + math.log(k)


def test_the_bound_is_below_the_information_and_meets_it_where_q_is_the_posterior():
    k, sends = 3, torch.tensor([[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.0, 0.3, 0.7]], dtype=torch.float64)
    joint = sends / k  # p(c, x): what is sent comes out changed
    posterior = joint / joint.sum(0)
    true = float((joint * torch.log((posterior * k).clamp_min(1e-300))).sum())  # I(c; x), by enumeration
    none, xs = torch.zeros(9, 0, dtype=torch.float64), torch.arange(9) % 3
    category = one_hot(torch.arange(9) // 3, k, joint)

    def bound(q):
        log_q = Codes(q.T.log().clamp_min(-700)[xs], none).log_prob(category, none, 0.0)
        return float((joint.flatten() * log_q).sum()) + math.log(k)

    assert abs(bound(posterior) - true) < 1e-12  # sums of nine float64 numbers
    for seed in range(20):
        torch.manual_seed(seed)
        other = torch.rand(3, 3, dtype=torch.float64).softmax(0)
        assert bound(other) < true < math.log(k)


def test_an_invertible_generator_reaches_the_entropy_and_none_exceeds_it():
    net = model(shape=(3,), noise=0, uniforms=0, hidden=()).double().eval()
    with torch.no_grad():
        (layer,) = [m for m in net.generator.modules() if isinstance(m, torch.nn.Linear)]
        layer.weight.copy_(torch.eye(3))
        layer.bias.zero_()
        first, _norm, _slope, last = net.critic.reader
        for weight in (first.weight, last.weight, last.bias):
            weight.zero_()
        first.weight[:3].copy_(torch.eye(3))
        latents = net.draw_latents(600)
        for scale in (0.0, 1.0, 10.0, 50.0):
            last.weight[:, :3].copy_(scale * torch.eye(3))
            found = information(net.codes(net.decode(latents)), latents, 3)
            assert found <= math.log(3) + 1e-12
    assert abs(found - math.log(3)) < 1e-12  # e⁻⁵⁰ is far below


def test_numbers_are_read_as_gaussians_of_deviation_one():
    codes = Codes(torch.zeros(4, 3).double(), torch.randn(4, 2).double())
    values, category = torch.rand(4, 2).double(), one_hot(torch.tensor([0, 1, 2, 0]), 3, codes.mean)
    gaussian = torch.distributions.Normal(codes.mean, 1.0).log_prob(values).sum(1)
    expected = -math.log(3) + 0.25 * gaussian
    torch.testing.assert_close(codes.log_prob(category, values, 0.25), expected, rtol=0, atol=1e-12)


def test_latents_are_a_category_numbers_and_noise():
    z = model(prior="normal").draw_latents(3000)
    assert z.shape == (3000, 7)
    assert torch.equal(z[:, :3].sum(1), torch.ones(3000))
    assert (z[:, :3].mean(0) - 1 / 3).abs().max() < 0.05  # five standard errors are 0.043
    assert -1 <= z[:, 3:5].min() < -0.99
    assert 0.99 < z[:, 3:5].max() <= 1
    assert abs(z[:, 5:].std() - 1) < 0.05
    assert model().draw_latents(3000)[:, 5:].abs().max() <= 1  # uniform


@pytest.mark.parametrize("player", ["critic", "generator"])
def test_both_players_pay_for_codes_that_cannot_be_read(player):
    torch.manual_seed(0)
    net, batch = model(hidden=(8,)).double(), Batch(torch.randn(6, 5).double())
    slopes = []
    for weight in (0.0, 1.0):
        game = Adversarial(read_weight=weight)
        torch.manual_seed(1)
        update = next(u for u in game.turn(net, 0) if u.player == player)
        loss = update.loss(net, batch)
        parameters = list(game.players(net)[player])
        found = torch.autograd.grad(loss.total, parameters, allow_unused=True, materialize_grads=True)
        slopes.append(torch.cat([g.flatten() for g in found]))
    assert (slopes[1] - slopes[0]).norm() > 1e-3


def test_data_are_not_read():
    net = model(hidden=(8,))
    assert net.reading(net.judge(torch.randn(4, 5)), None, None) is None


def test_the_category_alone_is_read_off_jittered_samples():
    net = model(**IMAGES, jitter=0.5, uniform_weight=0.7).double().eval()
    with torch.no_grad():
        for weight in net.critic.parameters():
            weight.normal_(std=0.1)
    latents = net.draw_latents(6)
    made = Fakes(torch.rand(6, 1, 8, 8, dtype=torch.float64), latents, None)
    judged = net.judge(made.images)
    with seeded(1):
        found = net.reading(judged, made, None)
    with seeded(1):
        moved = jittered(made.images, 0.5)
    both = Codes(net.codes(moved).logits, net.codes(made.images).mean)
    expected = -both.log_prob(latents[:, :3], latents[:, 3:5], 0.7)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)
    still = model(**IMAGES, uniform_weight=0.7).double().eval()
    still.load_state_dict(net.state_dict())
    assert (found - still.reading(judged, made, None)).abs().max() > 1e-7


@pytest.mark.parametrize("options", [{"jitter": 0.5}, {**IMAGES, "jitter": -0.1}])
def test_only_images_can_be_jittered_and_not_backwards(options):
    with pytest.raises(BadInput, match=r"--jitter -?0.*: at least 0, and above 0 for images alone"):
        model(**options)


def test_pages_change_one_code_at_a_time():
    net = model(shape=(1, 8, 8), net="dcgan", width=4).eval()
    rows = category_latents(net, 4)
    assert torch.equal(rows[..., :3], torch.eye(3).expand(4, 3, 3))
    assert (rows[..., 3:] == rows[:, :1, 3:]).all()
    swept = uniform_latents(net, 1, 5)
    assert swept[0, :, 4].tolist() == [-2, -1, 0, 1, 2]
    assert (swept[..., 3] == 0).all()
    assert (swept[..., 5:] == swept[:1, :1, 5:]).all()
    assert code_page(net, 5).shape[1] == 1


@pytest.mark.parametrize("options", [{"categories": 1}, {"uniforms": -1}, {"noise": -1}])
def test_impossible_codes_are_refused(options):
    with pytest.raises(BadInput, match="InfoGAN needs categories of at least 2"):
        model(**options)
