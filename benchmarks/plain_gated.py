"""Gated PixelCNN and PixelCNN++ as they are written by hand, for a comparison of a training step's time."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import weight_norm


def elus(x: Tensor) -> Tensor:
    return F.elu(torch.cat([x, -x], 1))


class Masked(nn.Conv2d):
    """A convolution whose whole k×k (or 1×k) kernel is multiplied by a mask in each forward pass."""

    def __init__(self, kind: str, inp: int, out: int, kernel: tuple[int, int]) -> None:
        super().__init__(inp, out, kernel, padding=(kernel[0] // 2, kernel[1] // 2))
        mask = torch.ones_like(self.weight)
        if kind[0] == "v":  # A: only the rows above; B: the pixel's row too
            mask[:, :, kernel[0] // 2 + (kind == "vB") :] = 0
        else:
            mask[:, :, :, kernel[1] // 2 + (kind == "hB") :] = 0
        self.register_buffer("mask", mask)

    def forward(self, x: Tensor) -> Tensor:
        """Whole images."""
        return F.conv2d(x, self.weight * self.mask, self.bias, padding=self.padding)


class GatedLayer(nn.Module):
    """Both stacks of a gated layer."""

    def __init__(self, inp: int, width: int, kernel: int, kind: str) -> None:
        super().__init__()
        self.residual = kind == "B"
        self.vertical = Masked("v" + kind, inp, 2 * width, (kernel, kernel))
        self.horizontal = Masked("h" + kind, inp, 2 * width, (1, kernel))
        self.link = nn.Conv2d(2 * width, 2 * width, 1)
        self.out = nn.Conv2d(width, width, 1)

    def forward(self, v: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
        """Whole images."""
        above = self.vertical(v)
        along = self.horizontal(h) + self.link(above)
        a, b = above.chunk(2, 1)
        c, d = along.chunk(2, 1)
        y = self.out(torch.tanh(c) * torch.sigmoid(d))
        return torch.tanh(a) * torch.sigmoid(b), h + y if self.residual else y


class PlainGatedPixelCNN(nn.Module):
    """Of grey images; logits of so many levels."""

    def __init__(self, levels: int, width: int, layers: int, head: int) -> None:
        super().__init__()
        first = GatedLayer(1, width, 7, "A")
        self.layers = nn.ModuleList([first, *(GatedLayer(width, width, 3, "B") for _ in range(layers - 1))])
        self.head = nn.Sequential(
            nn.ReLU(), nn.Conv2d(width, head, 1), nn.ReLU(), nn.Conv2d(head, levels, 1)
        )  # fmt: skip
        self.levels = levels

    def log_prob(self, images: Tensor) -> Tensor:
        """log p(x), nats."""
        v = h = images * 2 - 1
        for layer in self.layers:
            v, h = layer(v, h)
        target = (images[:, 0] * (self.levels - 1)).round().long()
        return -F.cross_entropy(self.head(h), target, reduction="none").sum((1, 2))


class Shifted(nn.Module):
    """A weight-normalised convolution behind a padding layer, `down`-shifted or down-right-shifted."""

    def __init__(self, kind: str, inp: int, out: int, size: tuple[int, int], stride: int = 1) -> None:
        super().__init__()
        rows, columns = size
        sides = (columns // 2, columns // 2) if kind == "down" else (columns - 1, 0)
        self.pad = nn.ZeroPad2d((*sides, rows - 1, 0))
        self.conv = weight_norm(nn.Conv2d(inp, out, size, stride=stride))

    def forward(self, x: Tensor) -> Tensor:
        """Whole images."""
        return self.conv(self.pad(x))


class ShiftedTransposed(nn.Module):
    """A weight-normalised transposed convolution of stride 2, cropped."""

    def __init__(self, kind: str, width: int, size: tuple[int, int]) -> None:
        super().__init__()
        self.conv = weight_norm(nn.ConvTranspose2d(width, width, size, 2, output_padding=1), dim=1)
        self.rows, self.columns, self.down = *size, kind == "down"

    def forward(self, x: Tensor) -> Tensor:
        """Whole images."""
        x = self.conv(x)
        h, w = x.shape[2:]
        if self.down:
            side = (self.columns - 1) // 2
            return x[:, :, : h - self.rows + 1, side : w - side]
        return x[:, :, : h - self.rows + 1, : w - self.columns + 1]


class GatedResNet(nn.Module):
    """A gated residual block."""

    def __init__(self, kind: str, width: int, extra: int) -> None:
        super().__init__()
        size = (2, 3) if kind == "down" else (2, 2)
        self.first = Shifted(kind, 2 * width, width, size)
        self.extra = weight_norm(nn.Conv2d(2 * extra, width, 1)) if extra else None
        self.dropout = nn.Dropout(0.5)
        self.second = Shifted(kind, 2 * width, 2 * width, size)

    def forward(self, x: Tensor, extra: Tensor | None = None) -> Tensor:
        """Whole images."""
        sums = self.first(elus(x))
        if self.extra is not None:
            sums = sums + self.extra(elus(extra))
        a, b = self.second(self.dropout(elus(sums))).chunk(2, 1)
        return x + a * torch.sigmoid(b)


class PlainPixelCNNPP(nn.Module):
    """Of grey images of sizes divisible by 4, three resolutions, ten logistics."""

    def __init__(self, width: int, blocks: int) -> None:
        super().__init__()
        self.blocks, w = blocks, width
        self.first_u = Shifted("down", 2, w, (2, 3))
        self.first_ul = nn.ModuleList([Shifted("down", 2, w, (1, 3)), Shifted("right", 2, w, (2, 1))])
        n = 3 * blocks
        self.down_u = nn.ModuleList([GatedResNet("down", w, 0) for _ in range(n)])
        self.down_ul = nn.ModuleList([GatedResNet("right", w, w) for _ in range(n)])
        self.up_u = nn.ModuleList([GatedResNet("down", w, w) for _ in range(n + 2)])
        self.up_ul = nn.ModuleList([GatedResNet("right", w, 2 * w) for _ in range(n + 2)])
        self.shrink_u = nn.ModuleList([Shifted("down", w, w, (2, 3), 2) for _ in range(2)])
        self.shrink_ul = nn.ModuleList([Shifted("right", w, w, (2, 2), 2) for _ in range(2)])
        self.grow_u = nn.ModuleList([ShiftedTransposed("down", w, (2, 3)) for _ in range(2)])
        self.grow_ul = nn.ModuleList([ShiftedTransposed("right", w, (2, 2)) for _ in range(2)])
        self.head = weight_norm(nn.Conv2d(w, 30, 1))

    def features(self, x: Tensor) -> Tensor:
        """What is known before each pixel."""
        x = torch.cat([x, torch.ones_like(x[:, :1])], 1)
        below, right = nn.ZeroPad2d((0, 0, 1, -1)), nn.ZeroPad2d((1, -1, 0, 0))
        us = [below(self.first_u(x))]
        uls = [below(self.first_ul[0](x)) + right(self.first_ul[1](x))]
        for i in range(3):
            for j in range(i * self.blocks, (i + 1) * self.blocks):
                us.append(self.down_u[j](us[-1]))
                uls.append(self.down_ul[j](uls[-1], us[-1]))
            if i < 2:
                us.append(self.shrink_u[i](us[-1]))
                uls.append(self.shrink_ul[i](uls[-1]))
        u, ul, j = us.pop(), uls.pop(), 0
        for i in range(3):
            for _ in range(self.blocks + (i > 0)):
                u = self.up_u[j](u, us.pop())
                ul = self.up_ul[j](ul, torch.cat([u, uls.pop()], 1))
                j += 1
            if i < 2:
                u, ul = self.grow_u[i](u), self.grow_ul[i](ul)
        return ul

    def log_prob(self, images: Tensor) -> Tensor:
        """log p(x) under a mixture of ten discretised logistics, nats."""
        x = images * 2 - 1
        maps = self.head(F.elu(self.features(x)))
        logits, means, log_scales = maps[:, :10], maps[:, 10:20], maps[:, 20:].clamp(min=-7)
        centred, inverse = x - means, torch.exp(-log_scales)
        upper, lower = inverse * (centred + 1 / 255), inverse * (centred - 1 / 255)
        mass = torch.sigmoid(upper) - torch.sigmoid(lower)
        middle = inverse * centred
        density = middle - log_scales - 2 * F.softplus(middle)
        inner = torch.where(mass > 1e-5, mass.clamp(min=1e-12).log(), density - math.log(127.5))
        ends = torch.where(x > 0.999, -F.softplus(lower), inner)
        log_p = torch.where(x < -0.999, upper - F.softplus(upper), ends) + logits.log_softmax(1)
        return log_p.logsumexp(1).sum((1, 2))
