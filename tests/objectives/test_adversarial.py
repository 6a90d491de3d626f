"""A move of the adversarial game touches one player, and a turn shares one batch of fakes."""

import math
from operator import itemgetter

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from genzoo.configurable import build
from genzoo.errors import BadInput
from genzoo.models.adversarial.base import Fakes
from genzoo.models.adversarial.gan import GAN
from genzoo.nn.critic import Judged
from genzoo.objectives import build_objective
from genzoo.objectives.adversarial import Adversarial, verdict
from genzoo.objectives.divergences import DIVERGENCES, MINIMAX
from genzoo.random import seeded, sharded
from genzoo.types import Batch, Given


def tiny(net="dcgan"):
    return GAN((1, 8, 8), latent=4, net=net, width=4, hidden=(16,))


def real(n=8):
    return Batch(torch.rand(n, 1, 8, 8))


def play(game, model, step=0, optimizers=None):
    """One turn as the training loop plays it; returns the losses by player."""
    losses = {}
    players = {name: list(parameters) for name, parameters in game.players(model).items()}
    for update in game.turn(model, step):
        for _ in range(update.repeat):
            loss = losses[update.player] = update.loss(model, real())
            loss.total.backward(inputs=players[update.player])
            if optimizers:
                optimizers[update.player].step()
                optimizers[update.player].zero_grad()
    return losses


def test_the_generators_gradient_under_a_sure_critic_vanishes_in_minimax_only():
    norms = {}
    for name in DIVERGENCES:
        torch.manual_seed(0)
        model = tiny("mlp").double()
        nn.init.constant_(model.critic.verdict.bias, -12.0)  # D(G(z)) ≈ 6e-6
        players = Adversarial(name).players(model)
        generator = Adversarial(name).turn(model, 0)[1]
        generator.loss(model, Batch(torch.rand(8, 1, 8, 8).double())).total.backward(
            inputs=players["generator"]
        )
        norms[name] = sum(p.grad.square().sum() for p in model.generator.parameters()).sqrt()
    assert norms["non-saturating"] > 1e4 * norms["minimax"] > 0


def test_one_sided_smoothing_puts_the_best_critic_at_one_minus_s_for_data():
    share = 0.1
    game, score = Adversarial(smoothing=share), torch.tensor(math.log(0.9 / 0.1), requires_grad=True)

    class Fixed(GAN):  # one score for data, whatever the data; fakes are rejected for free
        def judge(self, images, given=None, *, weights=None):
            data = images.min() >= 0
            return Judged(score.expand(len(images)) if data else torch.full((len(images),), -40.0), [])

    fakes = Fakes(torch.full((8, 1, 8, 8), -1.0), torch.zeros(8, 4), None)
    game.critic_loss(Fixed((1, 8, 8), hidden=(4,)), real(), fakes).total.backward()
    assert abs(score.grad) < 1e-6  # stationary at D = 0.9, to float32


def test_the_players_share_out_every_parameter_in_the_models_order():
    model = tiny()
    players = Adversarial().players(model)
    assert list(players) == ["critic", "generator"]
    position = {id(p): i for i, p in enumerate(model.parameters())}
    places = {name: [position[id(p)] for p in parameters] for name, parameters in players.items()}
    assert all(order == sorted(order) for order in places.values())
    assert sorted(places["critic"] + places["generator"]) == list(range(len(position)))


@pytest.mark.parametrize("net", ["mlp", "dcgan"])
@pytest.mark.parametrize("mover", ["critic", "generator"])
def test_a_move_leaves_the_other_players_weights_and_gradients_alone(net, mover):
    model, game = tiny(net), Adversarial()
    players = game.players(model)
    before = {name: [p.detach().clone() for p in parameters] for name, parameters in players.items()}
    update = next(u for u in game.turn(model, 0) if u.player == mover)
    update.loss(model, real()).total.backward(inputs=players[mover])
    torch.optim.Adam(players[mover]).step()
    for name, parameters in players.items():
        moved = [not torch.equal(p, old) for p, old in zip(parameters, before[name], strict=True)]
        assert all(moved) if name == mover else not any(moved)
        assert all((p.grad is not None) == (name == mover) for p in parameters)


def test_the_critics_move_builds_no_gradient_in_the_generator_even_without_naming_its_parameters():
    model = tiny()
    critic, _ = Adversarial().turn(model, 0)
    critic.loss(model, real()).total.backward()
    assert all(p.grad is None for p in model.generator.parameters())


@pytest.mark.parametrize("critic_moves", [1, 3])
def test_a_turn_makes_one_forward_pass_of_the_generator_and_one_more_for_each_repeat(critic_moves):
    model, calls = tiny(), []
    model.generator.register_forward_hook(lambda _, inputs, out: calls.append(out.requires_grad))
    play(Adversarial(critic_moves=critic_moves), model)
    assert calls == [True] + [False] * (critic_moves - 1)  # a repeat's fakes carry no graph


def judged(model):
    seen = []
    model.critic.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].detach().clone()))
    return seen  # (real, fakes) of each critic's move, then the generator's fakes


def test_the_critic_and_the_generator_are_judged_on_the_same_fakes():
    model = tiny()
    seen = judged(model)
    play(Adversarial(), model)
    _, fakes_of_critic, fakes_of_generator = seen
    assert torch.equal(fakes_of_critic, fakes_of_generator)


def test_repeats_and_turns_draw_fresh_fakes():
    model, game = tiny().eval(), Adversarial(critic_moves=3)
    seen = judged(model)
    play(game, model)
    play(game, model)
    shared, second, third, generators = seen[1], seen[3], seen[5], seen[6]
    assert torch.equal(shared, generators)
    distinct = [shared, second, third, seen[8]]
    assert not any(torch.equal(a, b) for i, a in enumerate(distinct) for b in distinct[:i])


@pytest.mark.parametrize("critic_moves", [1, 2])
def test_parts_of_a_batch_add_up_to_the_whole(critic_moves):
    model, game = tiny("mlp").double(), Adversarial(critic_moves=critic_moves)
    moves = [Batch(torch.rand(8, 1, 8, 8).double()) for _ in range(critic_moves)]
    gradients = {}
    for parts in (1, 2):
        model.zero_grad()
        for update in game.turn(model, 0):
            for i, batch in enumerate(moves[: update.repeat]):
                for part in range(parts):
                    rows = slice(part * 8 // parts, (part + 1) * 8 // parts)
                    with seeded(0, update.player, i), sharded(part, parts):
                        loss = update.loss(model, batch.map(itemgetter(rows))).total / parts
                    loss.backward(inputs=game.players(model)[update.player])
        gradients[parts] = [p.grad.clone() for p in model.parameters()]
    torch.testing.assert_close(gradients[1], gradients[2], rtol=0, atol=1e-14)  # sums in another order


def test_a_generator_that_moves_more_often_than_the_critic_gets_fresh_fakes():
    model, game = tiny(), Adversarial()
    critic, generator = game.turn(model, 0)
    seen = judged(model)
    for update in (critic, generator, generator):
        update.loss(model, real()).total.backward(inputs=game.players(model)[update.player])
    assert torch.equal(seen[1], seen[2])
    assert not torch.equal(seen[2], seen[3])


def test_a_last_batch_of_another_size_gets_fakes_of_its_own_size():
    model = tiny()
    critic, generator = Adversarial().turn(model, 0)
    critic.loss(model, real(8))
    seen = judged(model)
    generator.loss(model, real(5))
    assert len(seen[0]) == 5


def test_fakes_are_scored_under_the_conditions_they_were_drawn_under():
    class Labelled(GAN):
        requires = frozenset({"labels"})

        def decode(self, latents, given=None):
            return (
                given.labels[:, None, None, None].expand(-1, 1, 8, 8) / 10 * latents[:, :1, None, None] ** 0
            )

        def judge(self, images, given=None, *, weights=None):
            assert torch.equal((images[:, 0, 0, 0] * 10).round().long(), given.labels)
            return Judged(images.mean((1, 2, 3)), [])

    game, model = Adversarial(critic_moves=3), Labelled((1, 8, 8), hidden=(4,))
    for update in game.turn(model, 0):
        for _ in range(update.repeat):  # each move comes with labels of its own
            given = Given(labels=torch.randint(10, (8,)))
            images = given.labels[:, None, None, None].expand(-1, 1, 8, 8) / 10
            update.loss(model, Batch(images, given))


def test_the_log_says_what_the_critic_thinks():
    losses = play(Adversarial(), tiny("mlp"))
    terms = losses["critic"].terms
    assert set(terms) == {"real", "fake", "score_real", "score_fake", "accuracy_real", "accuracy_fake"}
    assert set(losses["generator"].terms) == {"score"}
    assert all(not t.requires_grad for t in terms.values())
    assert all(0 <= terms[k] <= 1 for k in terms if k.startswith("accuracy"))


@pytest.mark.parametrize(
    ("boundary", "expected"),
    [
        (0.0, {"accuracy_real": 0.75, "accuracy_fake": 0.25}),
        (0.5, {"accuracy_real": 0.5, "accuracy_fake": 0.75}),
        (None, {"accuracy": 0.5}),
    ],
)
def test_the_critic_is_right_on_its_side_of_the_boundary_or_in_a_pair(boundary, expected):
    real, fake = torch.tensor([-1.0, 0.2, 0.8, 3.0]), torch.tensor([-0.5, 0.1, 0.9, 0.4])
    terms = verdict(Judged(real, []), Judged(fake, []), boundary)
    assert (terms.pop("score_real"), terms.pop("score_fake")) == (real.mean(), fake.mean())
    assert {name: value.item() for name, value in terms.items()} == expected


def test_both_players_pay_for_what_the_second_head_fails_to_read():
    model = GAN((1, 8, 8), latent=4, hidden=(16,), classes=3, conditioning="auxiliary").double()
    batch = Batch(torch.rand(6, 1, 8, 8).double(), Given(labels=torch.arange(6) % 3))
    latents = model.draw_latents(6)
    fakes = Fakes(model.decode(latents, batch.given).detach(), latents, batch.given)
    losses = {w: Adversarial(read_weight=w).critic_loss(model, batch, fakes) for w in (0.0, 1.0, 2.5)}
    readings = [F.cross_entropy(model.judge(x, batch.given).read, batch.given.labels)
                for x in (batch.images, fakes.images)]  # fmt: skip
    terms = losses[1.0].terms
    torch.testing.assert_close([terms["reading_real"], terms["reading_fake"]], [r.detach() for r in readings])
    for weight, loss in losses.items():
        torch.testing.assert_close(loss.total, losses[0.0].total + weight * sum(readings))
    costs = [Adversarial(read_weight=w).generator_loss(model, batch, fakes).total for w in (0.0, 2.5)]
    torch.testing.assert_close(costs[1] - costs[0], 2.5 * readings[1])


def test_feature_matching_is_the_squared_distance_of_the_means_of_the_last_hidden_layer():
    model, game = tiny("mlp").double(), Adversarial(feature_matching=True)
    batch, latents = Batch(torch.rand(8, 1, 8, 8).double()), model.draw_latents(8)
    made = Fakes(model.decode(latents), latents, None)
    loss = game.generator_loss(model, batch, made)

    def hidden(x):  # one layer, LeakyReLU of slope 0.2, of pixels in [−1, 1]
        linear = model.critic.body[1]
        before = (2 * x - 1).flatten(1) @ linear.weight.T + linear.bias
        return torch.where(before > 0, before, 0.2 * before).mean(0)

    expected = (hidden(batch.images) - hidden(made.images)).square().sum()
    torch.testing.assert_close(loss.total, expected, rtol=0, atol=1e-12)
    found = torch.autograd.grad(loss.total, list(model.generator.parameters()), retain_graph=True)
    wanted = torch.autograd.grad(expected, list(model.generator.parameters()))
    torch.testing.assert_close(found, wanted, rtol=0, atol=1e-12)
    shuffled = Fakes(batch.images[torch.randperm(8)], latents, None)  # other items, and the same mean
    assert game.generator_loss(model, batch, shuffled).total.item() < 1e-28


def test_in_the_head_start_the_critic_moves_100_times_and_then_again_every_500_turns():
    game, model = Adversarial(head_start=25, critic_moves=5), tiny("mlp")
    repeats = {step: game.turn(model, step)[0].repeat for step in (0, 24, 25, 499, 500, 501, 1000)}
    assert repeats == {0: 100, 24: 100, 25: 5, 499: 5, 500: 100, 501: 5, 1000: 100}
    assert {game.turn(model, step)[1].repeat for step in repeats} == {1}
    without = Adversarial(critic_moves=5)
    assert {without.turn(model, step)[0].repeat for step in repeats} == {5}


def test_double_precision_stays_double():
    model = tiny().double()
    for update in Adversarial(smoothing=0.1).turn(model, 0):
        assert update.loss(model, Batch(torch.rand(8, 1, 8, 8).double())).total.dtype == torch.float64


def test_the_spec_builds_a_twin():
    game = Adversarial("minimax", critic_moves=2, smoothing=0.1)
    twin = build_objective(game.spec)
    assert twin.spec == game.spec
    assert (twin.divergence, twin.critic_moves, twin.smoothing) == (MINIMAX, 2, 0.1)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"divergence": "non-saturatin"}, "did you mean 'non-saturating'"),
        ({"critic_moves": 0}, "at least 1"),
        ({"smoothing": 0.5}, "below 0.5"),
        ({"divergence": "relativistic", "smoothing": 0.1}, "has no labels to smooth"),
        ({"penalty_every": 0}, "penalty_every must be at least 1, got 0"),
        ({"weight_clip": -1.0}, "weight_clip must be at least 0, got -1.0"),
        ({"augment": ["color"]}, "did you mean 'colour'"),
        ({"augment_target": 1.0}, "--augment-target must be at least 0 and below 1, got 1.0"),
        ({"noise_turns": -1}, "--instance-noise and --noise-turns must be at least 0, got 0.0 and -1"),
    ],
)
def test_bad_arguments_are_said_with_what_was_expected(arguments, said):
    with pytest.raises(BadInput, match=said):
        build({"class": "Adversarial", **arguments})
