"""The labeller's score: colours of label maps, what a net reads off photographs, and how that is counted."""

import io

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter
from sklearn.datasets import load_sample_images
from sklearn.metrics import confusion_matrix, jaccard_score

from genzoo.data.dataset import Dataset
from genzoo.data.view import View
from genzoo.evaluation import QUANTITIES
from genzoo.evaluation.label_maps import MIXED, classes_of, confusions, palette_of, scored, scores
from genzoo.evaluation.labeller import Labeller, labeller, training_budget, true_classes
from genzoo.evaluation.translation import translation
from genzoo.models.adversarial.pix2pix import Pix2Pix

PALETTE = np.array([[0, 0, 220], [0, 50, 255], [255, 80, 0], [170, 0, 0], [190, 255, 60]], np.uint8)
GREYS = np.array([20, 70, 120, 170, 220])  # of the classes, in photographs


@pytest.fixture(autouse=True)
def cache_root(tmp_path, monkeypatch):
    monkeypatch.setenv("GENZOO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "features"


def areas(n, side, block, seed=0):
    """Classes of pixels, n h w, in square areas."""
    rng = np.random.default_rng(seed)
    coarse = rng.choice(len(PALETTE), (n, side // block, side // block), p=[0.3, 0.3, 0.2, 0.15, 0.05])
    return coarse.repeat(block, 1).repeat(block, 2)


def world(n=60, side=16, noise=10.0):
    """Label maps, and photographs whose grey is their class's with noise, pairs."""
    classes = areas(n, side, 4)
    grey = GREYS[classes] + np.random.default_rng(1).normal(0, noise, classes.shape)
    photographs = grey.clip(0, 255).astype(np.uint8)[:, None].repeat(3, 1)
    splits = {"train": np.arange(n - 20), "test": np.arange(n - 20, n)}
    maps = PALETTE[classes].transpose(0, 3, 1, 2)
    return Dataset("world", "images", photographs, splits, given=maps, fingerprint=f"world {noise}")


def blurred(pixels):
    """A picture, h w c, that was compressed, enlarged, smoothed and made small."""
    file = io.BytesIO()
    Image.fromarray(pixels).resize((256, 256), Image.Resampling.NEAREST).save(file, "JPEG", quality=75)
    return np.array(Image.open(file).filter(ImageFilter.GaussianBlur(1)).resize((64, 64)))


def test_the_colours_of_compressed_and_resized_label_maps_are_found():
    maps = np.stack([blurred(PALETTE[c]) for c in areas(30, 8, 1)]).transpose(0, 3, 1, 2)
    found = np.array(palette_of(maps)) * 255
    assert len(found) == len(PALETTE)
    apart = np.abs(found[:, None] - PALETTE.astype(float)).max(-1)
    assert sorted(apart.argmin(0)) == [0, 1, 2, 3, 4]
    assert apart.min(0).max() <= 4
    truth, told = areas(30, 64, 8), classes_of(torch.from_numpy(maps).float() / 255, (found / 255).tolist())
    names = np.append(apart.argmin(1), MIXED)[told]
    has = names != MIXED
    assert (names == truth)[has].mean() > 0.99
    assert 0.5 < has.mean() < 1  # edges have no colour


def test_the_colour_of_most_pixels_comes_first_and_rare_ones_are_none():
    maps = PALETTE[np.zeros((100, 32, 32), int)]
    maps[:, :8] = PALETTE[2]
    maps[0, 16:18, 16:18] = PALETTE[4]  # four pixels of 100,000
    found = np.array(palette_of(maps.transpose(0, 3, 1, 2))) * 255
    np.testing.assert_allclose(found, PALETTE[[0, 2]])


def test_photographs_noise_gradients_and_blank_pages_are_no_label_maps():
    for photograph in load_sample_images().images:
        small = np.array(Image.fromarray(photograph).resize((640, 384)))
        tiles = small.reshape(6, 64, 10, 64, 3).transpose(0, 2, 4, 1, 3).reshape(60, 3, 64, 64)
        assert palette_of(tiles) is None
    assert palette_of(np.random.default_rng(0).integers(0, 256, (20, 3, 16, 16)).astype(np.uint8)) is None
    ramp = np.arange(256, dtype=np.uint8)
    assert palette_of(np.broadcast_to(ramp, (2, 1, 256, 256)).copy()) is None
    assert palette_of(np.full((5, 3, 16, 16), 255, np.uint8)) is None
    assert palette_of(np.zeros((0, 3, 16, 16), np.uint8)) is None


def test_more_than_32_colours_are_no_label_map():
    levels = np.array([0, 80, 160, 240])
    colours = np.stack(np.meshgrid(levels, levels, levels), -1).reshape(-1, 3).astype(np.uint8)
    for count, found in ((32, True), (33, False)):
        patches = colours[:count, :, None, None].repeat(8, 2).repeat(8, 3)
        assert (palette_of(patches) is not None) is found


def test_counts_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    truth, told = rng.integers(-1, 4, (6, 9, 7)), rng.integers(0, 5, (6, 9, 7))
    counts = confusions(torch.from_numpy(truth), torch.from_numpy(told), 5)
    for t, p, ours in zip(truth, told, counts, strict=True):
        known = t != MIXED
        np.testing.assert_array_equal(ours, confusion_matrix(t[known], p[known], labels=range(5)))
    known = truth != MIXED
    t, p = truth[known], told[known]
    matrix = confusion_matrix(t, p, labels=range(5))
    accuracy, by_class, iou = scores(counts.sum(0).double()).tolist()
    assert accuracy == pytest.approx((t == p).mean(), rel=1e-12)
    assert by_class == pytest.approx((matrix.diagonal()[:4] / matrix.sum(1)[:4]).mean(), rel=1e-12)
    assert iou == pytest.approx(jaccard_score(t, p, labels=range(4), average="macro"), rel=1e-12)


def test_all_right_is_one_and_always_the_same_answer_is_its_classs_share():
    truth = torch.from_numpy(areas(8, 16, 4))
    values, errors = scored(confusions(truth, truth, 5))
    assert values.tolist() == [1, 1, 1]
    assert errors.tolist() == [0, 0, 0]
    share = float((truth == 1).double().mean())
    values, _ = scored(confusions(truth, torch.ones_like(truth), 5))
    assert values.tolist() == pytest.approx([share, 1 / 5, share / 5], rel=1e-12)


def test_the_error_of_the_accuracy_is_that_of_a_mean_over_pictures_of_one_size():
    rng = np.random.default_rng(0)
    truth = torch.from_numpy(areas(12, 16, 4))
    told = torch.from_numpy(np.where(rng.random((12, 16, 16)) < 0.3, 0, truth.numpy()))
    values, errors = scored(confusions(truth, told, 5))
    by_picture = (truth == told).double().flatten(1).mean(1)
    assert float(values[0]) == pytest.approx(float(by_picture.mean()), rel=1e-12)
    assert float(errors[0]) == pytest.approx(float(by_picture.std()) / 12**0.5, rel=1e-9)
    assert scored(confusions(truth[:1], told[:1], 5))[1] is None


def test_a_labeller_reads_what_can_be_read_and_no_more():
    data, seen = world(), []
    before = torch.get_rng_state()
    net = labeller(data, images=16 * 40, tick=seen.append)
    assert torch.equal(torch.get_rng_state(), before)
    assert sum(seen) == 16 * 40
    assert sorted(tuple(round(255 * x) for x in c) for c in net.palette) == sorted(
        map(tuple, PALETTE.tolist())
    )
    truth = true_classes(net, data, "B", "test", 20)
    photographs = torch.from_numpy(data.items[data.split("test")]).float() / 255
    chance = float(torch.bincount(truth.flatten()).max() / truth.numel())
    accuracy = float(scored(confusions(truth, net.told(photographs), 5))[0][0])
    assert accuracy > chance + 0.4
    nothing = torch.rand_like(photographs)
    assert float(scored(confusions(truth, net.told(nothing), 5))[0][0]) < chance + 0.1


def test_it_is_a_function_of_the_seed_and_trained_once(cache_root):
    data, seen = world(), []
    first, other = (labeller(data, images=16 * 3, seed=seed) for seed in (0, 1))
    assert len(list(cache_root.iterdir())) == 2
    cached = labeller(data, images=16 * 3, tick=seen.append)
    assert seen == []
    for path in cache_root.iterdir():
        (path / "weights.safetensors").write_bytes(b"broken")
    again = labeller(data, images=16 * 3, tick=seen.append)
    assert sum(seen) == 16 * 3
    for name, value in first.state_dict().items():
        assert torch.equal(value, cached.state_dict()[name])
        assert torch.equal(value, again.state_dict()[name])
    assert not torch.equal(first.net.encoder[0][0].weight, other.net.encoder[0][0].weight)
    assert cached.palette == first.palette


def test_images_of_any_sides_are_read():
    for shape in ((1, 4, 4), (3, 20, 28), (3, 33, 70)):
        net = Labeller(shape, palette=((0.0,), (1.0,)), width=2).eval()
        assert net.class_logits(torch.rand(2, *shape)).shape == (2, 2, *shape[1:])


def test_a_set_has_40_passes_within_bounds():
    def of(n):
        return training_budget(
            Dataset("d", "images", np.zeros((n, 1, 4, 4), np.uint8), {"train": np.arange(n)})
        )

    assert [of(n) for n in (10, 400, 5000)] == [3200, 16_000, 20_000]


@pytest.mark.slow  # trains a labeller with its whole budget
def test_the_ruler_says_of_label_maps_what_is_read_and_nothing_of_photographs():
    data = world()
    net = Pix2Pix((3, 16, 16), picture=(3, 16, 16), width=4, critic_width=4).eval()
    found = {r.name: r for r in translation(net, data, None, view=View())}
    names = ("label_accuracy", "label_class_accuracy", "label_iou")
    for name in names:
        real, made = found[f"{name}[to B: real]"], found[f"{name}[to B]"]
        assert real.value > 0.9 > made.value + 0.2  # the translator is untrained
        assert (real.n, real.unit, real.quantity in QUANTITIES) == (20, "share", True)
        assert "5 classes by colour, 40 training pairs, 3200 images seen, seed 0" in real.protocol
        assert f"{name}[to B: copy]" in found
    assert "labeller" not in found["partner_error[to B]"].protocol
    photographs = Dataset("p", "images", data.given, data.splits, given=data.items, fingerprint="p")
    found = translation(net, photographs, None, view=View())
    assert not [r for r in found if r.quantity in names]
    assert [r for r in found if r.quantity == "partner_error"]


def test_label_maps_may_be_the_kind_that_is_drawn():
    data = world()
    swapped = Dataset("s", "images", data.given, data.splits, given=data.items, fingerprint="s")
    assert labeller(swapped, "B") is None
    net = labeller(swapped, "A", images=16)
    assert torch.equal(true_classes(net, swapped, "A", "test", 5), true_classes(net, data, "B", "test", 5))


def test_nothing_is_read_where_there_are_no_pairs():
    data = world()
    alone = Dataset("alone", "images", data.items, data.splits, fingerprint="alone")
    assert labeller(alone) is None
    small = Dataset("s", "images", data.items, data.splits, given=data.given[:, :, ::2, ::2], fingerprint="s")
    assert labeller(small) is None
