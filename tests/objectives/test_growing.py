"""Growing: the stage is a function of the images seen, and data are seen as the stage would show them."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from genzoo.data.dataset import Dataset
from genzoo.data.view import View
from genzoo.errors import BadInput
from genzoo.models.adversarial.base import Fakes
from genzoo.models.adversarial.progressive import ProgressiveGAN
from genzoo.objectives.adversarial import Adversarial
from genzoo.objectives.growing import Growing
from genzoo.types import Batch


def net():
    return ProgressiveGAN((1, 16, 16), latent=3, top=8, width=4).double()


def test_a_phase_at_each_resolution_and_one_for_each_fade():
    game = Growing(phase_images=100)
    stages = [game.stage(images, 2) for images in (0, 99, 100, 150, 199, 200, 299, 300, 375, 400, 10**6)]
    assert stages == pytest.approx([0, 0, 0, 0.5, 0.99, 1, 1, 1, 1.75, 2, 2], abs=1e-12)
    fine = [game.stage(images, 2) for images in range(600)]
    assert all(0 <= b - a <= 0.0101 for a, b in pairwise(fine))  # it never jumps


def test_a_budget_that_ends_before_full_size_is_told_where_it_ends():
    model, game = net(), Growing(phase_images=100)
    assert game.unreached(model, 400) == ""
    assert game.unreached(model, 399).startswith("--images 399 ends at 16x16 pixels: all are there after 400")
    assert "ends at 4x4 pixels" in game.unreached(model, 100)
    said = game.unreached(model, 250)
    assert "ends at 8x8 pixels" in said
    enough = int(said.rpartition("--phase-images ")[2])
    assert Growing(phase_images=enough).unreached(model, 250) == ""


def test_a_turn_counts_the_images_of_its_batches():
    model, game = net(), Growing(phase_images=100)
    data = Dataset("d", "images", np.zeros((40, 1, 16, 16), np.uint8), {"train": np.arange(40)})
    game.batches(data, view=View(), size=25, seed=0, requires=())
    game.begin(model, Batch(torch.rand(4, 1, 16, 16).double()))
    assert model.stage == 0
    game.turn(model, 6)
    assert float(model.stage) == 0.5


def test_a_model_that_is_saved_half_grown_knows_its_stage():
    model, twin = net(), net()
    model.grow(0.5)
    twin.load_state_dict(model.state_dict())
    z = torch.rand(2, 3).double()
    assert torch.equal(model.decode(z), twin.decode(z))
    assert not torch.equal(model.decode(z), net().decode(z))


def test_the_critic_is_shown_data_as_the_stage_shows_them_so_that_sharpness_tells_nothing():
    model, game = net(), Growing(phase_images=8)
    images = torch.rand(4, 1, 16, 16).double()
    blocks = images.unflatten(2, (4, 4)).unflatten(4, (4, 4)).mean((3, 5))
    coarse = blocks.repeat_interleave(4, 2).repeat_interleave(4, 3)
    critic, generator = game.turn(model, 0)
    torch.manual_seed(0)
    as_they_are = critic.loss(model, Batch(images)).total
    critic, generator = game.turn(model, 0)
    torch.manual_seed(0)
    assert torch.equal(critic.loss(model, Batch(coarse)).total, as_they_are)
    assert generator.player == "generator"


def test_scores_of_data_are_held_near_0_by_their_mean_square():
    model, images = net(), torch.rand(4, 1, 16, 16).double()
    model.eval()  # the minibatch deviation is fixed
    latents = model.draw_latents(4)
    samples = Fakes(model.generate(latents).detach(), latents, None)
    plain = Adversarial("wasserstein").critic_loss(model, Batch(images), samples).total
    held = Adversarial("wasserstein", drift=0.1).critic_loss(model, Batch(images), samples).total
    expected = plain + 0.1 * model.score(images).square().mean()
    torch.testing.assert_close(held, expected, rtol=1e-12, atol=0)


def test_health_tells_the_stage():
    model = net()
    model.grow(1.25)
    found = Growing().health(model.eval(), Batch(torch.rand(20, 1, 16, 16).double()))
    assert found.numbers["stage"] == 1.25


def test_no_phase_and_a_negative_drift_are_refused():
    with pytest.raises(BadInput, match="phase_images must be at least 1, got 0"):
        Growing(phase_images=0)
    with pytest.raises(BadInput, match="drift must be at least 0, got -1"):
        Growing(drift=-1)
    with pytest.raises(BadInput, match="images of shape"):
        ProgressiveGAN((16,))
