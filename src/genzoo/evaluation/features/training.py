"""The game that teaches a feature classifier: cross-entropy of images moved, mirrored, binarized."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from genzoo.models import Model
from genzoo.nn.small_cnn import SmallCNN, stride_for
from genzoo.objectives import OnePlayer
from genzoo.random import uniform
from genzoo.types import Batch, Images, Loss


class FeatureClassifier(Model):
    """A `SmallCNN` and a linear layer: the features of images and the logits of their classes.

    Args:
        shape: (c, h, w) of one image.
        classes: how many there are.
    """

    def __init__(self, shape: Sequence[int], *, classes: int) -> None:
        super().__init__(shape)
        channels, height, width = self.shape
        self.net = SmallCNN(channels, stride=stride_for(height, width))
        self.head = nn.Linear(self.net.features, classes)

    def class_logits(self, images: Images) -> Float[Tensor, "b k"]:
        """The unnormalised log-probability of each class."""
        self.check(images)
        return self.head(self.net(images))


class AugmentedCrossEntropy(OnePlayer[FeatureClassifier]):
    """The mean over a batch of −log p(class | image), nats, of images each seen a little differently.

    Args:
        shift: an image moves by up to this many pixels along each axis; its edge fills what opens up.
        mirror: every second image, at random, is mirrored left to right.
        binarize: every second image, at random, has each pixel drawn with its value as the probability of 1,
            so that features serve grey and binarized images alike.
    """

    def __init__(self, *, shift: int = 2, mirror: bool = False, binarize: bool = False) -> None:
        self.shift, self.mirror, self.binarize = shift, mirror, binarize

    def loss(self, model: FeatureClassifier, batch: Batch) -> Loss:
        """The cross-entropy."""
        if batch.given is None or batch.given.labels is None:
            raise ValueError("a classifier learns from labels; batch.given.labels is missing")
        seen = moved(self._binarized(batch.images), self.shift, mirror=self.mirror)
        entropy = F.cross_entropy(model.class_logits(seen), batch.given.labels)
        return Loss(entropy, {"cross_entropy": entropy})

    def _binarized(self, images: Images) -> Images:
        if not self.binarize:
            return images
        chosen = uniform((len(images), 1, 1, 1), images) < 0.5
        drawn = (uniform(images.shape, images) < images).to(images.dtype)
        return torch.where(chosen, drawn, images)


def moved(images: Images, shift: int, *, mirror: bool) -> Images:
    """Each image moved by its own whole number of pixels, from −shift to shift, and perhaps mirrored."""
    b, _, h, w = images.shape
    down, right, side = uniform((b, 3), images).unbind(1)
    rows = torch.arange(h, device=images.device) + _steps(down, shift)
    columns = torch.arange(w, device=images.device) + _steps(right, shift)
    rows, columns = rows.clamp(0, h - 1), columns.clamp(0, w - 1)
    if mirror:
        columns = torch.where(side[:, None] < 0.5, columns.flip(1), columns)
    item = torch.arange(b, device=images.device)[:, None, None]
    return images.permute(0, 2, 3, 1)[item, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def _steps(noise: Tensor, shift: int) -> Tensor:
    """Whole numbers from −shift to shift, one for each image, shape (b, 1)."""
    return (noise * (2 * shift + 1)).long().sub(shift)[:, None]
