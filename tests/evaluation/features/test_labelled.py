"""The classifier of a labelled set: learns, is found again by content, survives a broken cache."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from genzoo.data.batches import Batches
from genzoo.errors import BadInput
from genzoo.evaluation.features import classifier, load_extractor
from genzoo.evaluation.features.labelled import cached_at, classes_to_learn, training_budget
from genzoo.evaluation.features.training import AugmentedCrossEntropy, FeatureClassifier, moved
from genzoo.random import seeded

FEW = 128 * 6


def test_it_learns_what_the_labels_say(bars):
    seen = []
    found = classifier(bars(), images=128 * 16, tick=seen.append)
    assert min(found.about["accuracy"].values()) >= 0.9  # 0.5 is chance
    assert set(found.about["accuracy"]) == {"8 bits", "binarized"}
    assert found.about["split"] == "test"
    assert sum(seen) == 128 * 16
    images = Batches(bars(), "test", size=16).at(0).images
    features = found(images)
    assert features.shape == (16, 128)
    assert found.logits(features).shape == (16, 2)
    assert not found.net.training


def test_it_is_trained_once_for_the_same_content_and_settings(bars, cache_root):
    first = classifier(bars(), images=FEW)
    (path,) = cache_root.iterdir()
    seen = []
    again = classifier(bars(), images=FEW, tick=seen.append)
    assert again.label == first.label
    assert again.about == first.about
    assert seen == []
    other = classifier(bars(), images=FEW, seed=1)
    assert other.label != first.label
    changed = bars()
    changed.items[0] = 0
    paths = {cached_at(d, images=FEW) for d in (bars(), bars(n=80), changed)}
    assert path in paths
    assert len(paths) == 3


def test_training_is_a_pure_function_of_the_seed(bars, cache_root):
    first = classifier(bars(), images=FEW).label
    for path in cache_root.iterdir():
        path.unlink()
    assert classifier(bars(), images=FEW).label == first


def test_a_broken_file_in_the_cache_is_made_anew(bars, cache_root):
    label = classifier(bars(), images=FEW).label
    (path,) = cache_root.iterdir()
    path.write_bytes(path.read_bytes()[:1000])
    assert classifier(bars(), images=FEW).label == label
    assert load_extractor(path).label == label


def test_a_cache_that_cannot_be_written_names_the_remedy(bars, tmp_path, monkeypatch):
    (tmp_path / "taken").write_text("a file where the folder should be")
    monkeypatch.setenv("GENZOO_CACHE", str(tmp_path / "taken"))
    with pytest.raises(BadInput, match="GENZOO_CACHE"):
        classifier(bars(), images=FEW)


def test_colour_sets_are_measured_in_colour_only(bars):
    found = classifier(bars(channels=3, name="hf:Bars/In Colour"), images=FEW)
    assert set(found.about["accuracy"]) == {"8 bits"}
    assert found.label.startswith("hf-bars-in-colour-cnn-")


def test_a_set_without_a_test_split_is_measured_on_val(bars):
    data = bars()
    found = classifier(replace(data, splits={k: data.splits[k] for k in ("train", "val")}), images=FEW)
    assert found.about["split"] == "val"


def test_a_class_of_one_item_is_learned_from_like_any_other(bars):
    data = bars()
    labels = data.labels.copy()
    labels[0] = 2
    found = classifier(replace(data, labels=labels, classes=("row", "column", "odd")), images=FEW)
    assert found.about["classes"] == ["row", "column", "odd"]
    assert found.head.out_features == 3


def test_fewer_than_two_classes_are_refused_with_the_remedy(bars):
    one = bars()
    one.labels[:] = 0
    for data in (bars(labels=False), one):
        assert classes_to_learn(data) < 2
        with pytest.raises(BadInput, match="random-conv"):
            classifier(data)


def test_the_budget_follows_the_size_of_the_set(bars):
    def budget(n, channels):
        data = bars(n=34, channels=channels)
        return training_budget(replace(data, splits={"train": np.arange(n)}))

    assert budget(10, 1) == 6_400
    assert budget(4_500, 1) == 60_000
    assert budget(57_000, 1) == 114_000
    assert budget(47_500, 3) == 380_000
    assert budget(10**6, 3) == 400_000


def test_moves_stay_within_the_shift_and_mirror_half():
    images = torch.zeros(400, 1, 9, 9)
    images[:, 0, 4, 3] = 1
    with seeded(0):
        places = moved(images, 2, mirror=True)[:, 0].nonzero()[:, 1:]
    rows, columns = (set(places[:, axis].tolist()) for axis in (0, 1))
    assert rows == {2, 3, 4, 5, 6}
    assert columns == {1, 2, 3, 4, 5, 6, 7}  # 3 ± 2, and 5 ± 2 mirrored
    mirrored = float((places[:, 1] > 5).double().mean())
    assert 0.13 < mirrored < 0.27  # two in five of a half, four standard errors of 400 draws


def test_half_of_the_grey_images_are_seen_binarized():
    images = torch.full((400, 1, 4, 4), 0.3)
    with seeded(0):
        seen = AugmentedCrossEntropy(binarize=True)._binarized(images)
    binary = ((seen == 0) | (seen == 1)).flatten(1).all(1)
    assert 0.4 < float(binary.double().mean()) < 0.6  # four standard errors
    assert abs(float(seen[binary].mean()) - 0.3) < 0.04
    assert torch.equal(seen[~binary], images[~binary])


def test_a_batch_without_labels_is_refused(bars):
    batch = Batches(bars(), size=4).at(0)
    with pytest.raises(ValueError, match="labels"):
        AugmentedCrossEntropy().loss(FeatureClassifier((1, 8, 8), classes=2), batch)
