"""What people write by hand: a per-image Pillow Dataset, a DataLoader, a training loop of its own."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from genzoo.models import Model


class PillowFolder(Dataset):
    """Opens, decodes and converts one file an item, each time it is asked for."""

    def __init__(self, folder: Path, mode: str) -> None:
        self.paths, self.mode = sorted(folder.rglob("*.png")), mode

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> Tensor:
        pixels = np.asarray(Image.open(self.paths[index]).convert(self.mode))
        pixels = pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)
        return torch.from_numpy(pixels.astype(np.float32) / 255)


def loader(folder: Path, channels: int, batch: int, workers: int) -> DataLoader:
    """A shuffled DataLoader over a folder of PNG files."""
    mode = {1: "L", 3: "RGB"}[channels]
    return DataLoader(
        PillowFolder(folder, mode), batch, shuffle=True, drop_last=True, num_workers=workers,
        persistent_workers=workers > 0,
    )  # fmt: skip


def likelihood_steps(model: Model, loss: str, batches: Iterator[Tensor], steps: int, binary: bool) -> int:
    """A loop over −log p(x), −ELBO or the squared error, as a tutorial has it."""
    optimizer, seen = torch.optim.Adam(model.parameters(), lr=1e-4), 0
    for _ in range(steps):
        x = next(batches)
        x = torch.bernoulli(x) if binary else x
        optimizer.zero_grad()
        if loss == "squared":
            value = F.mse_loss(model.decode(model.encode(x)), x)
        else:
            value = -getattr(model, loss)(x).mean()
        value.backward()
        optimizer.step()
        value.item()
        seen += len(x)
    return seen


def gan_steps(model: Model, batches: Iterator[Tensor], steps: int) -> int:
    """The order of the well-known tutorial: real, fake, then the generator through the whole critic."""
    critic = torch.optim.Adam(model.critic.parameters(), lr=2e-4, betas=(0.5, 0.999))
    generator = torch.optim.Adam(model.generator.parameters(), lr=2e-4, betas=(0.5, 0.999))
    seen = 0
    for _ in range(steps):
        x = next(batches)
        model.critic.zero_grad()
        loss = F.softplus(-model.score(x)).mean()
        loss.backward()
        fake = model.decode(model.draw_latents(len(x)))
        on_fake = F.softplus(model.score(fake.detach())).mean()
        on_fake.backward()
        critic.step()
        model.generator.zero_grad()
        fool = F.softplus(-model.score(fake)).mean()
        fool.backward()
        generator.step()
        (loss.item(), on_fake.item(), fool.item())
        seen += len(x)
    return seen
