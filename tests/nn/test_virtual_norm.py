"""Virtual batch normalisation is batch normalisation of a reference batch joined with one example."""

import copy

import pytest
import torch
from torch import nn
from torch.func import functional_call
from torch.nn import functional as F

from genzoo.nn.virtual_norm import VirtualBatchNorm, referenced, with_reference

K, N = 4, 5


def draw(n, *places):
    return 2 * torch.randn(n, K, *places, dtype=torch.float64) + 1


def norm():
    layer = VirtualBatchNorm(K).double()
    with torch.no_grad():
        layer.shift.normal_()
    return layer


def net():
    """Two layers of it, after one that has weights to learn."""
    return nn.Sequential(
        nn.Conv2d(K, 3, 2),
        VirtualBatchNorm(3),
        nn.Tanh(),
        nn.Flatten(),
        nn.Linear(12, 6),
        VirtualBatchNorm(6),
    ).double()


@pytest.mark.parametrize("places", [(), (3, 2), (1, 1)])
def test_an_example_gets_what_batch_normalisation_of_the_joined_batch_gives_it(places):
    layer, reference, x = norm(), draw(N, *places), draw(3, *places)
    out = with_reference(layer, reference, x)
    for i in range(3):
        joined = torch.cat([reference, x[i : i + 1]])
        expected = F.batch_norm(joined, None, None, layer.scale, layer.shift, training=True, eps=1e-5)
        torch.testing.assert_close(out[i], expected[-1], rtol=0, atol=1e-13)  # float64, one division


def test_the_statistics_are_those_of_the_paper_in_numbers():
    layer = VirtualBatchNorm(1, eps=0.0).double()
    nn.init.ones_(layer.scale)
    reference = torch.tensor([[0.0], [2.0], [4.0]], dtype=torch.float64)
    out = with_reference(layer, reference, torch.tensor([[6.0]], dtype=torch.float64))
    assert out.item() == pytest.approx(3 / 5**0.5, abs=1e-14)  # of 0, 2, 4, 6: mean 3, variance 5


def test_the_reference_batch_itself_is_normalised_by_its_own_statistics():
    layer, reference, seen = norm(), draw(N, 3, 2), []
    layer.register_forward_hook(lambda _, inputs, out: seen.append(out))
    with referenced(layer, reference):
        pass
    out = (seen[0] - layer.shift[:, None, None]) / layer.scale[:, None, None]
    torch.testing.assert_close(out.mean((0, 2, 3)), torch.zeros(K).double(), rtol=0, atol=1e-14)
    torch.testing.assert_close(
        out.var((0, 2, 3), correction=0), torch.ones(K).double(), rtol=0, atol=1e-4
    )  # ε


@pytest.mark.parametrize("training", [True, False])
def test_an_example_alone_gets_what_it_gets_in_a_batch(training):
    model, reference, x = net().train(training), draw(N, 3, 3), draw(6, 3, 3)
    together = with_reference(model, reference, x)
    alone = torch.cat([with_reference(model, reference, item[None]) for item in x])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-13)
    assert (with_reference(model, draw(N, 3, 3), x) - together).abs().max() > 1e-3  # the reference counts


def test_training_and_evaluation_give_the_same():
    model, reference, x = net(), draw(N, 3, 3), draw(6, 3, 3)
    assert torch.equal(
        with_reference(model, reference, x), with_reference(model.eval(), reference, x).detach()
    )


def test_the_scale_starts_near_one_and_the_shift_at_zero():
    layer = VirtualBatchNorm(10_000)
    assert abs(layer.scale.mean() - 1) < 1e-3  # five standard errors of 0.02/√10⁴
    assert abs(layer.scale.std() - 0.02) < 7e-4
    assert not layer.shift.any()


class Whole(nn.Module):
    """A net and its reference batch in one module, as a generator has it."""

    def __init__(self):
        super().__init__()
        self.body = net()
        self.register_buffer("reference", draw(N, 3, 3))

    def forward(self, x):
        return with_reference(self.body, self.reference, x)


@pytest.mark.parametrize("name", ["body.0.weight", "body.1.scale", "body.4.weight", "reference"])
def test_gradients_through_the_reference_and_functional_calls_are_finite_differences(name):
    model, x = Whole(), draw(2, 3, 3)
    tensors = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    at = tensors[name].detach().clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda t: functional_call(model, {name: t}, (x,)), at)


def test_part_of_the_gradient_of_the_weights_before_comes_through_the_reference():
    model, reference, x = net(), draw(N, 3, 3), draw(2, 3, 3)
    weight = model[0].weight
    (whole,) = torch.autograd.grad(with_reference(model, reference, x).square().sum(), weight)
    with referenced(model, reference):
        for layer in (model[1], model[5]):
            mean, variance, n = layer.reference
            layer.reference = mean.detach(), variance.detach(), n
        (part,) = torch.autograd.grad(model(x).square().sum(), weight)
    assert (whole - part).norm() > 0.1 * whole.norm()


def test_nothing_is_kept_after_a_pass_so_a_net_can_be_copied():
    model = net()
    out = with_reference(model, draw(N, 3, 3), draw(2, 3, 3))
    twin = copy.deepcopy(model)
    out.sum().backward()
    assert all(layer.reference is None for layer in (model[1], model[5], twin[1], twin[5]))
    assert set(model[1].state_dict()) == {"scale", "shift"}


def test_a_pass_that_fails_leaves_no_reference_behind():
    model = net()
    with pytest.raises(RuntimeError):
        with_reference(model, draw(N, 3, 3)[:, :2], draw(2, 3, 3))
    assert not model[1].gathering
    with pytest.raises(ValueError, match="no reference batch: call the net through with_reference"):
        model(draw(2, 3, 3))


def test_large_means_do_not_cancel_in_single_precision():
    layer, offset = VirtualBatchNorm(K), 1000.0
    reference, x = torch.randn(64, K), torch.randn(3, K)
    out = with_reference(layer, reference + offset, x + offset)
    torch.testing.assert_close(
        out, with_reference(layer, reference, x), rtol=0, atol=1e-3
    )  # 1000·2⁻²³ = 1e-4
