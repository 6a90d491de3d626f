"""What a causal net's numbers mean: the distribution of a pixel given all before it, for any of the nets."""

from abc import ABC, abstractmethod
from typing import Literal, get_args

import torch
from einops import rearrange
from jaxtyping import Float, Int
from torch import Tensor

from genzoo.densities import Bernoulli, Categorical, Density, LogisticMixture
from genzoo.densities.categorical import draw_levels
from genzoo.densities.logistic_mixture import parameters_of_mixture
from genzoo.errors import BadInput, nearest

OutputName = Literal["binary", "softmax", "mixture"]


class Output(ABC):
    """The distribution of a pixel's channels, drawn in one or more steps.

    Args:
        channels: of a pixel.
        levels: evenly spaced values of each channel.
        steps: how many times the net is asked for parameters at a pixel: for each channel, or once.
        parameters: numbers a pixel, of all steps; the steps' are consecutive and of equal number.
    """

    name: OutputName

    def __init__(self, channels: int, levels: int, *, steps: int, parameters: int) -> None:
        self.channels, self.levels, self.steps, self.parameters = channels, levels, steps, parameters

    def drawn_at(self, step: int) -> slice:
        """The channels that a step draws."""
        each = self.channels // self.steps
        return slice(step * each, (step + 1) * each)

    @abstractmethod
    def density(self, maps: Float[Tensor, "b _ h w"]) -> Density:
        """The distribution of whole images, given the parameters at every pixel."""

    @abstractmethod
    def draw(
        self, parameters: Float[Tensor, "b _"], noise: Float[Tensor, "b channels"], temperature: float
    ) -> Int[Tensor, "b channels"]:
        """Level numbers of a step's channels, one uniform number each."""

    @abstractmethod
    def probabilities(
        self, parameters: Float[Tensor, "b _"], before: Int[Tensor, "b _"]
    ) -> Float[Tensor, "b levels"]:
        """p of each level of a step's next channel, given the level numbers of the step's earlier ones."""


class Binary(Output):
    """One logit for each channel of binary pixels."""

    name = "binary"

    def __init__(self, channels: int, levels: int) -> None:
        if levels != 2:
            raise BadInput(
                f"output binary is for 2 levels, got {levels}: binarize, or choose softmax or mixture"
            )
        super().__init__(channels, 2, steps=channels, parameters=channels)

    def density(self, maps: Float[Tensor, "b _ h w"]) -> Density:
        """A Bernoulli for each channel."""
        return Bernoulli(maps)

    def draw(
        self, parameters: Float[Tensor, "b _"], noise: Float[Tensor, "b channels"], temperature: float
    ) -> Int[Tensor, "b channels"]:
        """1 where the noise is below the probability of 1; at temperature 0 the likelier of the two."""
        if temperature == 0:
            return (parameters > 0).long()
        return (noise < (parameters / temperature).sigmoid()).long()

    def probabilities(
        self, parameters: Float[Tensor, "b _"], before: Int[Tensor, "b _"]
    ) -> Float[Tensor, "b levels"]:
        """p of 0 and of 1."""
        return torch.cat([(-parameters).sigmoid(), parameters.sigmoid()], 1)


class Softmax(Output):
    """A logit for each level of each channel."""

    name = "softmax"

    def __init__(self, channels: int, levels: int) -> None:
        super().__init__(channels, levels, steps=channels, parameters=channels * levels)

    def density(self, maps: Float[Tensor, "b _ h w"]) -> Density:
        """A categorical distribution for each channel."""
        return Categorical(rearrange(maps, "b (c k) h w -> b k c h w", k=self.levels))

    def draw(
        self, parameters: Float[Tensor, "b _"], noise: Float[Tensor, "b channels"], temperature: float
    ) -> Int[Tensor, "b channels"]:
        """By the inverse of the cumulative distribution."""
        return draw_levels(parameters, noise[:, 0], temperature)[:, None]

    def probabilities(
        self, parameters: Float[Tensor, "b _"], before: Int[Tensor, "b _"]
    ) -> Float[Tensor, "b levels"]:
        """The softmax."""
        return parameters.softmax(1)


class Mixture(Output):
    """A mixture of discretised logistic distributions of all channels together (PixelCNN++)."""

    name = "mixture"

    def __init__(self, channels: int, levels: int, components: int) -> None:
        if components < 1:
            raise BadInput(f"components must be at least 1, got {components}")
        self.components = components
        super().__init__(channels, levels, steps=1, parameters=parameters_of_mixture(channels, components))

    def density(self, maps: Float[Tensor, "b _ h w"]) -> LogisticMixture:
        """The mixture of each pixel."""
        return LogisticMixture(maps, self.channels, self.levels)

    def draw(
        self, parameters: Float[Tensor, "b _"], noise: Float[Tensor, "b channels"], temperature: float
    ) -> Int[Tensor, "b channels"]:
        """One channel after the other."""
        drawn = self.density(parameters[:, :, None, None]).draw(noise[:, :, None, None], temperature)
        return drawn[:, :, 0, 0]

    def probabilities(
        self, parameters: Float[Tensor, "b _"], before: Int[Tensor, "b _"]
    ) -> Float[Tensor, "b levels"]:
        """Of the next channel."""
        density = self.density(parameters[:, :, None, None])
        return density.probabilities(before.shape[1], before[:, :, None, None])[:, :, 0, 0]


def output_named(name: str, channels: int, levels: int, components: int = 10) -> Output:
    """The output called `name`, one of `OutputName`.

    Args:
        channels: of a pixel.
        levels: evenly spaced values of each, 2 to 256.
        components: of the mixture.
    """
    if not 2 <= levels <= 256:
        raise BadInput(f"levels must be from 2 to 256, got {levels}")
    if name == "binary":
        return Binary(channels, levels)
    if name == "softmax":
        return Softmax(channels, levels)
    if name == "mixture":
        return Mixture(channels, levels, components)
    raise BadInput(f"no output {name!r}{nearest(name, get_args(OutputName))}")
