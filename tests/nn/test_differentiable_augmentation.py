"""Each augmentation does what it says to the share of images that it should, and gradients flow through."""

import math

import pytest
import torch

from genzoo.errors import BadInput
from genzoo.nn.augment import POLICIES, augment, jittered
from genzoo.random import by_item, seeded, sharded

SHAPES = [(3, 8, 8), (1, 16, 10), (4, 9, 9), (3, 7, 12)]


def images(n=40, shape=(3, 8, 8)):
    """Values from 0.1 to 1, no two of them the same."""
    size = n * shape[0] * shape[1] * shape[2]
    return (0.1 + 0.9 * torch.randperm(size, dtype=torch.float64) / size).view(n, *shape)


def changed(before, after):
    return (before != after).flatten(1).any(1)


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("shape", SHAPES)
def test_shape_and_type_stay_and_probability_zero_changes_nothing(policy, shape):
    x = images(6, shape)
    assert torch.equal(augment(x, [policy], 0.0), x)
    assert augment(x, [policy]).shape == x.shape
    assert augment(x.float(), [policy]).dtype == torch.float32


SHARES = {"colour": 1, "translation": 24 / 25, "cutout": 1, "flip": 1 / 2, "rotate": 3 / 4}  # of the chosen


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("probability", [0.3, 1.0])
def test_the_expected_share_of_images_changes_and_the_others_stay_bit_for_bit(policy, probability):
    x = images(1000, (3, 16, 16))
    share = changed(x, augment(x, [policy], probability)).double().mean().item()
    expected = probability * SHARES[policy]
    assert abs(share - expected) <= 5 * (expected * (1 - expected) / 1000) ** 0.5  # five standard errors


def test_changes_are_chosen_independently_of_each_other():
    x = images(1000, (1, 16, 16))
    with seeded(3):
        first = changed(x, augment(x, ["colour"], 0.5))
    with seeded(3):
        both = augment(x, ["colour", "cutout"], 0.5)
    cut = (both == 0).flatten(1).any(1)
    assert abs((first & cut).double().mean() - 0.25) < 5 * (0.25 * 0.75 / 1000) ** 0.5


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("shape", SHAPES[:3])
def test_first_and_second_gradients_are_finite_differences(policy, shape):
    x = images(2, (shape[0], 4, 4)).requires_grad_()

    def fixed(x):
        with seeded(5):
            return augment(x, [policy]).square()

    assert torch.autograd.gradcheck(fixed, x)
    assert torch.autograd.gradgradcheck(fixed, x)  # as gradient penalties need


def test_two_processes_change_images_as_one_does():
    x = images(8)
    with seeded(7):
        whole = augment(x, POLICIES, 0.7)
    for rank in range(2):
        with seeded(7), sharded(rank, 2):
            assert torch.equal(augment(x.chunk(2)[rank], POLICIES, 0.7), whole.chunk(2)[rank])


def test_in_evaluation_an_image_meets_its_own_change_whatever_its_batch_mates():
    x = images(8)
    with by_item(torch.arange(8), 0, "augment"):
        whole = augment(x, POLICIES)
    with by_item(torch.tensor([5]), 0, "augment"):
        assert torch.equal(augment(x[5:6], POLICIES), whole[5:6])


@pytest.mark.parametrize("shape", SHAPES)
def test_translation_moves_by_whole_pixels_up_to_an_eighth_and_brings_in_zeros(shape):
    x, (h, w) = images(300, shape), shape[1:]
    tall, wide = int(h / 8 + 0.5), int(w / 8 + 0.5)
    found = set()
    for before, after in zip(x, augment(x, ["translation"]), strict=True):
        (moves,) = [
            [(down, right)]
            for down in range(-tall, tall + 1)
            for right in range(-wide, wide + 1)
            if torch.equal(after, shifted(before, down, right))
        ]
        found.update(moves)
    assert len(found) == (2 * tall + 1) * (2 * wide + 1)  # each of them occurs


def shifted(image, down, right):
    out = torch.zeros_like(image)
    h, w = image.shape[1:]
    out[:, max(down, 0) : h + min(down, 0), max(right, 0) : w + min(right, 0)] = image[
        :, max(-down, 0) : h + min(-down, 0), max(-right, 0) : w + min(-right, 0)
    ]
    return out


@pytest.mark.parametrize("shape", SHAPES)
def test_cutout_zeroes_one_rectangle_of_half_sides_cut_off_at_the_edges(shape):
    x, (h, w) = images(400, shape), shape[1:]
    out = augment(x, ["cutout"])
    gone = out == 0
    assert torch.equal(out[~gone], x[~gone])
    assert (gone == gone[:, :1]).all()  # in all channels
    rows, columns = gone[:, 0].any(2), gone[:, 0].any(1)
    assert torch.equal(gone[:, 0], rows[:, :, None] & columns[:, None])
    for line, n in ((rows, h), (columns, w)):
        side = int(n / 2 + 0.5)
        for each in line.int():
            assert each.diff().abs().sum() <= 2  # in one piece
            at_an_edge = bool(each[0] or each[-1])
            assert side // 2 <= each.sum() <= side if at_an_edge else each.sum() == side
        assert len(line.unique(dim=0)) == n + 1 - side % 2  # wherever its middle can be
    assert rows.sum(1).max() == int(h / 2 + 0.5)


def test_flip_mirrors_left_to_right_or_leaves_the_image():
    x = images(60)
    for before, after in zip(x, augment(x, ["flip"]), strict=True):
        assert torch.equal(after, before) or torch.equal(after, before.flip(2))


@pytest.mark.parametrize(("shape", "allowed"), [((3, 8, 8), {0, 1, 2, 3}), ((1, 6, 9), {0, 2})])
def test_rotate_makes_every_quarter_turn_of_squares_and_half_turns_of_others(shape, allowed):
    x = images(200, shape)
    turns = [
        next(k for k in allowed if torch.equal(after, before.rot90(k, (1, 2))))
        for before, after in zip(x, augment(x, ["rotate"]), strict=True)
    ]
    assert set(turns) == allowed
    share = turns.count(0) / len(turns)
    assert abs(share - 1 / len(allowed)) < 5 * (0.25 / 200) ** 0.5  # at most, five standard errors


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_colour_is_affine_with_brightness_saturation_and_contrast_in_their_ranges(channels):
    """y − mean(y) = contrast·(x − mean x) in grey, and colour differences are scaled by saturation too."""
    x = 2 * images(500, (channels, 5, 6)) - 1
    y = augment(x, ["colour"])
    rgb, out = x[:, :3], y[:, :3]
    brightness = (out - rgb).mean((1, 2, 3))  # the mean of an image moves by brightness alone
    grey_in, grey_out = rgb.mean(1), out.mean(1)
    centred = grey_in - grey_in.mean((1, 2), keepdim=True)
    contrast = ((grey_out * centred).sum((1, 2)) / centred.square().sum((1, 2)))[:, None, None]
    mean = (grey_in.mean((1, 2)) + brightness)[:, None, None]
    torch.testing.assert_close(grey_out, mean + contrast * centred, rtol=0, atol=1e-13)
    ranges = [(brightness, -0.5, 0.5), (contrast, 0.5, 1.5)]
    if channels > 1:
        difference = rgb - grey_in[:, None]
        saturation = ((out - grey_out[:, None]) * difference).sum((1, 2, 3)) / difference.square().sum(
            (1, 2, 3)
        )
        saturation = saturation / contrast.flatten()
        ranges.append((saturation, 0.0, 2.0))
        scaled = (saturation * contrast.flatten())[:, None, None, None] * difference
        torch.testing.assert_close(out - grey_out[:, None], scaled, rtol=0, atol=1e-13)
    for value, low, high in ranges:
        margin = 0.03 * (high - low)  # 500 uniform numbers miss such an end with probability e⁻¹⁵
        assert low - 1e-12 <= value.min() < low + margin
        assert high - margin < value.max() <= high + 1e-12
    assert torch.equal(y[:, 3:], x[:, 3:])  # alpha


def test_an_unknown_policy_and_a_probability_out_of_range_are_refused():
    with pytest.raises(BadInput, match="augmentation 'color' is unknown; did you mean 'colour'"):
        augment(images(2), ["flip", "color"])
    with pytest.raises(BadInput, match=r"from 0 to 1, got 1\.5"):
        augment(images(2), ["flip"], 1.5)


def test_a_jitter_of_reach_0_changes_nothing_and_a_plane_stays_one():
    x = images(5, (2, 9, 12))
    torch.testing.assert_close(jittered(x, 0.0), x, rtol=0, atol=1e-12)  # bilinear, at the pixels themselves
    flat = torch.full((5, 2, 9, 12), 0.3, dtype=torch.float64)
    torch.testing.assert_close(jittered(flat, 1.0), flat, rtol=0, atol=1e-12)


def test_a_jitter_is_one_affine_map_an_image_within_its_limits():
    n, side = 400, 33
    axis = (2 * torch.arange(side, dtype=torch.float64) + 1) / side - 1
    ramps = torch.stack([axis.expand(side, side), axis[:, None].expand(side, side)])  # x, y of every pixel
    with seeded(0):
        moved = jittered(ramps.expand(n, 2, side, side), 0.5)
    middle = side // 2
    shift = moved[:, :, middle, middle]
    dx = (moved[:, :, middle, middle + 3] - shift) / (3 * 2 / side)
    dy = (moved[:, :, middle + 3, middle] - shift) / (3 * 2 / side)
    between = (moved[:, :, middle, middle - 3] + moved[:, :, middle, middle + 3]) / 2
    torch.testing.assert_close(between, shift, rtol=0, atol=1e-12)  # affine: a line stays one
    assert 0.07 < shift.abs().max() <= 0.075
    turn = torch.atan2(dx[:, 1], dx[:, 0])
    assert math.radians(9) < turn.abs().max() <= math.radians(10) + 1e-9
    wide = dx.norm(dim=1).log()
    assert 0.14 < wide.abs().max() <= 0.15 + 1e-9
    area = (dx[:, 0] * dy[:, 1] - dx[:, 1] * dy[:, 0]).log() - wide
    assert 0.09 < area.abs().max() <= 0.1 + 1e-9
    shear = dx[:, 0] * dy[:, 0] / wide.exp() + dx[:, 1] * dy[:, 1] / wide.exp()
    assert 0.23 < shear.abs().max() <= 0.25 + 1e-9


def test_a_jitter_moves_an_image_alike_whatever_its_mates():
    x = images(6, (1, 8, 8))
    with by_item(torch.arange(6), 3):
        whole = jittered(x, 1.0)
    with by_item(torch.arange(2), 3):
        part = jittered(x[:2], 1.0)
    assert torch.equal(whole[:2], part)
