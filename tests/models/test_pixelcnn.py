import itertools
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from genzoo.configurable import build
from genzoo.densities.categorical import draw_levels
from genzoo.images import bits_per_dim, quantise
from genzoo.models.autoregressive.pixelcnn import PixelCNN
from genzoo.models.base import capabilities
from genzoo.random import seeded, uniform
from genzoo.types import Given


def tiny(shape: tuple[int, ...] = (1, 6, 5), **arguments: int) -> PixelCNN:
    return PixelCNN(shape, **{"levels": 2, "width": 6, "blocks": 2, "head": 6} | arguments)


def every_image(shape: tuple[int, ...], levels: int) -> Iterator[Tensor]:
    """All images of a shape, in batches."""
    size = torch.Size(shape).numel()
    images = torch.cartesian_prod(*[torch.arange(levels)] * size).view(-1, *shape)
    return iter((images.double() / (levels - 1)).split(1024))


def total_probability(model: PixelCNN) -> float:
    images = every_image(model.shape, model.levels)
    with torch.no_grad():
        return sum(model.log_prob(x.to(model.like.dtype)).double().exp().sum().item() for x in images)


@torch.no_grad()
def naive_complete(model: PixelCNN, images: Tensor, known: Tensor, temperature: float = 1.0) -> Tensor:
    """One whole forward pass for each pixel and colour, with the same noise."""
    x = torch.where(known, images, 0)
    noise = uniform(x.shape, x)
    for i, j, c in itertools.product(*map(range, (*model.shape[1:], model.shape[0]))):
        logits = model.conditionals(x).logits[:, :, c, i, j]
        drawn = draw_levels(logits, noise[:, c, i, j], temperature).to(x.dtype) / (model.levels - 1)
        x[:, c, i, j] = torch.where(known[:, 0, i, j], x[:, c, i, j], drawn)
    return x


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.float64, 1e-12)])
def test_all_512_binary_images_of_3x3_sum_to_one(dtype, tolerance):
    assert total_probability(tiny((1, 3, 3)).to(dtype)) == pytest.approx(1, abs=tolerance)


@pytest.mark.parametrize("shape", [(3, 1, 2), (3, 2, 1), (2, 2, 2)])
def test_all_colour_images_of_three_levels_sum_to_one(shape):
    assert total_probability(tiny(shape, levels=3).double()) == pytest.approx(1, abs=1e-12)


def dependence(model: PixelCNN) -> Tensor:
    """Which inputs each pixel's logits depend on, by autograd: bool, shape (c, h, w, c, h, w)."""
    c, h, w = model.shape
    found = torch.zeros(c, h, w, c, h, w, dtype=torch.bool)
    for _ in range(4):  # at one input a ReLU may hide a path
        x = torch.rand(1, c, h, w, dtype=torch.float64)
        jacobian = torch.autograd.functional.jacobian(lambda x: model.conditionals(x).logits[0], x)
        found |= (jacobian != 0).any(0)[:, :, :, 0]  # over the levels
    return found


def expected_dependence(model: PixelCNN, kernel: int = 7) -> Tensor:
    """What k×k with mask A, then 3×3 with mask B in each block sees; at the pixel itself earlier colours."""
    c, h, w = model.shape
    p = kernel // 2
    reach = {(a, b) for a in range(-p, 1) for b in range(-p, p + 1) if (a, b) < (0, 0)}
    taps = {(a, b) for a in range(-1, 1) for b in range(-1, 2) if (a, b) <= (0, 0)}
    for _ in range(len(model.body)):
        reach = {(a + da, b + db) for a, b in reach for da, db in taps} | reach
    seen = torch.zeros(c, h, w, c, h, w, dtype=torch.bool)
    for i, j, k, m in itertools.product(range(h), range(w), range(h), range(w)):
        seen[:, i, j, :, k, m] = (k - i, m - j) in reach
        if (i, j) == (k, m):
            seen[:, i, j, :, k, m] = torch.ones(c, c).tril(-1).bool()
    return seen


@pytest.mark.parametrize(
    ("shape", "kernel"), [((1, 6, 9), 7), ((3, 3, 4), 7), ((1, 9, 5), 3), ((1, 9, 5), 13)]
)
def test_jacobian_is_causal_and_full_within_the_receptive_field(shape, kernel):
    model = tiny(shape, width=12, head=12, levels=3, kernel=kernel).double()
    assert torch.equal(dependence(model), expected_dependence(model, kernel))


def test_the_blind_spot_of_one_masked_stack_is_where_the_papers_say():
    model = tiny((1, 4, 12), width=12, blocks=4).double()
    seen = dependence(model)[0, 3, 2, 0]  # what pixel (3, 2) depends on
    for up in (1, 2, 3):
        rightmost = 2 + up + 2
        assert seen[3 - up, : rightmost + 1].all()
        assert not seen[3 - up, rightmost + 1 :].any()


def test_uniform_logits_score_exactly_eight_bits_per_dimension():
    model = tiny((3, 5, 4), levels=256).double()
    for parameter in model.head[-1].parameters():
        torch.nn.init.zeros_(parameter)
    bits = bits_per_dim(model.log_prob(torch.randint(256, (3, 3, 5, 4)).double() / 255), model.shape)
    torch.testing.assert_close(bits, torch.full((3,), 8.0, dtype=torch.float64), rtol=1e-12, atol=0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    ("shape", "levels", "kernel"),
    [((1, 7, 5), 2, 7), ((3, 4, 5), 5, 7), ((2, 1, 6), 256, 7), ((4, 6, 1), 3, 7), ((1, 7, 5), 3, 15)],
)
def test_cached_sampling_equals_naive_sampling_pixel_for_pixel(dtype, shape, levels, kernel):
    model = tiny(shape, levels=levels, width=8, head=16, kernel=kernel).to(dtype)
    nothing = torch.zeros(4, 1, *shape[1:], dtype=torch.bool)
    for temperature in (1.0, 0.5):
        with seeded(5):
            cached = model.sample(4, temperature=temperature)
        with seeded(5):
            naive = naive_complete(model, torch.zeros(4, *shape, dtype=dtype), nothing, temperature)
        assert torch.equal(cached, naive)


@pytest.mark.parametrize("mask", ["top", "one row", "bottom", "left", "scattered"])
@pytest.mark.parametrize("shape", [(1, 8, 6), (3, 6, 4)])
def test_completion_equals_naive_completion_and_keeps_known_pixels(mask, shape):
    model, (_, h, w) = tiny(shape, levels=4).double(), shape
    images = quantise(torch.rand(3, *shape, dtype=torch.float64), 4)
    known = torch.zeros(3, 1, h, w, dtype=torch.bool)
    if mask == "scattered":
        known = torch.rand(3, 1, h, w) < 0.5
    else:
        rows = {"top": slice(0, 4), "one row": slice(0, 1), "bottom": slice(4, None), "left": slice(None)}[
            mask
        ]
        known[:, :, rows, : w // 2 if mask == "left" else w] = True
    with seeded(2):
        cached = model.complete(images, known)
    with seeded(2):
        naive = naive_complete(model, images, known)
    assert torch.equal(cached, naive)
    assert torch.equal(cached[known.expand_as(images)], images[known.expand_as(images)])
    assert not torch.equal(cached, model.complete(images, known))  # another draw, another completion


def test_known_pixels_come_back_bit_for_bit_whatever_the_type_and_the_unknown_hold():
    model = tiny(levels=256)
    images = torch.randint(256, (2, 1, 6, 5)).double() / 255  # the model is float32: 1/255 differs there
    known = torch.rand(2, 1, 6, 5) < 0.5
    completed = model.complete(torch.where(known, images, torch.nan), known)
    assert torch.equal(completed[known], images[known])
    assert completed.isfinite().all()
    assert torch.equal(model.complete(images, torch.ones_like(known)), images)


def test_temperature_zero_is_deterministic_and_takes_the_mode_of_each_conditional():
    model = tiny((3, 4, 4), levels=5).double()
    samples = model.sample(3, temperature=0)
    assert torch.equal(samples, model.sample(3, temperature=0))
    assert torch.equal(samples, model.conditionals(samples).sample(0.0))


def test_samples_of_sixteen_levels_are_on_the_grid():
    model = tiny((3, 4, 4), levels=16)
    samples = model.sample(4)
    assert torch.equal(samples, quantise(samples, 16))
    assert model.log_prob(samples).isfinite().all()
    assert model.levels == 16


def test_frequencies_of_samples_are_the_model_s_probabilities():
    # Binary 1×2 images: four cells, n = 4000 draws, 5σ of a frequency is at most 5·√(1/4n) = 0.04.
    model, n = tiny((1, 1, 2)).double(), 4000
    images = next(every_image((1, 1, 2), 2))
    samples = model.sample(n)
    frequency = torch.stack([(samples == image).all((1, 2, 3)).double().mean() for image in images])
    torch.testing.assert_close(frequency, model.log_prob(images).exp().detach(), rtol=0, atol=0.04)


def test_spec_builds_a_twin_and_capabilities_follow():
    model = tiny((3, 4, 4), levels=8)
    assert build(model.spec).spec == model.spec
    assert capabilities(model) == ("sample", "log_prob", "complete", "replay")


def test_bad_arguments_say_what_was_expected():
    model, image = tiny(), torch.zeros(1, 1, 6, 5)
    with pytest.raises(ValueError, match="levels must be from 2 to 256, got 1"):
        tiny(levels=1)
    with pytest.raises(ValueError, match=r"kernel must be odd.*got 4"):
        tiny(kernel=4)
    with pytest.raises(ValueError, match=r"shape \(c, h, w\), got \(4,\)"):
        PixelCNN((4,))
    with pytest.raises(ValueError, match="6 feature maps cannot be shared by 7 colours"):
        tiny((7, 2, 2))
    with pytest.raises((ValueError, TypeError), match="known"):  # the tests' own type check may speak first
        model.complete(image, torch.ones(1, 1, 5, 6, dtype=torch.bool))
    with pytest.raises(ValueError, match=r"2 evenly spaced values from 0 to 1, got 0.5; binarize"):
        model.complete(image + 0.5, torch.ones(1, 1, 6, 5, dtype=torch.bool))
    with pytest.raises(ValueError, match=r"takes no given\.labels"):
        model.sample(1, Given(labels=torch.zeros(1, dtype=torch.long)))
    with pytest.raises(ValueError, match=r"expected items of shape \(b, 1, 6, 5\), got \(1, 3, 6, 5\)"):
        model.log_prob(torch.zeros(1, 3, 6, 5))
