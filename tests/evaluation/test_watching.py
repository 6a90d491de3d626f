"""The judge of samples in training is the Fréchet distance of their features to those of held-out images."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from genzoo.apply.sample import sample
from genzoo.data.dataset import Dataset
from genzoo.data.view import View
from genzoo.evaluation import watching
from genzoo.evaluation.features import Extractor, extractor_for
from genzoo.evaluation.fid import frechet_distance
from genzoo.evaluation.watching import judge_for
from genzoo.images import quantise
from genzoo.models.adversarial.gan import GAN
from genzoo.models.base import Model
from genzoo.random import normal
from genzoo.training.settings import Settings

VIEW = View()


def dataset(n=400, kind="images", val=300):
    rng = np.random.default_rng(0)
    items = rng.integers(0, 256, (n, 1, 8, 8)).astype(np.uint8)
    items[:, :, :4] //= 4  # the upper half is dark
    if kind != "images":
        items = items.reshape(n, 64).astype(np.float32)
    splits = {"train": np.arange(n - val), "val": np.arange(n - val, n), "test": np.arange(0)}
    labels = np.arange(n) % 3
    return Dataset("dark", kind, items, splits, labels=labels, classes=("a", "b", "c"), fingerprint="dark")


class Drawn(Model):
    """Draws pixels as the data have them, brighter by a shift."""

    def __init__(self, shape: tuple[int, ...] = (1, 8, 8), *, shift: float = 0.0) -> None:
        super().__init__(shape)
        self.shift = shift
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def sample(self, n, given=None, *, temperature=1.0):
        x = torch.special.ndtr(normal((n, 1, 8, 8), self.like))
        x = torch.cat([x[:, :, :4] / 4, x[:, :, 4:]], 2)
        return (x + self.shift).clamp(0, 1)


@pytest.fixture(autouse=True)
def _few(monkeypatch):
    monkeypatch.setattr(watching, "JUDGED", 300)


def judge(model, data, features="random-conv", seed=0):
    return judge_for(model, VIEW, Settings(images=1, judge=features, seed=seed), dataset=data)


def test_it_is_the_frechet_distance_of_quantised_samples_to_the_held_out_images():
    data, model = dataset(), Drawn()
    extract = extractor_for(data, "random-conv", view=VIEW)
    drawn = quantise(sample(model, 300, seed=0), 256)
    real = torch.from_numpy(data.items[data.splits["val"]]).float() / 255
    expected = frechet_distance(extract(drawn).cpu(), extract(real).cpu())
    assert judge(model, data)(model) == pytest.approx(
        expected, rel=1e-4
    )  # features in float32, other batches


def test_the_further_samples_are_from_the_data_the_larger_it_is():
    data = dataset()
    values = [judge(Drawn(), data)(Drawn(shift=shift)) for shift in (0.0, 0.1, 0.3)]
    assert 0 <= values[0] < values[1] < values[2]
    assert values[2] > 5 * values[0]


def test_it_says_the_same_again_whatever_random_numbers_came_before_and_leaves_the_model_alone():
    data, model = dataset(), GAN((1, 8, 8), latent=2, net="dcgan", width=4)
    model.train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    one = judge(model, data)
    first = one(model)
    torch.rand(7)
    assert one(model) == first
    assert judge(model, data)(model) == first
    assert judge(model, data, seed=5)(model) != first
    assert model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_labelled_models_are_judged_on_samples_of_all_labels():
    data, model = dataset(), GAN((1, 8, 8), latent=2, hidden=(4,), classes=3)
    seen = []
    decode = model.decode
    model.decode = lambda latents, given=None: seen.append(given.labels) or decode(latents, given)
    assert judge(model, data)(model) > 0
    assert set(torch.cat(seen).tolist()) == {0, 1, 2}


def test_a_packed_critics_generator_is_judged_like_any_other():
    data, model = dataset(), GAN((1, 8, 8), latent=2, hidden=(4,), pack=2)
    assert judge(model, data)(model) > 0


class Mute(Model):
    """Cannot sample."""


def test_nobody_judges_where_there_is_nothing_to_judge_or_nothing_to_judge_by():
    model, data = Drawn(), dataset()
    assert judge(model, data) is not None
    assert judge(model, data, "none") is None
    assert judge(Mute((1, 8, 8)), data) is None
    assert judge(model, dataset(kind="vectors")) is None
    assert judge(model, dataset(val=63)) is None
    assert judge(model, dataset(val=64)) is not None


def pairs(n=130, val=100):
    """Items, and beside each what is given of it: the item turned bright for dark."""
    data = dataset(n, val=val)
    return replace(data, given=255 - data.items)


class Inverted(Model):
    """Makes an image from the one that is given: bright for dark, brighter by a shift."""

    requires = frozenset({"images"})

    def __init__(self, shape: tuple[int, ...] = (1, 8, 8), *, shift: float = 0.0) -> None:
        super().__init__(shape)
        self.shift, self.condition_shape = shift, (1, 8, 8)
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def sample(self, n, given=None, *, temperature=1.0):
        return (1 - given.images + self.shift).clamp(0, 1)


class BothWays(Model):
    """The same, from either kind to the other."""

    kinds = 2

    def __init__(self, *, shift: float = 0.0, to: str = "AB") -> None:
        super().__init__((1, 8, 8))
        self.shift, self.to = shift, to
        self.domains = {"A": (1, 8, 8), "B": (1, 8, 8)}
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def translate(self, images, to):
        return (1 - images + self.shift * (to in self.to)).clamp(0, 1)


@pytest.fixture
def _few_features(monkeypatch):
    """Features of which a Gaussian is fitted at once: the pixels of a quarter of the size."""
    eye = Extractor("small", torch.nn.Sequential(torch.nn.AvgPool2d(4), torch.nn.Conv2d(1, 2, 1)))
    monkeypatch.setattr(watching, "extractor_for", lambda *_, **__: eye)


@pytest.mark.usefixtures("_few_features")
def test_what_is_made_of_what_is_given_is_compared_with_what_belongs_to_it():
    data = pairs()
    values = [judge(Inverted(), data)(Inverted(shift=shift)) for shift in (0.0, 0.1, 0.3)]
    assert values[0] == pytest.approx(0, abs=1e-3)  # of features in float32
    assert values[0] < values[1] < values[2]


@pytest.mark.usefixtures("_few_features")
def test_of_a_model_that_goes_both_ways_both_count_alike():
    data = pairs()
    perfect, one, other, both = (
        judge(BothWays(), data)(BothWays(shift=shift, to=to))
        for shift, to in ((0.0, "AB"), (0.2, "A"), (0.2, "B"), (0.2, "AB"))
    )
    assert perfect == pytest.approx(0, abs=1e-3)
    assert min(one, other) > 1e-3
    assert both == pytest.approx(one + other, rel=1e-3, abs=1e-3)


def test_two_sets_need_held_out_images_of_both_kinds():
    data = dataset()
    apart = replace(data, other=dataset(val=10))
    assert judge(BothWays(), replace(data, other=dataset(val=100))) is not None
    assert judge(BothWays(), apart) is None
