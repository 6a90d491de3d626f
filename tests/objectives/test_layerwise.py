"""Truths of the game that pretrains layer after layer."""

import numpy as np
import pytest
import torch

from genzoo.data.batches import Batches
from genzoo.data.dataset import Dataset
from genzoo.errors import BadInput
from genzoo.models.autoencoding.autoencoder import Autoencoder
from genzoo.objectives.layerwise import Layerwise, below, machines, unroll
from genzoo.objectives.reconstruction import Reconstruction
from genzoo.random import seeded
from genzoo.training.checkpoint import load_state, same, save_state
from genzoo.training.keeper import validate
from genzoo.training.loop import fit
from genzoo.training.run import start
from genzoo.training.settings import OptimizerSettings, Settings
from genzoo.types import Batch


def net(**changed):
    options = {"code": 2, "hidden": (9, 5), "activation": "sigmoid"} | changed
    with seeded(0):
        return Autoencoder((1, 4, 4), **options)


def run_of(objective, *, images=160, **settings):
    rng = np.random.default_rng(0)
    items = (rng.random((40, 1, 4, 4)) < 0.3).astype(np.uint8) * 255
    data = Dataset("toy", "images", items, {"train": np.arange(32), "val": np.arange(32, 40)})
    chosen = Settings(images=images, batch=8, horizon=160, **settings)
    return start(net(), objective, Batches(data, size=8), chosen, OptimizerSettings(lr=1e-2))


def weights(model):
    return {name: p.detach().clone() for name, p in model.named_parameters()}


def test_layers_take_turns_by_images_seen_and_each_moves_itself_alone():
    run = run_of(Layerwise(pretrain=32), images=32)
    up = [f"encoder.{i}" for i in (1, 3, 5)]
    down = [f"decoder.{i}" for i in (5, 3, 1)]
    for layer in range(3):
        before = weights(run.model)
        fit(run)
        after = weights(run.model)
        moved = {name for name in after if not torch.equal(after[name], before[name])}
        pair = (up[layer], down[layer])
        assert moved == {f"{name}.{part}" for name in pair for part in ("weight", "bias")}
        assert torch.equal(after[f"{pair[1]}.weight"], after[f"{pair[0]}.weight"].T)
        run.settings = Settings(images=run.images_seen + 32, batch=8, horizon=160)
    before = weights(run.model)
    fit(run)
    assert all(not torch.equal(after, before[name]) for name, after in weights(run.model).items())


def test_the_last_layer_is_gaussian_if_the_code_is_linear_and_logistic_if_it_is_not():
    assert [m.gaussian for m in machines(net())] == [False, False, True]
    assert [m.gaussian for m in machines(net(code_activation="sigmoid"))] == [False, False, False]


def test_the_unrolled_stack_encodes_and_decodes_by_the_machines_own_means():
    model, x = net().double(), torch.rand(7, 1, 4, 4, dtype=torch.float64)
    for layer in range(3):
        unroll(model, layer=layer)
    stack = machines(model)
    code = below(stack, x)
    torch.testing.assert_close(code, model.encode(x))
    h = code
    for machine in reversed(stack):
        h = machine.visible_mean(h)
    torch.testing.assert_close(h.view(x.shape), model.decode(code))


def test_pretraining_descends_contrastive_divergence_of_its_layer():
    model, x = net().double(), torch.rand(7, 1, 4, 4, dtype=torch.float64)
    with seeded(1):
        loss = Layerwise().pretraining(model, Batch(x), layer=1)
    machine, v = machines(model)[1], below(machines(model)[:1], x)
    with seeded(1):
        expected = machine.contrast(v, machine.chain(v, 1))
    torch.testing.assert_close(loss.total, expected / 9)
    assert loss.terms["layer"] == 2


def test_after_pretraining_it_is_the_game_of_reconstruction():
    objective, model, batch = Layerwise(pretrain=16), net(), Batch(torch.rand(8, 1, 4, 4))
    objective.begin(model, batch)
    (last,) = objective.turn(model, 5)
    (first,) = objective.turn(model, 6)
    assert last.after is not None
    assert first.after is None
    torch.testing.assert_close(
        first.loss(model, batch).total, Reconstruction("bernoulli").loss(model, batch).total
    )


def test_without_pretraining_it_is_the_game_of_reconstruction_from_the_start():
    one, other = run_of(Layerwise(pretrain=0)), run_of(Reconstruction("bernoulli"))
    fit(one)
    fit(other)
    assert same(dict(one.model.state_dict()), dict(other.model.state_dict()))


def test_pretraining_lowers_the_error_of_every_layer():
    run, errors = run_of(Layerwise(pretrain=480), images=1440), {}

    def note(run, losses):
        terms = losses["model"]
        errors.setdefault(terms["layer"], []).append(terms["layer_squared_error"])

    fit(run, hooks=[note])
    assert list(errors) == [1, 2, 3]
    for values in errors.values():
        assert np.mean(values[-20:]) < np.mean(values[:20])


@pytest.mark.parametrize("images", [40, 64, 120])
def test_a_run_resumed_in_any_phase_is_bitwise_the_run_that_never_stopped(images, tmp_path):
    whole = run_of(Layerwise(pretrain=32), ema=0.9)
    first = run_of(Layerwise(pretrain=32), images=images, ema=0.9)
    fit(whole)
    fit(first)
    save_state(first.state_dict(), tmp_path / "state.safetensors")
    second = run_of(Layerwise(pretrain=32), ema=0.9)
    second.load_state_dict(load_state(tmp_path / "state.safetensors"))
    fit(second)
    assert same(second.state_dict() | {"seconds": 0}, whole.state_dict() | {"seconds": 0})


def test_pretraining_has_no_validation_and_fine_tuning_has():
    run = run_of(Layerwise(pretrain=32), images=64)
    fit(run)
    assert validate(run.model, run) is None
    run.settings = Settings(images=120, batch=8, horizon=160)
    fit(run)
    assert validate(run.model, run) > 0


@pytest.mark.parametrize("changed", [{"activation": "relu"}, {"net": "linear"}, {"squash": "none"}])
def test_nets_that_are_no_stack_of_logistic_layers_are_refused(changed):
    with pytest.raises(BadInput, match="logistic layers"):
        Layerwise().begin(net(**changed), Batch(torch.rand(8, 1, 4, 4)))


@pytest.mark.parametrize("arguments", [{"pretrain": -1}, {"gibbs": 0}])
def test_impossible_arguments_are_bad_input(arguments):
    with pytest.raises(BadInput, match=next(iter(arguments))):
        Layerwise(**arguments)
