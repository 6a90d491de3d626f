"""CycleGAN: two kinds, two ways, and each translator the net of its paper."""

import pytest
import torch

from genzoo.errors import BadInput
from genzoo.models.adversarial.cyclegan import CycleGAN
from genzoo.models.base import capabilities, parameter_count


def test_it_translates_both_ways_between_kinds_with_other_channels():
    net = CycleGAN((3, 8, 8), picture=(1, 8, 8), width=2, blocks=1, critic_width=2).eval()
    there = net.translate(torch.rand(2, 1, 8, 8))
    assert there.shape == (2, 3, 8, 8)
    assert net.translate(there, "A").shape == (2, 1, 8, 8)
    assert 0 <= there.min() <= there.max() <= 1
    assert capabilities(net) == ("translate",)


def test_an_image_is_the_same_alone_and_among_others():
    net = CycleGAN((3, 8, 8), picture=(3, 8, 8), width=2, blocks=1, critic_width=2).eval().double()
    images = torch.rand(4, 3, 8, 8).double()
    torch.testing.assert_close(net.translate(images)[:1], net.translate(images[:1]), rtol=1e-12, atol=1e-12)


def test_at_the_published_size_each_translator_has_11_million_weights():
    with torch.device("meta"):
        net = CycleGAN((3, 256, 256), picture=(3, 256, 256))
    assert parameter_count(net.to_a) == parameter_count(net.to_b) == 11_378_179


@pytest.mark.parametrize(
    ("picture", "says"),
    [
        ((), "learns from two sets of images: give both, as --data A::B"),
        ((3, 4, 4), r"of one size, got \(3, 4, 4\) and \(3, 8, 8\): give --size"),
    ],
)
def test_one_set_or_two_sizes_are_refused(picture, says):
    with pytest.raises(BadInput, match=says):
        CycleGAN((3, 8, 8), picture=picture)


def test_other_kinds_and_shapes_are_refused():
    net = CycleGAN((3, 8, 8), picture=(1, 8, 8), width=2, blocks=1, critic_width=2)
    with pytest.raises(BadInput, match="--to must be A or B, got 'C'"):
        net.translate(torch.rand(1, 1, 8, 8), "C")
    with pytest.raises(ValueError, match=r"expected images of shape \(b, 1, 8, 8\), got \(1, 3, 8, 8\)"):
        net.translate(torch.rand(1, 3, 8, 8))
