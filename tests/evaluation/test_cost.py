import pytest
import torch
from torch import nn

from genzoo.errors import BadInput
from genzoo.evaluation import cost, sampling_cost
from genzoo.models import Model


class Slow(Model):
    def __init__(self, shape=(1, 2, 2)):
        super().__init__(shape)
        self.layer = nn.Linear(3, 4)
        self.drawn = []

    def sample(self, n, given=None, *, temperature=1.0):
        self.drawn.append(n)
        return torch.zeros(n, *self.shape)


def test_the_time_of_a_sample_is_the_median_without_the_first(monkeypatch):
    durations = iter([100.0, 3.0, 1.0, 2.0])  # the first does not count
    clock = [0.0]

    def now(device):
        return clock[0]

    class Clocked(Slow):
        def sample(self, n, given=None, *, temperature=1.0):
            clock[0] += next(durations)
            return super().sample(n)

    monkeypatch.setattr(cost, "_now", now)
    found = sampling_cost(Clocked(), batch=4, repeats=3)
    assert found.seconds_per_sample == 2.0 / 4


def test_parameters_are_counted_and_samples_drawn_in_one_batch():
    model = Slow()
    found = sampling_cost(model, batch=5, repeats=2)
    assert found.parameters == 3 * 4 + 4
    assert model.drawn == [5, 5, 5]
    assert (found.device, found.batch, found.repeats) == ("cpu", 5, 2)
    assert found.to_json()["parameters"] == 16


def test_what_has_no_samples_has_no_cost():
    class Silent(Model):
        pass

    with pytest.raises(BadInput, match="cannot sample"):
        sampling_cost(Silent((2,)))
    with pytest.raises(BadInput, match="repeats=0"):
        sampling_cost(Slow(), repeats=0)
