"""A critic's score is the formula of its heads; labels, packs and held singular values are as published."""

import pytest
import torch
from torch import nn

from genzoo.errors import BadInput
from genzoo.nn.adversaries import critic as critic_named
from genzoo.nn.conditions import one_hot
from genzoo.nn.maxout import Maxout
from genzoo.nn.minibatch import MinibatchDeviation, MinibatchDiscrimination

SHAPE, CLASSES = (2, 8, 8), 3
EXACT = {"rtol": 0, "atol": 1e-12}  # float64: sums of a few hundred terms in another order


def critic(net="dcgan", shape=SHAPE, norm="none", **heads):
    return critic_named(net, shape, width=4, hidden=(12, 10), norm=norm, **heads).double()


def items(n=6, shape=SHAPE):
    return 2 * torch.rand(n, *shape, dtype=torch.float64) - 1


def labels(n=6):
    numbers = torch.arange(n) % CLASSES
    return one_hot(numbers, CLASSES, torch.zeros((), dtype=torch.float64))


@pytest.mark.parametrize("net", ["mlp", "maxout", "dcgan", "conv-dense", "residual"])
def test_the_score_is_linear_in_what_the_body_gives_and_so_is_the_reading(net):
    model, x = critic(net, reads=4).eval(), items()
    judged, features = model(x), model.body(x)
    assert judged.score.shape == (6,)
    torch.testing.assert_close(judged.score, features @ model.verdict.weight[0] + model.verdict.bias, **EXACT)
    torch.testing.assert_close(judged.read, features @ model.reader.weight.T + model.reader.bias, **EXACT)
    assert critic(net)(x).read is None


@pytest.mark.parametrize(
    ("net", "shapes"),
    [
        ("mlp", [(12,), (10,)]),
        ("maxout", [(12,), (10,)]),
        ("dcgan", [(4, 4, 4)]),
        ("conv-dense", [(4, 4, 4), (8, 2, 2), (64,)]),
        ("residual", [(4, 4, 4), (4, 4, 4)]),  # a block, and what its last activation gives
    ],
)
def test_the_features_are_every_hidden_activation_from_the_item_inwards(net, shapes):
    model = critic(net).eval()
    features = model(items()).features
    assert [tuple(f.shape[1:]) for f in features] == shapes
    if net == "maxout":
        assert [m.out for m in model.body if isinstance(m, Maxout)] == [12, 10]


@pytest.mark.parametrize("net", ["dcgan", "residual", "mlp"])
def test_projected_labels_add_the_product_of_their_vector_with_the_features(net):
    model, x, y = critic(net, classes=CLASSES, projection=True).eval(), items(), labels()
    plain, features = model(x).score, model.body(x)
    expected = torch.stack([plain[i] + features[i] @ model.project.weight[:, i % CLASSES] for i in range(6)])
    torch.testing.assert_close(model(x, y).score, expected, **EXACT)  # Miyato & Koyama, equation 3
    assert (expected - plain).abs().max() > 1e-4


@pytest.mark.parametrize("net", ["mlp", "dcgan", "residual"])
def test_concatenated_labels_stand_beside_the_item_as_numbers_or_constant_maps(net):
    model, x, y = critic(net, classes=CLASSES).eval(), items(), labels()
    shown = model.shown(x, y)
    assert torch.equal(shown[:, :2], x)
    assert torch.equal(shown[:, 2:], y[:, :, None, None].expand(-1, -1, 8, 8))
    assert (model(x, y).score - model(x, y.roll(1, 0)).score).abs().min() > 1e-6
    nobody = torch.zeros(6, CLASSES, dtype=torch.float64)
    assert torch.equal(model(x).score, model(x, nobody).score)


def test_labels_of_a_vector_or_a_series_are_further_numbers():
    model = critic("mlp", (5, 3), classes=CLASSES)
    x, y = torch.randn(4, 5, 3, dtype=torch.float64), labels(4)
    assert torch.equal(model.shown(x, y), torch.cat([x.flatten(1), y], 1))
    assert model(x, y).score.shape == (4,)


@pytest.mark.parametrize("net", ["dcgan", "mlp"])
@pytest.mark.parametrize("pack", [2, 3])
def test_a_pack_is_judged_side_by_side_in_its_colours_and_shares_the_score(net, pack):
    model, x = critic(net, pack=pack, reads=2).eval(), items()
    shown = model.shown(x, None)
    assert shown.shape == (6 // pack, 2 * pack, 8, 8)
    for i in range(6):
        place = 2 * (i % pack)
        assert torch.equal(shown[i // pack, place : place + 2], x[i])
    judged = model(x)
    assert judged.score.shape == (6,)
    assert judged.read.shape == (6, 2)
    packs = judged.score.view(-1, pack)
    assert torch.equal(packs, packs[:, :1].expand(-1, pack))
    assert len(packs[:, 0].unique()) == 6 // pack
    alone = torch.cat([model(part).score for part in x.split(pack)])
    torch.testing.assert_close(judged.score, alone, **EXACT)  # no pack knows of another


def test_swapping_items_changes_no_score_where_they_are_the_same_and_does_elsewhere():
    model, x = critic(pack=2).eval(), items()
    x[1] = x[0]
    swapped = x[[1, 0, 3, 2, 4, 5]]
    before, after = model(x).score.view(3, 2)[:, 0], model(swapped).score.view(3, 2)[:, 0]
    assert torch.equal(before[[0, 2]], after[[0, 2]])
    assert before[1] != after[1]


def test_packed_vectors_and_labels_lie_end_to_end():
    model = critic("mlp", (4,), pack=2, classes=CLASSES)
    x, y = torch.randn(6, 4, dtype=torch.float64), labels()
    assert torch.equal(model.shown(x, y), torch.cat([x, y], 1).view(3, 14))


def test_items_that_no_packs_hold_are_refused():
    with pytest.raises(BadInput, match="5 items cannot be judged in packs of 2"):
        critic(pack=2)(items(5))


@pytest.mark.parametrize("net", ["mlp", "maxout", "dcgan", "conv-dense", "residual"])
def test_held_by_its_spectrum_every_layers_largest_singular_value_comes_to_one(net):
    model = critic(net, norm="spectral", classes=CLASSES, projection=True, reads=2).train()
    x, y = items(2), labels(2)
    for _ in range(300):  # a step of the power iteration each
        model(x, y)
    model.eval()
    layers = [m for m in model.modules() if isinstance(m, nn.Linear | nn.Conv2d)]
    assert {"verdict", "project", "reader"} <= {name for name, m in model.named_modules() if m in layers}
    for layer in layers:
        free = layer.parametrizations.weight.original
        matrix = layer.weight.flatten(1)
        if not free.any():
            continue  # a residual block's last convolution, before it has learned anything
        # The iteration gains the ratio of the first two singular values, squared, a step.
        assert torch.linalg.matrix_norm(matrix, 2).item() == pytest.approx(1, abs=1e-3)
        assert abs(torch.linalg.matrix_norm(free.flatten(1), 2) - 1) > 1e-2


def test_a_spectrally_held_critic_is_no_steeper_than_one():
    model = critic("mlp", (5,), norm="spectral").train()
    for _ in range(200):
        model(torch.randn(2, 5, dtype=torch.float64))
    x, y = 3 * torch.randn(2, 400, 5, dtype=torch.float64)
    rise = (model.eval()(x).score - model(y).score).abs()
    assert (rise <= (1 + 1e-3) * (x - y).norm(dim=1)).all()


@pytest.mark.parametrize(
    ("mates", "kind", "more"),
    [("discrimination", MinibatchDiscrimination, 100), ("deviation", MinibatchDeviation, 4 * 4)],
)
def test_batch_mates_are_told_of_by_further_features(mates, kind, more):
    plain, model = critic(), critic(mates=mates)
    assert model.verdict.in_features == plain.verdict.in_features + more
    assert sum(isinstance(m, kind) for m in model.body) == 1
    x = items()
    repeated = x[:1].expand(6, -1, -1, -1)
    assert model(repeated).score[0] != model(x).score[0]  # in training it is told that all are the same


def test_the_deviation_of_mates_is_for_feature_maps():
    with pytest.raises(BadInput, match="for nets with feature maps, dcgan and residual"):
        critic("mlp", mates="deviation")


@pytest.mark.parametrize(("net", "norm"), [("mlp", "batch"), ("maxout", "layer"), ("residual", "batch")])
def test_a_norm_that_the_net_has_no_place_for_is_refused(net, norm):
    with pytest.raises(BadInput, match=rf"--critic-norm {norm}: only net 'dcgan'.* can be so normalised"):
        critic(net, norm=norm)
