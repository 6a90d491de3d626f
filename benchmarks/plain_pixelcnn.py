"""PixelCNN as people write it by hand: full kernels, multiplied by a mask in each forward pass."""

from torch import Tensor, nn

from benchmarks.plain_pixelrnn import MaskedConv


class Block(nn.Module):
    """2h → h → h → 2h, added to what came in."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.ReLU(),
            nn.Conv2d(2 * width, width, 1),
            nn.ReLU(),
            MaskedConv("B", width, width, (3, 3)),
            nn.ReLU(),
            nn.Conv2d(width, 2 * width, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """x + f(x)."""
        return x + self.layers(x)


class PlainPixelCNN(nn.Sequential):
    """The whole net, for images of one colour: logits of each level at every pixel."""

    def __init__(self, levels: int, width: int, blocks: int, head: int) -> None:
        super().__init__(
            MaskedConv("A", 1, 2 * width, (7, 7)),
            *[Block(width) for _ in range(blocks)],
            nn.ReLU(),
            nn.Conv2d(2 * width, head, 1),
            nn.ReLU(),
            nn.Conv2d(head, levels, 1),
        )
