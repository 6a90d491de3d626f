"""What the critic is shown: the same kind of changes to data and samples, their probability, fading noise."""

from operator import itemgetter

import pytest
import torch

from genzoo.errors import BadInput
from genzoo.models.adversarial.gan import GAN
from genzoo.objectives.adversarial import Adversarial
from genzoo.objectives.augmented import Augmented
from genzoo.random import seeded, sharded
from genzoo.training.checkpoint import load_state, save_state
from genzoo.types import Batch

POLICY, TARGET, RAMP = ("flip",), 0.6, 100_000


def adaptive(start=0.5):
    found = Augmented(POLICY, TARGET, 0.0, 0)
    found.probability = start
    return found


def last_layer(model):
    return [m for m in model.generator.modules() if isinstance(m, torch.nn.Linear)][-1]


def seen(augmented, scores):
    augmented.watch(torch.as_tensor(scores))
    augmented.adapt()
    return augmented.probability


def test_the_probability_rises_while_data_are_scored_as_data_and_falls_else():
    augmented = adaptive()
    assert seen(augmented, torch.ones(1000)) == pytest.approx(0.5 + 1000 / RAMP)
    assert seen(augmented, -torch.ones(1000)) == pytest.approx(0.5)
    just_below, just_above = (torch.tensor([1.0] * n + [-1.0] * (1000 - n)) for n in (799, 801))
    assert seen(augmented, just_below) == pytest.approx(0.5 - 1000 / RAMP)  # r = 0.598
    assert seen(augmented, just_above) == pytest.approx(0.5)  # r = 0.602


def test_the_probability_starts_at_zero_and_stays_from_zero_to_one():
    augmented = Augmented(POLICY, TARGET, 0.0, 0)
    assert augmented.probability == 0
    assert seen(augmented, -torch.ones(10)) == 0
    for _ in range(11):
        last = seen(augmented, torch.ones(RAMP // 10))
    assert last == 1


def test_without_a_target_every_change_is_made_always():
    augmented = Augmented(POLICY, 0.0, 0.0, 0)
    assert augmented.probability == 1
    assert seen(augmented, torch.ones(1000)) == 1


def test_two_processes_move_the_probability_as_one_does_on_the_joined_batch(monkeypatch):
    one = adaptive()
    seen(one, torch.ones(8))
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.distributed, "get_world_size", lambda: 2)
    monkeypatch.setattr(torch.distributed, "all_reduce", lambda mine: mine.mul_(2))  # both the same
    two = adaptive()
    with sharded(0, 2):
        two.watch(torch.ones(4))
    two.adapt()
    assert two.probability == one.probability


def test_parts_of_a_batch_move_the_probability_as_the_whole():
    scores = torch.tensor([1.0, 1.0, 1.0, 1.0, 1.0, 1.0, -1.0, -1.0])  # r = 0.5; of the halves 1 and 0
    one, two = adaptive(), adaptive()
    seen(one, scores)
    for part in range(2):
        with sharded(part, 2):
            two.watch(scores[4 * part : 4 * (part + 1)])
    two.adapt()
    assert two.probability == one.probability


def test_the_probability_moves_with_each_move_of_the_critic_and_is_in_the_checkpoint(tmp_path):
    game = Adversarial(augment=POLICY, augment_target=TARGET)
    model = GAN((1, 6, 6), latent=2, hidden=(4,))
    torch.nn.init.constant_(model.critic.verdict.bias, 50.0)  # scores all that there is as data
    critic, generator = game.turn(model, 0)
    for move in range(3):
        critic.loss(model, Batch(torch.rand(8, 1, 6, 6)))
        critic.after(model)
        assert game.augmented.probability == pytest.approx(8 * (move + 1) / RAMP)
    generator.loss(model, Batch(torch.rand(8, 1, 6, 6)))
    generator.after(model)
    assert game.augmented.probability == pytest.approx(24 / RAMP)
    save_state({"objective": game.state_dict()}, tmp_path / "state.safetensors")
    again = Adversarial(augment=POLICY, augment_target=TARGET)
    again.load_state_dict(load_state(tmp_path / "state.safetensors")["objective"])
    assert again.augmented.probability == game.augmented.probability
    assert Adversarial().state_dict() == {}


def test_data_and_samples_are_changed_and_the_generator_learns_through_it():
    game, model = Adversarial(augment=["cutout"]), GAN((1, 8, 8), latent=2, hidden=(4,))
    with torch.no_grad():
        last_layer(model).bias.fill_(3.0)  # samples are nearly white
    shown = []
    model.critic.register_forward_pre_hook(lambda _, inputs: shown.append(inputs[0].detach()))
    critic, generator = game.turn(model, 0)
    critic.loss(model, Batch(torch.ones(16, 1, 8, 8)))
    generator.loss(model, Batch(torch.ones(16, 1, 8, 8))).total.backward()
    for images in shown:  # data, fakes, fakes: a rectangle of each is the middle grey, 0
        assert ((images == 0).flatten(1).sum(1) >= 4).all()
        assert (images > 0.9).any()
    assert last_layer(model).bias.grad.abs().sum() > 0


def test_the_noise_has_its_deviation_in_units_of_what_the_nets_see_and_fades_linearly():
    augmented, items = Augmented((), 0.0, 0.4, 100), torch.zeros(4, 1, 50, 50, dtype=torch.float64)
    for step, left in ((0, 1.0), (25, 0.75), (99, 0.01)):
        sd = 2 * augmented.shown(items, step, pictures=True).std().item()  # pixels are seen doubled
        assert sd == pytest.approx(0.4 * left, rel=5 / (2 * items.numel()) ** 0.5)  # five standard errors
        sd = augmented.shown(items, step, pictures=False).std().item()
        assert sd == pytest.approx(0.4 * left, rel=5 / (2 * items.numel()) ** 0.5)
    for step in (100, 1000):
        assert augmented.shown(items, step, pictures=True) is items
    kept = Augmented((), 0.0, 0.4, 0).shown(items, 10**6, pictures=False).std().item()
    assert kept == pytest.approx(0.4, rel=5 / (2 * items.numel()) ** 0.5)


def test_the_noise_is_on_data_and_on_samples_of_both_moves():
    game, model = Adversarial(instance_noise=0.5), GAN((1, 8, 8), latent=2, hidden=(4,))
    torch.nn.init.zeros_(last_layer(model).weight)
    torch.nn.init.zeros_(last_layer(model).bias)  # samples are grey
    shown = []
    model.critic.register_forward_pre_hook(lambda _, inputs: shown.append(inputs[0].detach()))
    for update in game.turn(model, 0):
        update.loss(model, Batch(torch.full((64, 1, 8, 8), 0.5)))
    assert len(shown) == 3
    for images in shown:
        assert images.std().item() == pytest.approx(0.5, rel=5 / (2 * images.numel()) ** 0.5)
    assert not any(torch.equal(a, b) for i, a in enumerate(shown) for b in shown[:i])


def test_parts_of_a_batch_meet_the_noise_and_changes_of_the_whole():
    game = Adversarial(augment=["colour", "translation"], instance_noise=0.2)
    model, batch = GAN((3, 6, 6), latent=2, hidden=(5,)).double(), Batch(torch.rand(8, 3, 6, 6).double())
    gradients = {}
    for parts in (1, 2):
        model.zero_grad()
        for update in game.turn(model, 0):
            for part in range(parts):
                rows = slice(part * 8 // parts, (part + 1) * 8 // parts)
                with seeded(0, update.player), sharded(part, parts):
                    loss = update.loss(model, batch.map(itemgetter(rows))).total / parts
                loss.backward(inputs=game.players(model)[update.player])
        gradients[parts] = [p.grad.clone() for p in model.parameters()]
    torch.testing.assert_close(gradients[1], gradients[2], rtol=0, atol=1e-13)  # sums in another order


def test_changes_of_images_are_refused_for_other_items():
    game, model = Adversarial(augment=POLICY), GAN((5,), latent=2, hidden=(4,))
    with pytest.raises(BadInput, match="--augment changes images; these items are not"):
        game.turn(model, 0)[0].loss(model, Batch(torch.randn(4, 5)))
