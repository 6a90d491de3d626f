"""Truths of every fully visible belief net, computed the slow way."""

import itertools

import torch
from torch import Tensor

from genzoo.models.autoregressive.base import Autoregressive
from genzoo.random import uniform
from genzoo.types import Given


def total_probability(model: Autoregressive, given: Given | None = None) -> float:
    """Σ p(x) over all images of the model's shape; `given` is for one image."""
    size = torch.Size(model.shape).numel()
    images = torch.cartesian_prod(*[torch.arange(model.levels)] * size).view(-1, *model.shape)
    total = 0.0
    for x in (images.to(model.like.dtype) / (model.levels - 1)).split(2048):
        with torch.no_grad():
            n = len(x)
            conditions = given.map(lambda t, n=n: t.expand(n, *t.shape[1:])) if given else None
            total += model.log_prob(x, conditions).double().exp().sum().item()
    return total


@torch.no_grad()
def naive_fill(
    model: Autoregressive, images: Tensor, known: Tensor, given: Given | None = None, temperature: float = 1.0
) -> Tensor:
    """One whole forward pass for every step of every pixel, with the same noise as `Autoregressive.fill`."""
    x, output = images.clone(), model.output
    noise = uniform(x.shape, x)
    for visit in model.tape(given).visits:
        i, j = visit.row, visit.column
        maps = model.parameters_of(x * 2 - 1, given)[:, :, i, j]
        each = output.parameters // output.steps
        step = visit.channels.start // (output.channels // output.steps)
        drawn = output.draw(
            maps[:, step * each : (step + 1) * each], noise[:, visit.channels, i, j], temperature
        )
        values = drawn.to(x.dtype) / (model.levels - 1)
        here = known[:, 0, i, j, None]
        x[:, visit.channels, i, j] = torch.where(here, x[:, visit.channels, i, j], values)
    return x


def dependence(model: Autoregressive, given: Given | None = None, tries: int = 4) -> Tensor:
    """Which inputs the parameters of each step depend on, by autograd: bool, (steps, h, w, c, h, w)."""
    c, h, w = model.shape
    steps = model.output.steps
    found = torch.zeros(steps, h, w, c, h, w, dtype=torch.bool)
    for _ in range(tries):  # at one input a ReLU may hide a path
        x = torch.rand(1, c, h, w, dtype=torch.float64) * 2 - 1
        jacobian = torch.autograd.functional.jacobian(lambda x: model.parameters_of(x, given)[0], x)
        found |= (jacobian[:, :, :, 0] != 0).unflatten(0, (steps, -1)).any(1)
    return found


def may_depend(model: Autoregressive, given: Given | None = None) -> Tensor:
    """What the chain rule allows: all that was drawn in earlier steps; shape as `dependence`."""
    c, h, w = model.shape
    steps = model.output.steps
    allowed = torch.zeros(steps, h, w, c, h, w, dtype=torch.bool)
    drawn = torch.zeros(c, h, w, dtype=torch.bool)
    for visit in model.tape(given).visits:
        step = visit.channels.start // (c // steps)
        allowed[step, visit.row, visit.column] = drawn
        drawn[visit.channels, visit.row, visit.column] = True
    return allowed


def pixels(shape: tuple[int, ...]) -> itertools.product:
    """Every (row, column)."""
    return itertools.product(range(shape[1]), range(shape[2]))
