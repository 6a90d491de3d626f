import numpy as np
import pytest
import torch
from labelled_bars import autoencoder, bars, critic

from genzoo.data.few import labelled
from genzoo.data.view import View
from genzoo.errors import BadInput
from genzoo.evaluation.finetune import CrossEntropy, Rule, accuracy_of, finetune, predict, train_classifier
from genzoo.evaluation.logistic import fit_probe
from genzoo.evaluation.representation import represent
from genzoo.types import Batch, Given

FEW = Rule(updates=20)


def weights(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def test_a_probe_is_logistic_regression_on_features_that_stay_as_they_are():
    model, data = autoencoder(), bars()
    positions = labelled(data, 30, 0)
    found = train_classifier(model, data, positions)
    images = torch.from_numpy(data.items[positions] / 255).float()
    expected = fit_probe(represent(model, images), torch.from_numpy(data.labels[positions]), 3)
    logits = expected.logits(represent(model, images)).float()
    torch.testing.assert_close(found.class_logits(images), logits, rtol=1e-4, atol=1e-5)  # float32 weights
    before, after = weights(model.encoder), weights(found.encoder.encoder)
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert not found.training


@pytest.mark.parametrize("mode", ["finetune", "scratch"])
def test_training_moves_encoder_and_classifier_of_a_copy_and_is_a_function_of_the_seed(mode):
    model, data = autoencoder(), bars()
    before = weights(model)
    positions = labelled(data, 90, 0)  # more than a batch, so that there is an order
    one, same, other = (
        weights(train_classifier(model, data, positions, mode=mode, rule=FEW, seed=s)) for s in (1, 1, 2)
    )
    assert all(torch.equal(before[name], value) for name, value in weights(model).items())
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not torch.equal(one["head.weight"], other["head.weight"])
    assert not torch.equal(one["encoder.encoder.1.weight"], before["encoder.1.weight"])


def test_without_updates_fine_tuning_would_begin_at_the_probe_and_scratch_at_fresh_weights():
    model, data = autoencoder(), bars()
    positions, still = labelled(data, 30, 0), Rule(updates=1, passes=0, lr=1e-12)
    probe = weights(train_classifier(model, data, positions))
    tuned = weights(train_classifier(model, data, positions, mode="finetune", rule=still))
    scratch = weights(train_classifier(model, data, positions, mode="scratch", rule=still))
    for name in probe:
        torch.testing.assert_close(tuned[name], probe[name], atol=1e-9, rtol=1e-6)
    assert not torch.equal(scratch["encoder.encoder.1.weight"], probe["encoder.encoder.1.weight"])


def test_few_labels_are_seen_as_often_as_the_rule_says():
    assert Rule().settings(10, 0).images == 500 * 10
    assert Rule().settings(100, 0).images == 500 * 64
    assert Rule().settings(10_000, 0).images == pytest.approx(10 * 10_000, abs=64)


def test_cross_entropy_is_that_of_the_labels_and_of_nothing_else():
    data = bars()
    classifier = train_classifier(None, data, labelled(data, 30, 0))
    images = torch.rand(4, 1, 6, 6)
    labels = torch.tensor([0, 1, 2, 1])
    loss = CrossEntropy().loss(classifier, Batch(images, Given(labels=labels)))
    log_p = classifier.class_logits(images).log_softmax(1)
    torch.testing.assert_close(loss.total, -log_p[torch.arange(4), labels].mean())
    with pytest.raises(ValueError, match="labels"):
        CrossEntropy().loss(classifier, Batch(images))


def test_predictions_are_probabilities_in_the_order_asked_for():
    data = bars()
    classifier = train_classifier(None, data, labelled(data, None, 0))
    at = data.split("test")
    found = predict(classifier, data, at, batch=7)
    assert found.dtype == torch.float64
    torch.testing.assert_close(found.sum(1), torch.ones(60).double())
    torch.testing.assert_close(
        predict(classifier, data, at[::-1].copy()), found.flip(0), rtol=1e-5, atol=1e-7
    )
    right = (found.argmax(1).numpy() == data.labels[at]).mean()
    assert accuracy_of(classifier, data, at) == right > 0.9


def test_a_critic_with_batch_statistics_is_fine_tuned_too():
    data = bars(size=12)
    found = train_classifier(critic(), data, labelled(data, 60, 0), mode="finetune", rule=FEW)
    assert accuracy_of(found, data, data.split("test")) > 0.6


def test_both_results_are_named_with_the_number_of_labels_and_share_a_protocol():
    results = finetune(
        autoencoder(), bars(), labels=(9, 12), seeds=2, limit=20, rule=Rule(updates=5), layer="hidden"
    )
    assert [r.name for r in results] == [
        "finetune_accuracy[9:hidden]",
        "scratch_accuracy[9:hidden]",
        "finetune_accuracy[12:hidden]",
        "scratch_accuracy[12:hidden]",
    ]
    assert results[0].protocol == results[1].protocol
    assert "2 subsets" in results[0].protocol
    assert "5 updates" in results[0].protocol
    assert all(np.isfinite(r.stderr) and r.n == 20 for r in results)


def test_pixels_have_nothing_to_fine_tune():
    data = bars()
    with pytest.raises(BadInput, match="--mode finetune"):
        train_classifier(None, data, labelled(data, 30, 0), mode="finetune", view=View())
