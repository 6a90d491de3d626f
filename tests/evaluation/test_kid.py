import pytest
import torch

from genzoo.errors import BadInput
from genzoo.evaluation import kid
from genzoo.evaluation.kid import kernel_distance


def by_definition(x, y):
    x, y = x.double(), y.double()
    n, m, d = len(x), len(y), x.shape[1]
    within = [((s @ s.T / d + 1) ** 3).fill_diagonal_(0).sum() / (len(s) * (len(s) - 1)) for s in (x, y)]
    return float(sum(within) - 2 * ((x @ y.T / d + 1) ** 3).sum() / (n * m))


def test_it_is_the_sum_over_all_pairs(monkeypatch):
    x, y = torch.randn(50, 7), torch.randn(33, 7) + 0.3
    whole = kernel_distance(x, y)
    assert whole.value == pytest.approx(by_definition(x, y), rel=1e-10)
    monkeypatch.setattr(kid, "BLOCK", 8)  # many blocks, the last ones smaller
    assert kernel_distance(x, y) == pytest.approx(whole, rel=1e-10)


def test_it_is_symmetric():
    x, y = torch.randn(50, 7), torch.randn(33, 7) + 0.3
    assert kernel_distance(x, y) == pytest.approx(kernel_distance(y, x), rel=1e-12)


def test_it_is_unbiased_and_its_error_is_that_of_repeated_draws():
    estimates = [kernel_distance(torch.randn(60, 4), torch.randn(40, 4)) for _ in range(200)]
    values, errors = (torch.tensor(column, dtype=torch.float64) for column in zip(*estimates, strict=True))
    assert abs(float(values.mean() / (values.std() / 200**0.5))) < 3  # the mean of equal sets is 0
    # a jackknife doubles the variance of a U-statistic whose first-order term vanishes: on the safe side
    assert float(errors.mean() / values.std()) == pytest.approx(2**0.5, abs=0.25)


def test_the_error_covers_where_the_sets_differ():
    estimates = [kernel_distance(torch.randn(60, 4), torch.randn(40, 4) + 0.5) for _ in range(200)]
    values, errors = (torch.tensor(column, dtype=torch.float64) for column in zip(*estimates, strict=True))
    assert float(errors.mean() / values.std()) == pytest.approx(1, abs=0.2)
    truth = kernel_distance(torch.randn(3000, 4), torch.randn(3000, 4) + 0.5).value
    covered = ((values - truth).abs() < 2 * errors).double().mean()
    assert 0.88 < float(covered) <= 1  # 0.95 of normal values, less a little for their skewness


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_it_agrees_with_torchmetrics_on_one_subset_of_everything():
    metric = pytest.importorskip("torchmetrics.image.kid")
    x, y = torch.randn(300, 16), torch.randn(300, 16) * 1.2
    theirs = metric.KernelInceptionDistance(feature=torch.nn.Identity(), subsets=1, subset_size=300)
    theirs.update(x.double(), real=True)
    theirs.update(y.double(), real=False)
    assert kernel_distance(x, y).value == pytest.approx(float(theirs.compute()[0]), rel=1e-9)


def test_a_large_set_is_thinned_evenly():
    x, y = torch.randn(100, 4), torch.randn(40, 4)
    assert kernel_distance(x, y, most=50) == kernel_distance(x[::2], y, most=50)


def test_two_rows_have_a_value_and_no_error_and_one_row_has_none():
    assert kernel_distance(torch.randn(2, 4), torch.randn(5, 4)).stderr is None
    with pytest.raises(BadInput, match="got 1 and 5"):
        kernel_distance(torch.randn(1, 4), torch.randn(5, 4))
