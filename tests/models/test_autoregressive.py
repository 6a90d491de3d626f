"""What holds for every registered fully visible belief net and each of its small variants."""

import pytest
import torch
from causal_truths import dependence, may_depend, naive_fill

from genzoo.configurable import build
from genzoo.images import quantise
from genzoo.models import catalogue
from genzoo.models.autoregressive.base import Autoregressive
from genzoo.models.autoregressive.fixed_point import sample_by_fixed_point
from genzoo.nn.replay import EagerReplay
from genzoo.nn.replay.compiled import CompiledReplay
from genzoo.random import by_item, seeded
from genzoo.types import Given

NETS = {
    f"{entry.name}[{variant}]" if variant else entry.name: (entry, variant)
    for entry in catalogue().values()
    if issubclass(entry.cls, Autoregressive)
    for variant in entry.tiny
}


def net(name: str, dtype: torch.dtype = torch.float64) -> Autoregressive:
    entry, variant = NETS[name]
    arguments = {k: list(v) if isinstance(v, tuple) else v for k, v in entry.tiny[variant].items()}
    with seeded(0, name):
        model = build({"class": entry.cls.__name__, **arguments}).to(dtype)
        with torch.no_grad():
            for p in model.parameters():  # an initialisation with zeros would hide what depends on what
                p.add_(0.05 * torch.randn_like(p))
    return model.eval()


def conditions(model: Autoregressive, n: int) -> Given | None:
    """Random conditions of what the model requires."""
    found = {}
    for name in model.requires:
        if name == "labels":
            found["labels"] = torch.arange(n) % 3
        elif name == "vector":
            found["vector"] = torch.randn(n, model.condition_shape[0], dtype=model.like.dtype)
        else:
            found["images"] = torch.rand(n, *model.condition_shape, dtype=model.like.dtype)
    return Given(**found) if found else None


def some_images(model: Autoregressive, n: int) -> torch.Tensor:
    return quantise(torch.rand(n, *model.shape, dtype=model.like.dtype), model.levels)


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("replaying", [EagerReplay, CompiledReplay])
@pytest.mark.parametrize("lanes", [1, 3, 40])
@torch.no_grad()
def test_replayed_parameters_are_those_of_one_ordinary_pass(name, replaying, lanes):
    model = net(name)
    given, output = conditions(model, lanes), model.output
    seen = some_images(model, lanes) * 2 - 1
    maps, tape = model.parameters_of(seen, given), model.tape(given)
    progress, row, each = replaying(tape, lanes), None, output.parameters // output.steps
    for i, visit in enumerate(tape.visits):
        if visit.row != row:
            row = visit.row
            progress.start_row(row)
        step = visit.channels.start // (output.channels // output.steps)
        expected = maps[:, step * each : (step + 1) * each, visit.row, visit.column]
        torch.testing.assert_close(progress.parameters(i).T, expected, rtol=1e-10, atol=1e-10)
        progress.write(i, seen[:, visit.channels, visit.row, visit.column].T)


@pytest.mark.parametrize("name", NETS)
def test_an_image_is_the_same_bit_for_bit_alone_and_among_others(name):
    model = net(name, torch.float32)
    given = conditions(model, 20)
    with by_item(torch.arange(20), 7):
        many = model.sample(20, given)
    for i in (0, 19):
        with by_item(torch.tensor([i]), 7):
            alone = model.sample(1, given.map(lambda t, i=i: t[i : i + 1]) if given else None)
        assert torch.equal(alone, many[i : i + 1])


@pytest.mark.parametrize("name", NETS)
def test_cached_samples_equal_naive_ones_pixel_for_pixel(name):
    model = net(name)
    given = conditions(model, 3)
    blank = torch.zeros(3, *model.shape, dtype=torch.float64)
    nothing = torch.zeros(3, 1, *model.shape[1:], dtype=torch.bool)
    for temperature in (1.0, 0.5):
        with seeded(5):
            cached = model.sample(3, given, temperature=temperature)
        with seeded(5):
            naive = naive_fill(model, blank, nothing, given, temperature)
        assert torch.equal(cached, naive)


@pytest.mark.parametrize("name", NETS)
def test_completions_equal_naive_ones_and_keep_what_is_known(name):
    model = net(name)
    given, images = conditions(model, 3), some_images(model, 3)
    known = torch.rand(3, 1, *model.shape[1:]) < 0.5
    with seeded(2):
        cached = model.complete(images, known, given)
    with seeded(2):
        naive = naive_fill(model, torch.where(known, images, 0), known, given)
    assert torch.equal(cached, naive)
    assert torch.equal(cached[known.expand_as(images)], images[known.expand_as(images)])


@pytest.mark.parametrize("name", NETS)
def test_parameters_depend_on_nothing_that_is_drawn_later(name):
    model = net(name)
    given = conditions(model, 1)
    found = dependence(model, given, tries=2)
    assert not (found & ~may_depend(model, given)).any()
    assert found.any()


@pytest.mark.parametrize("name", NETS)
def test_log_prob_is_the_sum_of_the_logs_of_the_probabilities_that_a_coder_would_use(name):
    model = net(name)
    given, images = conditions(model, 2), some_images(model, 2)
    output, total = model.output, torch.zeros(2, dtype=torch.float64)
    maps = model.parameters_of(images * 2 - 1, given).detach()
    numbers = (images * (model.levels - 1)).round().long()
    each = output.parameters // output.steps
    for step in range(output.steps):
        channels = numbers[:, output.drawn_at(step)]
        for i in range(model.shape[1]):
            for j in range(model.shape[2]):
                parameters = maps[:, step * each : (step + 1) * each, i, j]
                for c in range(channels.shape[1]):
                    p = output.probabilities(parameters, channels[:, :c, i, j])
                    torch.testing.assert_close(p.sum(1), torch.ones(2).double(), rtol=0, atol=1e-12)
                    total += p.gather(1, channels[:, c, i, j, None]).log()[:, 0]
    torch.testing.assert_close(model.log_prob(images, given).detach(), total, rtol=1e-9, atol=1e-9)


def test_of_all_float32_draws_at_most_one_in_ten_thousand_differs_from_the_naive_one():
    """One early difference changes what follows it, so an image counts once."""
    differing = draws = 0
    for name in NETS:
        model, n = net(name, torch.float32), 64
        given = conditions(model, n)
        nothing = torch.zeros(n, 1, *model.shape[1:], dtype=torch.bool)
        with seeded(3):
            cached = model.sample(n, given)
        with seeded(3):
            naive = naive_fill(model, torch.zeros(n, *model.shape), nothing, given)
        differing += (cached != naive).flatten(1).any(1).sum().item()
        draws += cached.numel()
    assert draws > 20_000
    assert differing / draws <= 1e-4


@pytest.mark.parametrize("name", NETS)
def test_fixed_point_samples_equal_cached_ones_in_at_most_one_pass_a_draw(name):
    model, passes = net(name), []
    given = conditions(model, 3)
    with seeded(5):
        cached = model.sample(3, given, temperature=0.9)
    with seeded(5):
        found = sample_by_fixed_point(model, 3, given, temperature=0.9, passed=passes.append)
    assert torch.equal(found, cached)
    assert passes[-1] == 0
    assert len(passes) <= len(model.tape(given).visits) + 1
