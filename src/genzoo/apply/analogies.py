"""Analogies: the style of each image, in every class."""

import torch

from genzoo.apply.placement import batch_of
from genzoo.images import grid
from genzoo.models.base import evaluating
from genzoo.models.variational.m2 import M2
from genzoo.nn.conditions import one_hot
from genzoo.types import Images, Picture


def analogies(model: M2, images: Images) -> Picture:
    """One row an image: the image, then E[x|y, z] for every class y and the z that the image has.

    Reference: Kingma et al., 2014, arXiv:1406.5298, figure 1b.
    """
    k = model.classes
    rows = []
    with evaluating(model):
        here = batch_of(images, None, model, 0, len(images)).images
        styles = model.encode(here)[:, k:]
        for y in range(k):
            labels = torch.full((len(here),), y)
            rows.append(model.decode(torch.cat([one_hot(labels, k, styles), styles], 1)))
    return grid(torch.stack([here, *rows], 1).flatten(0, 1), columns=k + 1)
