import numpy as np
import pytest
import torch
from scipy.fft import dctn

from genzoo.nn.compressive import (
    CosineStart,
    analysis,
    clip_through,
    cosines,
    mirrored,
    round_through,
    synthesis,
)


def test_rounding_rounds_and_its_derivative_is_1():
    x = torch.tensor([-1.6, -0.4, 0.5, 1.5, 2.49], requires_grad=True)
    y = round_through(x)
    assert y.tolist() == [-2, 0, 0, 2, 2]
    y.backward(torch.arange(5.0))
    assert x.grad.tolist() == [0, 1, 2, 3, 4]


def test_clipping_clips_and_its_derivative_is_1_outside_too():
    x = torch.tensor([-3.0, 0.25, 7.0], requires_grad=True)
    y = clip_through(x)
    assert y.tolist() == [0, 0.25, 1]
    y.sum().backward()
    assert x.grad.tolist() == [1, 1, 1]


@pytest.mark.parametrize("size", [(1, 1), (1, 5), (3, 8), (7, 2)])
def test_images_are_continued_as_numpy_reflects_them(size):
    images = torch.rand(2, 3, *size)
    more = (10, 11)
    pads = [(0, 0), (0, 0), *((0, m - n) for m, n in zip(more, size, strict=True))]
    np.testing.assert_array_equal(mirrored(images, *more), np.pad(images, pads, mode="reflect"))


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_the_cosine_transform_is_orthonormal(channels):
    every = cosines(channels, 64 * channels).double().flatten(1)
    torch.testing.assert_close(every @ every.T, torch.eye(64 * channels).double(), rtol=0, atol=1e-6)


def test_the_coefficients_of_a_grey_block_are_those_of_scipys_cosine_transform():
    block = torch.rand(1, 8, 8).double()
    ours = (cosines(1, 64).double() * block).sum((1, 2, 3))
    theirs = dctn(block[0].numpy(), norm="ortho").flatten()
    np.testing.assert_allclose(np.sort(ours), np.sort(theirs), atol=1e-6)
    assert ours[0].item() == pytest.approx(theirs[0], abs=1e-6)


def test_nets_that_begin_as_the_cosine_transform_begin_by_inverting_each_other():
    down = CosineStart(analysis(3, 192, 4, 1), torch.nn.Conv2d(3, 192, 8, 8, bias=False), 3)
    up = CosineStart(synthesis(3, 192, 4, 1), torch.nn.ConvTranspose2d(192, 3, 8, 8, bias=False), 3)
    images = torch.rand(2, 3, 16, 24)
    with torch.no_grad():
        torch.testing.assert_close(up(down(images)), images, rtol=0, atol=1e-5)
