import pytest
import torch
from latent_fakes import ByClass, FlatGaussian, Generator, Noise

from genzoo.apply import draw_latents, given_labels, has_prior, sample
from genzoo.errors import BadInput
from genzoo.models.variational.m2 import M2


def test_samples_are_a_pure_function_of_the_seed():
    model = Noise()
    first, again, other = (sample(model, 5, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_batches_draw_different_noise():
    items = sample(Noise(), 6, batch=3)
    assert items.shape == (6, 1, 4, 4)
    assert not torch.equal(items[:3], items[3:])


def test_progress_adds_up_to_the_number_of_samples():
    done = []
    sample(Noise(), 7, batch=3, tick=done.append)
    assert done == [3, 3, 1]


def test_sampling_leaves_the_random_state_and_the_mode_alone():
    model = Noise().train()
    before = torch.random.get_rng_state()
    sample(model, 2)
    assert torch.equal(before, torch.random.get_rng_state())
    assert model.training


def test_temperature_reaches_the_model():
    assert float(sample(Noise(), 4, temperature=0.0).max()) == 0.0


def test_the_mean_is_decoded_from_the_prior_and_not_a_draw():
    model = FlatGaussian()
    drawn, mean = sample(model, 3), sample(model, 3, mean=True)
    assert torch.equal(drawn, drawn.round())
    assert not torch.equal(mean, mean.round())


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"n": 0}, "n=0"),
        ({"n": 2, "batch": 0}, "batch=0"),
        ({"n": 2, "temperature": -1.0}, "--temperature"),
        ({"n": 2, "mean": True}, "no latents"),
    ],
)
def test_what_cannot_be_sampled_is_refused(options, says):
    n = options.pop("n")
    with pytest.raises(BadInput, match=says):
        sample(Noise(), n, **options)


def test_latents_come_from_a_density_or_from_a_generators_noise():
    assert draw_latents(FlatGaussian(), 5).shape == (5, 2)
    assert draw_latents(Generator(), 5).shape == (5, 4)
    assert torch.equal(draw_latents(Generator(), 5, seed=3), draw_latents(Generator(), 5, seed=3))
    assert has_prior(Generator())
    assert not has_prior(Noise())
    with pytest.raises(BadInput, match="no prior"):
        draw_latents(Noise(), 1)


def test_classes_take_turns_without_a_label():
    model = ByClass()
    items = sample(model, 4, given=given_labels(model, 4), batch=3)
    assert items[:, 0, 0, 0].mul(10).round().int().tolist() == [0, 1, 2, 0]


def test_a_label_makes_all_of_its_class():
    model = ByClass()
    items = sample(model, 3, given=given_labels(model, 3, 2), batch=2)
    assert torch.allclose(items, torch.full_like(items, 0.2))


@pytest.mark.parametrize(
    ("model", "label", "says"),
    [(Noise, 1, "without labels"), (ByClass, 3, "from 0 to 2"), (ByClass, -1, "from 0 to 2")],
)
def test_a_label_that_means_nothing_is_refused(model, label, says):
    with pytest.raises(BadInput, match=says):
        given_labels(model(), 2, label)


def test_a_model_that_may_be_given_a_label_draws_with_and_without_one():
    model = M2((1, 8, 8), classes=3, latent=2, hidden=(8,))
    assert given_labels(model, 2) is None
    assert given_labels(model, 2, 1).labels.tolist() == [1, 1]
    with pytest.raises(BadInput, match="from 0 to 2"):
        given_labels(model, 2, 3)
    assert sample(model, 2, given=given_labels(model, 2, 1)).shape == (2, 1, 8, 8)
