"""Every divergence, played as a game, moves samples to the data."""

import pytest
import torch

from genzoo.models.adversarial.gan import GAN
from genzoo.objectives.adversarial import Adversarial
from genzoo.objectives.divergences import DIVERGENCES
from genzoo.types import Batch

HELD = {"penalty": "r1+r2", "penalty_weight": 1.0}  # without, the players of these circle round the data
# Over five seeds the mean of samples ended up to 0.23 from that of the data; without it up to 3.5.
GAMES = {"minimax": {}, "non-saturating": {}}
GAMES |= dict.fromkeys(["least-squares", "wasserstein", "hinge", "relativistic"], HELD)
PLAYED = [pytest.param(*game, marks=pytest.mark.slow if game[1] else ()) for game in GAMES.items()]


def test_every_divergence_is_played():
    assert GAMES.keys() == DIVERGENCES.keys()


@pytest.mark.parametrize(("divergence", "options"), PLAYED)
def test_playing_the_game_moves_samples_to_the_data(divergence, options):
    model, game = GAN((1,), latent=1, hidden=(16,)), Adversarial(divergence, **options)
    optimizers = {
        name: torch.optim.Adam(ps, lr=5e-3, betas=(0.5, 0.999)) for name, ps in game.players(model).items()
    }
    for step in range(200):
        for update in game.turn(model, step):
            optimizers[update.player].zero_grad()
            loss = update.loss(model, Batch(3 + 0.5 * torch.randn(64, 1)))
            loss.total.backward(inputs=list(game.players(model)[update.player]))
            optimizers[update.player].step()
    assert abs(model.sample(2000).mean() - 3) < 0.5  # from 3 away to within one standard deviation
