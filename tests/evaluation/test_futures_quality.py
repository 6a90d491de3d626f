"""The measures of futures, on draws of which everything is known."""

import itertools
from dataclasses import fields

import pytest
import torch

from genzoo.errors import BadInput
from genzoo.evaluation.futures import best_of, nearest_possible, squared_errors, validity


def one_hot_futures(d=4):
    """d possible futures that differ from each other in two pixels, the same for each of 3 items."""
    return torch.eye(d, dtype=torch.float64).view(1, d, 1, 1, d).expand(3, d, 1, 1, d)


def numbers(found):
    return tuple(getattr(found, field.name).value for field in fields(found))


def test_the_squared_error_counts_pixels_that_differ():
    possible = one_hot_futures()
    assert squared_errors(possible, possible[:, 1]).tolist() == [[2, 0, 2, 2]] * 3


def test_best_of_is_the_mean_over_all_subsets():
    errors = torch.rand(5, 7, dtype=torch.float64)
    for m, found in zip(range(1, 8), best_of(errors, range(1, 8)), strict=True):
        subsets = list(itertools.combinations(range(7), m))
        least = torch.stack([errors[:, list(some)].amin(1) for some in subsets]).mean(0)
        assert found.value == pytest.approx(least.mean().item(), rel=1e-12)
        assert found.stderr == pytest.approx(least.std().item() / 5**0.5, rel=1e-9)


def test_best_of_falls_with_the_number_of_draws():
    values = [found.value for found in best_of(torch.rand(3, 100), range(1, 101))]
    assert all(a > b for a, b in itertools.pairwise(values))


def test_best_of_is_exact_for_a_model_that_guesses_among_d_futures():
    """Of m guesses none is right with probability (1 − 1/d)^m, and then 2 pixels differ."""
    d, n = 4, 20_000
    guesses = torch.randint(d, (3, n), generator=torch.Generator().manual_seed(0))
    drawn = one_hot_futures(d)[0][guesses]
    errors = squared_errors(drawn, one_hot_futures(d)[:, 2])
    for m, found in zip((1, 2, 5), best_of(errors, (1, 2, 5)), strict=True):
        assert found.value == pytest.approx(2 * (1 - 1 / d) ** m, abs=0.03)  # 5 standard errors


def test_a_deterministic_model_does_not_get_better():
    drawn = torch.rand(3, 1, 1, 2, 2).expand(3, 9, 1, 2, 2)
    values = [found.value for found in best_of(squared_errors(drawn, torch.zeros(3, 1, 2, 2)), (1, 3, 9))]
    assert values == pytest.approx([values[0]] * 3)


def test_more_draws_than_there_are_is_refused():
    with pytest.raises(BadInput, match="best of 8 was asked for, there are 7"):
        best_of(torch.rand(2, 7), [8])


def test_the_nearest_possible_future_is_found():
    possible = one_hot_futures()
    drawn = possible[:, [3, 0]] + 0.1
    error, which = nearest_possible(drawn, possible)
    assert which.tolist() == [[3, 0]] * 3
    torch.testing.assert_close(error, torch.full((3, 2), 4 * 0.01, dtype=torch.float64))


def test_a_perfect_sampler_is_valid_and_covers_all():
    found = validity(one_hot_futures(), one_hot_futures())
    assert numbers(found) == (0, 1, 1, 1)


def test_one_repeated_future_is_valid_and_covers_one():
    possible = one_hot_futures()
    found = validity(possible[:, :1].expand(3, 9, 1, 1, 4), possible)
    assert numbers(found) == (0, 1, 0.25, 0.25)


def test_the_mean_of_all_futures_is_not_possible_and_stands_for_none():
    possible = one_hot_futures()
    found = validity(possible.mean(1, keepdim=True), possible)
    assert numbers(found) == pytest.approx((0.75, 0, 0, 0.25))  # (3/4)² + 3·(1/4)²; it is nearest to one


def test_equal_futures_count_once():
    possible = one_hot_futures()[:, [0, 0, 1, 2]]
    assert numbers(validity(possible[:, :1], possible)) == pytest.approx((0, 1, 1 / 3, 1 / 3))


def test_blurred_futures_approach_all_and_stand_for_none():
    possible = one_hot_futures()
    found = validity(0.4 * possible + 0.15, possible)
    assert numbers(found)[1:] == (1, 1, 1)
    assert numbers(validity(0.1 * possible + 0.5, possible))[1:] == (0, 0, 1)
