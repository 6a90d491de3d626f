"""What is left of an image is what any program would leave of it, and it reaches the models that need it."""

import numpy as np
import pytest
import torch
from PIL import Image

from genzoo.data import Batches, Dataset, View, in_order
from genzoo.data.batches import presented
from genzoo.data.degrade import degraded, degraded_shape
from genzoo.errors import BadInput
from genzoo.images import quantise


def colours(n=12, size=(8, 4), channels=3, **more):
    items = np.random.default_rng(0).integers(0, 256, (n, channels, *size)).astype(np.uint8)
    return Dataset("t", "images", items, {"train": np.arange(n)}, **more)


def test_grey_is_what_pillow_makes_grey_of_every_colour():
    steps = np.arange(0, 256, 5, dtype=np.uint8)
    pixels = np.stack(np.meshgrid(steps, steps, steps), -1).reshape(1, -1, 3)
    expected = np.asarray(Image.fromarray(pixels).convert("L"))
    images = torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255
    assert ((degraded(images, "grey") * 255).round()[0, 0].numpy() == expected).all()


@pytest.mark.parametrize("levels", [2, 3, 32, 256])
def test_greys_stay_what_they_are(levels):
    grey = torch.arange(levels).view(1, 1, 1, -1) / (levels - 1)
    assert torch.equal(degraded(grey.expand(1, 3, 1, levels), "grey", levels), grey)


@pytest.mark.parametrize(("how", "factor"), [("half", 2), ("quarter", 4)])
def test_a_small_image_is_the_mean_of_each_box_on_the_grid_of_levels(how, factor):
    images = quantise(torch.rand(5, 3, 8, 12, dtype=torch.float64), 7)
    small = degraded(images, how, 7)
    assert small.shape == (5, *degraded_shape((3, 8, 12), how))
    assert torch.allclose(small * 6, (small * 6).round())
    mean = torch.nn.functional.avg_pool2d(images, factor)
    assert (small - mean).abs().max() <= 0.5 / 6 + 1e-12


@pytest.mark.parametrize("levels", [2, 5, 256])
@pytest.mark.parametrize("channels", [1, 3])
def test_outlines_are_dark_lines_on_white_where_the_sides_of_a_step_meet(levels, channels):
    images = torch.zeros(1, channels, 9, 12)
    images[..., 6:] = 1
    drawn = degraded(images, "edges", levels)
    assert drawn.shape == (1, *degraded_shape((channels, 9, 12), "edges")) == (1, 1, 9, 12)
    assert (drawn[..., 5:7] == 0).all()  # a step of all the range is black on both of its sides
    assert (drawn[..., :4] == 1).all()
    assert (drawn[..., 8:] == 1).all()
    assert torch.allclose(drawn * (levels - 1), (drawn * (levels - 1)).round())
    assert torch.equal(degraded(images.mT, "edges", levels), drawn.mT)
    assert torch.equal(degraded(1 - images, "edges", levels), drawn)


def test_a_step_of_a_quarter_of_the_range_is_a_line_of_half_strength():
    images = torch.zeros(1, 1, 8, 8)
    images[..., 4:] = 64 / 255
    assert degraded(images, "edges")[..., 3:5].mul(255).round().unique().item() == 255 - 128


def test_outlines_do_not_depend_on_the_batch_and_an_even_image_has_none():
    images = quantise(torch.rand(5, 3, 8, 6), 256)
    drawn = degraded(images, "edges")
    assert torch.equal(torch.cat([degraded(image[None], "edges") for image in images]), drawn)
    assert (degraded(torch.full((1, 1, 1, 5), 0.5), "edges") == 1).all()


@pytest.mark.parametrize(("levels", "grey"), [(2, 1), (3, 1 / 2), (256, 128 / 255)])
def test_a_masked_image_is_the_image_but_for_a_grey_centre_of_half_its_sides(levels, grey):
    images = quantise(torch.rand(4, 3, 8, 12), levels)
    left = degraded(images, "masked", levels)
    assert (left[:, :, 2:6, 3:9] == grey).all()
    left[:, :, 2:6, 3:9] = images[:, :, 2:6, 3:9]
    assert torch.equal(left, images)


def test_halves_are_rounded_up_so_that_a_box_half_white_is_white():
    box = torch.tensor([[0.0, 1.0], [1.0, 0.0]]).view(1, 1, 2, 2)
    assert degraded(box, "half", 2).item() == 1
    assert degraded(box.where(box.cumsum(3) > 1, 0), "half", 2).item() == 0


@pytest.mark.parametrize(
    ("shape", "how", "says"),
    [
        ((1, 8, 8), "grey", "--channels 3"),
        ((3, 8, 7), "half", "8x7 does not divide by 2; give --size"),
        ((3, 8, 6), "quarter", "8x6 does not divide by 4"),
        ((4, 8, 8), "edges", "images have 4 channels; give --channels 1 or 3"),
        ((5,), "half", "not images"),
    ],
)
def test_what_cannot_be_degraded_is_refused_with_the_remedy(shape, how, says):
    with pytest.raises(BadInput, match=says):
        degraded_shape(shape, how)


@pytest.mark.parametrize(
    "view",
    [
        View(degrade="grey"),
        View(degrade="half", binarize="dynamic"),
        View(degrade="half", levels=4),
        View(degrade="edges", levels=16),
        View(degrade="masked", binarize="static"),
    ],
)
def test_a_batch_is_given_what_is_left_of_its_own_images_as_the_model_sees_them(view):
    dataset = colours()
    for batch in (
        Batches(dataset, view=view, size=5, requires={"images"}).at(3),
        next(in_order(dataset, "train", view=view, requires={"images"})),
    ):
        assert torch.equal(batch.given.images, degraded(batch.images, view.degrade, view.values))
        assert batch.given.names() == {"images"}


def test_a_model_that_requires_nothing_is_given_nothing():
    assert presented(colours(), np.arange(3), View(degrade="grey"), 0).given is None


def test_labels_and_pictures_may_both_be_given():
    dataset = colours(labels=np.arange(12) % 3)
    given = presented(dataset, np.arange(4), View(degrade="half"), 0, {"labels", "images"}).given
    assert given.names() == {"labels", "images"}
    assert given.labels.tolist() == [0, 1, 2, 0]


def test_pictures_that_nothing_is_said_of_are_refused_with_the_flag():
    with pytest.raises(
        BadInput,
        match=r"--degrade grey, half, quarter, edges, masked or past, or .*pairs:A::B or halves:SOURCE",
    ):
        presented(colours(), np.arange(3), View(), 0, {"images"})


def test_a_view_remembers_its_degradation_and_an_older_one_had_none():
    view = View(size=(8, 4), degrade="quarter")
    assert View.from_json(view.to_json()) == view
    old = {k: v for k, v in view.to_json().items() if k != "degrade"}
    assert View.from_json(old).degrade is None
