import pytest
import torch
from causal_truths import dependence, may_depend, naive_fill, total_probability

from genzoo.configurable import build
from genzoo.images import quantise
from genzoo.models.autoregressive.pixelcnn_pp import PixelCNNPP
from genzoo.nn.gated_resnet import GatedResNet
from genzoo.nn.weight_norm import WeightNormed
from genzoo.objectives.likelihood import NegativeLogLikelihood
from genzoo.random import seeded
from genzoo.types import Batch, Given


def tiny(shape: tuple[int, ...] = (1, 4, 5), **arguments: object) -> PixelCNNPP:
    chosen = {"levels": 3, "components": 2, "width": 4, "blocks": 1, "head": 6} | arguments
    return PixelCNNPP(shape, **chosen).double().eval()


def given_of(model: PixelCNNPP, n: int) -> Given:
    if "labels" in model.requires:
        return Given(labels=torch.arange(n) % 3)
    if "vector" in model.requires:
        return Given(vector=torch.randn(n, *model.condition_shape, dtype=torch.float64))
    return Given(images=torch.rand(n, *model.condition_shape, dtype=torch.float64))


@pytest.mark.parametrize(
    ("shape", "arguments"),
    [
        ((1, 3, 3), {"levels": 2, "output": "binary"}),
        ((2, 2, 2), {}),
        ((3, 1, 2), {"output": "softmax"}),
        ((3, 2, 1), {"levels": 2, "output": "binary", "scales": 1}),
        ((1, 2, 3), {"picture": (1, 2, 1)}),
    ],
)
def test_all_images_sum_to_one(shape, arguments):
    model = tiny(shape, **arguments)
    given = given_of(model, 1) if model.requires else None
    assert total_probability(model, given) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize(
    "shape", [(1, 6, 5), (2, 3, 4), (1, 1, 6), (1, 7, 1), pytest.param((1, 9, 9), marks=pytest.mark.slow)]
)
def test_every_earlier_pixel_is_seen_and_no_later_one(shape):
    few = {"levels": 2, "output": "binary"} if shape[0] == 1 else {"components": 1}
    model = tiny(shape, width=8, blocks=2, **few)
    assert torch.equal(dependence(model, tries=2), may_depend(model))


@pytest.mark.parametrize("output", ["binary", "softmax"])
def test_colours_that_are_drawn_one_after_the_other_see_those_before_them_and_all_earlier_pixels(output):
    model = tiny((3, 3, 4), levels=2, output=output, blocks=2)
    assert torch.equal(dependence(model, tries=2), may_depend(model))


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (5, 4), (7, 6), (3, 9)])
@pytest.mark.parametrize("scales", [1, 2, 4])
def test_of_any_size_and_number_of_resolutions_cached_samples_equal_naive_ones(size, scales):
    model = tiny((1, *size), scales=scales, width=2, components=1)
    blank, nothing = torch.zeros(2, 1, *size, dtype=torch.float64), torch.zeros(2, 1, *size, dtype=torch.bool)
    with seeded(1):
        cached = model.sample(2)
    with seeded(1):
        assert torch.equal(cached, naive_fill(model, blank, nothing))


@pytest.mark.parametrize("arguments", [{"vector": 2}, {"picture": (1, 2, 5)}, {"picture": (2, 4, 1)}])
def test_conditions_change_the_distribution_and_cached_completions_equal_naive_ones(arguments):
    model = tiny(**arguments)
    given, images = given_of(model, 3), quantise(torch.rand(3, 1, 4, 5, dtype=torch.float64), 3)
    other = given.map(lambda t: t.roll(1, 0))
    assert (model.log_prob(images, given) != model.log_prob(images, other)).all()
    known = torch.rand(3, 1, 4, 5) < 0.5
    with seeded(4):
        cached = model.complete(images, known, given)
    with seeded(4):
        assert torch.equal(cached, naive_fill(model, torch.where(known, images, 0), known, given))


def test_the_first_batch_gives_every_normalised_layer_mean_zero_and_its_standard_deviation():
    model = tiny((3, 9, 7), levels=16, dropout=0.0, blocks=2, classes=3).train()
    images = quantise(torch.rand(5, 3, 9, 7, dtype=torch.float64), 16)
    given = Given(labels=torch.arange(5) % 3)
    found: list[tuple[float, torch.Tensor]] = []
    layers = [m for m in model.modules() if isinstance(m, WeightNormed)]
    hooks = [m.register_forward_hook(lambda m, _, y: found.append((m.scale, y.detach()))) for m in layers]
    NegativeLogLikelihood().begin(model, Batch(images, given))
    found.clear()
    model.log_prob(images, given)
    for hook in hooks:
        hook.remove()
    assert len(found) == len(layers)
    for scale, sums in found:
        spread, mean = torch.std_mean(sums, (0, 2, 3), correction=0)
        torch.testing.assert_close(mean, torch.zeros_like(mean), rtol=0, atol=1e-9)
        torch.testing.assert_close(spread, torch.full_like(spread, scale), rtol=1e-9, atol=0)


def test_a_batch_of_one_constant_image_leaves_every_parameter_finite():
    model = tiny((1, 1, 1), levels=2, output="binary")
    model.initialise(torch.ones(4, 1, 1, 1, dtype=torch.float64))
    assert all(p.isfinite().all() for p in model.parameters())


def test_the_weights_have_the_norm_g_and_the_direction_v():
    layer = next(m for m in tiny().modules() if isinstance(m, WeightNormed))
    with torch.no_grad():
        layer.gain.copy_(torch.tensor([0.5, 1, 2, 3]))
    weight = layer.weight().flatten(1)
    torch.testing.assert_close(weight.norm(dim=1), layer.gain)
    cosine = torch.nn.functional.cosine_similarity(weight, layer.direction.flatten(1))
    torch.testing.assert_close(cosine, torch.ones(4, dtype=torch.float64))


def test_dropout_acts_in_training_only():
    model, images = tiny(width=8), torch.zeros(2, 1, 4, 5, dtype=torch.float64)
    assert torch.equal(model.log_prob(images), model.log_prob(images))
    model.train()
    assert not torch.equal(model.log_prob(images), model.log_prob(images))
    exact = tiny(dropout=0.0).train()
    assert torch.equal(exact.log_prob(images), exact.log_prob(images))


def test_half_of_the_numbers_are_left_out_and_the_others_doubled():
    dropout = next(m for m in tiny().modules() if isinstance(m, GatedResNet)).dropout.train()
    y = dropout(torch.ones(64, 256, dtype=torch.float64))
    assert set(y.unique().tolist()) == {0.0, 2.0}
    assert y.mean() == pytest.approx(1, abs=5 / 128)  # 5σ, σ = 1/√(64·256)


def test_blocks_mirror_each_other_around_the_lowest_resolution():
    model = tiny(blocks=2, scales=3)
    names = lambda layers: [type(layer).__name__ for layer in layers]  # noqa: E731
    block = "PairBlock"
    assert names(model.body.down) == [block, block, "Shrink", block, block, "Shrink", block, block]
    assert names(model.body.up) == [block] * 2 + ["Enlarge"] + [block] * 3 + ["Enlarge"] + [block] * 3


@pytest.mark.slow
def test_conditional_samples_follow_the_class():
    with seeded(0):
        model = PixelCNNPP((1, 6, 6), levels=2, output="binary", width=8, dropout=0.0, scales=2, classes=2)
        labels = torch.arange(64) % 2
        bars = torch.zeros(64, 1, 6, 6)
        bars[labels == 0, :, 2] = 1  # a row
        bars[labels == 1, :, :, 2] = 1  # a column
        given = Given(labels=labels)
        model.initialise(bars, given)
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
        for _ in range(60):
            optimizer.zero_grad()
            (-model.log_prob(bars, given).mean()).backward()
            optimizer.step()
        drawn = model.eval().sample(64, given)
    assert (drawn == bars).flatten(1).all(1).float().mean() > 0.9


def test_its_spec_builds_a_twin():
    model = tiny(classes=3, scales=2)
    assert build(model.spec).spec == model.spec
    assert model.requires == {"labels"}


def test_bad_arguments_say_what_was_expected():
    with pytest.raises(ValueError, match="must be at least 1, got 4, 0 and 3"):
        tiny(blocks=0)
    with pytest.raises(ValueError, match=r"dropout must be at least 0 and below 1, got 1\.0"):
        tiny(dropout=1.0)
    with pytest.raises(ValueError, match="one condition"):
        tiny(classes=2, picture=(1, 4, 5))
    with pytest.raises(ValueError, match=r"expected items of shape \(b, 1, 4, 5\)"):
        tiny().initialise(torch.zeros(1, 1, 5, 5, dtype=torch.float64))
