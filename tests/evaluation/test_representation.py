import numpy as np
import pytest
import torch
from labelled_bars import autoencoder, bars, conditional, critic
from torch.nn import functional as F

from genzoo.data.dataset import Dataset
from genzoo.data.few import labelled
from genzoo.data.view import View
from genzoo.errors import BadInput
from genzoo.evaluation import representation
from genzoo.evaluation.representation import (
    code_size,
    fit_pca,
    has_hidden,
    pixels,
    represent,
    representations,
    take,
    untrained,
)
from genzoo.types import Given


def test_a_model_that_encodes_is_represented_by_its_code_in_evaluation_mode():
    model = autoencoder().train()
    images = torch.rand(5, 1, 6, 6)
    found = represent(model, images)
    assert torch.equal(found, model.encode(images))
    assert not found.requires_grad
    assert model.training


def test_a_critics_maps_are_max_pooled_to_four_by_four_and_joined():
    model = critic(size=12).eval()
    images = torch.rand(3, 1, 12, 12)
    large, small = model.features(images)  # 6x6 and, smaller than the grid in neither side, 3x3
    expected = torch.cat([F.adaptive_max_pool2d(large, 4).flatten(1), small.flatten(1)], 1)
    assert small.shape[2:] == (3, 3)
    torch.testing.assert_close(represent(model, images), expected)
    assert code_size(model) == expected.shape[1] == 2 * 16 + 4 * 9


def test_the_hidden_layers_of_an_encoder_are_its_activations_from_the_item_inwards():
    model = autoencoder().eval()
    images = torch.rand(4, 1, 6, 6)
    first = model.encoder[2](model.encoder[1](images.flatten(1)))
    found = represent(model, images, layer="hidden")
    assert found.shape == (4, 16 + 8)
    torch.testing.assert_close(found[:, :16], first)
    assert has_hidden(model)
    assert not has_hidden(autoencoder(net="linear"))
    with pytest.raises(BadInput, match="no hidden layers"):
        represent(autoencoder(net="linear"), images, layer="hidden")


def test_an_encoder_that_is_told_the_label_is_refused_as_a_representation():
    with pytest.raises(BadInput, match="told the class"):
        represent(conditional(), torch.ones(2, 1, 6, 6), Given(labels=torch.tensor([0, 1])))


def test_pca_has_the_coordinates_of_a_singular_value_decomposition():
    data = bars()
    pca = fit_pca(data, 5, view=View(), batch=37)
    x = data.items[data.split("train")].reshape(-1, 36).astype(np.float64) / 255
    _, _, axes = np.linalg.svd(x - x.mean(0), full_matrices=False)
    images = torch.rand(7, 1, 6, 6)
    expected = (images.flatten(1).double().numpy() - x.mean(0)) @ axes[:5].T
    # float32 pixels; an axis has no sign
    np.testing.assert_allclose(pca(images).abs().numpy(), np.abs(expected), atol=1e-5)


def test_pca_of_large_images_is_that_of_some_of_them(monkeypatch):
    data = bars()
    exact = fit_pca(data, 3, view=View())
    monkeypatch.setattr(representation, "_COVARIANCE", 10)
    few = fit_pca(data, 3, view=View())  # all of them: there are fewer than 2,048
    torch.testing.assert_close(few.axes.abs(), exact.axes.abs(), rtol=1e-6, atol=1e-6)


def test_an_untrained_twin_is_the_same_net_with_weights_of_its_seed():
    model = autoencoder()
    one, same, other = untrained(model, 1), untrained(model, 1), untrained(model, 2)
    assert one.spec == model.spec
    weights = [next(m.parameters()) for m in (one, same, other, model)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])
    assert not torch.equal(weights[0], weights[3])


def test_labelled_items_are_balanced_training_items_and_a_function_of_the_seed():
    data = bars()
    found = labelled(data, 30, 0)
    assert np.bincount(data.labels[found]).tolist() == [10, 10, 10]
    assert set(found) <= set(data.split("train"))
    assert len(set(found)) == 30
    assert (found == labelled(data, 30, 0)).all()
    assert (found != labelled(data, 30, 1)).any()
    assert set(labelled(data, 12, 0)) < set(found)
    assert sorted(np.bincount(data.labels[labelled(data, 31, 0)])) == [10, 10, 11]
    assert (labelled(data, None, 0) == data.split("train")).all()


def test_a_class_with_few_items_gives_all_it_has_and_the_others_make_up_for_it():
    labels = np.array([0] * 3 + [1] * 20 + [2] * 20)
    items = np.zeros((43, 1, 2, 2), np.uint8)
    data = Dataset("few", "images", items, {"train": np.arange(43)}, labels=labels, classes=("a", "b", "c"))
    assert np.bincount(labels[labelled(data, 30, 0)])[0] == 3
    assert len(labelled(data, 30, 0)) == 30


@pytest.mark.parametrize(
    ("n", "says"), [(2, "fewer than the 3 classes"), (161, "has 160 training items; say all")]
)
def test_an_impossible_number_of_labels_is_refused(n, says):
    with pytest.raises(BadInput, match=says):
        labelled(bars(), n, 0)


def test_features_do_not_depend_on_batches_and_large_ones_live_in_a_file(monkeypatch):
    data = bars()
    positions = data.split("train")
    whole = take(pixels, data, positions, view=View())
    monkeypatch.setattr(representation, "IN_MEMORY", 100)
    filed = take(pixels, data, positions[::-1], view=View(), batch=7)
    assert torch.equal(whole.values, filed.values)
    expected = data.items[positions[3:9]].reshape(6, -1) / 255
    np.testing.assert_allclose(filed.rows(positions[3:9]).numpy(), expected, atol=1e-7)


def test_statically_binarized_features_are_those_of_one_fixed_draw():
    data, view = bars(), View(binarize="dynamic")
    first = take(pixels, data, data.split("test"), view=view, seed=1, batch=5)
    second = take(pixels, data, data.split("test"), view=view, seed=1, batch=60)
    assert torch.equal(first.values, second.values)
    assert set(first.values.unique().tolist()) == {0.0, 1.0}


def test_every_baseline_has_its_name_and_a_critic_has_no_hidden_layers_beside_its_features():
    names = ("hidden", "pixels", "pca", "random", "random-hidden")
    data, images = bars(), torch.rand(2, 1, 6, 6)
    found = dict(representations(autoencoder(), data, view=View(), names=names))
    assert [*found] == ["", *names]
    assert [f(images).shape[1] for f in found.values()] == [4, 24, 36, 4, 4, 24]
    of_critic = dict(representations(critic(), bars(size=12), view=View(), names=names))
    assert [*of_critic] == ["", "pixels", "pca", "random"]
    with pytest.raises(BadInput, match=r"'pixel'.*did you mean 'pixels'"):
        dict(representations(autoencoder(), data, view=View(), names=("pixel",)))
