"""pix2pix and CycleGAN descend as the same games do that are written by hand, without this library."""

import pytest
import torch
from benchmarks import plain_translation
from benchmarks.translation_steps import READ, as_seen, noise, parts

from genzoo.data import View
from genzoo.random import seeded
from genzoo.training.loop import play
from genzoo.training.run import start
from genzoo.training.settings import OptimizerSettings, Settings

SIZE, STEPS = 32, 3
OURS = {"pix2pix": {"width": 2, "critic_width": 2}, "cyclegan": {"width": 2, "critic_width": 2, "blocks": 1}}
PLAIN = {
    "pix2pix": lambda ours, device: plain_translation.Pix2Pix(ours, device, depth=5, width=2),
    "cyclegan": lambda ours, device: plain_translation.CycleGAN(ours, device, blocks=1, width=2),
}


def fresh(game):
    torch.manual_seed(0)
    model, rules = parts(game, SIZE, **OURS[game])
    requires = getattr(model, "requires", frozenset())
    return model.double(), rules, rules.batches(noise(SIZE), view=View(), size=1, seed=0, requires=requires)


@pytest.mark.parametrize("game", ["pix2pix", "cyclegan"])
def test_three_turns_cost_what_they_cost_by_hand(game):
    model, rules, batches = fresh(game)
    adam = OptimizerSettings(lr=2e-4, betas=(0.5, 0.999))
    run = start(model, rules, batches, Settings(images=100, batch=1), adam)
    ours = [READ[game](play(run)) for _ in range(STEPS)]
    step = PLAIN[game](fresh(game)[0], torch.device("cpu"))
    theirs = []
    for move in range(STEPS):
        with seeded(0, move, 0):  # the dropout's noise
            theirs.append(step(*as_seen(batches.at(move).map(model.placed), torch.device("cpu"))))
    assert ours[0] != ours[1]
    for a, b in zip(ours, theirs, strict=True):
        assert a == pytest.approx(b, rel=1e-9)
