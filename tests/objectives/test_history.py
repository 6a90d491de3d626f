"""Historical averaging pays for the squared distance from the mean of past weights, through a restart too."""

import numpy as np
import pytest
import torch

from genzoo.models.adversarial.gan import GAN
from genzoo.objectives.adversarial import Adversarial
from genzoo.objectives.history import History
from genzoo.training.checkpoint import load_state, save_state
from genzoo.types import Batch

WEIGHT = 0.7


def model_and_game(history=WEIGHT):
    return GAN((1, 5, 5), latent=2, hidden=(6,)).double(), Adversarial(history=history)


def flat(parameters):
    return np.concatenate([p.detach().numpy().ravel() for p in parameters])


def play(model, game, turns, begin=0):
    """Turns with SGD; gives each player's weights after each move, and the terms before it."""
    past, terms = {"critic": [], "generator": []}, {"critic": [], "generator": []}
    players = game.players(model)
    for step in range(begin, begin + turns):
        for update in game.turn(model, step):
            loss = update.loss(model, Batch(torch.rand(4, 1, 5, 5).double()))
            model.zero_grad()
            loss.total.backward(inputs=players[update.player])
            torch.optim.SGD(players[update.player], lr=0.3).step()
            update.after(model)
            past[update.player].append(flat(players[update.player]))
            terms[update.player].append(loss.terms["history"].item())
    return past, terms


def test_each_player_pays_for_the_squared_distance_from_the_mean_of_its_own_past():
    model, game = model_and_game()
    past, terms = play(model, game, 6)
    for player in past:
        assert terms[player][0] == 0  # nothing is past before the first move
        for move in range(1, 6):
            mean = np.mean(past[player][:move], axis=0)
            expected = ((past[player][move - 1] - mean) ** 2).sum()
            assert terms[player][move] == pytest.approx(expected, rel=1e-9, abs=1e-18)  # float64
        assert terms[player][-1] > 1e-8


def test_its_gradient_is_twice_the_distance_times_the_weight():
    model, game = model_and_game()
    past, _ = play(model, game, 4)
    bare = Adversarial()
    for player in past:
        weights, gradients = game.players(model)[player], []
        for rules in (game, bare):
            update = next(u for u in rules.turn(model, 9) if u.player == player)
            torch.manual_seed(5)
            total = update.loss(model, Batch(torch.rand(4, 1, 5, 5).double())).total
            gradients.append(flat(torch.autograd.grad(total, weights)))
        expected = 2 * WEIGHT * (past[player][-1] - np.mean(past[player], axis=0))
        np.testing.assert_allclose(gradients[0] - gradients[1], expected, rtol=0, atol=1e-12)


def test_the_mean_goes_through_a_checkpoint_bit_for_bit(tmp_path):
    model, game = model_and_game()
    play(model, game, 3)
    save_state({"objective": game.state_dict()}, tmp_path / "state.safetensors")
    again = Adversarial(history=WEIGHT)
    again.load_state_dict(load_state(tmp_path / "state.safetensors")["objective"])
    twin = GAN((1, 5, 5), latent=2, hidden=(6,)).double()
    twin.load_state_dict(model.state_dict())
    torch.manual_seed(7)
    ours = play(model, game, 3, begin=3)
    torch.manual_seed(7)
    theirs = play(twin, again, 3, begin=3)
    assert ours[1] == theirs[1]
    for player, weights in ours[0].items():
        assert all(np.array_equal(a, b) for a, b in zip(weights, theirs[0][player], strict=True))


def test_without_it_nothing_is_remembered():
    model, game = model_and_game(history=0.0)
    for update in game.turn(model, 0):
        assert "history" not in update.loss(model, Batch(torch.rand(4, 1, 5, 5).double())).terms
        update.after(model)
    assert game.state_dict() == {}


def test_what_was_loaded_is_a_copy():
    history, weights = History(), [torch.nn.Parameter(torch.ones(3))]
    history.remember("a", weights)
    other = History()
    other.load_state_dict(history.state_dict())
    with torch.no_grad():
        weights[0].fill_(5)
    history.remember("a", weights)
    assert history.distance("a", weights) == 12
    assert other.distance("a", weights) == 48
