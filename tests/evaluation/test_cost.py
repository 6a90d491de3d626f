"""Costs: operations in closed form, memory of known allocations, one unit; times are mere bookkeeping."""

import json
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from genzoo.data.dataset import Dataset
from genzoo.data.view import View
from genzoo.errors import BadInput
from genzoo.evaluation import clock, sampling_cost
from genzoo.evaluation.cost import Cost, Work, measure
from genzoo.evaluation.flops import flops, forward_pass
from genzoo.evaluation.memory import LiveBytes, peak_memory
from genzoo.models import Model, catalogue
from genzoo.models.adversarial.gan import GAN
from genzoo.models.autoencoding.autoencoder import Autoencoder
from genzoo.models.autoregressive.pixelcnn import PixelCNN
from genzoo.models.variational.vae import VAE
from genzoo.nn.mlp import MLP
from genzoo.training.config import Config
from genzoo.training.settings import OptimizerSettings, Settings
from genzoo.types import Batch

CPU = torch.device("cpu")


@pytest.fixture(scope="module", autouse=True)
def _counter():
    flops(
        lambda: torch.eye(2).mm(torch.eye(2))
    )  # the first count of a process imports a second's worth of torch


def widths_flops(*widths):
    """Two operations a weight."""
    return 2 * sum(a * b for a, b in pairwise(widths))


def test_the_operations_of_a_fully_connected_net_are_two_a_weight():
    net = MLP((7,), (11, 13), (3,))
    assert flops(lambda: net(torch.zeros(5, 7))) == 5 * widths_flops(7, 11, 13, 3)


def test_a_backward_pass_of_a_deep_net_is_twice_the_forward_one_but_for_the_first_layer():
    net = MLP((7,), (11,), (3,))
    call = flops(lambda: net(torch.zeros(5, 7)).sum().backward())
    assert call == 5 * (3 * widths_flops(7, 11, 3) - widths_flops(7, 11))  # no gradient of the input


def quick(model, **options):
    return measure(model, batches=(1, 4), repeats=1, **options)


def test_a_sample_of_a_generator_is_exactly_one_pass():
    cost = quick(GAN((1, 8, 8), latent=4, hidden=(32, 16)))
    assert cost.work["forward"].flops == widths_flops(4, 32, 16, 64)
    assert cost.passes("sample") == 1
    assert "score" not in cost.work


def test_a_variational_models_sample_is_its_decoders_share_of_a_pass():
    cost = quick(VAE((1, 8, 8), latent=5, hidden=(32,)))
    encoder, decoder = widths_flops(64, 32, 10), widths_flops(5, 32, 64)
    assert cost.work["forward"].flops == encoder + decoder
    assert cost.passes("score") == 1
    assert cost.passes("sample") == decoder / (encoder + decoder)


def test_an_autoencoder_has_scores_by_one_pass_and_no_samples():
    cost = quick(Autoencoder((1, 8, 8), code=4, hidden=(16,)))
    assert cost.work["score"].flops == cost.work["forward"].flops == 2 * widths_flops(64, 16, 4)
    assert "sample" not in cost.work
    with pytest.raises(BadInput, match="no samples"):
        _ = cost.seconds_per_sample
    assert cost.to_json()["seconds_per_sample"] is None


def test_a_cached_sampler_costs_about_one_pass_where_a_naive_one_costs_one_a_pixel():
    model = PixelCNN((1, 8, 8), levels=2, width=8, blocks=2, head=16).eval()
    cost = quick(model)
    one = flops(lambda: model.log_prob(torch.zeros(1, 1, 8, 8)))
    assert cost.work["forward"].flops == one
    assert 0.5 < cost.passes("sample") <= 1  # below one: it leaves out what the masks would zero
    assert "parallel" in cost.forward_pass


def test_a_cached_sampler_multiplies_the_taps_that_its_masks_leave():
    """One 1-channel 3×3 layer A (4 of the stored 6 taps) and one 1×1 logits layer: counted by hand."""
    model = PixelCNN((1, 2, 2), levels=2, width=1, blocks=0, kernel=3, head=1).eval()
    first, head = 2 * 2 * 6, 2 * (2 * 1 + 1 * 2)  # two maps of six stored taps; 2 → 1 → 2 maps
    assert flops(lambda: model.log_prob(torch.zeros(1, 1, 2, 2))) == 4 * (first + head)
    assert flops(lambda: model.sample(1)) == 4 * (2 * 2 * 4 + head)


@pytest.mark.parametrize("name", list(catalogue()))
def test_every_registered_model_has_a_forward_pass_and_a_cost(name):
    entry = catalogue()[name]
    model = entry.cls(**entry.tiny[""])
    cost = quick(model)
    assert cost.forward_pass
    assert cost.work["forward"].flops > 0
    for work in cost.work.values():
        assert set(work.seconds) == {1, 4}
        assert all(seconds > 0 for seconds in work.seconds.values())
        assert list(work.memory) == [4]


def test_the_model_is_left_as_it_was():
    model = GAN((1, 8, 8), latent=4, net="dcgan", width=4).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    data, config = game(model, "gan")
    measure(model, data, config, batches=(2,), repeats=1, steps=1)
    assert model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(p.grad is None for p in model.parameters())


# Training


def game(model, entry, batch=8):
    """Data, and the configuration of the model's default game."""
    items = np.random.default_rng(0).integers(0, 256, (20, *model.shape), dtype=np.uint8)
    splits = {"train": np.arange(16), "val": np.arange(16, 18), "test": np.arange(18, 20)}
    optimizers = {"": OptimizerSettings(lr=1e-4)}
    settings = Settings(images=10**6, batch=batch)
    view = View(binarize="static") if model.levels == 2 else View()
    objective = dict(catalogue()[entry].objective)
    config = Config("toy", "toy", view, model.spec, objective, optimizers, settings)
    return Dataset("toy", "images", items, splits), config


def test_training_is_counted_per_image_seen_at_the_runs_own_batch():
    model = Autoencoder((1, 8, 8), code=4, net="linear")
    cost = measure(model, *game(model, "autoencoder"), batches=(1, 4), repeats=1, steps=1)
    forward = widths_flops(64, 4, 64)
    backward = 2 * forward - widths_flops(64, 4)  # no gradient of the images
    assert cost.work["train"].flops == forward + backward
    assert list(cost.work["train"].seconds) == [8]
    assert set(cost.work["forward"].seconds) == {1, 4, 8}  # so that training has a pass to compare with
    assert cost.passes("train") == pytest.approx(2.5)
    assert cost.passes("train", 8) > 0
    assert cost.passes("train", 4) is None


def test_a_turn_of_a_gan_counts_both_players_moves():
    """One fake pass with its graph; critic: forward on two batches and back; generator: through both nets."""
    model = GAN((1, 8, 8), latent=4, hidden=(32,))
    cost = measure(model, *game(model, "gan"), batches=(1,), repeats=1, steps=1)
    g1, g2 = widths_flops(4, 32), widths_flops(32, 64)
    c1, c2 = widths_flops(64, 32), widths_flops(32, 1)
    fakes = g1 + g2
    critic = 2 * (c1 + c2) + 2 * (c1 + 2 * c2)  # backward: weights of both layers, input of the second
    generator = (c1 + c2) + (c2 + c1) + (2 * g2 + g1)  # forward; back through the critic to its input; G
    assert cost.work["train"].flops == fakes + critic + generator


# Memory


def test_memory_follows_a_known_pattern_of_allocations():
    x = torch.zeros(1000)  # there before: not counted
    with LiveBytes() as seen:
        y = x * 2
        assert seen.live == 4000
        z = y + 1
        assert (seen.live, seen.peak) == (8000, 8000)
        view = z[10:].view(-1, 10)
        z.add_(1)
        x.mul_(2)
        assert (seen.live, seen.peak) == (8000, 8000)  # views and work in place cost nothing
        del y
        assert seen.live == 4000
        del z
        assert seen.live == 4000  # the view holds it
        del view
        assert (seen.live, seen.peak) == (0, 8000)
        kept = torch.zeros(300, dtype=torch.float64)
        assert (seen.live, seen.peak) == (2400, 8000)
    del kept


def test_peak_memory_of_a_chain_of_layers_is_the_two_largest_neighbours():
    net = nn.Sequential(*[nn.Linear(100, 100, bias=False) for _ in range(6)]).eval()
    x = torch.zeros(8, 100)

    @torch.no_grad()
    def call():
        return net(x)

    assert peak_memory(call, CPU) == 2 * 8 * 100 * 4  # one layer's input and output; the first input is x


# Bookkeeping


class Slow(Model):
    def __init__(self, shape=(1, 2, 2)):
        super().__init__(shape)
        self.layer = nn.Linear(3, 4)
        self.drawn = []

    def sample(self, n, given=None, *, temperature=1.0):
        self.drawn.append(n)
        return torch.zeros(n, *self.shape)


def test_the_time_of_a_sample_is_the_median_without_the_first(monkeypatch):
    durations = iter([100.0, 3.0, 1.0, 2.0])  # the first does not count
    time = [0.0]

    class Clocked(Slow):
        def sample(self, n, given=None, *, temperature=1.0):
            time[0] += next(durations)
            return super().sample(n)

    monkeypatch.setattr(clock, "now", lambda device: time[0])
    assert sampling_cost(Clocked(), batch=4, repeats=3).seconds_per_sample == 2.0 / 4


def test_short_work_is_repeated_within_a_measurement(monkeypatch):
    time, calls = [0.0], []

    def call():
        calls.append(1)
        time[0] += clock.SHORTEST / 10

    monkeypatch.setattr(clock, "now", lambda device: time[0])
    found = clock.timed({"": call}, 2, CPU)
    assert found[""] == pytest.approx(clock.SHORTEST / 10)
    assert len(calls) == 1 + 2 * (10 + 1)  # one to warm the caches before each ten


def test_contenders_take_turns():
    turns = []
    clock.timed({"a": lambda: turns.append("a"), "b": lambda: turns.append("b")}, 2, CPU)
    runs = [t for i, t in enumerate(turns) if not i or t != turns[i - 1]]
    assert runs == ["a", "b"] * 3


def test_parameters_are_counted_and_samples_drawn_in_one_batch():
    model = Slow()
    found = sampling_cost(model, batch=5, repeats=2)
    assert found.parameters == 3 * 4 + 4
    assert set(model.drawn) == {5}
    assert (found.device, found.batch, found.repeats) == ("cpu", 5, 2)
    assert found.to_json()["parameters"] == 16
    assert found.forward_pass == "one item drawn"


def test_a_ratio_is_to_one_forward_pass_at_the_same_batch():
    work = {"forward": Work({1: 2.0, 8: 0.5}, 100), "sample": Work({1: 6.0, 8: 0.25, 16: 0.1}, 150)}
    cost = Cost(10, "a pass", work, 5, "cpu", 1)
    assert (cost.passes("sample", 1), cost.passes("sample", 8), cost.passes("sample", 16)) == (3, 0.5, None)
    assert cost.passes("sample") == 1.5
    assert cost.passes("score") is None
    assert (cost.seconds_per_sample, cost.batch) == (0.1, 16)


def test_a_cost_survives_json_and_has_the_same_headings_for_every_model():
    with_samples, without = quick(GAN((2,), latent=2, hidden=(4,))), quick(Autoencoder((2,), code=1))
    for cost in (with_samples, without):
        assert Cost.from_json(json.loads(json.dumps(cost.to_json()))) == cost
    assert [h for h, _ in with_samples.in_words()] == [h for h, _ in without.in_words()]
    assert dict(without.in_words())["a new item"] == "–"
    assert with_samples.to_json()["work"]["sample"]["passes"]["flops"] == 1


def test_what_can_do_nothing_has_no_cost():
    class Silent(Model):
        pass

    with pytest.raises(BadInput, match="cannot sample"):
        sampling_cost(Silent((2,)))
    with pytest.raises(BadInput, match="repeats=0"):
        measure(Slow(), repeats=0)

    class Weighs(Silent):
        def __init__(self, shape):
            super().__init__(shape)
            self.layer = nn.Linear(1, 1)

    with pytest.raises(BadInput, match="no forward pass"):
        measure(Weighs((2,)))


def test_the_unit_says_what_it_is():
    said, call = forward_pass(GAN((1, 8, 8), latent=4, hidden=(32,)), Batch(torch.zeros(2, 1, 8, 8)))
    assert said == "one pass of the generator, without the critic"
    assert call().shape == (2, 1, 8, 8)
