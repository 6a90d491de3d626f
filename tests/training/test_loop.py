import numpy as np
import pytest
import torch
from torch import nn

from genzoo.data.batches import Batches
from genzoo.data.dataset import Dataset
from genzoo.models import Model
from genzoo.objectives import Objective, OnePlayer, Update
from genzoo.training.loop import NonFiniteError, fit
from genzoo.training.run import start
from genzoo.training.settings import OptimizerSettings, Settings
from genzoo.types import Batch, Loss


class Point(Model):
    """One number and another."""

    def __init__(self, shape: tuple[int, ...] = (1,)) -> None:
        super().__init__(shape)
        self.a = nn.Parameter(torch.ones(1))
        self.b = nn.Parameter(torch.ones(1))


class Square(OnePlayer[Point]):
    def loss(self, model: Point, batch: Batch) -> Loss:
        return Loss((model.a - batch.images.mean()).square().sum(), {"a": model.a.detach().sum()})


class Poison(OnePlayer[Point]):
    """Turns bad in one term at step 3."""

    def turn(self, model, step):
        def loss(model, batch):
            bad = torch.log(model.a.detach().sum() - 1e9) if step == 3 else model.a.sum()
            return Loss(model.a.sum() + (bad if step == 3 else 0), {"fine": model.b.sum(), "poison": bad})

        return [Update("model", loss)]

    def loss(self, model, batch):
        raise AssertionError


class TwoPlayers(Objective[Point]):
    """b moves three times a turn and notes what it saw; a passes on odd steps."""

    def __init__(self) -> None:
        self.seen = []

    def players(self, model):
        return {"a": [model.a], "b": [model.b]}

    def turn(self, model, step):
        def move_b(model, batch):
            self.seen.append(batch.index.tolist())
            return Loss(model.b.sum() * 2 + model.a.sum())

        def move_a(model, batch):
            self.seen.append(batch.index.tolist())
            return Loss(model.a.sum()) if step % 2 == 0 else None

        return [Update("b", move_b, repeat=3, after=clamp), Update("a", move_a)]


@torch.no_grad()
def clamp(model):
    model.b.clamp_(min=0.5)


def make(objective, **settings):
    items = np.arange(100, dtype=np.float32)[:, None]
    dataset = Dataset("t", "vectors", items, {"train": np.arange(100), "val": np.arange(2)})
    chosen = Settings(**({"images": 40, "batch": 4} | settings))
    batches = Batches(dataset, size=4, seed=chosen.seed)
    return start(Point(), objective, batches, chosen, OptimizerSettings("sgd", lr=0.1))


def test_the_budget_is_images_drawn_over_all_moves():
    run = make(TwoPlayers())
    fit(run)
    assert (run.step, run.moves_drawn, run.images_seen) == (4, 12, 48)


def test_repeats_draw_fresh_batches_and_the_next_player_keeps_the_last():
    run = make(TwoPlayers(), images=12)
    fit(run)
    one, two, three, last = run.objective.seen
    assert len({tuple(x) for x in (one, two, three)}) == 3
    assert last == three


def test_a_pass_moves_nothing_and_after_runs_once_the_parameters_have_moved():
    run = make(TwoPlayers(), images=24)
    fit(run)
    assert run.model.a.item() == pytest.approx(0.9)  # step 0 only
    assert run.model.b.item() == pytest.approx(0.5)  # clamped, not 1 - 6 * 0.2


def test_a_non_finite_term_is_named_with_its_step_and_nothing_is_descended_on_it():
    run = make(Poison())
    with pytest.raises(NonFiniteError, match="step 3: the model's poison is nan") as caught:
        fit(run)
    assert (caught.value.step, caught.value.term) == (3, "poison")
    assert run.step == 3
    assert run.model.a.item() == pytest.approx(0.7)


def test_a_non_finite_gradient_is_named():
    class Steep(Square):
        def loss(self, model, batch):
            return Loss(torch.sqrt(model.a.sum() - model.a.sum()))  # value 0, slope infinite

    run = make(Steep())
    with pytest.raises(NonFiniteError, match="step 0: the model's gradient norm"):
        fit(run)
    assert run.model.a.item() == 1.0


def test_clipping_bounds_the_step():
    run = make(Square(), clip=0.5, images=4)
    fit(run)
    assert abs(run.model.a.item() - 1) == pytest.approx(0.05, rel=1e-4)  # lr 0.1 times norm 0.5


def test_gradients_from_before_the_run_have_no_part_in_it_and_none_are_left():
    fresh, stale = make(Square(), images=4), make(Square(), images=4)
    stale.model.a.grad = torch.full((1,), 100.0)
    for run in (fresh, stale):
        fit(run)
        assert run.model.a.grad is None
    assert torch.equal(fresh.model.a, stale.model.a)
    assert fresh.model.a.item() != 1.0


def test_a_request_to_stop_is_heeded_between_steps():
    run, calls = make(Square()), []
    fit(run, stop=lambda: calls.append(0) or len(calls) > 3)
    assert run.step == 3


def test_moments_of_an_averaged_model_lag_behind_and_buffers_do_not():
    run = make(Square(), ema=0.5)
    fit(run)
    # decay is min(0.5, (1 + t) / (10 + t)): replay it by hand
    a, average = 1.0, 1.0
    again = make(Square())
    for step in range(10):
        mean = float(again.batches.at(step).images.mean())
        a -= 0.1 * 2 * (a - mean)
        decay = min(0.5, (1 + step) / (10 + step))
        average += (1 - decay) * (a - average)
    assert run.model.a.item() == pytest.approx(a, rel=1e-5)
    assert run.average.model.a.item() == pytest.approx(average, rel=1e-5)
