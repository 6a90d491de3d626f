"""The completion net sees far but never into a hole, and its critic's local half sees the window alone."""

import pytest
import torch
from torch import nn

from genzoo.errors import BadInput
from genzoo.models.base import parameter_count
from genzoo.nn.completing import CompletionNet, ContextCritic, window

SIZE, HOLE = (24, 20), (12, 9)


def completion(width=2, **options):
    return CompletionNet(2, width, **options).double().eval()


def critic(size=SIZE, hole=HOLE):
    return ContextCritic(2, size, hole, 2).double().eval()


def images(size=SIZE, n=3, channels=2):
    return 2 * torch.rand(n, channels, *size, dtype=torch.float64) - 1


def holes(size=SIZE, n=3):
    known = torch.ones(n, 1, *size, dtype=torch.bool)
    known[..., 2:5, 1:4] = False
    return known


def corners(*places):
    return torch.tensor(places)


def field_of_view(dilations, size):
    """The side of the square of pixels that a made pixel sees, all weights being positive."""
    net = CompletionNet(1, 2, dilations=dilations).double().eval()
    with torch.no_grad():
        for m in net.modules():
            if isinstance(m, nn.Conv2d | nn.ConvTranspose2d):
                m.weight.fill_(m.out_channels / m.weight.numel())
    x = torch.rand(1, 1, size, size, dtype=torch.float64).requires_grad_()
    made = net(x, torch.ones(1, 1, size, size, dtype=torch.bool))
    (gradient,) = torch.autograd.grad(made[0, 0, size // 2 + 1, size // 2 + 1], x)
    seen = gradient[0, 0].abs().sum(0).nonzero()[:, 0]
    assert seen[0] > 0
    assert seen[-1] < size - 1
    return (seen[-1] - seen[0] + 1).item()


def test_dilation_lets_a_pixel_see_what_it_adds_at_a_quarter_of_the_size_four_times_over():
    plain, dilated = field_of_view((1, 1, 1, 1), 104), field_of_view((2, 4, 8, 16), 312)
    assert (plain, dilated) == (95, 303)
    assert dilated - plain == 4 * 2 * ((2 + 4 + 8 + 16) - (1 + 1 + 1 + 1))


def test_parameters_are_those_of_table_1_counted_by_hand():
    quarter = 2 * 9 * 256 * 256 + 4 * 9 * 256 * 256 + 2 * 9 * 256 * 256  # before, with and after dilation
    inwards = 25 * 4 * 64 + 9 * (64 * 128 + 128 * 128 + 128 * 256)
    outwards = 16 * (256 * 128 + 128 * 64) + 9 * (128 * 128 + 64 * 32)
    norms = 2 * (64 + 128 + 128 + 9 * 256 + 128 + 128 + 64 + 32)
    expected = inwards + quarter + outwards + norms + 9 * 32 * 3 + 3
    assert parameter_count(CompletionNet(3)) == expected == 6_069_155


def test_the_layers_are_those_of_table_1():
    net = CompletionNet(3, 2)
    layers = [m for m in net.layers if isinstance(m, nn.Conv2d | nn.ConvTranspose2d)]
    assert [32 * m.out_channels for m in layers[:-1]] == [
        64, 128, 128, *9 * [256], 128, 128, 64, 32,
    ]  # fmt: skip
    assert [m.kernel_size[0] for m in layers] == [5, *11 * [3], 4, 3, 4, 3, 3]
    assert [m.stride[0] for m in layers] == [1, 2, 1, 2, *8 * [1], 2, 1, 2, 1, 1]
    assert [m.dilation[0] for m in layers] == [*6 * [1], 2, 4, 8, 16, *7 * [1]]
    kinds = [type(m).__name__ for m in net.layers]
    assert kinds[1::3][:-1] == 16 * ["BatchNorm2d"]
    assert kinds[2::3] == 16 * ["ReLU"]
    assert kinds[-2:] == ["Conv2d", "Tanh"]


@pytest.mark.parametrize("size", [(4, 4), (5, 7), (1, 9), (28, 28), (18, 31)])
def test_an_image_of_any_size_comes_out_in_that_size_between_minus_one_and_one(size):
    y = completion()(100 * images(size), holes(size))
    assert y.shape == (3, 2, *size)
    assert y.abs().max() <= 1


def test_what_is_under_the_hole_is_never_seen_but_where_it_is_and_what_is_around_it_are():
    net, x, known = completion(), images(), holes()
    other = torch.where(known, x, images())
    assert torch.equal(net(x, known), net(other, known))
    assert not torch.equal(net(x, known), net(x, torch.ones_like(known)))
    around = torch.where(known, images(), x)
    assert not torch.equal(net(x, known), net(around, known))


def test_the_hole_is_filled_by_the_mean_colour_and_marked_by_ones():
    net, seen = completion(mean=(0.5, -0.25)), []
    net.layers[0].register_forward_hook(lambda _m, x, _y: seen.append(x[0]))
    x, known = images((6, 8)), holes((6, 8))
    net(x, known)
    (shown,) = seen
    assert shown.shape == (3, 3, 8, 8)  # to multiples of 4, beyond which nothing is known
    within = shown[..., :6, :]
    assert torch.equal(within[:, 2:] == 1, ~known)
    assert torch.equal(within[:, :2].where(known, 0.0), x.where(known, 0.0))
    colours = torch.tensor([0.5, -0.25, 1.0], dtype=torch.float64)
    assert (within.movedim(1, -1)[~known[:, 0]] == colours).all()
    assert (shown[..., 6:, :].movedim(1, -1) == colours).all()


def test_a_mean_colour_of_other_channels_is_refused():
    with pytest.raises(BadInput, match="of 2 channels is 2 numbers, got 3"):
        completion(mean=(0.0, 0.1, 0.2))


def test_a_window_is_the_square_from_its_corner_on():
    x = images()
    places = [(0, 0), (12, 11), (5, 3)]
    cut = window(x, corners(*places), HOLE)
    for item, (row, column), part in zip(x, places, cut, strict=True):
        assert torch.equal(part, item[:, row : row + 12, column : column + 9])


@pytest.mark.parametrize("place", [(-1, 0), (13, 0), (0, 12)])
def test_a_window_that_leaves_its_image_is_refused(place):
    with pytest.raises(BadInput, match=r"12x9 from pixel \(.*24x20: its corner must be .* to \(12, 11\)"):
        window(images(n=2), corners((0, 0), place), HOLE)


def test_images_of_another_size_are_refused():
    with pytest.raises(BadInput, match="images of 24x20, got 20x24: resize"):
        critic()(images((20, 24), 1), corners((0, 0)))


def seen_by(net, dead):
    """Where each image has a gradient once a branch's weights are zero, and the windows."""
    with torch.no_grad():
        for p in net.parameters():
            p.abs_()  # so that no ReLU hides what it sees
        for p in dead.parameters():
            p.zero_()
    x, places = images().abs().requires_grad_(), corners((0, 0), (12, 11), (5, 3))
    (gradient,) = torch.autograd.grad(net(x, places).score.sum(), x)
    inside = torch.zeros(3, 2, *SIZE, dtype=torch.bool)
    for item, (row, column) in zip(inside, places.tolist(), strict=True):
        item[:, row : row + 12, column : column + 9] = True
    return gradient != 0, inside


def test_the_local_branch_sees_its_window_and_nothing_else():
    net = critic()
    seen, inside = seen_by(net, net.whole)
    assert torch.equal(seen, inside)


def test_the_global_branch_sees_outside_of_the_window():
    net = critic()
    seen, _ = seen_by(net, net.part)
    assert seen.all()


def test_at_256_pixels_and_windows_of_128_the_branches_are_those_of_table_2():
    net = ContextCritic(3, (256, 256), (128, 128), 1)  # a 64th of the published width
    for branch, convolutions in (
        (net.whole, [64, 128, 256, 512, 512, 512]),
        (net.part, [64, 128, 256, 512, 512]),
    ):
        layers = [m for m in branch if isinstance(m, nn.Conv2d)]
        assert [64 * m.out_channels for m in layers] == convolutions
        assert {(m.kernel_size, m.stride) for m in layers} == {((5, 5), (2, 2))}
        dense = next(m for m in branch if isinstance(m, nn.Linear))
        assert (dense.in_features * 64, dense.out_features * 64) == (512 * 4 * 4, 1024)
    assert net.verdict.in_features * 64 == 2048


@pytest.mark.parametrize(("size", "hole"), [((28, 28), (14, 14)), ((33, 64), (5, 17)), ((8, 8), (8, 8))])
def test_smaller_images_and_windows_take_fewer_convolutions(size, hole):
    net, x = critic(size, hole), images(size)
    judged = net(x, torch.zeros(3, 2, dtype=torch.int64))
    assert judged.score.shape == (3,)
    assert judged.read is None
    rectified = [m for branch in (net.whole, net.part) for m in branch if isinstance(m, nn.ReLU)]
    assert len(judged.features) == len(rectified)
    assert all(f.min() >= 0 for f in judged.features)
    joined = torch.cat([f for f in judged.features if f.ndim == 2], 1)
    torch.testing.assert_close(net.verdict(joined).squeeze(1), judged.score, rtol=0, atol=1e-13)


@pytest.mark.parametrize(
    ("size", "hole", "said"),
    [
        ((16, 16), (4, 9), "windows need sides of at least 5, got 4x9"),
        ((4, 16), (4, 16), "images need sides of at least 5, got 4x16"),
        ((16, 16), (8, 17), "window of 8x17 is larger than the images of 16x16"),
    ],
)
def test_images_and_windows_that_are_too_small_or_do_not_fit_are_refused(size, hole, said):
    with pytest.raises(BadInput, match=said):
        critic(size, hole)
