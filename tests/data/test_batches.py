"""Order and binarization are pure functions of (seed, moves drawn) and (seed, index)."""

import numpy as np
import pytest
import torch

from genzoo.data import Batches, Dataset, View, in_order
from genzoo.data.batches import chosen
from genzoo.errors import BadInput


def make(n=50, **more):
    items = np.random.default_rng(0).integers(0, 256, (n, 1, 4, 4)).astype(np.uint8)
    positions = np.arange(n)
    splits = {"train": positions[:40], "val": positions[40:45], "test": positions[45:]}
    return Dataset("t", "images", items, splits, **more)


def test_every_pass_sees_each_item_once_even_when_batches_span_two_passes():
    batches = Batches(make(), size=12, seed=1)
    stream = np.concatenate([batches.index_at(move) for move in range(10)])  # 120 = 3 passes of 40
    for epoch in range(3):
        assert sorted(stream[40 * epoch : 40 * (epoch + 1)]) == list(range(40))
    assert list(stream[:40]) != list(stream[40:80])


def test_a_batch_is_a_function_of_seed_and_move_whatever_was_drawn_before():
    view = View(binarize="dynamic")
    a, b = (Batches(make(), view=view, size=8, seed=2) for _ in range(2))
    for move in range(5):
        a.at(move)
    assert torch.equal(a.at(3).images, b.at(3).images)
    assert not torch.equal(a.at(3).images, Batches(make(), view=view, size=8, seed=3).at(3).images)


def test_parts_of_processes_are_the_rows_of_the_joined_batch():
    batches = Batches(make(), view=View(binarize="dynamic"), size=12, seed=0)
    whole = batches.at(7)
    parts = [batches.at(7, rank, 3) for rank in range(3)]
    assert torch.equal(torch.cat([p.images for p in parts]), whole.images)
    assert torch.equal(torch.cat([p.index for p in parts]), whole.index)
    with pytest.raises(BadInput, match="--batch 12 does not divide among 5 processes"):
        batches.at(0, 0, 5)


def test_dynamic_binarization_draws_anew_and_static_does_not():
    for binarize, equal in (("dynamic", False), ("static", True), ("threshold", True)):
        batches = Batches(make(), view=View(binarize=binarize), size=40)
        first, second = batches.at(0), batches.at(1)
        sorted_first, sorted_second = (b.images[b.index.argsort()] for b in (first, second))
        assert torch.equal(sorted_first, sorted_second) is equal


def test_binarization_has_the_grey_value_as_its_mean():
    dataset = make()
    batches = Batches(dataset, view=View(binarize="dynamic"), size=40)
    mean = torch.zeros(40, 1, 4, 4)
    for move in range(500):
        batch = batches.at(move)
        mean[batch.index] += batch.images / 500
    grey = torch.from_numpy(dataset.items[:40]).float() / 255
    assert (mean - grey).abs().max() < 4.5 * 0.5 / 500**0.5  # 640 pixels, each within 4.5 standard errors


def test_evaluation_binarization_does_not_depend_on_batch_size():
    view = View(binarize="dynamic")
    sizes = [torch.cat([b.images for b in in_order(make(), "train", view=view, size=n)]) for n in (7, 40)]
    assert torch.equal(*sizes)


def test_levels_are_evenly_spaced_and_black_and_white_are_kept():
    (batch,) = in_order(make(), "train", view=View(levels=4))
    assert set((batch.images * 3).flatten().tolist()) == {0.0, 1.0, 2.0, 3.0}
    (batch,) = in_order(make(), "train", view=View())
    assert torch.equal((batch.images * 255).round().byte(), torch.from_numpy(make().items[:40]))


def test_labels_come_only_where_they_are_required_and_must_exist():
    labels = np.arange(50) % 3
    batch = Batches(make(labels=labels), size=5, requires={"labels"}).at(0)
    assert batch.given.labels.tolist() == [int(i) % 3 for i in batch.index]
    assert Batches(make(labels=labels), size=5).at(0).given is None
    with pytest.raises(BadInput, match="has none"):
        Batches(make(), size=5, requires={"labels"}).at(0)


def test_vectors_pass_as_they_are_and_pairs_keep_together():
    vectors = np.random.default_rng(0).normal(size=(10, 3)).astype(np.float32)
    dataset = Dataset("v", "vectors", vectors, {"train": np.arange(10)})
    batch = Batches(dataset, size=4).at(0)
    assert torch.equal(batch.images, torch.from_numpy(vectors[batch.index]))
    items = make().items
    paired = Batches(make(target=255 - items), size=8).at(0)
    torch.testing.assert_close(paired.target, 1 - paired.images)


def test_chosen_items_are_spread_over_a_sorted_set_and_stay_the_same():
    dataset = make()
    assert list(chosen(dataset, "train", 10, 0)) == list(chosen(dataset, "train", 10, 0))
    assert chosen(dataset, "train", 10, 0).max() > 20
    assert sorted(chosen(dataset, "val", 99, 0)) == [40, 41, 42, 43, 44]
