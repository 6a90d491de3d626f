"""pix2pix and CycleGAN as people write them by hand: nets, and a training step that wastes nothing.

Each fake is made once, the critics are frozen by `requires_grad` while what they judge moves, Adam is fused
and losses are read once, at the end of a step. Nets see images in [−1, 1]. They are the papers', with
instance normalisation throughout; costs are weighted as ours are, so that losses can be compared: the critic
of pix2pix pays for data and fakes in full, where the paper halves, which under Adam changes nothing.

The dropout of the U-Net compares uniform numbers with its rate, as ours does, rather than be `nn.Dropout`, so
that the same seed drops the same activations. Nothing is jittered or mirrored.
"""

from itertools import chain

import torch
from torch import Tensor, nn

from benchmarks.race import Losses

RATE = 0.5  # of dropout
L1, CYCLE, IDENTITY, POOL = 100.0, 10.0, 0.5, 50


def half(inp: int, out: int, *, norm: bool = True) -> nn.Sequential:
    """A layer of the U-Net's encoder, without its activation: half the size."""
    conv = nn.Conv2d(inp, out, 4, 2, 1)
    return nn.Sequential(conv, nn.InstanceNorm2d(out)) if norm else nn.Sequential(conv)


def twice(inp: int, out: int) -> nn.Sequential:
    """A layer of the U-Net's decoder: twice the size."""
    return nn.Sequential(nn.ReLU(), nn.ConvTranspose2d(inp, out, 4, 2, 1), nn.InstanceNorm2d(out))


class UNet(nn.Module):
    """Images to images: a layer for each halving, and a skip connection at each size but the last.

    Args:
        depth: how often the sides are halved, at least 3 times: 8 at 256 pixels.
        width: channels of the finest feature map, at most 8 times as many elsewhere.
    """

    def __init__(self, depth: int = 8, width: int = 64) -> None:
        super().__init__()
        wide = [width * min(2**i, 8) for i in range(depth)]
        self.down = nn.ModuleList([half(3, wide[0], norm=False)])
        self.down.extend(half(wide[i - 1], wide[i], norm=i < depth - 1) for i in range(1, depth))
        self.up = nn.ModuleList([twice(wide[-1], wide[-2])])
        self.up.extend(twice(2 * wide[i], wide[i - 1]) for i in range(depth - 2, 0, -1))
        self.last = nn.Sequential(nn.ReLU(), nn.ConvTranspose2d(2 * width, 3, 4, 2, 1), nn.Tanh())

    def forward(self, x: Tensor) -> Tensor:
        """Shape (b, 3, h, w)."""
        maps = [self.down[0](x)]
        for layer in self.down[1:]:
            maps.append(layer(nn.functional.leaky_relu(maps[-1], 0.2)))
        x = maps.pop()
        for i, layer in enumerate(self.up):
            x = layer(x)
            if i < 3:
                x = x * (torch.rand_like(x) >= RATE) / (1 - RATE)
            x = torch.cat([x, maps.pop()], 1)
        return self.last(x)


class Block(nn.Module):
    """A residual block of the translator."""

    def __init__(self, k: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *(nn.ReflectionPad2d(1), nn.Conv2d(k, k, 3), nn.InstanceNorm2d(k), nn.ReLU(True)),
            *(nn.ReflectionPad2d(1), nn.Conv2d(k, k, 3), nn.InstanceNorm2d(k)),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Of the same shape."""
        return x + self.layers(x)


def translator(blocks: int = 9, width: int = 64) -> nn.Sequential:
    """c7s1-64, d128, d256, so many R256, u128, u64, c7s1-3."""
    k = width
    layers: list[nn.Module] = [nn.ReflectionPad2d(3), nn.Conv2d(3, k, 7), nn.InstanceNorm2d(k), nn.ReLU(True)]
    for k in (width, 2 * width):
        layers += [nn.Conv2d(k, 2 * k, 3, 2, 1), nn.InstanceNorm2d(2 * k), nn.ReLU(True)]
    layers += [Block(4 * width) for _ in range(blocks)]
    for k in (2 * width, width):
        layers += [nn.ConvTranspose2d(2 * k, k, 3, 2, 1, 1), nn.InstanceNorm2d(k), nn.ReLU(True)]
    return nn.Sequential(*layers, nn.ReflectionPad2d(3), nn.Conv2d(width, 3, 7), nn.Tanh())


def patch_critic(inp: int, width: int = 64) -> nn.Sequential:
    """C64-C128-C256-C512 and a map of scores, each of a patch of 70 pixels."""
    layers: list[nn.Module] = [nn.Conv2d(inp, width, 4, 2, 1), nn.LeakyReLU(0.2, True)]
    for k, stride in ((width, 2), (2 * width, 2), (4 * width, 1)):
        layers += [nn.Conv2d(k, 2 * k, 4, stride, 1), nn.InstanceNorm2d(2 * k), nn.LeakyReLU(0.2, True)]
    return nn.Sequential(*layers, nn.Conv2d(8 * width, 1, 4, 1, 1))


def same_start(net: nn.Module, ours: nn.Module, device: torch.device) -> None:
    """Gives a hand-written net our weights, which stand in the same order; ours are not to be used again."""
    named = zip(net.state_dict(), ours.to(device).state_dict().values(), strict=True)
    net.load_state_dict(dict(named), assign=True)


def adam(*nets: nn.Module) -> torch.optim.Adam:
    """As published, in one kernel."""
    return torch.optim.Adam(
        chain.from_iterable(net.parameters() for net in nets), lr=2e-4, betas=(0.5, 0.999), fused=True
    )


def learns(flag: bool, *nets: nn.Module) -> None:
    """Whether the weights of these nets have gradients."""
    for net in nets:
        net.requires_grad_(flag)


class Pix2Pix:
    """The critic's move on a pair and on its fake without a graph, then the generator's on that same fake.

    Args:
        ours: whose weights the nets start from, and which is used up.
        device: where they are.
        depth: of the U-Net.
        width: channels of the finest feature maps of both nets.
    """

    def __init__(self, ours: nn.Module, device: torch.device, depth: int = 8, width: int = 64) -> None:
        with torch.device("meta"):
            self.generator, self.critic = UNet(depth, width), patch_critic(6, width)
        same_start(self.generator, ours.generator, device)
        same_start(self.critic, ours.critic, device)
        self.of_generator, self.of_critic = adam(self.generator), adam(self.critic)
        self.verdict, self.distance = nn.BCEWithLogitsLoss(), nn.L1Loss()

    def cost(self, image: Tensor, picture: Tensor, target: float) -> Tensor:
        """Of the critic's verdict on an image beside its picture."""
        score = self.critic(torch.cat([image, picture], 1))
        return self.verdict(score, torch.full_like(score, target))

    def __call__(self, picture: Tensor, image: Tensor) -> Losses:
        """One step on pairs; what data and fakes cost, the distance, and the generator's mean cost."""
        fake = self.generator(picture)
        self.of_critic.zero_grad(set_to_none=True)
        on_real = self.cost(image, picture, 1.0)
        on_real.backward()
        on_fake = self.cost(fake.detach(), picture, 0.0)
        on_fake.backward()
        self.of_critic.step()
        learns(False, self.critic)
        self.of_generator.zero_grad(set_to_none=True)
        distance = self.distance(fake, image)
        total = self.cost(fake, picture, 1.0) + L1 * distance
        total.backward()
        self.of_generator.step()
        learns(True, self.critic)
        return on_real.item(), on_fake.item(), distance.item(), total.item() / (1 + L1)


class Pool:
    """Fifty earlier fakes, for one of which a new one changes places half of the time."""

    def __init__(self) -> None:
        self.images: list[Tensor] = []

    def exchanged(self, fakes: Tensor) -> Tensor:
        """What the critic is shown."""
        shown = []
        for fake in fakes.detach().split(1):
            if len(self.images) < POOL:
                self.images.append(fake)
            elif torch.rand(()) < 0.5:
                at = int(torch.randint(POOL, ()))
                fake, self.images[at] = self.images[at], fake
            shown.append(fake)
        return torch.cat(shown)


class CycleGAN:
    """The translators' move, each fake, cycle and identity made once, then the critics' move on those fakes.

    Args:
        ours: whose weights the nets start from, and which is used up.
        device: where they are.
        blocks: of a translator.
        width: channels of the finest feature maps of all nets.
    """

    def __init__(self, ours: nn.Module, device: torch.device, blocks: int = 9, width: int = 64) -> None:
        with torch.device("meta"):
            self.to_b, self.to_a = translator(blocks, width), translator(blocks, width)
            self.critic_b, self.critic_a = patch_critic(3, width), patch_critic(3, width)
        for name in ("to_b", "to_a", "critic_b", "critic_a"):
            same_start(getattr(self, name), getattr(ours, name), device)
        self.of_translators = adam(self.to_b, self.to_a)
        self.of_critics = adam(self.critic_b, self.critic_a)
        self.pool_a, self.pool_b = Pool(), Pool()
        self.squared, self.distance = nn.MSELoss(), nn.L1Loss()

    def cost(self, critic: nn.Module, image: Tensor, target: float) -> Tensor:
        """Of a critic's verdict."""
        score = critic(image)
        return self.squared(score, torch.full_like(score, target))

    def judged(self, critic: nn.Module, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        """Half of what data cost, and half of what fakes do; the gradient of their sum is added up."""
        on_real, on_fake = self.cost(critic, real, 1.0) / 2, self.cost(critic, fake, 0.0) / 2
        (on_real + on_fake).backward()
        return on_real, on_fake

    def __call__(self, a: Tensor, b: Tensor) -> Losses:
        """One step on images of both kinds: verdicts, cycles, identities, and what the critics pay."""
        learns(False, self.critic_a, self.critic_b)
        self.of_translators.zero_grad(set_to_none=True)
        fake_b, fake_a = self.to_b(a), self.to_a(b)
        verdicts = [self.cost(self.critic_b, fake_b, 1.0), self.cost(self.critic_a, fake_a, 1.0)]
        cycles = [self.distance(self.to_b(fake_a), b), self.distance(self.to_a(fake_b), a)]
        same = [self.distance(self.to_b(b), b), self.distance(self.to_a(a), a)]
        total = sum(verdicts) + CYCLE * sum(cycles) + CYCLE * IDENTITY * sum(same)
        total.backward()
        self.of_translators.step()
        learns(True, self.critic_a, self.critic_b)
        self.of_critics.zero_grad(set_to_none=True)
        paid = [
            *self.judged(self.critic_b, b, self.pool_b.exchanged(fake_b)),
            *self.judged(self.critic_a, a, self.pool_a.exchanged(fake_a)),
        ]
        self.of_critics.step()
        return tuple(loss.item() for loss in (*verdicts, *cycles, *same, *paid))
