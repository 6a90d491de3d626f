"""Few labels and codes: which items are told, in what order they come, what a file of codes keeps."""

import numpy as np
import pytest
import torch

from genzoo.data import Batches, Dataset, batches, in_order, load
from genzoo.data.few import labelled, told
from genzoo.errors import BadInput


def make(n=50, **more):
    items = np.random.default_rng(0).normal(size=(n, 3)).astype(np.float32)
    splits = {"train": np.arange(40), "val": np.arange(40, 45), "test": np.arange(45, n)}
    labels = np.arange(n) % 2
    return Dataset("t", "vectors", items, splits, labels=labels, classes=("a", "b"), **more)


def stream(size=10, share=0.3, n=8, **more):
    return Batches(make(), size=size, seed=1, told=told(make(), n, 1), share=share, **more)


def test_what_is_told_are_the_labels_of_the_labelled_items_and_no_others():
    known, data = told(make(), 8, 3), make()
    assert (np.flatnonzero(known >= 0) == labelled(data, 8, 3)).all()
    assert (known[known >= 0] == data.labels[known >= 0]).all()


def test_told_and_untold_items_are_each_seen_equally_often():
    found = stream()
    drawn = np.concatenate([found.index_at(move) for move in range(32)])  # 96 and 224 rows
    count, known = np.bincount(drawn, minlength=50), found.told >= 0
    assert (count[known] == 12).all()  # 96 rows of 8 items
    assert (count[:40][~known[:40]] == 7).all()  # 224 rows of 32 items
    assert not count[40:].any()


def test_a_batch_is_a_function_of_seed_and_move_whatever_was_drawn_before():
    first, second = stream(), stream()
    for move in range(5):
        first.at(move)
    assert torch.equal(first.at(3).index, second.at(3).index)


@pytest.mark.parametrize("world", [2, 5])
def test_parts_of_processes_are_the_rows_of_the_joined_batch_and_share_its_labels(world):
    whole = stream(size=20).at(7)
    parts = [stream(size=20).at(7, rank, world) for rank in range(world)]
    assert torch.equal(torch.cat([p.index for p in parts]), whole.index)
    assert torch.equal(torch.cat([p.given.labels for p in parts]), whole.given.labels)
    counts = [int((p.given.labels >= 0).sum()) for p in parts]
    assert max(counts) - min(counts) <= 1


def test_items_that_are_more_than_the_share_come_as_often_as_they_are():
    assert stream(share=0.1, n=20).told_each == 5
    assert stream(share=0.1, n=None).told_each == 10


def test_codes_with_scales_are_drawn_anew_in_training_and_are_their_means_in_evaluation():
    scales = np.full((50, 3), 0.5, np.float32)
    scales[:, 1] = 0
    data = make(scales=scales)
    found = Batches(data, size=40, seed=0)
    apart = []
    for move in range(200):
        batch = found.at(move)
        apart.append(batch.images - torch.from_numpy(data.items)[batch.index])
    noise = torch.cat(apart)  # 8,000 rows
    assert (noise[:, 1] == 0).all()
    assert noise[:, [0, 2]].std().item() == pytest.approx(0.5, rel=0.03)
    assert abs(noise.mean().item()) < 0.02
    assert torch.equal(found.at(3).images, Batches(data, size=40, seed=0).at(3).images)
    assert torch.equal(next(in_order(data, "test")).images, torch.from_numpy(data.items[45:]))


@pytest.mark.parametrize("uniform", [0.0, 1 - 2.0**-24])
def test_the_outermost_draws_are_finite(monkeypatch, uniform):
    monkeypatch.setattr(batches, "uniform_at", lambda seed, index, n: np.full((len(index), n), uniform, "f4"))
    drawn = Batches(make(scales=np.ones((50, 3), np.float32)), size=10).at(0).images
    assert drawn.isfinite().all()
    assert drawn.abs().min() > 2  # more than 5 deviations from items that lie within 3


def arrays(**more):
    data = make()
    words = np.array(["train"] * 40 + ["val"] * 5 + ["test"] * 5)
    order = np.random.default_rng(1).permutation(50)
    known = {"codes": data.items, "labels": data.labels, "split": words, "index": np.arange(50)}
    return {name: array[order] for name, array in known.items()} | more


def test_a_file_of_codes_keeps_splits_labels_and_the_names_of_classes(tmp_path):
    np.savez(tmp_path / "codes.npz", **arrays(classes=np.array(["cat", "dog", "eel"])))
    found, known = load(tmp_path / "codes.npz"), arrays()
    assert found.kind == "vectors"
    assert found.classes == ("cat", "dog", "eel")
    assert (found.labels == known["labels"]).all()
    for name, members in found.splits.items():
        assert (members == np.flatnonzero(known["split"] == name)).all()


def test_scales_change_the_fingerprint(tmp_path):
    np.savez(tmp_path / "a.npz", **arrays())
    np.savez(tmp_path / "b.npz", **arrays(scales=np.ones((50, 3))))
    plain, scaled = load(tmp_path / "a.npz"), load(tmp_path / "b.npz")
    assert scaled.scales.shape == (50, 3)
    assert plain.scales is None
    assert plain.fingerprint != scaled.fingerprint


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"split": np.array(["trian"] * 50)}, "train, val, test or '' for each of 50 items, got 'trian'"),
        ({"split": np.array(["train"] * 49)}, r"got shape \(49,\)"),
        ({"split": np.array(["test"] * 50)}, "split names no item for train"),
        ({"classes": np.array(["one"])}, "labels run to 1, and 1 classes have names"),
        ({"scales": np.ones((50, 2))}, "scales must be"),
        ({"scales": -np.ones((50, 3))}, "scales must be"),
        ({"scales": np.ones((49, 3))}, "50 items but scales has shape"),
    ],
)
def test_a_file_of_codes_that_does_not_fit_together_is_refused(tmp_path, more, says):
    np.savez(tmp_path / "codes.npz", **arrays(**more))
    with pytest.raises(BadInput, match=says):
        load(tmp_path / "codes.npz")
