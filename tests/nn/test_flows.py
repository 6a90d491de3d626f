"""Truths of invertible steps: what they stretch volumes by, what undoes them, what depends on what."""

import pytest
import torch

from genzoo.densities import Flowed, Gaussian
from genzoo.errors import BadInput
from genzoo.nn.flows import CouplingStep, IAFStep, PlanarStep, flow

D, C = 5, 3
STEPS = {
    "iaf": lambda: IAFStep(D, C, (16, 12)),
    "iaf-backwards": lambda: IAFStep(D, C, (16,), backwards=True),
    "iaf-linear": lambda: IAFStep(D, C, ()),
    "realnvp": lambda: CouplingStep(D, C, (16,)),
    "realnvp-backwards": lambda: CouplingStep(D, C, (16,), backwards=True),
    "planar": lambda: PlanarStep(D, C),
    "iaf-stack": lambda: flow("iaf", 3, D, C, (16,)),
    "realnvp-stack": lambda: flow("realnvp", 3, D, C, (16,)),
    "planar-stack": lambda: flow("planar", 3, D, C, ()),
}


def shaken(name):
    """A step far from the identity that steps start near."""
    torch.manual_seed(1)
    step = STEPS[name]().double()
    with torch.no_grad():
        for parameter in step.parameters():
            parameter.add_(0.5 * torch.randn_like(parameter))
    return step


def inputs(n=7):
    torch.manual_seed(2)
    return 2 * torch.randn(n, D, dtype=torch.float64), torch.randn(n, C, dtype=torch.float64)


@pytest.mark.parametrize("name", STEPS)
def test_the_log_determinant_is_that_of_autograds_jacobian(name):
    step, (z, context) = shaken(name), inputs()
    _, log_volume = step(z, context)
    for i in range(len(z)):
        jacobian = torch.autograd.functional.jacobian(
            lambda row, i=i: step(row[None], context[i : i + 1])[0][0], z[i]
        )
        sign, exact = torch.linalg.slogdet(jacobian)
        assert sign > 0
        assert log_volume[i].sum().item() == pytest.approx(exact.item(), abs=1e-10)


@pytest.mark.parametrize("name", STEPS)
def test_the_inverse_undoes_the_step(name):
    step, (z, context) = shaken(name), inputs()
    image, _ = step(z, context)
    assert (image - z).abs().max() > 0.1
    assert torch.allclose(step.inverse(image, context), z, atol=1e-9)


@pytest.mark.parametrize("name", STEPS)
def test_every_step_listens_to_its_context(name):
    step, (z, context) = shaken(name), inputs()
    changed = step(z, context + 1)[0] - step(z, context)[0]
    assert (changed.abs().max(0).values > 1e-3).sum() >= (D // 2 if name.startswith("realnvp-") else 2)
    if name.startswith("iaf"):
        assert (changed.abs().max(0).values > 1e-6).all()  # also the first of the order, which sees no z


@pytest.mark.parametrize("backwards", [False, True])
def test_an_autoregressive_step_sees_the_dimensions_before_and_all_of_them(backwards):
    torch.manual_seed(0)
    step = IAFStep(D, C, (16, 12), backwards=backwards).double()
    z, context = inputs(1)

    def nets_only(row):
        return torch.cat(step.parameters_of(row[None], context), 0)

    jacobian = torch.autograd.functional.jacobian(nets_only, z[0])  # two, output, input
    seen = (jacobian != 0).all(0)
    before = torch.tril(torch.ones(D, D, dtype=torch.bool), -1)
    assert torch.equal(seen, before.T if backwards else before)


@pytest.mark.parametrize("size", [1, 2])
def test_steps_of_few_dimensions(size):
    z, context = torch.randn(4, size, dtype=torch.float64), torch.randn(4, C, dtype=torch.float64)
    for name in ("iaf", "planar", *(["realnvp"] if size > 1 else [])):
        stack = flow(name, 2, size, C, (8,)).double()
        assert torch.allclose(stack.inverse(stack(z, context)[0], context), z, atol=1e-9)
    if size == 1:
        with pytest.raises(BadInput, match="2 latent dimensions"):
            flow("realnvp", 1, size, C, (8,))


def test_the_image_of_a_gaussian_under_a_flow_has_mass_one():
    """The density that `log_prob` gives, on an even grid over two dimensions."""
    torch.manual_seed(0)
    line = torch.linspace(-12, 12, 481, dtype=torch.float64)
    grid = torch.cartesian_prod(line, line)
    for name in ("iaf", "realnvp", "planar"):
        stack = flow(name, 2, 2, C, (4,)).double()
        with torch.no_grad():
            for parameter in stack.parameters():
                parameter.add_(0.1 * torch.randn_like(parameter))
        base = Gaussian(torch.zeros(1, 2, dtype=torch.float64), torch.zeros(1, 2, dtype=torch.float64))
        q = Flowed(base, stack, torch.randn(1, C, dtype=torch.float64)).expand(len(grid))
        mass = q.log_prob(grid).exp().sum() * (line[1] - line[0]) ** 2
        assert mass.item() == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("name", ["iaf", "realnvp", "planar"])
def test_a_draw_knows_the_log_probability_that_the_inverse_finds(name):
    z, context = inputs()
    q = Flowed(Gaussian(z, 0.1 * z), shaken(f"{name}-stack"), context)
    drawn, log_prob = q.rsample_with_log_prob()
    assert torch.allclose(log_prob.sum(1), q.log_prob(drawn), atol=1e-8)
    assert torch.equal(q.centre, q.flow(q.base.mean, context)[0])
    with pytest.raises(NotImplementedError, match="no closed form"):
        _ = q.mean


def test_wrong_names_and_counts_are_bad_input():
    with pytest.raises(BadInput, match="no flow 'iav'; did you mean 'iaf'"):
        flow("iav", 1, D, C, ())
    with pytest.raises(BadInput, match="flow_steps"):
        flow("iaf", 0, D, C, ())
