"""The unrolled generator's gradient goes through the critic's own steps: it is that of finite differences."""

import pytest
import torch
from torch import nn

from genzoo.models.adversarial.base import Fakes
from genzoo.models.adversarial.gan import GAN
from genzoo.objectives.adversarial import Adversarial
from genzoo.objectives.divergences import DIVERGENCES, MINIMAX
from genzoo.types import Batch, Given

RATE = 0.5


class Smooth(GAN):
    """Nets without kinks, so that finite differences are good to 10⁻⁹."""

    def __init__(self, shape: tuple[int, ...] = (2,)) -> None:
        super().__init__(shape, latent=2, hidden=(5,))
        for net in (self.generator, self.critic.body):
            for i, layer in enumerate(net):
                if isinstance(layer, nn.ReLU | nn.LeakyReLU):
                    net[i] = nn.Tanh()


def game_of(divergence, k, **options):
    return Adversarial(divergence, lookahead=k, lookahead_lr=RATE, **options)


def pieces(n=6):
    model = Smooth().double()
    return model, Batch(torch.randn(n, 2, dtype=torch.float64) + 2), model.draw_latents(n)


def loss_of(game, model, batch, latents):
    return game.generator_loss(model, batch, Fakes(model.decode(latents), latents, None)).total


def stepped(divergence, model, batch, latents, k):
    """The generator's cost against a copy of the critic that really makes k gradient steps."""
    own = DIVERGENCES[divergence]
    kept = {name: p.detach().clone() for name, p in model.critic.named_parameters()}
    with torch.no_grad():
        fakes = model.decode(latents)
    for _ in range(k):
        real, fake = own.critic_costs(model.score(batch.images), model.score(fakes))
        slopes = torch.autograd.grad(
            real.mean() + fake.mean(), list(model.critic.parameters()), allow_unused=True
        )
        with torch.no_grad():
            for p, slope in zip(model.critic.parameters(), slopes, strict=True):
                if slope is not None:
                    p -= RATE * slope
    with torch.no_grad():
        real, fake = model.score(batch.images), model.score(fakes)
        cost = own.generator_cost(real, fake).mean()
        if not own.paired:
            cost = cost - own.real(real).mean()  # fakes bear on what the critic ahead pays for data
        for name, p in model.critic.named_parameters():
            p.copy_(kept[name])
    return cost.item()


def test_in_the_game_of_2014_the_generator_ahead_descends_minus_all_that_the_critic_pays():
    model, batch, latents = pieces()
    game = game_of("minimax", 2)
    with torch.enable_grad():
        made = Fakes(model.decode(latents), latents, None)
        ahead = game._ahead(model, batch, made, 0)
    scores = [model.judge(x, weights=ahead).score for x in (batch.images, made.images)]
    pays = sum(cost.mean() for cost in MINIMAX.critic_costs(*scores))  # −f(θ_G, θ_D^k), equation 9
    assert loss_of(game, model, batch, latents).item() == pytest.approx(-pays.item(), abs=1e-12)


@pytest.mark.parametrize("divergence", ["minimax", "non-saturating", "least-squares", "relativistic"])
@pytest.mark.parametrize("k", [1, 3])
def test_the_generators_gradient_is_finite_differences_through_k_steps_of_the_critic(divergence, k):
    model, batch, latents = pieces()
    parameters = list(model.generator.parameters())
    total = loss_of(game_of(divergence, k), model, batch, latents)
    found = torch.autograd.grad(total, parameters)
    assert total.item() == pytest.approx(stepped(divergence, model, batch, latents, k), abs=1e-12)
    for parameter, gradient in zip(parameters, found, strict=True):
        direction = torch.randn_like(parameter)
        ends = []
        for step in (1e-5, -2e-5):
            with torch.no_grad():
                parameter += step * direction
            ends.append(stepped(divergence, model, batch, latents, k))
        with torch.no_grad():
            parameter += 1e-5 * direction
        slope = (ends[0] - ends[1]) / 2e-5
        assert (gradient * direction).sum().item() == pytest.approx(slope, rel=1e-5, abs=1e-9)


def test_looking_ahead_changes_the_gradient_and_not_looking_ahead_does_not():
    model, batch, latents = pieces()
    parameters = list(model.generator.parameters())
    gradients = {
        k: torch.autograd.grad(loss_of(game_of("minimax", k), model, batch, latents), parameters)
        for k in (0, 1)
    }
    plain = torch.autograd.grad(loss_of(Adversarial("minimax"), model, batch, latents), parameters)
    assert all(torch.equal(a, b) for a, b in zip(gradients[0], plain, strict=True))
    assert all((a - b).abs().max() > 1e-4 for a, b in zip(gradients[1], plain, strict=True))


def test_the_critics_own_weights_and_gradients_are_left_alone():
    model, batch, latents = pieces()
    game = game_of("minimax", 3)
    before = {name: p.detach().clone() for name, p in model.critic.named_parameters()}
    loss_of(game, model, batch, latents).backward(inputs=game.players(model)["generator"])
    for name, p in model.critic.named_parameters():
        assert torch.equal(p, before[name])
        assert p.grad is None
    assert all(p.grad is not None for p in model.generator.parameters())


def test_with_labels_the_critic_of_the_future_is_shown_them():
    model = GAN((2,), latent=2, hidden=(5,), classes=3).double()
    x, latents = torch.randn(6, 2, dtype=torch.float64), model.draw_latents(6)
    totals = set()
    for shift in (0, 1):
        given = Given(labels=(torch.arange(6) + shift) % 3)
        fakes = Fakes(torch.ones(6, 2, dtype=torch.float64), latents, given)
        totals.add(game_of("minimax", 1).generator_loss(model, Batch(x, given), fakes).total.item())
    assert len(totals) == 2


def test_it_says_that_items_of_a_batch_bear_on_one_another():
    assert game_of("minimax", 1).couples
    assert Adversarial(feature_matching=True).couples
    assert not Adversarial().couples
