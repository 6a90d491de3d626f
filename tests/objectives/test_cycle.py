"""The game without pairs: the published sums, and orders that keep the pairing hidden."""

import numpy as np
import pytest
import torch
from torch import nn

from genzoo.data.dataset import Dataset
from genzoo.data.view import View
from genzoo.errors import BadInput
from genzoo.models.adversarial.cyclegan import CycleGAN
from genzoo.objectives.cycle import CycleConsistency
from genzoo.types import Batch


def net(a=3, b=3, **options):
    tiny = {"picture": (a, 8, 8), "width": 2, "blocks": 1, "critic_width": 4} | options
    return CycleGAN((b, 8, 8), **tiny).double()


def batch(n=3, a=3, b=3):
    return Batch(torch.rand(n, b, 8, 8).double(), target=torch.rand(n, a, 8, 8).double())


def distance(x, y):
    return ((2 * x - 1) - (2 * y - 1)).abs().mean()


@pytest.mark.parametrize("norm", ["instance", "batch"])
def test_the_translators_pay_the_published_sum(norm):
    model, drawn = net(norm=norm), batch()
    a, b = drawn.target, drawn.images
    to_a, to_b = (lambda x: model.translate(x, "A")), (lambda x: model.translate(x, "B"))
    verdicts = [(model.judge(to_b(a), "B").score - 1).square().mean()]
    verdicts += [(model.judge(to_a(b), "A").score - 1).square().mean()]  # as in the paper, without a half
    cycles = distance(to_a(to_b(a)), a) + distance(to_b(to_a(b)), b)
    same = distance(to_b(b), b) + distance(to_a(a), a)
    loss, made = CycleConsistency().translators_loss(model, drawn)
    torch.testing.assert_close(loss.total, sum(verdicts) + 10 * cycles + 5 * same, rtol=1e-10, atol=0)
    torch.testing.assert_close(made["B"], to_b(a), rtol=1e-10, atol=1e-12)
    assert not any(x.requires_grad for x in made.values())


def test_the_critics_pay_for_data_and_for_what_the_translators_made_of_the_other_kind():
    model, drawn, game = net(), batch(), CycleConsistency(pool=0)
    translators, critics = game.turn(model, 0)
    translators.loss(model, drawn)
    total = 0
    for kind, real, source in (("A", drawn.target, drawn.images), ("B", drawn.images, drawn.target)):
        fake = model.translate(source, kind).detach()
        total += (model.judge(real, kind).score - 1).square().mean() / 2
        total += model.judge(fake, kind).score.square().mean() / 2
    torch.testing.assert_close(critics.loss(model, drawn).total, total, rtol=1e-12, atol=0)


def test_translators_that_leave_images_alone_pay_nothing_but_the_verdict():
    model, drawn = net(), batch()
    model.to_a = model.to_b = nn.Identity()
    loss, _ = CycleConsistency(adversarial=0).translators_loss(model, drawn)
    assert loss.total == 0


def test_a_kind_without_colours_has_no_identity_and_is_refused_one():
    model, drawn = net(a=1), batch(a=1)
    with pytest.raises(BadInput, match=r"1 and 3 channels.*give --identity 0"):
        CycleConsistency().begin(model, drawn)
    game = CycleConsistency(identity=0)
    game.begin(model, drawn)
    loss, made = game.translators_loss(model, drawn)
    assert not any(name.startswith("identity") for name in loss.terms)
    assert (made["A"].shape[1], made["B"].shape[1]) == (1, 3)


def test_pairs_are_drawn_apart():
    items = np.random.default_rng(0).integers(0, 256, (32, 3, 8, 8)).astype(np.uint8)
    data = Dataset("pairs", "images", items, {"train": np.arange(32)}, given=items)
    game = CycleConsistency(jitter=0.0, mirror=False)
    batches = game.batches(data, view=View(), size=32, seed=0, requires=())
    drawn = batches.at(0)  # all of both
    together = (drawn.images == drawn.target).flatten(1).all(1)
    assert together.sum() < 6  # a random order leaves 1 in its place on average
    assert drawn.given is None


def test_what_cannot_be_played_is_refused():
    with pytest.raises(BadInput, match="compares pairs"):
        CycleConsistency("relativistic")
    alone = Dataset("alone", "images", np.zeros((4, 3, 8, 8), np.uint8), {"train": np.arange(4)})
    with pytest.raises(BadInput, match=r"alone: is one set of images.*A::B"):
        CycleConsistency().batches(alone, view=View(), size=2, seed=0, requires=())


def test_translations_that_are_all_alike_are_told_of():
    model = net()
    drawn = batch(6)
    for parameter in model.to_a.parameters():
        nn.init.zeros_(parameter)
    model.to_b = nn.Identity()
    with torch.no_grad():
        found = CycleConsistency().health(model, drawn)
    assert "translations to A look alike (two of them are 0%" in found.warnings["collapse to A"]
    assert set(found.warnings) == {"collapse to A"}
    model.to_a = model.to_b = nn.Identity()
    with torch.no_grad():
        found = CycleConsistency().health(model, drawn)
    assert found.warnings == {}
    assert found.numbers == {
        "cycle_error_A": 0.0, "diversity_to_B": 1.0, "cycle_error_B": 0.0, "diversity_to_A": 1.0
    }  # fmt: skip
