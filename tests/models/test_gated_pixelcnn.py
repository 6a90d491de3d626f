import itertools

import pytest
import torch
from causal_truths import dependence, may_depend, naive_fill, total_probability
from torch import Tensor

from genzoo.configurable import build
from genzoo.images import quantise
from genzoo.models.autoregressive.gated_pixelcnn import GatedPixelCNN
from genzoo.random import seeded
from genzoo.types import Given


def tiny(shape: tuple[int, ...] = (1, 4, 5), **arguments: object) -> GatedPixelCNN:
    return GatedPixelCNN(shape, **{"levels": 2, "width": 6, "layers": 3, "head": 6} | arguments).double()


def given_of(model: GatedPixelCNN, n: int) -> Given:
    if "labels" in model.requires:
        return Given(labels=torch.arange(n) % 3)
    if "vector" in model.requires:
        return Given(vector=torch.randn(n, *model.condition_shape, dtype=torch.float64))
    return Given(images=torch.rand(n, *model.condition_shape, dtype=torch.float64))


@pytest.mark.parametrize(
    ("shape", "arguments"),
    [
        ((1, 3, 3), {"output": "binary"}),
        ((2, 2, 2), {"levels": 3}),
        ((3, 1, 2), {"levels": 3}),
        ((2, 1, 3), {"levels": 3, "output": "mixture", "components": 2}),
        ((2, 2, 1), {"output": "binary"}),
    ],
)
def test_all_images_sum_to_one(shape, arguments):
    assert total_probability(tiny(shape, **arguments)) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("arguments", [{"classes": 3}, {"vector": 2}, {"picture": (2, 1, 3)}])
def test_all_images_sum_to_one_under_each_condition(arguments):
    model = tiny((1, 2, 3), **arguments)
    for given in (given_of(model, 3).map(lambda t, i=i: t[i : i + 1]) for i in range(3)):
        assert total_probability(model, given) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize(
    ("shape", "colours"), [((1, 5, 6), {"output": "binary"}), ((3, 3, 4), {"width": 9, "head": 9})]
)
def test_with_enough_layers_every_earlier_pixel_is_seen_and_no_later_one(shape, colours):
    model = tiny(shape, layers=4, **colours)
    assert torch.equal(dependence(model), may_depend(model))


def cone(model: GatedPixelCNN, kernel: int, inner: int) -> Tensor:
    """What is seen of one channel: ⌊k/2⌋ rows up and columns to both sides a layer, and the row so far."""
    (_, h, w), p = model.shape, kernel // 2
    steps = len(model.layers) - 1
    reach = p + steps * (inner // 2)
    seen = torch.zeros(h, w, h, w, dtype=torch.bool)
    for i, j, a, b in itertools.product(range(h), range(w), range(h), range(w)):
        up, aside = i - a, abs(j - b)
        seen[i, j, a, b] = (1 <= up <= reach and aside <= reach) or (up == 0 and 1 <= j - b <= reach)
    return seen


@pytest.mark.parametrize(("kernel", "inner", "layers"), [(3, 3, 2), (5, 3, 3), (3, 5, 2), (3, 3, 1)])
def test_every_earlier_pixel_within_the_growing_cone_is_seen_so_there_is_no_blind_spot(kernel, inner, layers):
    model = tiny((1, 6, 9), kernel=kernel, inner=inner, layers=layers, output="binary")
    assert torch.equal(dependence(model)[0, :, :, 0], cone(model, kernel, inner))


@pytest.mark.parametrize("shape", [(3, 1, 1), (3, 2, 2)])
def test_red_comes_before_green_before_blue(shape):
    seen = dependence(tiny(shape, width=9, head=9))[:, 0, 0, :, 0, 0]
    assert torch.equal(seen, torch.ones(3, 3).tril(-1).bool())


@pytest.mark.parametrize(
    "arguments", [{"vector": 2}, {"picture": (1, 2, 5)}, {"picture": (3, 4, 1)}, {"classes": 3}]
)
def test_conditioned_samples_and_completions_equal_naive_ones(arguments):
    model = tiny((2, 4, 5), levels=3, **arguments)
    given = given_of(model, 3)
    images = quantise(torch.rand(3, 2, 4, 5, dtype=torch.float64), 3)
    for known in (torch.zeros(3, 1, 4, 5, dtype=torch.bool), torch.rand(3, 1, 4, 5) < 0.5):
        with seeded(4):
            cached = model.complete(images, known, given)
        with seeded(4):
            naive = naive_fill(model, torch.where(known, images, 0), known, given)
        assert torch.equal(cached, naive)


@pytest.mark.parametrize("arguments", [{"classes": 3}, {"vector": 2}, {"picture": (1, 2, 5)}])
def test_every_layer_of_both_stacks_hears_the_condition(arguments):
    model = tiny(**arguments)
    given, images = given_of(model, 2), torch.ones(2, 1, 4, 5, dtype=torch.float64)
    model.log_prob(images, given).sum().backward()
    for layer in model.layers:
        assert layer.above.project.weight.grad.any()
        assert layer.along.project.weight.grad.any()
    other = given.map(lambda t: t.flip(0))
    assert (model.log_prob(images, given) != model.log_prob(images, other)).all()


def test_a_picture_bears_on_the_place_that_it_shows():
    model = tiny((1, 1, 16), picture=(1, 1, 16), layers=1, kernel=3, output="binary")
    picture = torch.rand(1, 1, 1, 16, dtype=torch.float64, requires_grad=True)
    maps = model.parameters_of(torch.zeros(1, 1, 1, 16, dtype=torch.float64), Given(images=picture))
    reached = torch.autograd.grad(maps[0, 0, 0, 8], picture)[0][0, 0, 0].nonzero().flatten()
    assert reached.min() >= 6
    assert reached.max() <= 10
    assert 8 in reached


@pytest.mark.slow
def test_conditional_samples_follow_the_class():
    with seeded(0):
        model = GatedPixelCNN(
            (1, 6, 6), levels=2, output="binary", width=8, layers=3, kernel=7, head=8, classes=2
        )
        labels = torch.arange(64) % 2
        bars = torch.zeros(64, 1, 6, 6)
        bars[labels == 0, :, 2] = 1  # a row
        bars[labels == 1, :, :, 2] = 1  # a column
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
        for _ in range(150):
            optimizer.zero_grad()
            (-model.log_prob(bars, Given(labels=labels)).mean()).backward()
            optimizer.step()
        drawn = model.sample(64, Given(labels=labels))
    likelihoods = torch.stack([model.log_prob(drawn, Given(labels=torch.full((64,), k))) for k in range(2)])
    assert (likelihoods.argmax(0) == labels).all()
    assert (drawn == bars).flatten(1).all(1).float().mean() > 0.9


def test_its_spec_builds_a_twin_with_the_same_conditions():
    model = tiny(picture=(1, 2, 5))
    twin = build(model.spec)
    assert (twin.requires, twin.condition_shape) == ({"images"}, (1, 2, 5))
    assert {n: p.shape for n, p in twin.named_parameters()} == {
        n: p.shape for n, p in model.named_parameters()
    }
    assert tiny().requires == frozenset()
    assert tiny(classes=3).requires == {"labels"}


def test_bad_arguments_say_what_was_expected():
    with pytest.raises(ValueError, match="kernel must be odd and at least 3, got 4"):
        tiny(kernel=4)
    with pytest.raises(ValueError, match="inner must be odd and at least 3, got 1"):
        tiny(inner=1)
    with pytest.raises(ValueError, match="layers must be at least 1, got 0"):
        tiny(layers=0)
    with pytest.raises(ValueError, match="one condition: give one of classes, vector and picture"):
        tiny(classes=2, vector=3)
    with pytest.raises(ValueError, match="at least 0, got -1 and 0"):
        tiny(classes=-1)
    with pytest.raises(ValueError, match="must divide the image's, 4x5"):
        tiny(picture=(1, 3, 5))
    with pytest.raises(ValueError, match=r"given\.labels is missing"):
        tiny(classes=2).sample(1)
    with pytest.raises(ValueError, match="this model has the classes 0 to 1"):
        tiny(classes=2).sample(1, Given(labels=torch.tensor([2])))
    with pytest.raises(ValueError, match=r"given\.vector of shape \(b, 3\), got \(1, 2\)"):
        tiny(vector=3).sample(1, Given(vector=torch.zeros(1, 2)))
