"""A U-shaped causal net of two streams over several resolutions."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from genzoo.nn.conditions import ConditionMaps
from genzoo.nn.gated_resnet import DOWN, DOWN_RIGHT, Activated, Pair, PairBlock, Recorded, RecordedPair, Taps
from genzoo.nn.places import ALWAYS, Ref, When
from genzoo.nn.tape import Tape
from genzoo.nn.weight_norm import NormedConv2d, NormedEnlarging


class First(nn.Module):
    """From an image and a channel of ones, which tells the border, to both streams; the pixel is hidden.

    Args:
        channels: of the image.
        width: maps of each stream.
    """

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.width = width
        self.above = NormedConv2d(channels + 1, width, 2, 3, top=2, left=1)
        self.row_above = NormedConv2d(channels + 1, width, 1, 3, top=1, left=1)
        self.before = NormedConv2d(channels + 1, width, 2, 1, top=1, left=1)

    def forward(self, seen: Float[Tensor, "b c h w"]) -> Pair:
        """Whole images."""
        x = torch.cat([seen, torch.ones_like(seen[:, :1])], 1)
        u, ul = self.above(x), self.row_above(x) + self.before(x)
        u, ul = (maps.contiguous(memory_format=torch.channels_last) for maps in (u, ul))
        return Activated(u), Activated(ul)

    def record(self, tape: Tape, pixels: Ref) -> RecordedPair:
        """A pixel of the second stream; a row of the first at a time."""
        x = [pixels, tape.constant(tape.like.new_ones(1, 1, *tape.size))]
        with tape.row():
            u, above = tape.buffer(self.width), tape.buffer(self.width)
            self.above.record(tape, x, [u], [self.above.bias])
            self.row_above.record(tape, x, [above], [self.row_above.bias + self.before.bias])
            known = Recorded.of(tape, u)
        ul = tape.buffer(self.width)
        self.before.record(tape, x, [ul], [above])
        return known, Recorded.of(tape, ul)


class Shrink(nn.Module):
    """Both streams at half the resolution, by convolutions of stride 2: 2×2 places become one.

    Args:
        width: maps of each stream.
    """

    def __init__(self, width: int) -> None:
        super().__init__()

        def strided(taps: Taps) -> NormedConv2d:
            rows, columns, left = taps
            return NormedConv2d(width, width, rows, columns, top=rows - 1, left=left, stride=2)

        self.above, self.along = strided(DOWN), strided(DOWN_RIGHT)

    def forward(self, pair: Pair) -> Pair:
        """Whole images of ⌈h/2⌉ rows and ⌈w/2⌉ columns."""
        return Activated(self.above(pair[0].maps)), Activated(self.along(pair[1].maps))

    def record(self, tape: Tape, pair: RecordedPair) -> RecordedPair:
        """A pixel, the upper left one of those that become one place."""
        with tape.row():
            u = self._half(tape, pair[0].maps, self.above)
        return u, self._half(tape, pair[1].maps, self.along)

    def _half(self, tape: Tape, maps: Ref, layer: NormedConv2d) -> Recorded:
        out = tape.buffer(len(maps), scale=2 * maps.buffer.scale)
        layer.record(tape, [maps], [out], [layer.bias])
        return Recorded.of(tape, out)


class Enlarge(nn.Module):
    """Both streams at twice the resolution, by transposed convolutions.

    Args:
        width: maps of each stream.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.above = NormedEnlarging(width, width, DOWN.columns, left=DOWN.left)
        self.along = NormedEnlarging(width, width, DOWN_RIGHT.columns, left=0)

    def forward(self, pair: Pair, size: tuple[int, int]) -> Pair:
        """Whole images of `size` (h, w)."""
        return Activated(self.above(pair[0].maps, size)), Activated(self.along(pair[1].maps, size))

    def record(self, tape: Tape, pair: RecordedPair) -> RecordedPair:
        """A pixel: its weights depend on which of the 2×2 it is."""
        with tape.row():
            u = self._double(tape, pair[0].maps, self.above)
        return u, self._double(tape, pair[1].maps, self.along)

    def _double(self, tape: Tape, maps: Ref, layer: NormedEnlarging) -> Recorded:
        scale = maps.buffer.scale // 2
        out = tape.buffer(len(maps), scale=scale)
        for row in range(2):
            for column in range(2):
                weight, left = layer.taps(row, column)
                with tape.when(When(2 * scale, row * scale, column * scale)):
                    tape.convolve(maps, out, weight, layer.bias, left=left)
        return Recorded.of(tape, out)


class ShiftedUNet(nn.Module):
    """Features of all that comes before a pixel, by blocks over `scales` resolutions with skip connections.

    Every output of the first half is a skip connection to the block of the second half that mirrors it.

    Reference: Salimans, Karpathy, Chen & Kingma, PixelCNN++, 2017, arXiv:1701.05517, §2.3, §2.4, figure 2.

    Args:
        channels: of the image.
        width: maps of each stream.
        blocks: of each resolution in the first half; the second has one more, but at the lowest.
        scales: resolutions, each half of the one before (rounded up).
        condition: maps of s; 0: none.
        dropout: in training.
    """

    def __init__(
        self, channels: int, width: int, *, blocks: int, scales: int, condition: int, dropout: float
    ) -> None:
        super().__init__()

        def block(skip: bool) -> PairBlock:
            return PairBlock(width, skip=skip, condition=condition, dropout=dropout)

        self.first = First(channels, width)
        down: list[nn.Module] = []
        up: list[nn.Module] = []
        for scale in range(scales):
            down += [Shrink(width)] if scale else []
            down += [block(skip=False) for _ in range(blocks)]
        for scale in reversed(range(scales)):
            up += [block(skip=True) for _ in range(blocks + (scale < scales - 1))]
            up += [Enlarge(width)] if scale else []
        self.down, self.up = nn.ModuleList(down), nn.ModuleList(up)

    def forward(self, seen: Float[Tensor, "b c h w"], s: ConditionMaps | None) -> Activated:
        """The second stream's features of whole images, shape (b, width, h, w)."""
        pair, scale = self.first(seen), 1
        skips = [pair]
        for layer in self.down:
            if isinstance(layer, Shrink):
                pair, scale = layer(pair), 2 * scale
            else:
                pair = layer(pair, None, _thinned(s, scale))
            skips.append(pair)
        skips.pop()
        for layer in self.up:
            if isinstance(layer, Enlarge):
                pair, scale = layer(pair, tuple(skips[-1][0].maps.shape[2:])), scale // 2
            else:
                pair = layer(pair, skips.pop(), _thinned(s, scale))
        return pair[1]

    def record(self, tape: Tape, pixels: Ref, s: ConditionMaps | None) -> Recorded:
        """A pixel; the lower resolutions at the upper left of the pixels that they stand for."""
        pair = self.first.record(tape, pixels)
        skips = [pair]
        for layer in self.down:
            if isinstance(layer, Shrink):
                with tape.when(_at(2 * pair[0].maps.buffer.scale)):
                    pair = layer.record(tape, pair)
            else:
                assert isinstance(layer, PairBlock)
                with tape.when(_at(pair[0].maps.buffer.scale)):
                    pair = layer.record(tape, pair, None, s)
            skips.append(pair)
        skips.pop()
        for layer in self.up:
            if isinstance(layer, Enlarge):
                with tape.when(_at(pair[0].maps.buffer.scale // 2)):
                    pair = layer.record(tape, pair)
            else:
                assert isinstance(layer, PairBlock)
                with tape.when(_at(pair[0].maps.buffer.scale)):
                    pair = layer.record(tape, pair, skips.pop(), s)
        return pair[1]


def _thinned(s: ConditionMaps | None, scale: int) -> ConditionMaps | None:
    """The condition at the upper left pixel of each place."""
    return s[:, :, ::scale, ::scale] if s is not None else None


def _at(scale: int) -> When:
    """At the upper left of the pixels that a place stands for."""
    return When(scale, 0, 0) if scale > 1 else ALWAYS
