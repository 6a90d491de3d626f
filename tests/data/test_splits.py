"""Splits are a function of each item's name, and of nothing else."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from genzoo.data.splits import as_said, by_hash, places

NAMES = [f"class{i % 7}/{i}.png" for i in range(1000)]


def _of(names):
    return {names[i]: split for split, at in by_hash(places(names, len(names))).items() for i in at}


def test_nine_tenths_train_and_a_twentieth_each_for_val_and_test():
    counts = {name: len(at) for name, at in by_hash(places(NAMES, 1000)).items()}
    assert abs(counts["train"] - 900) < 40  # standard deviation sqrt(1000 * .9 * .1) = 9.5
    assert abs(counts["val"] - 50) < 28  # 6.9
    assert abs(counts["test"] - 50) < 28


@settings(max_examples=20)
@given(st.permutations(range(300)))
def test_order_moves_no_item(order):
    assert _of([NAMES[i] for i in order]) == _of(NAMES[:300])


@settings(max_examples=20)
@given(st.integers(200, 1000))
def test_more_items_move_no_item(n):
    everything, some = _of(NAMES), _of(NAMES[:n])
    assert all(everything[name] == split for name, split in some.items())


@given(st.integers(0, 200), st.booleans())
def test_splits_are_a_partition_and_of_three_items_none_is_empty(n, named):
    splits = by_hash(places(NAMES[:n] if named else [], n))
    assert sorted(np.concatenate(list(splits.values())).tolist()) == list(range(n))
    assert all((np.diff(at) > 0).all() for at in splits.values())
    if n >= 3:
        assert all(len(at) for at in splits.values())
    elif n:
        assert len(splits["train"]) == n


@given(st.integers(3, 100), st.integers(0, 5), st.integers(0, 5))
def test_what_the_source_says_stays_and_what_it_lacks_comes_from_train(train, val, test):
    ends = np.cumsum([train, val, test])
    said = {"train": np.arange(train), "val": np.arange(*ends[:2]), "test": np.arange(*ends[1:])}
    splits = as_said(said, places([], int(ends[-1])))
    assert sorted(np.concatenate(list(splits.values())).tolist()) == list(range(ends[-1]))
    for name in ("val", "test"):
        assert len(splits[name])
        if len(said[name]):
            assert (splits[name] == said[name]).all()


def test_items_without_names_are_split_by_position():
    splits, more = by_hash(places([], 500)), by_hash(places([], 600))
    assert set(splits["test"]) == {i for i in more["test"] if i < 500}
