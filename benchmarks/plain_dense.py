"""The dense belief nets as people write them by hand."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SIZE, HIDDEN = 28 * 28, 500


class Masked(nn.Linear):
    """A linear layer with a mask of ones and zeros."""

    def __init__(self, mask: Tensor) -> None:
        super().__init__(mask.shape[1], mask.shape[0])
        self.register_buffer("mask", mask)

    def forward(self, x: Tensor) -> Tensor:
        """As nn.Linear."""
        return F.linear(x, self.weight * self.mask, self.bias)


class PlainFVBN(nn.Module):
    """One triangular layer."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = Masked(torch.ones(SIZE, SIZE).tril(-1))

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        return self.layer(x)


class PlainNADE(nn.Module):
    """The paper's loop over pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.randn(SIZE, HIDDEN) * 0.01)
        self.c = nn.Parameter(torch.zeros(1, HIDDEN))
        self.v = nn.Parameter(torch.randn(SIZE, HIDDEN) * 0.01)
        self.b = nn.Parameter(torch.zeros(SIZE))

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        a, logits = self.c.expand(len(x), -1), []
        for i in range(SIZE):
            logits.append(a.sigmoid() @ self.v[i] + self.b[i])
            a = a + x[:, i : i + 1] * self.w[i]
        return torch.stack(logits, 1)


class PlainMADE(nn.Module):
    """Three masked layers."""

    def __init__(self) -> None:
        super().__init__()
        inp = torch.arange(SIZE)
        one, two = torch.randint(0, SIZE - 1, (2, HIDDEN))
        masks = [one[:, None] >= inp, two[:, None] >= one, inp[:, None] > two]
        a, b, c = (Masked(mask.float()) for mask in masks)
        self.net = nn.Sequential(a, nn.ReLU(), b, nn.ReLU(), c)

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        return self.net(x)
