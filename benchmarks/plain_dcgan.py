"""A DCGAN of 64x64 images as people write it by hand: nets, and two orders of a training step.

The nets are the well-known PyTorch tutorial's, but with biases at the images and at the logit, as ours have:
else the losses would differ once these have learned.
"""

import torch
from torch import Tensor, nn

from genzoo.models.adversarial.gan import GAN

LATENT, WIDTH = 100, 64
Losses = tuple[float, float, float]  # the critic's on data and on samples, the generator's


def generator() -> nn.Sequential:
    """Latents, shape (b, 100, 1, 1), to images in [−1, 1]: the tutorial's layers."""
    layers: list[nn.Module] = [nn.ConvTranspose2d(LATENT, 8 * WIDTH, 4, 1, 0, bias=False)]
    for wide in (8 * WIDTH, 4 * WIDTH, 2 * WIDTH):
        layers += [nn.BatchNorm2d(wide), nn.ReLU(True)]
        layers += [nn.ConvTranspose2d(wide, wide // 2, 4, 2, 1, bias=False)]
    last = nn.ConvTranspose2d(WIDTH, 3, 4, 2, 1)
    return nn.Sequential(*layers, nn.BatchNorm2d(WIDTH), nn.ReLU(True), last, nn.Tanh())


def critic() -> nn.Sequential:
    """Images to a logit each, shape (b, 1, 1, 1): the tutorial's layers but its sigmoid."""
    layers: list[nn.Module] = [nn.Conv2d(3, WIDTH, 4, 2, 1), nn.LeakyReLU(0.2, inplace=True)]
    for narrow in (WIDTH, 2 * WIDTH, 4 * WIDTH):
        layers += [nn.Conv2d(narrow, 2 * narrow, 4, 2, 1, bias=False)]
        layers += [nn.BatchNorm2d(2 * narrow), nn.LeakyReLU(0.2, inplace=True)]
    return nn.Sequential(*layers, nn.Conv2d(8 * WIDTH, 1, 4, 1, 0))


@torch.no_grad()
def same_start(net: nn.Module, ours: nn.Module) -> None:
    """Gives a hand-written net our weights; the first of its convolutions is a linear layer in ours."""
    with_weight = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d, nn.BatchNorm2d)
    pairs = ([m for m in n.modules() if isinstance(m, with_weight)] for n in (net, ours))
    for module, our in zip(*pairs, strict=True):
        weight = our.weight
        if isinstance(module, nn.ConvTranspose2d) and isinstance(our, nn.Linear):
            weight = weight.T
        module.weight.copy_(weight.reshape(module.weight.shape))
        if module.bias is not None:
            module.bias.copy_(our.bias)


class Tutorial:
    """The order of the well-known PyTorch tutorial, with what it takes down in each step.

    The generator's backward pass goes through the whole critic, whose weights' gradients it also computes;
    the next step sets them to zero.

    Args:
        ours: whose weights the nets start from.
        device: where they are.
    """

    def __init__(self, ours: GAN, device: torch.device) -> None:
        self.generator, self.critic = generator(), nn.Sequential(critic(), nn.Sigmoid())
        same_start(self.generator, ours.generator)
        same_start(self.critic, ours.critic)
        self.generator.to(device), self.critic.to(device)
        self.cost = nn.BCELoss()
        self.of_critic, self.of_generator = (
            torch.optim.Adam(net.parameters(), lr=2e-4, betas=(0.5, 0.999))
            for net in (self.critic, self.generator)
        )

    def __call__(self, x: Tensor) -> Losses:
        """One step on images in [−1, 1]."""
        self.critic.zero_grad()
        label = torch.full((len(x),), 1.0, device=x.device)
        output = self.critic(x).view(-1)
        on_real = self.cost(output, label)
        on_real.backward()
        output.mean().item()
        fake = self.generator(torch.randn(len(x), LATENT, 1, 1, device=x.device))
        label.fill_(0.0)
        output = self.critic(fake.detach()).view(-1)
        on_fake = self.cost(output, label)
        on_fake.backward()
        output.mean().item()
        self.of_critic.step()
        self.generator.zero_grad()
        label.fill_(1.0)
        output = self.critic(fake).view(-1)
        fool = self.cost(output, label)
        fool.backward()
        output.mean().item()
        self.of_generator.step()
        return on_real.item(), on_fake.item(), fool.item()


class Toggled:
    """The same step without the waste: the generator's move computes no gradient of the critic's weights.

    The critic is frozen in it by `requires_grad`; losses are of logits and read once, at the end; Adam is
    fused. Data and samples have a backward pass each, so that only one graph of the critic is held.

    Args:
        ours: whose weights the nets start from.
        device: where they are.
    """

    def __init__(self, ours: GAN, device: torch.device) -> None:
        self.generator, self.critic = generator(), critic()
        same_start(self.generator, ours.generator)
        same_start(self.critic, ours.critic)
        self.generator.to(device), self.critic.to(device)
        self.cost = nn.BCEWithLogitsLoss()
        self.of_critic, self.of_generator = (
            torch.optim.Adam(net.parameters(), lr=2e-4, betas=(0.5, 0.999), fused=True)
            for net in (self.critic, self.generator)
        )

    def __call__(self, x: Tensor) -> Losses:
        """One step on images in [−1, 1]."""
        ones, zeros = torch.ones(len(x), device=x.device), torch.zeros(len(x), device=x.device)
        fake = self.generator(torch.randn(len(x), LATENT, 1, 1, device=x.device))
        self.of_critic.zero_grad(set_to_none=True)
        on_real = self.cost(self.critic(x).flatten(), ones)
        on_real.backward()
        on_fake = self.cost(self.critic(fake.detach()).flatten(), zeros)
        on_fake.backward()
        self.of_critic.step()
        self.critic.requires_grad_(False)
        self.of_generator.zero_grad(set_to_none=True)
        fool = self.cost(self.critic(fake).flatten(), ones)
        fool.backward()
        self.of_generator.step()
        self.critic.requires_grad_(True)
        return on_real.item(), on_fake.item(), fool.item()
