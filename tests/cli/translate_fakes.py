"""Runs that translate, and pictures for them."""

import numpy as np
import torch
from PIL import Image
from run_fakes import save_run

from genzoo.data.view import View
from genzoo.models.adversarial.cyclegan import CycleGAN
from genzoo.models.adversarial.pix2pix import Pix2Pix

VIEW = View(size=(16, 16), channels=3)


def picture(path, size, seed=0, channels=3):
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = (*size, 3) if channels == 3 else size
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)).save(path)


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image).copy()


def size_of(path):
    """Rows and columns."""
    with Image.open(path) as image:
        return image.size[::-1]


def written(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*.png"))


def both_ways_run(folder, *, view=VIEW, seed=0):
    torch.manual_seed(seed)
    model = CycleGAN((3, 16, 16), picture=(3, 16, 16), width=4, blocks=1, critic_width=4)
    return save_run(folder, model, view=view, data="A::B")


def drawing_run(folder, *, given=3, dropout=0.0, view=VIEW, data="ph"):
    torch.manual_seed(0)
    model = Pix2Pix((3, 16, 16), picture=(given, 16, 16), width=4, critic_width=4, dropout=dropout)
    return save_run(folder, model, view=view, data=data)
