import pytest
import torch

from genzoo.errors import BadInput
from genzoo.evaluation.inception_score import inception_score


def test_sure_and_even_predictions_score_the_number_of_classes():
    logits = torch.eye(5).repeat(8, 1) * 1e4  # probabilities that underflow to 0
    assert inception_score(logits, splits=1) == (pytest.approx(5), None)


def test_predictions_that_say_nothing_and_those_of_one_class_score_one():
    assert inception_score(torch.zeros(40, 5)).value == pytest.approx(1)
    assert inception_score(torch.eye(5)[:1].repeat(40, 1) * 50).value == pytest.approx(1)


def test_it_agrees_with_the_definition():
    p = torch.randn(30, 4).double().softmax(1)
    divergence = (p * (p.log() - p.mean(0).log())).sum(1)
    assert inception_score(p.log(), splits=1).value == pytest.approx(
        float(divergence.mean().exp()), rel=1e-12
    )


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_it_agrees_with_torchmetrics_on_one_split():
    metric = pytest.importorskip("torchmetrics.image.inception")
    logits = torch.randn(500, 10) * 3
    theirs = metric.InceptionScore(feature=torch.nn.Identity(), splits=1)
    theirs.update(logits.double())
    with pytest.warns(UserWarning, match="degrees of freedom"):  # its sd of one split is nan
        expected = float(theirs.compute()[0])
    assert inception_score(logits, splits=1).value == pytest.approx(expected, rel=1e-9)


def test_a_set_sorted_by_class_scores_as_a_mixed_one():
    sorted_set, mixed = torch.eye(10).repeat_interleave(100, 0) * 20, torch.eye(10).repeat(100, 1) * 20
    assert inception_score(sorted_set).value == pytest.approx(inception_score(mixed).value, rel=0.05)
    assert inception_score(sorted_set).value > 9  # parts of neighbours would score 1


def test_the_error_is_the_spread_of_the_parts_over_the_root_of_their_number():
    scores = [inception_score(torch.randn(1000, 10) * 2, splits=10) for _ in range(40)]
    spread = torch.tensor([s.value for s in scores]).std()
    errors = torch.tensor([s.stderr for s in scores]).mean()
    assert float(errors / spread) == pytest.approx(1, abs=0.4)  # the spread of 40 is known to 11%


def test_more_splits_than_images_are_refused():
    with pytest.raises(BadInput, match="10 splits"):
        inception_score(torch.zeros(5, 3))
