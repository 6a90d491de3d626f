"""The residual pair: images of any size, blocks that begin as their shortcut, and no batch in sight."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from genzoo.nn.dcgan import sides
from genzoo.nn.residual_pair import Enlarge, ResidualBlock, ResidualBody, ResidualGenerator

SHAPES = [(1, 8, 8), (3, 5, 5), (1, 7, 9), (3, 13, 6), (1, 28, 28), (4, 27, 50), (3, 64, 64)]


@pytest.mark.parametrize("shape", SHAPES)
def test_every_size_comes_out_as_asked_and_goes_in_down_to_its_coarsest_map(shape):
    made = ResidualGenerator(3, shape, 2)(torch.randn(2, 3))
    assert made.shape == (2, *shape)
    assert made.abs().max() <= 1
    body = ResidualBody(shape, 2)
    h, w = sides(*shape[1:])[-1]
    before = nn.Sequential(*list(body)[:-1])(torch.randn(2, *shape))
    assert before.shape[2:] == (h, w)
    assert body(torch.randn(2, *shape)).shape == (2, body.features)
    assert (body.coarsest, body.features) == (h * w, before.shape[1] * h * w)


@pytest.mark.parametrize("channels", [(3, 3), (3, 5)])
def test_a_block_begins_as_its_shortcut_and_is_then_the_formula(channels):
    for net in (ResidualBody((1, 8, 8), 2), ResidualGenerator(2, (1, 8, 8), 2)):
        for block in (m for m in net if isinstance(m, ResidualBlock)):
            x = torch.randn(2, block.first.in_channels, 4, 4)
            assert torch.equal(block(x), block.shortcut(x))
    block, x = ResidualBlock(*channels).double(), torch.randn(2, channels[0], 4, 6, dtype=torch.float64)
    inside = F.conv2d(F.leaky_relu(x, 0.2), block.first.weight, block.first.bias, padding=1)
    inside = F.conv2d(F.leaky_relu(inside, 0.2), block.second.weight, block.second.bias, padding=1)
    shortcut = F.conv2d(x, block.shortcut.weight) if channels[0] != channels[1] else x
    torch.testing.assert_close(block(x), shortcut + inside, rtol=0, atol=1e-14)
    assert inside.abs().max() > 0.1


def test_a_fresh_blocks_last_convolution_learns_from_the_first_step():
    block = next(m for m in ResidualBody((1, 8, 8), 2) if isinstance(m, ResidualBlock))
    block(torch.randn(2, 2, 4, 4)).square().sum().backward()
    assert block.second.weight.grad.abs().min() > 0


@pytest.mark.parametrize("size", [(4, 6), (3, 6), (4, 5), (3, 5)])
def test_each_pixel_becomes_a_square_that_an_odd_edge_cuts(size):
    x = torch.arange(6.0).view(1, 1, 2, 3)
    rows, columns = (torch.arange(n) // 2 for n in size)
    assert torch.equal(Enlarge(size)(x)[0, 0], x[0, 0][rows][:, columns])


def test_nothing_in_either_net_normalises_and_an_item_in_training_is_the_same_alone():
    generator, body = ResidualGenerator(3, (1, 9, 12), 2).double(), ResidualBody((1, 9, 12), 2).double()
    for net, x in ((generator, torch.randn(5, 3)), (body, torch.randn(5, 1, 9, 12))):
        kinds = {type(m).__name__ for m in net.modules()}
        assert not any("Norm" in kind for kind in kinds)
        with torch.no_grad():
            for p in net.parameters():
                p.normal_(0, 0.3)  # blocks that are not their shortcuts
            together = net(x.double())
            alone = torch.cat([net(item[None]) for item in x.double()])
        torch.testing.assert_close(
            together, alone, rtol=1e-12, atol=1e-12
        )  # convolutions of 5 items and of one
