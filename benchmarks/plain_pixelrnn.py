"""PixelRNN as people write it by hand: a loop over rows or skewed columns, with a conv1d for each of them."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class MaskedConv(nn.Conv2d):
    """A convolution whose weight is multiplied with a mask; for one colour."""

    def __init__(self, kind: str, inp: int, out: int, kernel: tuple[int, int]) -> None:
        h, w = kernel
        super().__init__(inp, out, kernel, padding=(h // 2, w // 2))
        mask = torch.ones(h, w)
        mask[h // 2, w // 2 + (kind == "B") :] = 0
        mask[h // 2 + 1 :] = 0
        self.register_buffer("mask", mask)

    def forward(self, x: Tensor) -> Tensor:
        """The convolution, its dead half zeroed."""
        return F.conv2d(x, self.weight * self.mask, self.bias, padding=self.padding)


def lstm_step(gates: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
    """The new (hidden, cell) of (b 4h n) gates."""
    o, f, i, g = gates.chunk(4, 1)
    cell = torch.sigmoid(f) * cell + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(cell), cell


class RowLSTM(nn.Module):
    """Row by row."""

    def __init__(self, inp: int, width: int) -> None:
        super().__init__()
        self.width = width
        self.input_to_state = MaskedConv("B", inp, 4 * width, (1, 3))
        self.state_to_state = nn.Conv1d(width, 4 * width, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """The states (b width h w)."""
        b, _, h, w = x.shape
        inputs = self.input_to_state(x)
        hidden = cell = x.new_zeros(b, self.width, w)
        rows = []
        for row in range(h):
            hidden, cell = lstm_step(inputs[:, :, row] + self.state_to_state(hidden), cell)
            rows.append(hidden)
        return torch.stack(rows, 2)


def skew(x: Tensor) -> Tensor:
    """Each row one further to the right than the one above."""
    b, c, h, w = x.shape
    found = x.new_zeros(b, c, h, w + h - 1)
    for row in range(h):
        found[:, :, row, row : row + w] = x[:, :, row]
    return found


def unskew(x: Tensor) -> Tensor:
    """Undoes `skew`."""
    h = x.shape[2]
    w = x.shape[3] - h + 1
    return torch.stack([x[:, :, row, row : row + w] for row in range(h)], 2)


class DiagonalLSTM(nn.Module):
    """Skewed column by skewed column, in one of the two directions."""

    def __init__(self, inp: int, width: int) -> None:
        super().__init__()
        self.width = width
        self.input_to_state = MaskedConv("B", inp, 4 * width, (1, 1))
        self.state_to_state = nn.Conv1d(width, 4 * width, 2, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """The states (b width h w)."""
        inputs = skew(self.input_to_state(x))
        b, _, h, columns = inputs.shape
        hidden = cell = x.new_zeros(b, self.width, h)
        found = []
        for column in range(columns):
            above = self.state_to_state(F.pad(hidden, (1, 0)))
            hidden, cell = lstm_step(inputs[:, :, :, column] + above, cell)
            found.append(hidden)
        return unskew(torch.stack(found, 3))


class DiagonalBiLSTM(nn.Module):
    """Both directions, the second shifted down by a row."""

    def __init__(self, inp: int, width: int) -> None:
        super().__init__()
        self.left, self.right = DiagonalLSTM(inp, width), DiagonalLSTM(inp, width)

    def forward(self, x: Tensor) -> Tensor:
        """The sum of both."""
        right = self.right(x.flip(3)).flip(3)
        return self.left(x) + F.pad(right, (0, 0, 1, 0))[:, :, :-1]


class PixelRNN(nn.Module):
    """The whole net, for images of one colour: logits of each level at every pixel."""

    def __init__(self, lstm: type[nn.Module], levels: int, width: int, layers: int, head: int) -> None:
        super().__init__()
        self.first = MaskedConv("A", 1, 2 * width, (7, 7))
        self.lstms = nn.ModuleList(lstm(2 * width, width) for _ in range(layers))
        self.ups = nn.ModuleList(nn.Conv2d(width, 2 * width, 1) for _ in range(layers))
        self.head = nn.Sequential(
            nn.ReLU(), nn.Conv2d(2 * width, head, 1), nn.ReLU(), nn.Conv2d(head, levels, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Logits (b levels h w)."""
        x = self.first(x)
        for lstm, up in zip(self.lstms, self.ups, strict=True):
            x = x + up(lstm(x))
        return self.head(x)
