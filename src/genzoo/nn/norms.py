"""Normalisation after a convolution by its name: over the batch, over the item itself, or none."""

from typing import Literal

from torch import nn

Norm = Literal["batch", "instance", "none"]


def normalised(norm: Norm, channels: int) -> list[nn.Module]:
    """The layer that normalises `channels` maps, if there is one.

    Instance normalisation (Ulyanov et al., 2016, arXiv:1607.08022) learns nothing and keeps no running
    statistics: in training and in evaluation alike an item is normalised by itself alone.
    """
    if norm == "batch":
        return [nn.BatchNorm2d(channels)]
    return [nn.InstanceNorm2d(channels)] if norm == "instance" else []
