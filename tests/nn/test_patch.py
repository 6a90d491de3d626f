"""The patch critic is pix2pix's: its parameters, what a score sees, and how many scores there are."""

import pytest
import torch
from torch import nn

from genzoo.errors import BadInput
from genzoo.models.base import parameter_count
from genzoo.nn.patch import PATCHES, PatchCritic, largest_patch


def critic(patch=70, inp=2, width=2, norm="none"):
    return PatchCritic(inp, patch, width, norm).double()


def images(size=(32, 32), n=3, inp=2):
    return 2 * torch.rand(n, inp, *size, dtype=torch.float64) - 1


def convolutions(net):
    return [m for m in net.modules() if isinstance(m, nn.Conv2d)]


def test_parameters_of_the_70_pixel_critic_of_pairs_are_those_counted_by_hand():
    first, last = 16 * 6 * 64 + 64, 16 * 512 + 1  # biases where no normalisation follows
    between = 16 * (64 * 128 + 128 * 256 + 256 * 512) + 2 * (128 + 256 + 512)
    assert first + between + last == 2_768_705
    assert parameter_count(PatchCritic(6)) == 2_768_705


@pytest.mark.parametrize(
    ("patch", "channels", "strides"),
    [
        (1, [64, 128], [1, 1, 1]),
        (16, [64, 128], [2, 1, 1]),
        (70, [64, 128, 256, 512], [2, 2, 2, 1, 1]),
        (286, [64, 128, 256, 512, 512, 512], [2, 2, 2, 2, 2, 1, 1]),
    ],
)
def test_the_layers_are_those_of_the_appendix(patch, channels, strides):
    layers = convolutions(PatchCritic(6, patch, width=1))  # a 64th of the published width
    assert [64 * m.out_channels for m in layers[:-1]] == channels
    assert layers[-1].out_channels == 1
    assert [m.stride[0] for m in layers] == strides
    assert {m.kernel_size for m in layers} == {(1, 1) if patch == 1 else (4, 4)}


@pytest.mark.parametrize("patch", [1, 16, 34, 70, 142])
def test_a_score_sees_a_square_of_exactly_its_patch(patch):
    net, x = critic(patch, 1, 1), images((patch + 30,) * 2, 1, 1).requires_grad_()
    scores = net(x).score
    h = int(len(scores) ** 0.5)
    (gradient,) = torch.autograd.grad(scores.view(h, h)[h // 2, h // 2], x)
    for seen in (gradient[0, 0].abs().sum(0), gradient[0, 0].abs().sum(1)):
        where = seen.nonzero()[:, 0]
        assert where[-1] - where[0] + 1 == patch
    assert (gradient != 0).sum() == patch**2


@pytest.mark.parametrize("size", [(28, 28), (32, 48), (64, 33)])
@pytest.mark.parametrize("patch", [1, 16, 34, 70])
def test_scores_are_as_many_as_places_say_and_those_of_an_image_stand_together(patch, size):
    net, x = critic(patch), images(size)
    p = net.places(size)
    judged = net(x)
    assert judged.score.shape == (3 * p,)
    assert judged.read is None
    torch.testing.assert_close(judged.score.view(3, p)[1], net(x[1:2]).score, rtol=0, atol=1e-14)


def test_an_image_of_256_pixels_has_30_by_30_patches_of_70_pixels():
    assert critic(70).places((256, 256)) == 30 * 30


def test_the_features_are_the_activations_of_every_hidden_layer_from_the_image_inwards():
    net, x = critic(16, norm="batch"), images()
    features = net(x).features
    assert [tuple(f.shape[1:]) for f in features] == [(2, 16, 16), (4, 15, 15)]
    torch.testing.assert_close(net.verdict(features[-1]).flatten(), net(x).score, rtol=0, atol=1e-14)
    assert all((f < 0).any() and (f > 0).any() for f in features)  # LeakyReLU lets both through


@pytest.mark.parametrize("norm", ["batch", "instance"])
def test_every_layer_but_the_first_and_the_last_is_normalised(norm):
    kinds = [type(m).__name__ for m in critic(70, norm=norm).body]
    name = {"batch": "BatchNorm2d", "instance": "InstanceNorm2d"}[norm]
    assert kinds == ["Conv2d", "LeakyReLU", *3 * ["Conv2d", name, "LeakyReLU"]]
    assert {m.negative_slope for m in critic().modules() if isinstance(m, nn.LeakyReLU)} == {0.2}


@pytest.mark.parametrize("norm", ["instance", "none", "spectral"])
def test_only_batch_normalisation_lets_an_image_see_its_batch_mates(norm):
    net, x = critic(16, norm=norm).eval(), images()
    apart = torch.cat([net(item[None]).score for item in x])
    torch.testing.assert_close(net(x).score, apart, rtol=0, atol=1e-13)


def test_a_spectral_critic_has_convolutions_of_norm_one_and_no_other_normalisation():
    net = critic(34, width=8, norm="spectral").eval()
    for m in convolutions(net):
        assert torch.linalg.matrix_norm(m.weight.flatten(1), 2).item() == pytest.approx(1, abs=0.02)
        assert m.bias is not None
    assert not any("BatchNorm" in type(m).__name__ for m in net.modules())


def test_the_largest_patch_of_a_size_is_the_last_that_has_a_score():
    for size in ((4, 4), (6, 9), (12, 12), (28, 28), (31, 31), (64, 64), (70, 100), (256, 256)):
        scored = [patch for patch in PATCHES if critic(patch).places(size)]
        assert largest_patch(size) == scored[-1] == max(scored)
        assert critic(scored[-1], width=1)(images(size, 1)).score.shape[0] > 0


def test_a_patch_without_a_critic_and_an_image_without_a_patch_are_refused():
    with pytest.raises(BadInput, match="patches of 64 pixels: take one of 1, 16, 34, 70, 142, 286"):
        PatchCritic(3, 64)
    with pytest.raises(BadInput, match="patch of 70 in images of 16x16: take patches of 34 or less"):
        critic(70)(images((16, 16)))


def test_weights_start_from_the_published_normal_distributions():
    net = PatchCritic(3, 34, 16)
    for m in net.modules():
        if isinstance(m, nn.Conv2d | nn.BatchNorm2d):
            n, mean = m.weight.numel(), float(isinstance(m, nn.BatchNorm2d))
            assert abs(m.weight.mean() - mean) < 5 * 0.02 / n**0.5  # five standard errors
            assert m.bias is None or not m.bias.any()
