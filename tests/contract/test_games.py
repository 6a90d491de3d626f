"""What holds for every registered game, old and new."""

from dataclasses import replace

import pytest
import torch
from games import NAMES, entry_and_variant, rounding, tiny_data, tiny_model, tiny_run, tiny_view

from genzoo.configurable import build
from genzoo.data.batches import in_order
from genzoo.images import quantise
from genzoo.models import load_model, save_model
from genzoo.models.base import (
    Bounds,
    Completes,
    Decodes,
    Encodes,
    Samples,
    Scores,
    evaluating,
    uses_batch_statistics,
)
from genzoo.objectives.adversarial import Adversarial
from genzoo.objectives.divergences import HINGE
from genzoo.random import seeded
from genzoo.recipes.options import options
from genzoo.training.checkpoint import load_state, same, save_state
from genzoo.training.loop import fit, make_move
from genzoo.types import Given

games = pytest.mark.parametrize("name", NAMES)
played = pytest.mark.parametrize("name", NAMES, scope="module")


@pytest.fixture(scope="module")
def whole(name):
    """A game played from its beginning to its end."""
    run = tiny_run(name, ema=0.9)
    fit(run)
    return run


def first_batch(model, n=4):
    return next(in_order(tiny_data(model), "train", view=tiny_view(model), size=n, requires=model.requires))


def idle(objective):
    """A critic's last bias, where only differences of scores count, or none has left the hinge: no slope."""
    shifts = isinstance(objective, Adversarial) and (
        objective.divergence.boundary is None or objective.divergence is HINGE
    )
    return {"critic.verdict.bias"} if shifts else set()


@games
def test_every_parameter_has_one_player_and_only_its_own_moves_change_it(name):
    run = tiny_run(name)
    run.model.train()
    names = {id(p): n for n, p in run.model.named_parameters()}
    players = run.objective.players(run.model)
    owned = {k: {names[id(p)] for p in ps} for k, ps in players.items()}
    assert sorted(n for ns in owned.values() for n in ns) == sorted(names.values())
    moved = set()
    for step in range(4):
        batch = run.draw()
        for number, update in enumerate(run.objective.turn(run.model, step)):
            before = {n: p.detach().clone() for n, p in run.model.named_parameters()}
            for p in run.model.parameters():
                p.grad = None
            make_move(run, update, batch, number)
            changed = {n for n, p in run.model.named_parameters() if not torch.equal(p, before[n])}
            graded = {n for n, p in run.model.named_parameters() if p.grad is not None}
            assert changed <= owned[update.player]
            assert graded <= owned[update.player]
            moved |= changed
        run.step += 1
    assert moved == set(names.values()) - idle(run.objective)


@played
def test_a_resumed_run_is_bitwise_the_run_that_never_stopped(name, whole, tmp_path):
    first = tiny_run(name, ema=0.9, images=32)
    fit(first)
    save_state(first.state_dict(), tmp_path / "state.safetensors")
    torch.manual_seed(99)  # whatever the process did in between
    second = tiny_run(name, ema=0.9)
    with torch.no_grad():
        for p in second.model.parameters():
            p.add_(1)
    second.load_state_dict(load_state(tmp_path / "state.safetensors"))
    fit(second)
    ours, theirs = second.state_dict(), whole.state_dict()
    assert same(ours | {"seconds": 0}, theirs | {"seconds": 0})


@played
def test_pictures_and_measurements_do_not_change_what_is_trained(name, whole):
    watched = tiny_run(name, ema=0.9)
    fit(watched, hooks=[lambda run, losses: run.learned() if run.step % 3 == 1 else None])
    for a, b in zip(whole.model.parameters(), watched.model.parameters(), strict=True):
        assert torch.equal(a, b)


@games
def test_its_spec_builds_a_twin_and_its_store_gives_back_every_bit(name, tmp_path):
    model = tiny_model(name)
    twin = build(model.spec)
    assert twin.spec == model.spec
    save_model(model, tmp_path / "saved")
    again = load_model(tmp_path / "saved")
    assert again.spec == model.spec
    assert not again.training
    assert same(dict(again.state_dict()), dict(model.state_dict()))


@games
def test_samples_are_items_of_its_shape_and_a_function_of_the_seed(name):
    model = tiny_model(name)
    if not isinstance(model, Samples):
        pytest.skip("does not sample")
    given = first_batch(model, 3).given
    with evaluating(model):
        with seeded(5):
            a = model.sample(3, given)
        with seeded(5):
            b = model.sample(3, given)
    assert a.shape == (3, *model.shape)
    assert torch.equal(a, b)
    assert a.isfinite().all()
    if model.levels is not None:
        assert torch.equal(a, quantise(a, model.levels))


@games
def test_a_score_or_bound_is_finite_per_item_and_the_bound_is_below(name):
    model = tiny_model(name).double()
    batch = first_batch(model).map(lambda t: t.double() if t.is_floating_point() else t)
    with evaluating(model), seeded(0):
        exact = model.log_prob(batch.images, batch.given) if isinstance(model, Scores) else None
        if isinstance(model, Bounds):
            bound = torch.stack([model.elbo(batch.images, batch.given) for _ in range(50)]).mean(0)
            assert bound.shape == (4,)
            assert bound.isfinite().all()
            if exact is not None:
                assert (bound < exact).all()
    if exact is not None:
        assert exact.shape == (4,)
        assert exact.isfinite().all()


@games
def test_it_names_a_wrong_shape_and_a_superfluous_condition(name):
    model = tiny_model(name)
    verbs = {Scores: "log_prob", Bounds: "elbo", Encodes: "encode"}
    wrong = torch.zeros(2, *(n + 1 for n in model.shape))
    for protocol, verb in verbs.items():
        if isinstance(model, protocol):
            with pytest.raises(ValueError, match="shape"):
                getattr(model, verb)(wrong)
            required = first_batch(model, 2).given or Given()
            superfluous = replace(required, vector=torch.zeros(2, 3))
            with pytest.raises(ValueError, match="vector"):
                getattr(model, verb)(torch.zeros(2, *model.shape), superfluous)


@games
def test_codes_decode_to_items(name):
    model = tiny_model(name)
    if not (isinstance(model, Encodes) and isinstance(model, Decodes)):
        pytest.skip("does not encode and decode")
    batch = first_batch(model)
    with evaluating(model):
        rebuilt = model.decode(model.encode(batch.images, batch.given), batch.given)
    assert rebuilt.shape == batch.images.shape


@games
def test_completion_keeps_known_pixels_bit_for_bit(name):
    model = tiny_model(name)
    if not isinstance(model, Completes):
        pytest.skip("does not complete")
    batch = first_batch(model)
    known = torch.rand(4, 1, *model.shape[1:]) < 0.5
    with evaluating(model):
        done = model.complete(batch.images, known, batch.given)
    kept = known.expand_as(done)
    assert torch.equal(done[kept], batch.images[kept])


@games
def test_an_item_in_evaluation_does_not_depend_on_its_batch_mates(name):
    model = tiny_model(name).double()
    batch = first_batch(model).map(lambda t: t.double() if t.is_floating_point() else t)
    with evaluating(model):
        for protocol, verb in {Scores: "log_prob", Encodes: "encode"}.items():
            if isinstance(model, protocol):
                whole = getattr(model, verb)(batch.images, batch.given)
                alone = getattr(model, verb)(*_first(batch))
                torch.testing.assert_close(alone[0], whole[0], rtol=1e-10, atol=1e-10)


def _first(batch):
    part = batch.map(lambda t: t[:1])
    return part.images, part.given


@games
def test_no_option_has_two_meanings(name):
    entry, _ = entry_and_variant(name)
    assert options(entry.name, entry.objective["class"])


@pytest.mark.parametrize("name", NAMES)
def test_a_batch_in_parts_has_the_gradient_of_the_whole(name):
    whole, parts = (tiny_run(name, dtype=torch.float64, images=32, accumulate=n) for n in (1, 2))
    if uses_batch_statistics(whole.model) or whole.objective.couples:
        pytest.skip("coupled across the batch by its statistics or its loss")
    if any(key.endswith("weight.0._u") for key in whole.model.state_dict()):
        pytest.skip("spectral normalisation: each pass of a part takes another power iteration")
    fit(whole)
    fit(parts)
    for a, b in zip(whole.model.parameters(), parts.model.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-8, atol=rounding(whole.model))
