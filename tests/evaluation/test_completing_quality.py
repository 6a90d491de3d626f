"""What is said of completions: the hole alone counts, holes belong to images, baselines stand beside."""

import math

import numpy as np
import pytest
import torch

from genzoo.data.dataset import Dataset
from genzoo.data.view import View
from genzoo.evaluation import Protocol, Subject, evaluate
from genzoo.evaluation.completion import (
    KINDS,
    SMALLEST,
    completion,
    holes_at,
    in_hole,
    mean_colour,
)
from genzoo.evaluation.features import extractor_for
from genzoo.evaluation.similarity import peak_ratio
from genzoo.evaluation.subject import applicable, only_if_asked
from genzoo.models.base import Model
from genzoo.random import uniform


class Filler(Model):
    """Knows the data: fills holes with the truth, or with it moved by a shade."""

    def __init__(self, shape, truth=None, shade=0.0):
        super().__init__(shape)
        self.weight = torch.nn.Parameter(torch.zeros(()))
        self.truth, self.shade, self.seen = truth, shade, []

    def complete(self, images, known, given=None, *, temperature=1.0):
        self.seen.append((images, known))
        return torch.where(known, images, images + self.shade)


class Drawer(Filler):
    """Fills holes with noise, which it could also make whole images of."""

    def complete(self, images, known, given=None, *, temperature=1.0):
        return torch.where(known, images, uniform(images.shape, images))

    def sample(self, n, given=None, *, temperature=1.0):
        return uniform((n, *self.shape), self.like)


def data(n=40, shape=(3, 16, 20)):
    """Images between two greys, so that a shade does not leave [0, 1]."""
    items = np.random.default_rng(0).integers(60, 160, (n, *shape)).astype(np.uint8)
    splits = {"train": np.arange(10), "val": np.arange(10, 14), "test": np.arange(14, n)}
    return Dataset("greys", "images", items, splits, fingerprint="greys")


def by_name(results):
    return {r.name: r for r in results}


def measured(model, **options):
    return by_name(completion(model, data(), None, view=View(), **options))


@pytest.mark.parametrize("kind", KINDS)
def test_a_shade_in_the_hole_is_its_error_whatever_the_size_of_the_hole(kind):
    found = measured(Filler((3, 16, 20), shade=51 / 255).eval())
    assert found[f"hole_error[{kind}]"].value == pytest.approx(0.2, abs=1e-6)
    assert found[f"hole_psnr[{kind}]"].value == pytest.approx(-20 * math.log10(0.2), abs=1e-4)
    assert found[f"hole_psnr[{kind}]"].stderr == pytest.approx(0, abs=1e-3)
    assert {r.n for r in found.values()} == {26}


def test_the_truth_has_no_error_and_the_baselines_have_that_of_noise():
    model = Filler((3, 16, 20)).eval()
    source = data()
    found = by_name(completion(model, source, extractor_for(source, "random-conv"), view=View()))
    for kind in KINDS:
        assert found[f"hole_error[{kind}]"].value == 0
        assert found[f"hole_psnr[{kind}]"].value == math.inf
        spread = found[f"hole_error[{kind}: mean colour]"].value
        assert spread == pytest.approx(25 / 255, rel=0.1)  # a quarter of the range: uniform numbers
        assert found[f"hole_error[{kind}: smooth]"].value > 0.95 * spread
        distances = {n: r.value for n, r in found.items() if n.startswith(f"completed_fid[{kind}")}
        assert len(distances) == 3
        assert min(distances.values()) == distances[f"completed_fid[{kind}, {extractor_label(source)}]"]
        assert min(distances.values()) == pytest.approx(0, abs=1e-9)


def extractor_label(source):
    return extractor_for(source, "random-conv").label


def test_holes_are_those_of_an_image_and_the_seed_whatever_stands_beside_it():
    index = torch.tensor([3, 8, 5, 40])
    for kind in KINDS:
        known = holes_at(index, (16, 24), kind, 0)
        assert torch.equal(known[2:3], holes_at(index[2:3], (16, 24), kind, 0))
        assert not torch.equal(known, holes_at(index, (16, 24), kind, 1))
        hidden = (~known).flatten(1).sum(1)
        assert bool((hidden > 0).all())
        assert bool((hidden <= 8 * 8).all())  # inside a window of half the shorter side
    every = [holes_at(torch.arange(500), (SMALLEST, SMALLEST), kind, 0) for kind in KINDS]
    assert all(bool((~known).flatten(1).any(1).all()) for known in every)


def test_every_model_meets_the_same_holes_and_no_number_depends_on_the_batch():
    one, other = Filler((3, 16, 20)).double().eval(), Filler((3, 16, 20), shade=0.1).eval()
    measured(one, batch=5)
    measured(other, batch=26)
    masks = [torch.cat([known for _, known in model.seen]) for model in (one, other)]
    assert torch.equal(*masks)
    whole, parts = (measured(Drawer((3, 16, 20)).eval(), batch=b) for b in (26, 4))
    assert {n: r.value for n, r in whole.items()} == {n: r.value for n, r in parts.items()}


def test_a_limit_bounds_how_many_are_completed():
    model = Filler((3, 16, 20)).eval()
    assert {r.n for r in measured(model, limit=7).values()} == {7}
    assert sum(len(images) for images, _ in model.seen) == 2 * 7


def test_the_mean_colour_is_that_of_the_known_pixels_and_leaves_them_alone():
    images = torch.rand(2, 3, 8, 8)
    known = torch.ones(2, 1, 8, 8, dtype=torch.bool)
    known[0, :, 2:5, 3:7] = False
    known[1] = False
    known[1, :, 0, 0] = True
    filled = mean_colour(images, known)
    assert torch.equal(filled[known.expand_as(images)], images[known.expand_as(images)])
    torch.testing.assert_close(filled[0, :, 3, 4], images[0][:, known[0, 0]].mean(1))
    torch.testing.assert_close(filled[1, :, 7, 7], images[1, :, 0, 0])


def test_the_hole_alone_counts_and_the_ratio_is_of_the_mean_error():
    values, known = torch.ones(1, 2, 4, 4), torch.ones(1, 1, 4, 4, dtype=torch.bool)
    known[:, :, 1, 1] = False
    values[:, :, 1, 1] = torch.tensor([3.0, 5.0])
    assert in_hole(values, known).tolist() == [4.0]
    ratio, deviation = peak_ratio(torch.tensor([0.0, 0.02]))  # the first image has none
    assert ratio == pytest.approx(20)
    assert deviation == pytest.approx(10 / math.log(10))  # the error of the mean is all of it


def test_the_ruler_completes_unasked_only_what_does_not_sample():
    filler, drawer = (cls((3, 16, 20)).eval() for cls in (Filler, Drawer))
    assert [only_if_asked(model, "completion") for model in (filler, drawer)] == [False, True]
    subject = Subject(filler, data(), View(), extractor="random-conv")
    assert "completion" in evaluate(subject, Protocol(limit=3), groups=None).answers
    subject = Subject(drawer, data(), View(), extractor="random-conv")
    asked = evaluate(subject, Protocol(limit=3), groups=["completion"])
    assert by_name(asked.results)["hole_error[boxes]"].n == 3


def test_what_cannot_be_completed_is_said():
    class Plain(Model):
        pass

    def reason(model, source):
        return applicable(Subject(model, source), Protocol())["completion"]

    assert reason(Plain((3, 16, 20)), data()) == "Plain does not complete images"
    assert "6x20 have no room for holes: 8 pixels" in reason(Filler((3, 6, 20)), data(shape=(3, 6, 20)))
