"""The contract of a model: an nn.Module that remembers how it was built and says what it can do."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from genzoo.configurable import Configurable
from genzoo.densities import Density, Reparameterised
from genzoo.nn.minibatch import MinibatchDeviation, MinibatchDiscrimination
from genzoo.nn.surroundings import ExactSurroundings
from genzoo.nn.tape import Tape
from genzoo.types import Given, Images, Items, Known, Latents, Nats


class Model(Configurable, nn.Module):
    """A network whose constructor arguments are its configuration.

    The first argument is `shape`, the shape of one item: (c, h, w) for images, (d) for vectors,
    (t, d) for series; so a fresh model can sample. A model rescales inside: outside, images are
    floats in [0, 1], shape (b, c, h, w). A model never switches between train and eval itself.
    """

    shape: tuple[int, ...]
    requires: frozenset[str] = frozenset()  # the fields of Given that its density takes
    takes: frozenset[str] = frozenset()  # those that samples may be given, and need not
    levels: int | None = None  # of the pixels it has a probability for; None: any real value
    any_size: bool = False  # whether it completes images of other sizes than its own
    one_completion: bool = False  # of a hole: it draws nothing
    kinds: int = 1  # of items that it learns from: 2 if from two sets, A and B

    def __init__(self, shape: Sequence[int]) -> None:
        super().__init__()
        self.shape = tuple(shape)
        if not shape or any(n < 1 for n in self.shape):
            raise ValueError(f"shape must be positive sizes such as (1, 28, 28), got {self.shape}")

    def check(self, items: Tensor, given: Given | None = None) -> None:
        """Raises ValueError unless `items` are of this model's shape and `given` is what it requires."""
        self.check_shape(items)
        self.check_given(given)

    def check_shape(self, items: Tensor) -> None:
        """Raises ValueError unless `items` are of this model's shape."""
        if tuple(items.shape[1:]) != self.shape:
            expected = ", ".join(map(str, self.shape))
            raise ValueError(f"expected items of shape (b, {expected}), got {tuple(items.shape)}")

    def check_given(self, given: Given | None) -> None:
        """Raises ValueError naming the missing or superfluous field of `given`."""
        names = given.names() if given else frozenset()
        for name in sorted(self.requires - names):
            raise ValueError(f"{type(self).__name__} is conditional: given.{name} is missing")
        for name in sorted(names - self.requires):
            raise ValueError(f"{type(self).__name__} takes no given.{name}")

    @property
    def like(self) -> Tensor:
        """A tensor of the device and type that new noise should have."""
        return next(iter(self.parameters()))

    def placed(self, tensor: Tensor) -> Tensor:
        """`tensor` on this model's device; of its type too if it holds real numbers."""
        like = self.like
        return tensor.to(like.device, like.dtype if tensor.is_floating_point() else tensor.dtype)


# What a model can do. A method belongs here only if it needs the model's internals; anything
# expressible through these (reconstruct, interpolate, ...) is a function in apply/ or evaluation/.


@runtime_checkable
class Samples(Protocol):
    """Draws new items."""

    def sample(self, n: int, given: Given | None = None, *, temperature: float = 1.0) -> Items:
        """`n` new items, shape (n, *shape)."""
        ...


@runtime_checkable
class Scores(Protocol):
    """Has an exact density."""

    def log_prob(self, images: Items, given: Given | None = None) -> Nats:
        """Exact log p(x) of each item, nats, shape (b)."""
        ...


@runtime_checkable
class Bounds(Protocol):
    """Has a lower bound of its density."""

    def elbo(self, images: Items, given: Given | None = None) -> Nats:
        """A stochastic lower bound of log p(x) of each item, nats, shape (b)."""
        ...


@runtime_checkable
class Encodes(Protocol):
    """Maps items to codes."""

    def encode(self, images: Items, given: Given | None = None) -> Latents:
        """The code of each item, shape (b, *latent); a posterior's mean where it is random."""
        ...


@runtime_checkable
class Decodes(Protocol):
    """Maps codes to items."""

    def decode(self, latents: Latents, given: Given | None = None) -> Items:
        """The item of each code, shape (b, *shape); a likelihood's mean where it is random."""
        ...


@runtime_checkable
class Completes(Protocol):
    """Fills in unknown pixels."""

    def complete(
        self, images: Images, known: Known, given: Given | None = None, *, temperature: float = 1.0
    ) -> Images:
        """The images with every pixel where `known` is False drawn anew; the others untouched bit for bit."""
        ...


@runtime_checkable
class Replays(Protocol):
    """Gives each pixel a probability, given those before it, in steps that can be taken one by one."""

    @property
    def orderings(self) -> int:
        """Orders of the pixels that images are drawn in; of several, `tape` is the first one's."""
        ...

    def tape(self, given: Given | None = None) -> Tape:
        """What one more pixel costs, under these conditions."""
        ...


@runtime_checkable
class Latent(Protocol):
    """Explains items by latent variables: elbo, importance weights and annealing are functions of these."""

    def posterior(self, images: Items, given: Given | None = None) -> Density | Reparameterised:
        """q(z | x)."""
        ...

    def prior(self, given: Given | None = None) -> Density:
        """p(z), for a batch of one; `prior().expand(n)` for n."""
        ...

    def likelihood(self, latents: Latents, given: Given | None = None) -> Density:
        """p(x | z)."""
        ...


@runtime_checkable
class Rounds(Protocol):
    """Has codes of whole numbers, for images of any size, and a probability of each number: a lossy codec."""

    qualities: int  # rates that it codes at
    stride: int  # pixels of a side of the block that a code stands for
    reach: int  # blocks on each side of a block on which its code, and its pixels, depend

    def analysed(self, images: Images, quality: Int[Tensor, " b"]) -> Float[Tensor, "b m _ _"]:
        """Codes before rounding of each image at its quality."""
        ...

    def synthesised(
        self, codes: Float[Tensor, "b m _ _"], quality: Int[Tensor, " b"]
    ) -> Float[Tensor, "b c _ _"]:
        """The whole blocks of each code at its quality, in [0, 1]."""
        ...

    def exact_surroundings(self, quality: int) -> ExactSurroundings:
        """What tells where a code is expected, and in which unit, from codes before it."""
        ...

    def masses(
        self, quality: int, channel: int, unit: float, low: int, high: int
    ) -> Float[Tensor, " levels"]:
        """The probability of each whole number from `low` to `high` about where a code is expected."""
        ...


@runtime_checkable
class Features(Protocol):
    """Has a net that sees items and whose hidden layers can be used for other tasks, such as a critic."""

    def features(self, images: Items, given: Given | None = None) -> Sequence[Tensor]:
        """The activations of each hidden layer, from the item inwards, shapes (b, ...)."""
        ...


@runtime_checkable
class Classifies(Protocol):
    """Tells classes apart."""

    def class_logits(self, images: Items) -> Float[Tensor, "b k"]:
        """The unnormalised log-probability of each of k classes, shape (b, k)."""
        ...


@runtime_checkable
class Translates(Protocol):
    """Turns images of one kind into images of another, and back."""

    domains: Mapping[str, tuple[int, ...]]  # shape (c, h, w) of an image of each kind, by its name

    def translate(self, images: Images, to: str = "B") -> Float[Tensor, "b _ h w"]:
        """The images, of the other kind, as ones of kind `to`, shape (b, c, h, w)."""
        ...


@runtime_checkable
class Pictured(Protocol):
    """May be conditional on a picture."""

    shape: tuple[int, ...]
    requires: frozenset[str]
    condition_shape: tuple[int, ...]  # of the picture, (c, h, w), where it requires one


CAPABILITIES: dict[str, type] = {
    "sample": Samples,
    "log_prob": Scores,
    "elbo": Bounds,
    "encode": Encodes,
    "decode": Decodes,
    "complete": Completes,
    "replay": Replays,
    "latent": Latent,
    "round": Rounds,
    "features": Features,
    "classify": Classifies,
    "translate": Translates,
}


def capabilities(model: nn.Module) -> tuple[str, ...]:
    """Names of what this instance can do, e.g. ('sample', 'log_prob', 'complete')."""
    able = tuple(name for name, protocol in CAPABILITIES.items() if isinstance(model, protocol))
    return able + restored_by(model) if isinstance(model, Pictured) and isinstance(model, Samples) else able


def restored_by(model: "Pictured") -> tuple[str, ...]:
    """Whether the picture that a model is given is a grey version of what it draws, a small one, a film's
    first frame, or any other of its size.
    """
    if model.requires != {"images"}:
        return ()
    (channels, *size), (given, *small) = model.shape, model.condition_shape
    if small == size:
        return ("colourise", "translate") if (channels, given) == (3, 1) else ("translate",)
    if channels == given and small != size and small[0] == small[1] == size[1] and size[0] % small[0] == 0:
        return ("forecast",)
    smaller = small != size and all(n % m == 0 for n, m in zip(size, small, strict=True))
    return ("superres",) if given == channels and smaller else ()


def parameter_count(model: nn.Module) -> int:
    """How many numbers are learned."""
    return sum(p.numel() for p in model.parameters())


def uses_batch_statistics(model: nn.Module) -> bool:
    """Whether an item's output in training depends on its batch-mates: batch norm, minibatch layers."""
    kinds = (torch.nn.modules.batchnorm._BatchNorm, MinibatchDiscrimination, MinibatchDeviation)
    return any(isinstance(m, kinds) for m in model.modules())


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Evaluation mode and no gradients inside; puts each module's mode back after. For F4 and up."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for module, training in modes:
            module.training = training
