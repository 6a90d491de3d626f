"""The phases of completion: who moves, what is paid, and holes that lie where the local critic looks."""

import pytest
import torch

from genzoo.errors import BadInput
from genzoo.models.adversarial.completion import ContextCompletion
from genzoo.nn.holes import corners, holes
from genzoo.objectives.completing import Completion, hole_error
from genzoo.types import Batch, Loss

SIZE, WINDOW = (20, 28), (10, 10)


def net():
    return ContextCompletion((3, 16, 16), window=8, width=2).double()


def images(n=4):
    return torch.rand(n, 3, 16, 16).double()


@pytest.mark.parametrize("kind", ["boxes", "strokes", "both"])
def test_every_hole_is_in_its_window_and_every_window_in_its_image(kind):
    like = torch.zeros(())
    where = corners(200, SIZE, WINDOW, like)
    known = holes(where, SIZE, WINDOW, like, kind=kind, least=0.5)
    assert known.shape == (200, 1, *SIZE)
    assert (where >= 0).all()
    assert (where <= torch.tensor([10, 18])).all()
    assert where.amin(0).tolist() == [0, 0]
    assert where.amax(0).tolist() == [10, 18]
    for mask, (top, left) in zip(~known[:, 0], where.tolist(), strict=True):
        assert mask.any()
        mask[top : top + 10, left : left + 10] = False
        assert not mask.any()


def test_sides_of_boxes_are_all_from_the_shortest_to_the_window():
    like = torch.zeros(())
    where = corners(400, SIZE, WINDOW, like)
    hidden = ~holes(where, SIZE, WINDOW, like, least=0.7)
    heights, widths = hidden[:, 0].any(2).sum(1), hidden[:, 0].any(1).sum(1)
    assert set(heights.tolist()) == set(widths.tolist()) == {7, 8, 9, 10}
    assert torch.equal(hidden.flatten(1).sum(1), heights * widths)  # they are filled


def test_the_completer_moves_alone_then_the_critic_then_both():
    game, model = Completion(alone_images=20, critic_images=10), net()
    moves = [[u.player for u in game.turn(model, step)] for step in (0, 19, 20, 29, 30, 500)]
    first, second = ["completer"], ["critic"]
    assert moves == [first, first, second, second, [*second, *first], [*second, *first]]
    assert [u.player for u in Completion(weight=0.0).turn(model, 10**6)] == ["completer"]


def test_the_completer_pays_for_the_hole_alone_and_a_little_for_the_verdict():
    game, model, x = Completion(weight=0.01), net(), images()
    filled = game.filled(model, x)
    made = (model.completer(2 * x - 1, filled.known) + 1) / 2
    error = ((made - x) * ~filled.known).square().mean()
    verdict = torch.nn.functional.softplus(-model.judge(filled.images, filled.where).score).mean()
    alone = game.completer_loss(model, x, filled, judged=False)
    torch.testing.assert_close(alone.total, error, rtol=1e-12, atol=0)
    both = game.completer_loss(model, x, filled, judged=True)
    torch.testing.assert_close(both.total, error + 0.01 * verdict, rtol=1e-12, atol=0)
    share = (~filled.known).double().mean()
    torch.testing.assert_close(both.terms["hole_error"] * share, error, rtol=1e-12, atol=0)


def test_both_players_meet_the_same_holes_in_the_last_phase():
    game, model = Completion(alone_images=0, critic_images=0), net()
    critic, completer = game.turn(model, 0)
    x = Batch(images())
    seen = []

    def met(model, batch, filled, judged=True):
        seen.append(filled)
        return Loss(torch.zeros(()))

    game.critic_loss = game.completer_loss = met
    critic.loss(model, x)
    completer.loss(model, x)
    assert seen[0] is seen[1]
    assert seen[0].images.requires_grad


def test_a_hole_is_filled_and_what_is_known_stays_at_any_size():
    model = net().eval()
    for size in ((16, 16), (21, 40), (9, 7)):
        x, known = torch.rand(2, 3, *size).double(), torch.rand(2, 1, *size) < 0.5
        done = model.complete(x, known)
        kept = known.expand_as(x)
        assert torch.equal(done[kept], x[kept])
        assert not torch.equal(done[~kept], x[~kept])
        elsewhere = torch.where(known, x, torch.rand_like(x))
        assert torch.equal(model.complete(elsewhere, known), done)  # what is hidden is not looked at


def test_the_error_in_holes_is_a_mean_over_hidden_numbers():
    x, known = torch.zeros(1, 2, 2, 2), torch.tensor([[[[True, False], [True, True]]]])
    made = x + torch.tensor([1.0, 3.0]).view(1, 2, 1, 1)
    assert hole_error(made, x, known) == 5.0


def test_what_cannot_be_played_is_refused():
    with pytest.raises(BadInput, match="at least 0"):
        Completion(weight=-1)
    with pytest.raises(BadInput, match="--least must be above 0 and at most 1, got 2"):
        Completion(least=2)
    with pytest.raises(BadInput, match="a window of 20x20 is larger than the images of 16x16"):
        ContextCompletion((3, 16, 16), window=20)


def test_a_budget_in_which_the_net_never_meets_its_critic_is_told_so():
    game = Completion(alone_images=100, critic_images=10)
    assert game.unreached(net(), 111) == ""
    assert "--images 110 ends before the net meets its critic, after 110" in game.unreached(net(), 110)
    assert Completion(alone_images=100, critic_images=10, weight=0).unreached(net(), 50) == ""
