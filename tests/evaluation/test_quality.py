import math

import numpy as np
import pytest
import torch
from quality_fakes import SHAPE, Breaks, Fake, OfClasses, OutOfRange, UniformNoise, dataset, extractor

from genzoo.apply import sample
from genzoo.data.view import View
from genzoo.errors import BadInput
from genzoo.evaluation.drawn import draw
from genzoo.evaluation.fid import frechet_distance
from genzoo.evaluation.quality import images_seen, quality, quality_of, small_sample_note
from genzoo.evaluation.quantities import QUANTITIES
from genzoo.evaluation.reference import real_features
from genzoo.images import to_uint8


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GENZOO_CACHE", str(tmp_path))


def by_name(found):
    return {r.quantity: r for r in found.results}


def test_every_number_is_named_after_the_weights_and_known_to_the_ruler():
    tiny = extractor()
    found = quality(UniformNoise(), dataset(), tiny, samples=40)
    assert set(by_name(found)) == {
        "fid", "kid", "precision", "recall", "density", "coverage", "diversity", "inception_score",
        "memorisation",
    }  # fmt: skip
    for r in found.results:
        assert r.quantity in QUANTITIES
        assert r.measured_with == tiny.label
        assert (r.kind, r.n, r.seed) == ("estimate", 40, 0)
        assert math.isfinite(r.value)
        assert r.stderr is not None
        assert math.isfinite(r.stderr)
        assert "toy test, 256 levels, 40 samples and 48 real images of 8 bits" in r.protocol
    assert by_name(found)["precision"].unit == "share"


def test_a_net_without_classes_has_no_inception_score():
    assert "inception_score" not in by_name(
        quality(UniformNoise(), dataset(), extractor(classes=0), samples=40)
    )


def test_the_samples_are_those_of_the_sample_command_in_bytes():
    model = OutOfRange()
    found = quality(model, dataset(), extractor(), samples=40, seed=3, batch=16)
    assert torch.equal(torch.from_numpy(found.samples), to_uint8(sample(model, 40, seed=3)))


def test_neither_batch_size_nor_a_second_time_changes_a_number():
    first, again, other = (
        quality(UniformNoise(), dataset(), extractor(), samples=40, batch=b) for b in (64, 64, 7)
    )
    assert [r.to_json() for r in first.results] == [r.to_json() for r in again.results]
    for a, b in zip(first.results, other.results, strict=True):
        assert b.value == pytest.approx(a.value, rel=1e-4, abs=1e-7)  # features are float32
    assert np.array_equal(first.samples, other.samples)


def test_classes_take_turns_unless_conditions_are_given():
    assert (draw(OfClasses(classes=2), 6)[:, 0, 0, 0] == [0, 255] * 3).all()


def test_real_images_are_seen_through_the_view():
    data, tiny = dataset(), extractor()
    view = View(binarize="threshold")
    black_and_white = np.where(data.items[72:] >= 128, 255, 0).astype(np.uint8)
    found = quality_of(black_and_white, data, tiny, view=view)
    assert by_name(found)["fid"].value == pytest.approx(0, abs=1e-6)
    assert "threshold binarization" in by_name(found)["fid"].protocol
    assert by_name(quality_of(black_and_white, data, tiny))["fid"].value > 0.1


def test_a_data_set_as_samples_is_seen_through_the_view_too():
    data = dataset()
    found = quality_of(data, data, extractor(), view=View(binarize="static"), split="all")
    assert by_name(found)["fid"].value == pytest.approx(0, abs=1e-6)
    assert by_name(found)["fid"].n == 120


def test_the_numbers_are_those_of_the_features():
    data, tiny = dataset(), extractor()
    x, y = (real_features(data, tiny, split=split) for split in ("train", "test"))
    found = by_name(quality_of(data.items[:60], data, tiny))
    assert found["fid"].value == pytest.approx(frechet_distance(x, y), rel=1e-9)


def test_copied_training_images_are_memorised_and_their_originals_named():
    data = dataset()
    chosen = np.array([5, 59, 0, 17, 31, 8, 9, 10, 11, 12])
    found = quality_of(data.items[chosen], data, extractor())
    assert by_name(found)["memorisation"].value == 1
    assert "unseen real images" in by_name(found)["memorisation"].protocol
    assert found.nearest.index[:, 0].tolist() == chosen.tolist()
    assert (found.nearest.distance == 0).all()


def test_without_training_images_nothing_is_said_of_memorisation():
    data = dataset()
    data.splits.pop("train")
    found = quality_of(data.items[:20], data, extractor())
    assert "memorisation" not in by_name(found)
    assert found.nearest is None


def test_a_small_set_is_said_to_be_small():
    found = quality(UniformNoise(), dataset(), extractor(), samples=40)
    assert found.note == small_sample_note(40, 6)
    assert found.note in by_name(found)["fid"].protocol
    assert small_sample_note(2048, 100) is None
    assert small_sample_note(3000, 2048) is not None


def test_progress_adds_up():
    done = []
    quality(UniformNoise(), dataset(), extractor(), samples=40, batch=16, tick=done.append)
    assert sum(done) == 40 + images_seen(dataset(), 40)


def test_what_cannot_be_measured_is_refused():
    data, tiny = dataset(), extractor()
    with pytest.raises(BadInput, match="cannot sample"):
        quality(Fake(), data, tiny, samples=40)
    with pytest.raises(BadInput, match="--samples must be at least 10, got 3"):
        quality(UniformNoise(), data, tiny, samples=3)
    with pytest.raises(BadInput, match="items are 1x4x4, this UniformNoise makes 3x4x4"):
        quality(UniformNoise((3, 4, 4)), data, tiny, samples=40)
    with pytest.raises(BadInput, match="expected uint8 samples"):
        quality_of(np.zeros((20, 3, 4, 4), np.uint8), data, tiny)
    with pytest.raises(BadInput, match="got 5 and 48"):
        quality_of(np.zeros((5, *SHAPE), np.uint8), data, tiny)
    with pytest.raises(BadInput, match="no split 'tset'"):
        quality_of(data.items, data, tiny, split="tset")
    with pytest.raises(FloatingPointError, match="sample 1 has a value that is not finite"):
        quality(Breaks(), data, tiny, samples=40)
