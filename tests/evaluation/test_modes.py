"""Mode coverage: truths of samples whose spread over modes is known."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from torch import nn

from genzoo.apply import sample
from genzoo.data import View
from genzoo.data.dataset import Dataset
from genzoo.data.mixtures import MIXTURES, mixture_points
from genzoo.data.stacked import stacked
from genzoo.errors import BadInput
from genzoo.evaluation.features import Extractor
from genzoo.evaluation.modes import (
    STRICT,
    counted,
    coverage,
    drawn,
    mixture_coverage,
    modes_of_stacks,
    over_seeds,
    stacked_coverage,
)
from genzoo.evaluation.quantities import QUANTITIES
from genzoo.evaluation.result import Result
from genzoo.models import Model
from genzoo.random import normal, uniform

RING = MIXTURES["ring8"]


class Generator(Model):
    """Draws points at the first `modes` centres of the ring, `off` standard deviations away."""

    def __init__(self, shape=(2,), *, modes=8, off=0.0):
        super().__init__(shape)
        self.zero = nn.Parameter(torch.zeros(()))
        self.modes, self.off = modes, off

    def sample(self, n, given=None, *, temperature=1.0):
        which = (uniform((n,), self.like) * self.modes).long()
        centres = torch.from_numpy(RING.centres).float()[which]
        return centres + torch.tensor([self.off * RING.scale, 0.0])


def points_at(modes, per_mode=10):
    return torch.from_numpy(RING.centres)[list(modes)].repeat(per_mode, 1)


def test_a_collapsed_generator_finds_one_mode_and_is_log_8_from_the_data():
    found = mixture_coverage(points_at([3]), RING)
    assert found.modes() == 1
    assert found.high_quality == (1.0, 0.0)
    assert found.reverse_kl == pytest.approx((math.log(8), 0.0), abs=1e-12)


def test_half_of_the_modes_evenly_are_log_2_from_the_data():
    assert mixture_coverage(points_at(range(4)), RING).reverse_kl[0] == pytest.approx(math.log(2), abs=1e-12)


def test_all_modes_evenly_are_the_data():
    found = mixture_coverage(points_at(range(8)), RING)
    assert found.modes() == 8
    assert found.reverse_kl[0] == pytest.approx(0, abs=1e-12)


def test_uneven_samples_have_the_divergence_of_the_formula():
    points = torch.cat([points_at([0], 30), points_at([1], 10)])
    q = np.array([0.75, 0.25])
    assert mixture_coverage(points, RING).reverse_kl[0] == pytest.approx((q * np.log(q * 8)).sum())


def test_a_sample_belongs_to_a_mode_within_three_deviations_only():
    near, far = (torch.tensor([[1 + k * RING.scale, 0.0]], dtype=torch.float64) for k in (2.999, 3.001))
    assert mixture_coverage(near, RING).modes() == 1
    assert mixture_coverage(far, RING).modes() == 0


def test_strays_have_no_mode_no_quality_and_no_divergence():
    found = mixture_coverage(torch.zeros(5, 2), RING)
    assert (found.modes(), found.high_quality, found.reverse_kl) == (0, (0.0, 0.0), None)


def test_strays_lower_the_quality_but_not_the_evenness():
    found = mixture_coverage(torch.cat([points_at(range(8), 10), torch.zeros(20, 2).double()]), RING)
    assert found.high_quality[0] == 0.8
    assert found.high_quality[1] == pytest.approx(math.sqrt(0.8 * 0.2 / 100))
    assert found.reverse_kl[0] == pytest.approx(0, abs=1e-12)


def test_a_stricter_count_asks_for_more_samples():
    found = mixture_coverage(torch.cat([points_at(range(8), 1), points_at([0, 1], 19)]), RING)
    assert (found.modes(), found.modes(2), found.modes(20), found.modes(21)) == (8, 2, 2, 0)


def test_the_standard_error_of_the_divergence_is_its_spread_over_draws():
    share = torch.full((8,), 0.125, dtype=torch.float64)
    q = torch.tensor([0.3, 0.3, 0.2, 0.1, 0.1, 0, 0, 0], dtype=torch.float64)
    runs = [counted(torch.multinomial(q, 2000, replacement=True), share).reverse_kl for _ in range(300)]
    values, errors = torch.tensor(runs, dtype=torch.float64).unbind(1)
    assert float(errors.mean()) == pytest.approx(float(values.std()), rel=0.2)  # s of 300: ± 4%
    exact = float((q[:5] * (q[:5] * 8).log()).sum())
    bias = 4 / (2 * 2000)  # (modes − 1)/2n of the plug-in estimate
    assert float(values.mean()) == pytest.approx(exact + bias, abs=5 * float(values.std()) / math.sqrt(300))


# Stacked: a colour's class is what its top left pixel says.


def by_pixel(images):
    return torch.nn.functional.one_hot((images[:, 0, 0, 0] * 255).round().long(), 10).float()


def stack(*digits):
    return torch.tensor(digits).float()[:, :, None, None].expand(-1, -1, 2, 2) / 255


def test_the_mode_of_a_stack_is_the_number_that_its_colours_spell():
    assert modes_of_stacks(stack((1, 2, 3), (0, 0, 7)), by_pixel, 10).tolist() == [123, 7]


def test_a_stacked_collapse_is_log_1000_from_the_data_and_every_mode_once_is_0():
    one = stacked_coverage(stack(*[(4, 5, 6)] * 20), by_pixel, 10)
    assert (one.modes(), one.reverse_kl[0]) == (1, pytest.approx(math.log(1000)))
    every = stack(*[(i // 100, i // 10 % 10, i % 10) for i in range(1000)])
    found = stacked_coverage(every, by_pixel, 10)
    assert (found.modes(), found.reverse_kl[0]) == (1000, pytest.approx(0, abs=1e-12))


def test_the_data_are_what_the_samples_are_compared_with():
    share = torch.full((1000,), 0.5 / 999, dtype=torch.float64)
    share[0] = 0.5
    found = stacked_coverage(stack((0, 0, 0), (0, 0, 1)), by_pixel, 10, share)
    assert found.reverse_kl[0] == pytest.approx(0.5 * math.log(0.5 / share[1].item()))


class FirstPixel(nn.Module):
    """One feature: the class that the top left pixel says. Its head: one-hot logits."""

    def __init__(self):
        super().__init__()
        self.zero = nn.Parameter(torch.zeros(()))

    def forward(self, images):
        return images[:, 0, 0, :1] * 255


class OneHot(nn.Module):
    def forward(self, features):
        return torch.nn.functional.one_hot(features[:, 0].round().long(), 10).float()


class Stacks(Model):
    """Two colours are always 0, the third is any digit."""

    def __init__(self, shape=(3, 4, 4)):
        super().__init__(shape)
        self.zero = nn.Parameter(torch.zeros(()))

    def sample(self, n, given=None, *, temperature=1.0):
        images = torch.zeros(n, *self.shape)
        images[:, 2] = (uniform((n,), self.like) * 10).floor()[:, None, None] / 255
        return images


@pytest.fixture(scope="module")
def digits():
    items = np.tile(np.arange(10, dtype=np.uint8)[:, None, None, None], (3, 1, 4, 4))
    splits = {"train": np.arange(10), "val": np.arange(10, 20), "test": np.arange(20, 30)}
    names = tuple("0123456789")
    grey = Dataset("toy", "images", items, splits, labels=np.arange(30) % 10, classes=names)
    return stacked(grey, {"train": 10_000, "val": 10, "test": 10})


def test_coverage_of_stacked_digits_names_the_classifier(digits):
    judge = Extractor("toy-cnn", FirstPixel(), OneHot())
    done = []
    modes, kl = coverage(Stacks(), digits, samples=500, extractor=judge, view=View(), tick=done.append)
    assert (modes.name, kl.name) == (f"modes[{judge.label}]", f"reverse_kl[{judge.label}]")
    assert (modes.value, modes.unit, modes.n) == (10, "of 1,000", 500)
    assert judge.label in modes.protocol
    assert kl.value == pytest.approx(math.log(100), abs=0.1)  # of 10,000 draws' shares and 500 samples
    assert sum(done) == 500
    with pytest.raises(BadInput, match="a classifier of toy"):
        coverage(Stacks(), digits)
    with pytest.raises(BadInput, match="tells 3 classes apart, each colour has 10"):
        coverage(Stacks(), digits, extractor=Extractor("other", FirstPixel(), nn.Linear(1, 3)))


def test_coverage_of_a_mixture_has_the_four_numbers_with_their_protocol():
    found = {r.name: r for r in coverage(Generator(modes=4), mixture_points("ring8"), samples=800)}
    assert list(found) == ["modes", STRICT, "high_quality", "reverse_kl"]
    assert {r.quantity for r in found.values()} <= QUANTITIES.keys()
    assert found["modes"].value == found[STRICT].value == 4
    assert found["high_quality"].value == 1
    assert found["reverse_kl"].value == pytest.approx(math.log(2), abs=0.01)
    said = "ring8, 800 samples, of which a mode needs {}, within 3 standard deviations of its centre"
    assert {r.protocol for name, r in found.items() if name != STRICT} == {said.format(1)}
    assert found[STRICT].protocol == said.format(20)
    off = {r.name: r.value for r in coverage(Generator(off=3.1), mixture_points("ring8"), samples=50)}
    assert off == {"modes": 0, STRICT: 0, "high_quality": 0}


def test_the_samples_are_those_of_the_sample_command_in_any_batches():
    class Noise(Generator):
        def sample(self, n, given=None, *, temperature=1.0):
            return normal((n, 2), self.like)

    whole = sample(Noise(), 10, seed=3)
    assert torch.equal(torch.cat(list(drawn(Noise(), 10, 3, batch=4))), whole)


def test_what_has_no_known_modes_or_no_samples_has_no_coverage(digits):
    unknown = dataclasses.replace(mixture_points("ring8"), name="mine")
    assert coverage(Generator(), unknown) == []

    class Silent(Model):
        pass

    assert coverage(Silent((2,)), mixture_points("ring8")) == []
    with pytest.raises(BadInput, match="items are 2, this Generator takes 3"):
        coverage(Generator((3,)), mixture_points("ring8"))


def result(name, value, **changes):
    return Result(name, value, None, 100, "of 8", "estimate", changes.pop("protocol", "ring8"), 0)


def test_over_seeds_is_mean_and_standard_deviation_of_each_quantity():
    runs = [[result("modes", m), result("high_quality", q)] for m, q in ((8, 0.5), (6, 0.5), (7, 0.5))]
    modes, quality = over_seeds(runs)
    assert (modes.value, modes.stderr, modes.n) == (7, 1, 3)
    assert (quality.value, quality.stderr) == (0.5, 0)
    assert modes.protocol == "ring8, mean ± sd over 3 seeds"
    (one,) = over_seeds([[result("modes", 8)]])
    assert (one.value, one.stderr) == (8, None)


def test_over_seeds_says_where_a_quantity_is_missing_and_refuses_to_mix_protocols():
    runs = [[result("modes", 0)], [result("modes", 8), result("reverse_kl", 0.5)]]
    kl = next(r for r in over_seeds(runs) if r.name == "reverse_kl")
    assert (kl.value, kl.n, kl.protocol) == (0.5, 1, "ring8, mean ± sd over 1 of 2 seeds")
    with pytest.raises(BadInput, match="measured in two ways"):
        over_seeds([[result("modes", 8)], [result("modes", 8, protocol="grid25")]])
    with pytest.raises(BadInput, match="two results called 'modes'"):
        over_seeds([[result("modes", 8), result("modes", 7)]])
    with pytest.raises(BadInput, match="at least one run"):
        over_seeds([])
