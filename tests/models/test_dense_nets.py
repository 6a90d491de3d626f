"""FVBN, NADE and MADE: any ordering, exact sums, and their definitions the slow way."""

import itertools
from math import log

import pytest
import torch
from causal_truths import dependence, may_depend, naive_fill, total_probability

from genzoo.configurable import build
from genzoo.images import quantise
from genzoo.models.autoregressive.dense import DenseNet
from genzoo.models.autoregressive.fvbn import FullyVisibleBeliefNet
from genzoo.models.autoregressive.made import MADE
from genzoo.models.autoregressive.nade import NADE
from genzoo.models.base import capabilities
from genzoo.objectives.likelihood import NegativeLogLikelihood
from genzoo.random import by_item, seeded, sharded
from genzoo.types import Batch

NETS = {
    "fvbn": (FullyVisibleBeliefNet, {}),
    "nade": (NADE, {"hidden": 20}),
    "made": (MADE, {"hidden": (200, 200)}),
    "made direct": (MADE, {"hidden": (4,), "direct": True}),
    "made of 3 orderings": (MADE, {"hidden": (40, 30), "orderings": 3}),
}
SINGLE = [name for name in NETS if "orderings" not in name]
each_net, each_single = (pytest.mark.parametrize("name", names) for names in (NETS, SINGLE))
each_order = pytest.mark.parametrize("order_seed", [None, 3])


def net(name: str, shape: tuple[int, ...], **arguments: object) -> DenseNet:
    """One whose conditionals are far from even."""
    cls, own = NETS[name]
    model = cls(shape, **(own | arguments)).double().eval()
    with torch.no_grad():
        for p in model.parameters():
            p.mul_(3)
    return model


def mixture_of_orderings(n: int = 3, shape: tuple[int, ...] = (1, 3, 3), **arguments: object) -> MADE:
    return net("made of 3 orderings", shape, orderings=n, **arguments)


def binary(*shape: int) -> torch.Tensor:
    return torch.bernoulli(torch.full(shape, 0.5, dtype=torch.float64))


@each_net
@each_order
def test_all_512_binary_images_of_3x3_sum_to_one(name, order_seed):
    model = net(name, (1, 3, 3), order_seed=order_seed)
    assert total_probability(model) == pytest.approx(1, abs=1e-12)
    assert total_probability(model.float()) == pytest.approx(1, abs=1e-5)


@each_net
@each_order
@pytest.mark.parametrize("output", [{"output": "softmax"}, {"output": "mixture", "components": 2}])
def test_all_colour_images_of_two_pixels_and_three_levels_sum_to_one(name, order_seed, output):
    model = net(name, (3, 1, 2), order_seed=order_seed, levels=3, **output)
    assert total_probability(model) == pytest.approx(1, abs=1e-12)


@each_net
def test_an_image_of_one_pixel_is_a_bernoulli_variable(name):
    model = net(name, (1, 1, 1))
    assert total_probability(model) == pytest.approx(1, abs=1e-12)
    assert model.sample(3).shape == (3, 1, 1, 1)


@each_single
@pytest.mark.parametrize(
    ("shape", "output"),
    [
        ((1, 3, 4), {}),
        ((3, 2, 2), {"levels": 3, "output": "softmax"}),
        ((3, 2, 2), {"levels": 4, "output": "mixture", "components": 2}),
    ],
)
@each_order
def test_parameters_depend_on_all_that_was_drawn_before_and_nothing_else(name, shape, output, order_seed):
    model = net(name, shape, order_seed=order_seed, **output)
    allowed = may_depend(model)
    assert torch.equal(dependence(model), allowed)
    visits = model.tape().visits
    units = shape[1] * shape[2] * model.output.steps
    assert allowed.flatten(0, 2).flatten(1).sum() == model.inputs * units * (units - 1) // 2
    assert len({(v.row, v.column, v.channels.start) for v in visits}) == len(visits) == units


@each_single
def test_none_is_raster_order_and_a_seed_is_another_one(name):
    raster = [(i, j, c) for i, j, c in itertools.product(range(2), range(3), range(3))]

    def walk(seed: int | None) -> list[tuple[int, int, int]]:
        model = net(name, (3, 2, 3), levels=2, order_seed=seed)
        return [(v.row, v.column, v.channels.start) for v in model.tape().visits]

    assert walk(None) == raster
    assert walk(1) != raster
    assert walk(1) == walk(1) != walk(2)


def in_order(model: DenseNet, images: torch.Tensor) -> torch.Tensor:
    """The numbers of grey images as the net sees them, in the order of being drawn."""
    return (images * 2 - 1).flatten(1)[:, model.orders[0]]


def logits_in_order(model: DenseNet, images: torch.Tensor) -> torch.Tensor:
    return model.parameters_of(images * 2 - 1, None).flatten(1)[:, model.orders[0]]


@each_order
def test_an_fvbn_is_one_logistic_regression_a_pixel(order_seed):
    model, images = net("fvbn", (1, 3, 4), order_seed=order_seed), binary(5, 1, 3, 4)
    x, order, found = in_order(model, images), model.orders[0], logits_in_order(model, images)
    for i in range(12):
        w = model.regression.weight[order[i]][order[:i]]
        torch.testing.assert_close(found[:, i], x[:, :i] @ w + model.regression.bias[order[i]])


def naive_nade(model: NADE, x: torch.Tensor) -> torch.Tensor:
    """Uria et al., 2016, eq. 2 and 3, of numbers in order."""
    logits = []
    for i in range(x.shape[1]):
        h = (model.bias + x[:, :i] @ model.inward[:i]).sigmoid()
        logits.append(h @ model.outward[i, 0] + model.outward_bias[i, 0])
    return torch.stack(logits, 1)


@each_order
def test_nade_and_its_gradients_are_those_of_its_definition(order_seed):
    model, images = net("nade", (1, 5, 4), order_seed=order_seed), binary(3, 1, 5, 4)
    x = in_order(model, images)
    torch.testing.assert_close(logits_in_order(model, images), naive_nade(model, x))
    weights = torch.randn(3, 20, dtype=torch.float64)
    parameters = list(model.parameters())
    ours = torch.autograd.grad((logits_in_order(model, images) * weights).sum(), parameters)
    theirs = torch.autograd.grad((naive_nade(model, x) * weights).sum(), parameters)
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b)


def test_a_made_whose_hidden_layers_are_cut_off_is_an_fvbn_by_its_direct_connections():
    made = net("made direct", (1, 3, 4), order_seed=3)
    fvbn = net("fvbn", (1, 3, 4), order_seed=3)
    with torch.no_grad():
        made.layers[-1].weight.zero_()
        made.layers[-1].bias.copy_(fvbn.regression.bias)
        made.direct.weight.copy_(fvbn.regression.weight)
    images = binary(4, 1, 3, 4)
    torch.testing.assert_close(made.log_prob(images), fvbn.log_prob(images))


def test_log_prob_of_several_orderings_is_the_log_of_the_mean_of_their_probabilities():
    model, images = mixture_of_orderings(), binary(6, 1, 3, 3)
    each = torch.stack([model.with_ordering(k).log_prob(images) for k in range(3)])
    torch.testing.assert_close(model.log_prob(images), each.exp().mean(0).log())
    assert each.std(0).min() > 1e-3  # they differ, or the mean says nothing
    assert torch.equal(model.conditionals(images).log_prob(images), each[0])


def test_in_training_log_prob_is_that_of_one_ordering_a_function_of_the_seed():
    model, images = mixture_of_orderings().train(), binary(6, 1, 3, 3)
    each = [model.with_ordering(k).log_prob(images) for k in range(3)]
    chosen = []
    for step in range(30):
        with seeded(0, step):
            first = model.log_prob(images)
        with seeded(0, step), sharded(1, 2):  # another process draws the same one
            assert torch.equal(model.log_prob(images), first)
        (k,) = [k for k in range(3) if torch.equal(each[k], first)]
        chosen.append(k)
    assert set(chosen) == {0, 1, 2}
    loss = NegativeLogLikelihood().loss(model, Batch(images))
    assert any(torch.equal(loss.total, -one.mean()) for one in each)


@pytest.mark.parametrize("which", [0, 1, 2])
def test_each_of_several_orderings_is_causal_in_its_own_and_drawn_as_the_naive_way_draws(which):
    model = mixture_of_orderings(direct=True).with_ordering(which)
    assert torch.equal(dependence(model), may_depend(model))
    nothing = torch.zeros(4, 1, 3, 3, dtype=torch.bool)
    with seeded(1):
        cached = model.sample(4)
    with seeded(1):
        naive = naive_fill(model, torch.zeros(4, 1, 3, 3, dtype=torch.float64), nothing)
    assert torch.equal(cached, naive)


def test_frequencies_of_samples_are_the_probabilities_of_the_mixture():
    # Binary 1×2 images: four cells, n = 4000 draws, 5σ of a frequency is at most 5·√(1/4n) = 0.04.
    model, n = mixture_of_orderings(4, (1, 1, 2)), 4000
    images = torch.cartesian_prod(*[torch.arange(2)] * 2).view(4, 1, 1, 2).double()
    mixture = model.log_prob(images).exp().detach()
    first = model.with_ordering(0).log_prob(images).exp()
    assert (mixture - first).abs().max() > 0.05  # a sample of one ordering would not pass
    samples = model.sample(n)
    frequency = torch.stack([(samples == image).all((1, 2, 3)).double().mean() for image in images])
    torch.testing.assert_close(frequency, mixture, rtol=0, atol=0.04)


def test_a_sample_of_several_orderings_does_not_depend_on_the_others_in_its_batch():
    model = mixture_of_orderings()
    with by_item(torch.arange(8), 0, "sample"):
        together = model.sample(8)
    with by_item(torch.tensor([5, 2]), 0, "sample"):
        apart = model.sample(2)
    assert torch.equal(apart, together[[5, 2]])
    assert len(together.flatten(1).unique(dim=0)) > 4
    with seeded(4):
        joined = model.sample(6)
    for rank in range(2):
        with seeded(4), sharded(rank, 2):
            assert torch.equal(model.sample(3), joined[3 * rank : 3 * rank + 3])


def test_completions_of_several_orderings_keep_what_is_known_and_are_on_the_grid():
    model = mixture_of_orderings(shape=(3, 3, 2), levels=5, output="softmax")
    images = quantise(torch.rand(6, 3, 3, 2, dtype=torch.float64), 5)
    known = torch.rand(6, 1, 3, 2) < 0.5
    with seeded(0):
        done = model.complete(images, known)
    with seeded(0):
        assert torch.equal(done, model.complete(torch.where(known, images, 0), known))
    kept = known.expand_as(images)
    assert torch.equal(done[kept], images[kept])
    assert not torch.equal(done, images)
    assert torch.equal(done, quantise(done, 5))
    assert model.sample(0).shape == (0, 3, 3, 2)


def test_orderings_and_masks_are_functions_of_the_configuration():
    with seeded(1):
        model = mixture_of_orderings(order_seed=7)
    twin = build(model.spec).double().eval()
    assert twin.spec == model.spec
    twin.load_state_dict(model.state_dict())
    images = binary(3, 1, 3, 3)
    assert torch.equal(twin.log_prob(images), model.log_prob(images))
    assert len(model.orders.unique(dim=0)) == 3
    assert {"sample", "log_prob", "complete"} <= set(capabilities(model))


def test_bad_arguments_say_what_was_expected():
    with pytest.raises(ValueError, match="hidden must be at least 1 unit, got 0"):
        NADE((1, 2, 2), hidden=0)
    for hidden in ((), (3, 0)):
        with pytest.raises(ValueError, match=r"hidden must be widths of one or more layers.*got \("):
            MADE((1, 2, 2), hidden=hidden)
    with pytest.raises(ValueError, match="orderings must be at least 1, got 0"):
        MADE((1, 2, 2), orderings=0)
    with pytest.raises(ValueError, match="numbered from 0 to 2, got 3"):
        mixture_of_orderings().with_ordering(3)
    with pytest.raises(ValueError, match="output binary is for 2 levels, got 4"):
        FullyVisibleBeliefNet((1, 2, 2), levels=4)
    with pytest.raises(ValueError, match=r"values of exactly 0 or 1, got 0.5"):
        FullyVisibleBeliefNet((1, 2, 2)).log_prob(torch.full((1, 1, 2, 2), 0.5))


@pytest.mark.slow
def test_hidden_units_learn_what_regressions_cannot():
    # Two random bits and their parity: 2·log 2 nats; to a regression the third bit is a coin toss, 3·log 2.
    bits = torch.tensor(list(itertools.product([0.0, 1.0], repeat=2)))
    images = torch.cat([bits, bits.sum(1, keepdim=True) % 2], 1).view(4, 1, 1, 3)
    for name, nats in (("fvbn", 3 * log(2)), ("nade", 2 * log(2)), ("made", 2 * log(2))):
        model = net(name, (1, 1, 3)).float()
        optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
        for _ in range(600):
            optimizer.zero_grad()
            (-model.log_prob(images).mean()).backward()
            optimizer.step()
        assert -model.log_prob(images).mean().item() == pytest.approx(nats, abs=0.02)
