"""A stack gives back what it took, the last first; bins of latents have the masses that they should."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from genzoo.apply.codec import bins
from genzoo.apply.codec.coder import counts_of
from genzoo.apply.codec.stack import OutOfBitsError, Stack, clean_words


def counts(rows, alternatives, seed=0):
    return np.random.default_rng(seed).integers(1, 2**12, (rows, alternatives)).astype(np.float32)


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(2, 7), st.booleans()), max_size=12))
@settings(max_examples=50, deadline=None)
def test_the_last_that_is_pushed_is_the_first_to_be_popped(pushes):
    stack, rng, expected = Stack(clean_words(2)), np.random.default_rng(0), []
    for number, (n, alternatives, uniform) in enumerate(pushes):
        symbols = rng.integers(0, alternatives, n).astype(np.int32)
        if uniform:
            stack.push_uniform(symbols, alternatives)
        else:
            stack.push(symbols, counts(n, alternatives, number))
        expected.append(symbols)
    for number, (n, alternatives, uniform) in reversed(list(enumerate(pushes))):
        again = stack.pop_uniform(n, alternatives) if uniform else stack.pop(counts(n, alternatives, number))
        assert np.array_equal(again, expected.pop())
    assert np.array_equal(stack.words(), clean_words(2))


@given(st.integers(1, 40), st.integers(2, 40), st.integers(0, 2**32 - 1))
@settings(max_examples=50, deadline=None)
def test_what_is_popped_is_pushed_back_bit_for_bit(n, alternatives, seed):
    words = np.random.default_rng(seed).integers(1, 2**32, 60, dtype=np.uint32)
    stack, table = Stack(words), counts(n, alternatives, seed)
    stack.push(stack.pop(table), table)
    assert np.array_equal(stack.words(), words)


def test_symbols_cost_the_bits_that_their_counts_say():
    table = counts(4000, 64)
    probabilities = table.astype(np.float64) / table.sum(1, keepdims=True)
    symbols = (np.random.default_rng(1).random((4000, 1)) > probabilities.cumsum(1)).sum(1).astype(np.int32)
    stack = Stack(clean_words(2))
    stack.push(symbols, table)
    expected = -np.log2(probabilities[np.arange(4000), symbols]).sum()
    assert 32 * (stack.depth - 2) == pytest.approx(expected, abs=64)


def test_symbols_are_drawn_from_stirred_zeros_by_their_probabilities():
    stack = Stack(clean_words(4000))
    stack.stir(3000, "a")
    drawn = stack.pop(np.tile(np.array([[1, 2, 5, 8]], np.float32), (20_000, 1)))
    shares = np.bincount(drawn) / 20_000
    np.testing.assert_allclose(shares, np.array([1, 2, 5, 8]) / 16, atol=5 * 0.5 / 20_000**0.5)


def test_stirring_twice_is_nothing_and_other_keys_are_other_noise():
    words = np.arange(1, 9, dtype=np.uint32)
    stack = Stack(words)
    stack.stir(4, "a")
    assert np.array_equal(stack.words()[[0, 1, 6, 7]], words[[0, 1, 6, 7]])
    assert (stack.words()[2:6] != words[2:6]).all()
    stack.stir(4, "a")
    assert np.array_equal(stack.words(), words)
    stack.stir(100, "a")
    stack.stir(100, "b")
    assert not np.array_equal(stack.words(), words)


def test_words_that_were_never_popped_from_make_no_difference():
    deep, table = Stack(clean_words(2)), counts(50, 16)
    deep.deepen(40)
    deep.stir(30, "a")
    drawn = deep.pop(table)
    deep.push_uniform(np.arange(30, dtype=np.int32), 64)
    cut = Stack(deep.words()[deep.untouched() :])
    assert deep.untouched() > 30
    assert deep.above() == cut.depth
    assert np.array_equal(cut.pop_uniform(30, 64), np.arange(30))
    cut.push(drawn, table)
    cut.stir(30, "a")
    assert np.array_equal(cut.words(), clean_words(cut.depth))


def test_a_stack_that_runs_out_of_bits_says_so():
    stack = Stack(clean_words(3))
    with pytest.raises(OutOfBitsError, match="run out of bits"):
        stack.pop(counts(200, 16))
    for words in ([], [5], [5, 0]):
        with pytest.raises(OutOfBitsError, match="two words or more"):
            Stack(np.array(words, np.uint32))


POSTERIORS = [(0.0, 1.0), (0.7, 0.01), (-3.0, 0.2), (4.5, 1e-3), (0.1, 30.0), (80.0, 1e-6), (-1e5, 1e-9)]


def posterior(mean, scale):
    return torch.tensor([mean], dtype=torch.float64), torch.tensor([scale], dtype=torch.float64).log()


@pytest.mark.parametrize(("mean", "scale"), POSTERIORS)
def test_the_masses_of_the_bins_sum_to_one_and_their_counts_have_no_zero(mean, scale):
    coarse = bins.coarse_masses(*posterior(mean, scale))
    assert coarse.sum().item() == pytest.approx(1, abs=1e-12)
    assert (counts_of(coarse) >= 1).all()
    mu, log_scale = (x.expand(bins.PARTS) for x in posterior(mean, scale))
    fine = bins.fine_masses(mu, log_scale, torch.arange(bins.PARTS))
    torch.testing.assert_close(fine.sum(1), torch.ones(bins.PARTS).double(), rtol=0, atol=1e-12)
    table = counts_of(fine)
    assert (table >= 1).all()
    assert (table == table.round()).all()
    assert (table.sum(1) <= 2**24).all()


@pytest.mark.parametrize(("mean", "scale"), POSTERIORS[:5])
def test_a_bin_has_the_mass_of_its_interval(mean, scale):
    edges = norm.ppf(np.arange(bins.BINS + 1) / bins.BINS)
    below, above = norm.cdf(edges, mean, scale), norm.sf(edges, mean, scale)
    expected = np.where(edges[1:] < mean, np.diff(below), -np.diff(above))
    mu, log_scale = (x.expand(bins.PARTS) for x in posterior(mean, scale))
    coarse = bins.coarse_masses(mu[:1], log_scale[:1])[0, :, None]
    found = (coarse * bins.fine_masses(mu, log_scale, torch.arange(bins.PARTS))).flatten()
    np.testing.assert_allclose(found.numpy(), expected, rtol=0, atol=1e-11)


def test_to_the_prior_all_bins_are_equally_probable_and_centres_lie_in_the_middle():
    mu, log_scale = (x.expand(bins.PARTS) for x in posterior(0.0, 1.0))
    fine = bins.fine_masses(mu, log_scale, torch.arange(bins.PARTS))
    torch.testing.assert_close(fine, torch.full_like(fine, 1 / bins.PARTS), rtol=1e-9, atol=0)
    expected = (np.arange(bins.BINS) + 0.5) / bins.BINS
    np.testing.assert_allclose(norm.cdf(bins.centres().numpy()), expected, rtol=1e-12)
