import math

import pytest
import torch
from torch import nn

from genzoo.errors import BadInput
from genzoo.evaluation.fid import frechet, frechet_distance, frechet_from_statistics


class Ready(nn.Module):
    """What torchmetrics takes for a net: its images are features already."""

    num_features = 48

    def forward(self, x):
        return x


def correlated(n, d, seed=0):
    """Features as nets have them: few directions with most of the variance, dead and constant ones."""
    generator = torch.Generator().manual_seed(seed)
    mix = torch.randn(d, d, generator=torch.Generator().manual_seed(9)) * torch.logspace(0, -3, d)[:, None]
    x = (torch.randn(n, d, generator=generator) @ mix).relu()
    x[:, 0] = 0.5
    return x


@pytest.mark.parametrize(
    "x",
    [
        torch.randn(100, 512),
        correlated(1000, 64),
        torch.randn(300, 40) * torch.logspace(-6, 6, 40),
        torch.randn(300, 40) + 1e4,
        torch.zeros(20, 8),
    ],
    ids=["fewer rows than dimensions", "correlated", "badly scaled", "far", "constant"],
)
def test_a_set_is_at_distance_zero_from_itself(x):
    assert frechet_distance(x, x.clone()) == 0


def test_a_set_in_another_order_is_at_distance_zero_too():
    # covariances differ by rounding, 1e-16 of the largest variance
    for x in (torch.randn(100, 512), correlated(1000, 64), torch.randn(300, 40) * torch.logspace(-2, 2, 40)):
        assert 0 <= frechet_distance(x, x.flip(0)) < 1e-9


def test_gaussians_with_known_parameters_give_the_closed_form():
    # commuting covariances: ‖μ‖² + Σ (σ − τ)²; 100,000 draws are off by about 1/√n of it
    mean, one, two = (
        torch.tensor([1.0, 0, 0, 2]),
        torch.tensor([1.0, 2, 0.5, 1]),
        torch.tensor([2.0, 1, 1, 1]),
    )
    turn = torch.linalg.qr(torch.randn(4, 4))[0]
    x = torch.randn(100_000, 4) * one @ turn
    y = (torch.randn(100_000, 4) * two + mean) @ turn
    truth = float(mean.square().sum() + (one - two).square().sum())
    assert frechet_distance(x, y) == pytest.approx(truth, rel=0.01)


def test_the_distance_of_full_covariances_is_that_of_the_matrix_root():
    linalg = pytest.importorskip("scipy.linalg")
    a, b = (torch.randn(6, 6, dtype=torch.float64) for _ in range(2))
    cov_x, cov_y = a @ a.T, b @ b.T
    root = torch.from_numpy(linalg.sqrtm((cov_x @ cov_y).numpy()).real)
    truth = float((cov_x + cov_y - 2 * root).trace())
    zero = torch.zeros(6, dtype=torch.float64)
    assert frechet_from_statistics(zero, cov_x, zero, cov_y) == pytest.approx(truth, rel=1e-9)
    assert frechet_from_statistics(zero + 1, cov_x, zero, cov_y) == pytest.approx(truth + 6, rel=1e-9)


def test_fewer_images_than_dimensions_give_a_finite_distance_that_agrees_with_small_dimensions():
    x, y = torch.randn(100, 512), torch.randn(100, 512) + 0.1
    value = frechet_distance(x, y)
    assert math.isfinite(value)
    assert value > 0
    padded = [torch.cat([rows[:, :8], torch.zeros(100, 504)], 1) for rows in (x, y)]
    assert frechet_distance(*padded) == pytest.approx(frechet_distance(x[:, :8], y[:, :8]), rel=1e-9)


def test_the_distance_is_symmetric_and_does_not_depend_on_the_input_type():
    x, y = correlated(400, 32), correlated(300, 32, seed=1) * 1.1
    assert frechet_distance(x, y) == pytest.approx(frechet_distance(y, x), rel=1e-9)
    assert frechet_distance(x, y) == frechet_distance(x.double(), y.double())


@pytest.mark.slow
def test_it_agrees_with_torchmetrics():
    fid = pytest.importorskip("torchmetrics.image.fid")
    x, y = correlated(1000, 48), correlated(700, 48, seed=1) * 1.05
    theirs = fid.FrechetInceptionDistance(feature=Ready(), normalize=True).set_dtype(torch.float64)
    theirs.update(x.double(), real=True)
    theirs.update(y.double(), real=False)
    assert frechet_distance(x, y) == pytest.approx(float(theirs.compute()), rel=1e-6)


def test_the_standard_error_is_that_of_repeated_draws():
    pairs = [(torch.randn(300, 8), torch.randn(500, 8) * 1.3 + 0.5) for _ in range(60)]
    estimates = [frechet(x, y) for x, y in pairs]
    spread = torch.tensor([e.value for e in estimates]).std()
    mean_error = torch.tensor([e.stderr for e in estimates]).mean()
    assert float(mean_error / spread) == pytest.approx(1, abs=0.35)  # the spread of 60 is known to 9%
    assert estimates[0].value == pytest.approx(frechet_distance(*pairs[0]), rel=1e-12)


def test_the_standard_error_is_not_known_for_fewer_rows_than_dimensions():
    assert frechet(torch.randn(20, 32), torch.randn(50, 32)).stderr is None


def test_sets_that_cannot_be_compared_are_refused():
    with pytest.raises(ValueError, match="one extractor, got 3 and 4"):
        frechet_distance(torch.zeros(5, 3), torch.zeros(5, 4))
    with pytest.raises(BadInput, match="at least 2 rows"):
        frechet_distance(torch.zeros(1, 3), torch.zeros(5, 3))
    with pytest.raises(FloatingPointError, match="not finite"):
        frechet_distance(torch.full((5, 3), torch.inf), torch.zeros(5, 3))
