"""Penalties of critics whose slope is known, clipping's bound, and the noise that they are taken under."""

from operator import itemgetter

import pytest
import torch
from torch import nn

from genzoo.errors import BadInput
from genzoo.models.adversarial.base import Fakes
from genzoo.models.adversarial.gan import GAN
from genzoo.objectives.adversarial import Adversarial
from genzoo.objectives.penalties import between, check_penalty, penalty, squared_slopes
from genzoo.random import seeded, sharded
from genzoo.types import Batch

EXACT = {"rtol": 0, "atol": 1e-12}  # float64, sums of a few hundred numbers
SHAPE = (1, 5, 5)


def linear(shape=SHAPE):
    """A GAN whose critic is f(x) = w·x + b, with its w."""
    model = GAN(shape, latent=2, hidden=(4,)).double()
    model.critic.body = nn.Sequential(nn.Flatten())
    model.critic.verdict = nn.Linear(torch.Size(shape).numel(), 1).double()
    return model, model.critic.verdict.weight[0]


def items(n=6, shape=SHAPE):
    return torch.rand(n, *shape, dtype=torch.float64)


def terms(game, model, step=0, n=6):
    """The log of a critic's move at `step`, and its loss."""
    latents = model.draw_latents(n)
    fakes = Fakes(model.decode(latents).detach(), latents, None)
    loss = game.critic_loss(model, Batch(items(n, model.shape)), fakes, step)
    return loss.terms, loss.total


@pytest.mark.parametrize("shape", [SHAPE, (7,), (4, 3)])
def test_a_linear_critics_penalties_are_functions_of_its_weights_alone(shape):
    model, w = linear(shape)
    exact = {"gradient": (w.norm() - 1) ** 2, "r1": w @ w / 2, "r1+r2": w @ w}
    for name, value in exact.items():
        found, _ = terms(Adversarial("wasserstein", penalty=name), model)
        torch.testing.assert_close(found["penalty"], value.detach(), **EXACT)


def test_the_slope_is_per_unit_of_what_the_net_sees():
    model, w = linear()
    by_pixels = squared_slopes(lambda x: model.score(x), items())  # pixels in [0, 1]: f is 2w·x − Σw
    torch.testing.assert_close(by_pixels, torch.full((6,), 4.0).double() * (w @ w), **EXACT)
    assert model.span == 2
    torch.testing.assert_close(squared_slopes(lambda x: model.score(x), items(), 2.0), by_pixels / 4, **EXACT)
    assert GAN((7,), hidden=(3,)).span == 1


def test_of_a_quadratic_critic_each_penalty_is_at_the_items_it_says():
    def score(x):  # ∇f(x) = x
        return x.square().flatten(1).sum(1) / 2

    real, fake = items(), 3 + items()
    norms = [x.flatten(1).norm(dim=1) for x in (real, fake)]
    torch.testing.assert_close(penalty("r1", score, real, fake), norms[0].square().mean() / 2, **EXACT)
    both = (norms[0].square() + norms[1].square()).mean() / 2
    torch.testing.assert_close(penalty("r1+r2", score, real, fake), both, **EXACT)
    with seeded(4):
        found = penalty("gradient", score, real, fake)
    with seeded(4):
        middle = between(real, fake).flatten(1).norm(dim=1)
    torch.testing.assert_close(found, (middle - 1).square().mean(), **EXACT)


def test_between_is_on_the_segment_at_a_place_of_each_items_own():
    real, fake = items(400), 5 + items(400)
    shares = (between(real, fake) - fake) / (real - fake)
    torch.testing.assert_close(shares, shares[:, :1, :1, :1].expand_as(shares), rtol=0, atol=1e-12)
    share = shares[:, 0, 0, 0]
    assert len(share.unique()) == 400
    assert share.min() >= 0
    assert share.max() <= 1
    assert abs(share.mean() - 0.5) < 5 / (12 * 400) ** 0.5  # five standard errors
    parts = []
    with seeded(3):
        whole = between(real, fake)
    for rank in range(2):
        rows = slice(200 * rank, 200 * (rank + 1))
        with seeded(3), sharded(rank, 2):
            parts.append(between(real[rows], fake[rows]))
    assert torch.equal(torch.cat(parts), whole)


@pytest.mark.parametrize("name", ["gradient", "r1", "r1+r2"])
def test_the_critics_gradient_of_a_penalty_is_finite_differences(name):
    model = GAN((3,), latent=2, hidden=(5,)).double()
    model.critic.body[2] = nn.Tanh()  # whose slope depends on the weights everywhere
    x, y = torch.randn(2, 4, 3, dtype=torch.float64)
    weight = model.critic.body[1].weight

    def value():
        with seeded(2):
            return penalty(name, lambda items: model.score(items), x, y)

    (found,) = torch.autograd.grad(value(), weight)
    for place in [(0, 0), (4, 2)]:
        ends = []
        for step in (1e-6, -2e-6):
            with torch.no_grad():
                weight[place] += step
            ends.append(value().item())
        with torch.no_grad():
            weight[place] += 1e-6
        assert found[place].item() == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-6)


def test_where_the_slope_is_zero_the_penalty_is_one_and_its_gradient_finite():
    model, _ = linear()
    nn.init.zeros_(model.critic.verdict.weight)
    _, total = terms(Adversarial("wasserstein", penalty="gradient", penalty_weight=1.0), model)
    total.backward()
    assert model.critic.verdict.weight.grad.isfinite().all()
    assert terms(Adversarial("wasserstein", penalty="gradient"), model)[0]["penalty"] == pytest.approx(1)


@pytest.mark.parametrize("every", [1, 3, 4])
def test_a_lazy_penalty_is_paid_every_kth_turn_and_costs_the_same_over_k(every):
    model, w = linear()
    game = Adversarial("wasserstein", penalty="r1", penalty_weight=5.0, penalty_every=every)
    held, plain = [], Adversarial("wasserstein")
    for step in range(2 * every):
        with seeded(step):
            found, total = terms(game, model, step)
        with seeded(step):
            _, bare = terms(plain, model, step)
        held.append((total - bare).item())
        assert ("penalty" in found) == (step % every == 0)
    assert sum(x != 0 for x in held) == 2
    assert sum(held) / len(held) == pytest.approx(5 * (w @ w).item() / 2, rel=1e-12)


def largest(parameters):
    return max(p.detach().abs().max().item() for p in parameters)


def test_after_every_move_of_the_critic_its_weights_are_within_the_clip_and_the_generators_are_free():
    model, game = GAN((1, 6, 6), latent=2, hidden=(8,)), Adversarial("wasserstein", weight_clip=0.01)
    critic, generator = game.turn(model, 0)
    parameters = game.players(model)
    for _ in range(3):
        with torch.no_grad():
            for p in parameters["critic"]:
                p.add_(torch.randn_like(p))
        critic.after(model)
        assert largest(parameters["critic"]) == pytest.approx(0.01)
    before = [p.detach().clone() for p in parameters["generator"]]
    generator.after(model)
    assert all(torch.equal(a, b) for a, b in zip(before, parameters["generator"], strict=True))
    assert largest(parameters["generator"]) > 0.01


@pytest.mark.parametrize("name", ["gradient", "r1", "r1+r2"])
def test_parts_of_a_batch_have_the_penalty_of_the_whole(name):
    model, game = GAN((1, 6, 6), latent=2, hidden=(8,)).double(), Adversarial(penalty=name)
    batch, gradients = Batch(torch.rand(8, 1, 6, 6).double()), {}
    for parts in (1, 2):
        model.zero_grad()
        critic, _ = game.turn(model, 0)
        for part in range(parts):
            rows = slice(part * 8 // parts, (part + 1) * 8 // parts)
            with seeded(0), sharded(part, parts):
                loss = critic.loss(model, batch.map(itemgetter(rows))).total / parts
            loss.backward(inputs=game.players(model)["critic"])
        gradients[parts] = [p.grad.clone() for p in model.critic.parameters()]
    torch.testing.assert_close(gradients[1], gradients[2], rtol=0, atol=1e-12)  # sums in another order


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ({"net": "dcgan", "width": 2}, "batch normalisation mixes items: give --critic-norm layer or none"),
        ({"hidden": (4,), "pack": 2}, "leave --pack out"),
    ],
)
def test_a_penalty_on_a_score_that_mixes_items_is_refused_before_the_first_move(model, said):
    game, batch = Adversarial(penalty="r1"), Batch(torch.rand(4, 1, 16, 16))
    with pytest.raises(BadInput, match=said):
        game.begin(GAN((1, 16, 16), latent=2, **model), batch)
    game.begin(GAN((1, 16, 16), latent=2, hidden=(4,)), batch)
    Adversarial().begin(GAN((1, 16, 16), latent=2, **model), batch)


def test_a_misspelt_penalty_is_answered_with_the_right_ones():
    with pytest.raises(BadInput, match=r"no penalty is called 'r3'.*r1"):
        check_penalty("r3")
