"""What a critic is told about its batch is what the formulas say, and nothing in evaluation."""

import numpy as np
import pytest
import torch

from genzoo.nn.minibatch import MinibatchDeviation, MinibatchDiscrimination, RunningAverage
from genzoo.random import sharded

B, INP, OUT, DIMS = 6, 7, 4, 3


def discrimination():
    return MinibatchDiscrimination(INP, OUT, DIMS).double()


def features(n=B):
    return torch.randn(n, INP, dtype=torch.float64)


def maps(n=B, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, 3, 2, 5, dtype=torch.float64, generator=generator)


def naive(layer, x):
    """o(x_i)_k in loops over pairs of items and measures."""
    x, weight = x.numpy(), layer.project.detach().numpy().reshape(DIMS, OUT, INP)
    near = np.zeros((len(x), OUT))
    for i in range(len(x)):
        for j in range(len(x)):
            for k in range(OUT):
                distance = sum(abs(weight[d, k] @ x[i] - weight[d, k] @ x[j]) for d in range(DIMS))
                near[i, k] += np.exp(-distance) if i != j else 0
    return torch.from_numpy(near)


def test_nearness_is_the_double_sum_over_other_items_appended_to_the_features():
    layer, x = discrimination(), features()
    out = layer(x)
    assert out.shape == (B, INP + OUT)
    assert torch.equal(out[:, :INP], x)
    torch.testing.assert_close(out[:, INP:], naive(layer, x), rtol=0, atol=1e-13)  # float64, a few sums


def test_nearness_goes_with_its_item_wherever_that_stands():
    layer, x = discrimination(), features()
    order = torch.randperm(B)
    torch.testing.assert_close(layer(x[order]), layer(x)[order], rtol=0, atol=1e-14)


def test_copies_of_one_item_are_as_near_as_can_be_and_an_item_alone_is_near_none():
    layer = discrimination()
    same = layer.nearness(features(1).expand(B, -1))
    torch.testing.assert_close(same, torch.full((B, OUT), B - 1.0).double(), rtol=0, atol=1e-13)
    assert layer.nearness(features()).max() < B - 1
    assert torch.equal(layer.nearness(features(1)), torch.zeros(1, OUT, dtype=torch.float64))


def test_a_repeated_item_is_nearer_than_the_others_by_every_measure():
    layer, x = discrimination(), 3 * features(8)
    x[1] = x[0]
    near = layer.nearness(x)
    assert (near[:2] >= 1).all()
    assert (near[:2].mean(1) > near[2:].mean(1).max()).all()


@pytest.mark.parametrize(("inp", "dims"), [(100, 5), (512, 5), (30, 16)])
def test_at_the_start_random_features_are_about_one_apart(inp, dims):
    layer = MinibatchDiscrimination(inp, 50, dims)
    m = (torch.randn(200, inp) @ layer.project.T).view(2, 100, dims, 50)
    distance = (m[0] - m[1]).abs().sum(1).mean()
    assert 0.95 < distance < 1.3  # 2/√π = 1.13 in the mean


def test_the_first_and_second_gradients_of_nearness_are_finite_differences():
    layer = discrimination()
    x = features(4).requires_grad_()
    assert torch.autograd.gradcheck(layer.nearness, x)
    assert torch.autograd.gradgradcheck(layer.nearness, x)  # as gradient penalties need


def test_items_that_agree_get_a_finite_gradient():
    layer, x = discrimination(), features(1).repeat(B, 1).requires_grad_()
    (gradient,) = torch.autograd.grad(layer.nearness(x).sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(gradient.square().sum(), x)
    assert gradient.isfinite().all()
    assert second.isfinite().all()


@pytest.mark.parametrize(
    ("layer", "batch"),
    [(discrimination, features), (lambda: MinibatchDeviation().double(), maps)],
    ids=["discrimination", "deviation"],
)
def test_in_evaluation_an_item_meets_the_average_of_training_and_no_batch_mates(layer, batch):
    layer = layer()
    appended = [layer(batch())[:, len(batch()[0]) :] for _ in range(3)]  # three batches of training
    x = batch()
    before = {name: value.clone() for name, value in layer.state_dict().items()}
    together = layer.eval()(x)
    assert torch.equal(together, torch.cat([layer(item[None]) for item in x]))
    average = torch.cat(appended).mean(0).detach()
    for item in together[:, x.shape[1] :]:
        torch.testing.assert_close(item, average, rtol=0, atol=1e-14)
    assert all(torch.equal(value, before[name]) for name, value in layer.state_dict().items())


def test_the_running_average_is_a_plain_mean_at_first_and_forgets_later():
    average = RunningAverage(2).double()
    values = torch.rand(150, 2, dtype=torch.float64)
    for value in values[:100]:
        average.include(value)
    torch.testing.assert_close(average.value, values[:100].mean(0), rtol=0, atol=1e-14)
    expected = average.value.clone()
    for value in values[100:]:
        average.include(value)
        expected = 0.99 * expected + 0.01 * value
    torch.testing.assert_close(average.value, expected, rtol=0, atol=1e-14)


def test_processes_that_train_together_share_one_running_average(monkeypatch):
    theirs = torch.tensor([1.0, 5.0])
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.distributed, "get_world_size", lambda: 2)
    monkeypatch.setattr(torch.distributed, "all_reduce", lambda mine: mine.add_(theirs))
    average = RunningAverage(2)
    with sharded(0, 2):
        average.include(torch.tensor([3.0, 1.0]))
    assert average.value.tolist() == [2.0, 3.0]


@pytest.mark.parametrize(("n", "group"), [(8, 4), (8, 2), (6, 3), (4, 4)])
def test_the_deviation_is_that_of_numpy_over_each_group(n, group):
    x = maps(n)
    out = MinibatchDeviation(group)(x)
    assert out.shape == (n, 4, 2, 5)
    assert torch.equal(out[:, :3], x)
    for i in range(n):
        mates = x.numpy()[i % (n // group) :: n // group]
        assert len(mates) == group
        expected = (np.sqrt(mates.var(0) + 1e-8) - 1e-4).mean()
        assert out[i, 3].numpy() == pytest.approx(expected, abs=1e-14)
        assert 0 < mates.std(0).mean() - expected < 1e-4  # what ε takes away


def test_the_deviation_of_two_far_items_is_half_their_distance():
    x = torch.zeros(2, 1, 1, 1, dtype=torch.float64)
    x[1] = 6e4
    expected = torch.full((2,), 3e4, dtype=torch.float64)
    torch.testing.assert_close(MinibatchDeviation(2).deviation(x), expected, rtol=0, atol=1.01e-4)


@pytest.mark.parametrize(("n", "group", "used"), [(6, 4, 3), (9, 4, 3), (3, 4, 3), (10, 4, 2), (7, 4, 1)])
def test_a_batch_that_the_group_does_not_divide_has_the_next_smaller_groups_that_do(n, group, used):
    x = maps(n)
    assert torch.equal(MinibatchDeviation(group).deviation(x), MinibatchDeviation(used).deviation(x))
    assert (MinibatchDeviation(group).deviation(x) > 0.1).all() == (used > 1)


def test_items_that_are_the_same_deviate_by_zero_with_a_finite_gradient_of_zero():
    x = maps(1).repeat(4, 1, 1, 1).requires_grad_()
    deviation = MinibatchDeviation().deviation(x)
    torch.testing.assert_close(deviation, torch.zeros(4).double(), rtol=0, atol=1e-12)
    (gradient,) = torch.autograd.grad(deviation.sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(gradient.square().sum(), x)
    assert torch.equal(gradient, torch.zeros_like(x))
    assert torch.equal(second, torch.zeros_like(x))


def test_the_first_and_second_gradients_of_the_deviation_are_finite_differences():
    layer, x = MinibatchDeviation(), maps(4).requires_grad_()
    assert torch.autograd.gradcheck(layer.deviation, x)
    assert torch.autograd.gradgradcheck(layer.deviation, x)
