import numpy as np
import pytest
import torch

from genzoo.errors import BadInput
from genzoo.evaluation.statistics import BLOCK, Moments, check_features, spaced_rows


def test_moments_collected_block_by_block_are_those_of_the_whole():
    x = torch.randn(BLOCK + 300, 5)  # more than one block
    moments = Moments.of(x[:70]).update(x[70:])
    rows = x.double().numpy()
    assert moments.n == len(x)
    np.testing.assert_allclose(moments.mean.numpy(), rows.mean(0), atol=1e-14)
    np.testing.assert_allclose(moments.covariance.numpy(), np.cov(rows.T), atol=1e-13)


def test_merging_does_not_depend_on_the_order():
    x, y = Moments.of(torch.randn(40, 3)), Moments.of(torch.randn(9, 3) + 1)
    one, other = x.merge(y), y.merge(x)
    torch.testing.assert_close(one.mean, other.mean, rtol=0, atol=1e-15)
    torch.testing.assert_close(one.scatter, other.scatter, rtol=1e-14, atol=1e-14)


def test_a_far_mean_costs_no_digits_of_the_covariance():
    x = torch.randn(500, 3, dtype=torch.float64)
    far = Moments.of((x + 1e7)[:200]).update((x + 1e7)[200:])
    # the inputs themselves are rounded to 1e-9; differences of sums of squares would be off by 1e-2
    torch.testing.assert_close(far.covariance, Moments.of(x).covariance, rtol=0, atol=1e-7)


def test_a_covariance_needs_two_rows():
    with pytest.raises(BadInput, match="at least 2 rows"):
        _ = Moments.of(torch.zeros(1, 3)).covariance
    with pytest.raises(BadInput, match="got none"):
        Moments.of(torch.zeros(0, 3))


def test_features_that_are_not_finite_are_an_error_that_says_which():
    x = torch.zeros(5, 2)
    x[3, 1] = torch.nan
    with pytest.raises(FloatingPointError, match=r"1 of 5 images .* image 3"):
        check_features("x", x)


def test_spaced_rows_reach_over_a_sorted_set():
    x = torch.arange(1000.0)[:, None]
    assert len(spaced_rows(x, 300)) == 300
    assert spaced_rows(x, 300).mean() == pytest.approx(x.mean(), abs=3)
    assert spaced_rows(x, 2000) is x
