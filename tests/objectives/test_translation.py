"""The game of pairs: the published terms, in the published units, on pairs that stay pairs."""

import numpy as np
import pytest
import torch

from genzoo.data.dataset import Dataset
from genzoo.data.view import View
from genzoo.errors import BadInput
from genzoo.models.adversarial.gan import GAN
from genzoo.models.adversarial.pix2pix import Pix2Pix
from genzoo.objectives.fakes import TurnOfFakes
from genzoo.objectives.translation import PairedTranslation
from genzoo.types import Batch, Given


def net(**options):
    tiny = {"picture": (1, 8, 8), "width": 2, "critic_width": 4, "patch": 16} | options
    return Pix2Pix((3, 8, 8), **tiny).double()


def batch(n=4):
    return Batch(torch.rand(n, 3, 8, 8).double(), Given(images=torch.rand(n, 1, 8, 8).double()))


def fakes(model, b):
    return TurnOfFakes().for_critic(model, b)


def test_the_generator_pays_the_verdict_and_lambda_times_the_mean_distance_in_minus_one_to_one():
    model, b = net(), batch()
    made = fakes(model, b)
    distance = ((2 * made.images - 1) - (2 * b.images - 1)).abs().mean()
    verdict = torch.nn.functional.softplus(-model.judge(made.images, b.given).score).mean()
    for l1, weight in ((100.0, 1.0), (3.0, 0.5), (0.0, 1.0)):
        loss = PairedTranslation(l1=l1, adversarial=weight).generator_loss(model, b, made)
        torch.testing.assert_close(loss.total, weight * verdict + l1 * distance, rtol=1e-12, atol=0)


def test_a_score_is_of_a_patch_and_the_critic_pays_for_each():
    model, b = net(patch=1), batch()
    made = fakes(model, b)
    real, fake = model.judge(b.images, b.given).score, model.judge(made.images, b.given).score
    assert real.shape == (4 * 8 * 8,)
    loss = PairedTranslation().game.critic_loss(model, b, made)
    softplus = torch.nn.functional.softplus
    torch.testing.assert_close(loss.total, softplus(-real).mean() + softplus(fake).mean(), rtol=1e-12, atol=0)


def test_a_penalty_is_on_the_slope_of_the_mean_of_an_images_patches_which_is_what_is_played():
    model, b = net(patch=1), batch()
    made = fakes(model, b)
    without = PairedTranslation().game.critic_loss(model, b, made).total
    found = PairedTranslation(penalty="r1", penalty_weight=2.0).game.critic_loss(model, b, made).total
    x = b.images.clone().requires_grad_()
    (slope,) = torch.autograd.grad(model.score(x, b.given).sum(), x)
    expected = (slope / model.span).square().flatten(1).sum(1).mean()  # 2 · ½ ‖∇‖²
    torch.testing.assert_close(found - without, expected, rtol=1e-9, atol=0)


def test_without_a_verdict_only_the_generator_moves_and_it_is_a_regression():
    model, b = net(), batch()
    updates = PairedTranslation(adversarial=0).turn(model, 0)
    assert [u.player for u in updates] == ["generator"]
    loss = updates[0].loss(model, b)
    assert set(loss.terms) == {"l1"}
    torch.testing.assert_close(loss.total, 100 * loss.terms["l1"], rtol=1e-12, atol=0)
    assert [u.player for u in PairedTranslation(l1=0).turn(model, 0)] == ["critic", "generator"]


def test_the_conditional_critic_looks_at_the_picture_and_the_other_does_not():
    b = batch()
    elsewhere = Given(images=1 - b.given.images)
    for sees in (True, False):
        model = net(sees_picture=sees)
        same = torch.equal(model.judge(b.images, b.given).score, model.judge(b.images, elsewhere).score)
        assert same is not sees


def test_pairs_stay_pairs_whatever_the_jitter():
    items = np.random.default_rng(0).integers(0, 256, (12, 1, 8, 8)).astype(np.uint8)
    data = Dataset("pairs", "images", items, {"train": np.arange(12)}, given=items)
    drawn = PairedTranslation().batches(data, view=View(), size=4, seed=0, requires={"images"}).at(3)
    assert torch.equal(drawn.images, drawn.given.images)


def test_how_far_draws_are_apart_is_told_beside_how_far_they_are_from_the_image():
    model, b = net(), batch(20)
    numbers = PairedTranslation().health(model.eval(), b).numbers
    assert numbers["distance_to_second_draw"] > 0
    assert numbers["distance_to_target"] > 0
    numbers = PairedTranslation().health(net(dropout=0.0).eval(), b).numbers
    assert numbers["distance_to_second_draw"] == 0


def test_other_models_and_weights_of_nothing_are_refused():
    plain = GAN((1, 8, 8), latent=2, hidden=(4,))
    with pytest.raises(BadInput, match="for pictures made from pictures, not for GAN"):
        PairedTranslation().begin(plain, Batch(torch.rand(2, 1, 8, 8)))
    with pytest.raises(BadInput, match="not both 0"):
        PairedTranslation(l1=0, adversarial=0)
    with pytest.raises(BadInput, match="penalty r1 is on each item's own slope, and batch normalisation"):
        PairedTranslation(penalty="r1").begin(net(critic_norm="batch"), batch())
