"""Each player of the VAE/GAN descends its own terms, and the written-out gradients are those it descends."""

from operator import itemgetter

import pytest
import torch
from torch.nn.functional import logsigmoid

from genzoo.configurable import build
from genzoo.densities import Gaussian, kl
from genzoo.errors import BadInput
from genzoo.models.variational.vaegan import VAEGAN
from genzoo.objectives import build_objective
from genzoo.objectives.vaegan import LearnedSimilarity
from genzoo.random import seeded, sharded
from genzoo.types import Batch, Loss

NETS = {"mlp": {"net": "mlp", "hidden": (16, 12)}, "dcgan": {"width": 4}}
EXACT = {"rtol": 1e-9, "atol": 1e-12}  # float64: sums of a few hundred terms in another order


def tiny(net="mlp"):
    with seeded(0, "vae-gan"):
        return VAEGAN((1, 8, 8), latent=4, **NETS[net]).double()


def real(n=8, seed=1):
    with seeded(seed):
        return Batch(torch.rand(n, 1, 8, 8, dtype=torch.float64))


def moved(game, model, batch):
    """The gradient of each player's move of one turn in which nobody's parameters change."""
    found = {}
    for update in game.turn(model, 0):
        with seeded(7, update.player):
            total = update.loss(model, batch).total
        parameters = game.players(model)[update.player]
        found[update.player] = torch.autograd.grad(total, parameters, retain_graph=True)
    return found


def by_hand(model, batch, gamma, layer, minimax=True):
    """Algorithm 1 written out, with the noise of `moved`: what each player descends, and its net."""
    n, x = len(batch), batch.images
    with seeded(7, "critic"):
        prior = torch.randn(n, 4, dtype=torch.float64)
        noise = torch.randn(n, 4, dtype=torch.float64)
    mean, log_scale = model.encoder(2 * x - 1).chunk(2, 1)
    z = mean + log_scale.exp() * noise
    fakes = model.gan.generator(torch.cat([z, prior]))
    hidden, found = torch.cat([2 * x - 1, fakes]), []
    for module in model.gan.critic.body:
        hidden = module(hidden)
        if isinstance(module, torch.nn.LeakyReLU):
            found.append(hidden.flatten(1))
    score = model.gan.critic.verdict(hidden)[:, 0]
    kl_ = 0.5 * (mean**2 + (2 * log_scale).exp() - 1 - 2 * log_scale).sum(1).mean()
    r = 0.5 * ((found[layer][:n] - found[layer][n : 2 * n]) ** 2).sum(1).mean()
    log_d, log_not = logsigmoid(score), logsigmoid(-score)
    l_gan = log_d[:n].mean() + 0.5 * log_not[n : 2 * n].mean() + 0.5 * log_not[2 * n :].mean()
    cost = log_not[n:].mean() if minimax else -log_d[n:].mean()
    return {
        "encoder": (kl_ + r, model.encoder),
        "decoder": (gamma * r + cost, model.gan.generator),
        "critic": (-l_gan, model.gan.critic),
    }


def same(gradients, expected):
    for a, b in zip(gradients, expected, strict=True):
        torch.testing.assert_close(a, b, **EXACT)


@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize("layer", [1, -1])
@pytest.mark.parametrize("divergence", ["minimax", "non-saturating"])
def test_each_players_gradient_is_that_of_the_formula_written_out(net, layer, divergence):
    model, batch, gamma = tiny(net), real(), 0.3
    found = moved(LearnedSimilarity(divergence, gamma=gamma, layer=layer), model, batch)
    expected = by_hand(model, batch, gamma, layer - (layer > 0), divergence == "minimax")
    assert list(found) == ["critic", "encoder", "decoder"]
    for player, (loss, its_net) in expected.items():
        same(found[player], torch.autograd.grad(loss, its_net.parameters(), retain_graph=True))
        assert any(g.abs().max() > 1e-6 for g in found[player])


def test_the_encoder_gets_no_gradient_of_the_game():
    model, batch = tiny(), real()
    before = moved(LearnedSimilarity(), model, batch)
    with torch.no_grad():
        model.gan.critic.verdict.weight.mul_(
            -3
        )  # turns the verdict round, and leaves the features as they are
    after = moved(LearnedSimilarity(), model, batch)
    assert all(torch.equal(a, b) for a, b in zip(before["encoder"], after["encoder"], strict=True))
    assert any(not torch.equal(a, b) for a, b in zip(before["decoder"], after["decoder"], strict=True))


def test_the_decoder_gets_no_gradient_of_the_divergence_and_the_critic_none_of_the_reconstruction():
    model, batch = tiny(), real()
    by_gamma = {gamma: moved(LearnedSimilarity("minimax", gamma=gamma), model, batch) for gamma in (0.0, 5.0)}
    for player in ("critic", "encoder"):
        assert all(torch.equal(a, b) for a, b in zip(*(g[player] for g in by_gamma.values()), strict=True))
    r = moved_by_reconstruction(model, batch)
    for none, five, once in zip(by_gamma[0.0]["decoder"], by_gamma[5.0]["decoder"], r, strict=True):
        torch.testing.assert_close(five, none + 5 * once, **EXACT)  # nothing but the game and γ·R


def moved_by_reconstruction(model, batch):
    n, (_, decoder) = len(batch), by_hand(model, batch, 1.0, -1)["decoder"]
    whole, game = (by_hand(model, batch, gamma, -1)["decoder"][0] for gamma in (1.0, 0.0))
    assert n == 8
    return torch.autograd.grad(whole - game, decoder.parameters())


@pytest.mark.parametrize("net", NETS)
def test_without_gamma_the_decoder_is_the_generator_of_a_gan(net):
    model, batch = tiny(net), real()
    found = moved(LearnedSimilarity("non-saturating", gamma=0.0), model, batch)["decoder"]
    with seeded(7, "critic"):
        latents = torch.randn(2, 8, 4, dtype=torch.float64)  # z_p, then ε
    q = model.posterior(batch.images)
    fakes = model.decode(torch.cat([q.mean + q.log_scale.exp() * latents[1], latents[0]]))
    cost = -logsigmoid(model.score(torch.cat([batch.images, fakes]))[8:]).mean()
    same(found, torch.autograd.grad(cost, model.gan.generator.parameters()))


def test_the_encoders_terms_are_the_divergence_in_closed_form_and_half_a_squared_distance():
    model, batch = tiny(), real()
    critic, encoder, _ = LearnedSimilarity(layer=1).turn(model, 0)
    critic.loss(model, batch)
    terms = encoder.loss(model, batch).terms
    q = model.posterior(batch.images)
    torch.testing.assert_close(terms["kl"], kl(q, Gaussian.standard((4,), q.mean)).mean(), **EXACT)
    x, rebuilt = (torch.rand(5, 7, dtype=torch.float64) for _ in range(2))
    distance = LearnedSimilarity().feature_error([torch.cat([x, rebuilt])], 5)
    density = Gaussian(rebuilt, torch.zeros_like(rebuilt)).log_prob(x)
    constant = Gaussian(x, torch.zeros_like(x)).log_prob(x)
    torch.testing.assert_close(distance, (constant - density).mean(), **EXACT)


def test_a_perfect_reconstruction_leaves_only_the_divergence():
    model, batch = tiny("dcgan"), real()
    q = model.posterior(batch.images)
    fakes = torch.cat([batch.images, model.sample(8)])
    terms = LearnedSimilarity().encoder_loss(model, batch, q, fakes).terms
    assert terms["feature_error"] == terms["squared_error"] == 0


@pytest.mark.parametrize(
    ("real_cost", "fake_cost", "moves"),
    [
        (0.69, 0.69, (True, True)),
        (0.30, 0.60, (False, True)),  # too sure of the data
        (0.60, 0.30, (False, True)),  # too sure of the fakes
        (1.10, 0.60, (True, False)),
        (0.60, 1.10, (True, False)),
        (0.30, 1.10, (True, True)),  # both would pass
    ],
)
def test_who_is_too_far_ahead_passes(real_cost, fake_cost, moves):
    terms = {"real": torch.tensor(real_cost), "fake": torch.tensor(fake_cost)}
    assert LearnedSimilarity().who_moves(Loss(torch.tensor(0.0), terms)) == moves
    assert LearnedSimilarity(margin=10.0).who_moves(Loss(torch.tensor(0.0), terms)) == (True, True)


@pytest.mark.parametrize(("bias", "passing"), [(-0.8, "decoder"), (0.0, None)])
def test_a_player_that_passes_has_no_loss_and_the_encoder_always_moves(bias, passing):
    model = tiny()
    torch.nn.init.constant_(model.gan.critic.verdict.bias, bias)  # −0.8: data cost 1.17, fakes 0.37
    losses = {u.player: u.loss(model, real()) for u in LearnedSimilarity().turn(model, 0)}
    assert {player for player, loss in losses.items() if loss is None} == ({passing} if passing else set())


def test_a_critic_that_knows_data_and_fakes_apart_passes():
    model = tiny()
    model.gan.score = None  # not asked for
    sure = LearnedSimilarity().turn(model, 0)[0]
    model.judge = lambda images: (torch.cat([torch.full((8,), 5.0), torch.full((16,), -5.0)]), [])
    assert sure.loss(model, real()) is None


def test_the_players_share_out_every_parameter_in_the_models_order():
    for net in NETS:
        model = tiny(net)
        place = {id(p): i for i, p in enumerate(model.parameters())}
        places = [[place[id(p)] for p in ps] for ps in LearnedSimilarity().players(model).values()]
        assert all(order == sorted(order) for order in places)
        assert sorted(i for order in places for i in order) == list(range(len(place)))


def test_a_turn_encodes_once_and_all_players_meet_the_same_latents():
    model, encoded, decoded = tiny("dcgan"), [], []
    model.encoder.register_forward_hook(lambda *_: encoded.append(1))
    model.gan.generator.register_forward_pre_hook(lambda _, z: decoded.append(z[0].detach().clone()))
    game = LearnedSimilarity()
    for update in game.turn(model, 0):
        update.loss(model, real()).total.backward(inputs=game.players(model)[update.player])
    assert len(encoded) == 1
    assert len(decoded) == 2  # one pass for critic and encoder, one for the decoder
    assert torch.equal(*decoded)


def test_parts_of_a_batch_add_up_to_the_whole():
    model, game, batch, gradients = tiny(), LearnedSimilarity(margin=10.0), real(), {}
    for parts in (1, 2):
        model.zero_grad()
        for update in game.turn(model, 0):
            for part in range(parts):
                rows = slice(part * 8 // parts, (part + 1) * 8 // parts)
                with seeded(0, update.player), sharded(part, parts):
                    loss = update.loss(model, batch.map(itemgetter(rows))).total / parts
                loss.backward(inputs=game.players(model)[update.player])
        gradients[parts] = [p.grad.clone() for p in model.parameters()]
    same(gradients[1], gradients[2])


def test_the_spec_builds_a_twin():
    game = LearnedSimilarity("non-saturating", gamma=0.1, layer=2, margin=1.0)
    twin = build_objective(game.spec)
    assert twin.spec == game.spec
    assert (twin.gamma, twin.layer, twin.margin) == (0.1, 2, 1.0)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"divergence": "minmax"}, "did you mean 'minimax'"),
        ({"gamma": -1.0}, "gamma and margin must be at least 0, got -1.0"),
        ({"layer": 0}, "from 1, or is -1, got 0"),
    ],
)
def test_bad_arguments_are_said_with_what_was_expected(arguments, said):
    with pytest.raises(BadInput, match=said):
        build({"class": "LearnedSimilarity", **arguments})


def test_a_layer_that_the_critic_has_not_is_named():
    critic, encoder, _ = LearnedSimilarity(layer=3).turn(model := tiny(), 0)
    critic.loss(model, real())
    with pytest.raises(BadInput, match="layer 3: the critic has 2 hidden layers"):
        encoder.loss(model, real())
