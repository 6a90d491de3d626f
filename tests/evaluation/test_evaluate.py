import math

import numpy as np
import pytest
import torch
from torch import nn

from genzoo.data.dataset import Dataset
from genzoo.data.view import View
from genzoo.errors import BadInput
from genzoo.evaluation import likelihood
from genzoo.images import to_levels
from genzoo.models import Model
from genzoo.random import normal


def dataset(n=10, shape=(1, 2, 2), low=0, high=256):
    items = np.random.default_rng(0).integers(low, high, (n, *shape), dtype=np.uint8)
    half = np.arange(n, dtype=np.int64)
    return Dataset("toy", "images", items, {"train": half[: n // 2], "test": half[n // 2 :]})


class Fake(Model):
    def __init__(self, shape=(1, 2, 2), *, levels=None):
        super().__init__(shape)
        self.levels = levels
        self.zero = nn.Parameter(torch.zeros(()))


class UniformLevels(Fake):
    """Every image is equally likely."""

    def log_prob(self, images, given=None):
        assert not self.training
        return torch.full((len(images),), -math.prod(self.shape) * math.log(self.levels or 1))


class FirstPixel(Fake):
    """log p(x) is the level of the first pixel."""

    def log_prob(self, images, given=None):
        return to_levels(images[:, 0, 0, 0], self.levels).float()


class NoisyBound(Fake):
    """A bound that is −3 on average with standard deviation 1."""

    def elbo(self, images, given=None):
        return normal((len(images),), images) - 3


class Shrinks(Fake):
    """Reconstructs half of every pixel."""

    def encode(self, images, given=None):
        return images.flatten(1)

    def decode(self, latents, given=None):
        return latents.view(-1, *self.shape) / 2


class Breaks(Fake):
    """NaN for two items."""

    def log_prob(self, images, given=None):
        return torch.tensor([0.0, math.nan, 0.0, math.inf, 0.0])[: len(images)]


def test_uniform_images_score_eight_bits_per_dimension():
    nats, bits = likelihood(UniformLevels(levels=256), dataset())
    assert (nats.name, nats.unit, nats.kind, nats.n) == ("log_prob", "nats", "exact", 5)
    assert (bits.name, bits.unit, bits.kind) == ("bits_per_dim", "bits/dim", "exact")
    assert bits.value == pytest.approx(8.0, abs=1e-6)  # log 256 in single precision
    assert bits.stderr == pytest.approx(0.0, abs=1e-9)


def test_uniform_binary_images_score_one_bit_per_dimension():
    _, bits = likelihood(UniformLevels(levels=2), dataset(), view=View(binarize="static"))
    assert bits.value == pytest.approx(1.0, abs=1e-6)


def test_mean_and_standard_error_are_those_over_the_items_of_the_split():
    data = dataset(40)
    nats, _ = likelihood(FirstPixel(levels=256), data, batch=7)
    values = data.items[20:, 0, 0, 0].astype(float)
    assert nats.value == pytest.approx(values.mean())
    assert nats.stderr == pytest.approx(values.std(ddof=1) / math.sqrt(20))


def test_a_density_has_nats_that_say_so_and_no_bits():
    (nats,) = likelihood(UniformLevels(), dataset())
    assert nats.unit == "nats (density)"


def test_the_bound_is_averaged_over_its_draws():
    one, many = (likelihood(NoisyBound(levels=256), dataset(400), samples=k)[0] for k in (1, 25))
    assert (many.kind, many.samples, many.n) == ("bound", 25, 200)
    assert one.stderr == pytest.approx(1 / math.sqrt(200), rel=0.3)  # s of 200 normals: ± 5%
    assert many.stderr == pytest.approx(0.2 / math.sqrt(200), rel=0.3)
    assert many.value == pytest.approx(-3, abs=5 * 0.2 / math.sqrt(200))  # five standard errors
    assert "25 draws an item" in many.protocol


def test_the_bounds_noise_is_a_pure_function_of_the_seed():
    model, data = NoisyBound(levels=256), dataset()
    first, again, other = (likelihood(model, data, seed=seed)[0].value for seed in (1, 1, 2))
    assert first == again != other


def test_reconstruction_error_is_given_per_image_and_per_dimension():
    data = dataset(high=1)
    data.items[:] = 255
    image, pixel = likelihood(Shrinks(), data)
    assert (image.value, image.unit) == (1.0, "per image")  # four pixels, each (1/2)²
    assert (pixel.value, pixel.unit) == (0.25, "per dimension")
    assert image.kind == pixel.kind == "error"


def test_the_protocol_names_data_split_and_view():
    nats, _ = likelihood(UniformLevels(levels=2), dataset(), view=View(binarize="threshold"), split="train")
    assert nats.protocol == "toy train, threshold binarization"


def test_values_that_are_not_the_models_levels_are_refused_with_the_flag():
    with pytest.raises(BadInput, match=r"toy: 5 of 5 items .* 2 levels .* --binarize"):
        likelihood(UniformLevels(levels=2), dataset(low=1, high=255))
    with pytest.raises(BadInput, match="--levels 16"):
        likelihood(UniformLevels(levels=16), dataset())
    likelihood(UniformLevels(levels=16), dataset(), view=View(levels=16))


def test_values_that_are_not_finite_are_an_error_that_counts_them():
    with pytest.raises(FloatingPointError, match=r"2 of 5 items .*the first is item 1 of the split: nan"):
        likelihood(Breaks(), dataset())


@pytest.mark.parametrize(
    ("model", "options", "says"),
    [
        (Fake(), {}, "no likelihood"),
        (UniformLevels((1, 3, 3), levels=256), {}, "items are 1x2x2, this UniformLevels takes 1x3x3"),
        (UniformLevels(levels=256), {"limit": 0}, "--limit"),
        (UniformLevels(levels=256), {"split": "tset"}, "did you mean 'test'"),
        (NoisyBound(), {"samples": 0}, "--draws"),
    ],
)
def test_what_cannot_be_evaluated_is_refused(model, options, says):
    with pytest.raises(BadInput, match=says):
        likelihood(model, dataset(), **options)


def test_the_limit_and_the_progress_count_items():
    done = []
    nats, _ = likelihood(
        UniformLevels(levels=256), dataset(), split="all", limit=7, batch=3, tick=done.append
    )
    assert nats.n == 7
    assert done == [3, 3, 1]


def test_a_model_in_training_goes_on_training():
    model = UniformLevels(levels=256).train()
    likelihood(model, dataset())
    assert model.training
