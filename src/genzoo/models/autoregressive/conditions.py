"""What a causal net may be conditioned on: a label, a vector or a picture, one of them."""

from collections.abc import Sequence

from torch import Tensor, nn

from genzoo.errors import BadInput
from genzoo.nn.conditions import ConditionMaps, PictureMap, one_hot
from genzoo.types import Given


class Conditions(nn.Module):
    """Makes maps of what is given; every layer of the net takes them (`genzoo.nn.conditions.Conditioned`).

    Args:
        size: (h, w) of the image.
        classes: of `given.labels`; 0: no labels.
        vector: numbers of `given.vector`; 0: no vector.
        picture: (c, h, w) of `given.images`; (): no picture.
        width: maps that are made of a picture.
    """

    requires: frozenset[str]

    def __init__(
        self,
        size: tuple[int, int],
        *,
        classes: int = 0,
        vector: int = 0,
        picture: Sequence[int] = (),
        width: int = 32,
    ) -> None:
        super().__init__()
        if classes < 0 or vector < 0:
            raise BadInput(f"classes and vector must be at least 0, got {classes} and {vector}")
        wanted = {"labels": bool(classes), "vector": bool(vector), "images": bool(picture)}
        self.requires = frozenset(name for name, is_wanted in wanted.items() if is_wanted)
        if len(self.requires) > 1:
            raise BadInput("a net takes one condition: give one of classes, vector and picture")
        self.classes = classes
        self.shape = (vector,) if vector else tuple(picture)  # of one given vector or picture
        self.picture = PictureMap(picture, size, width) if picture else None
        self.maps = width if picture else classes or vector

    def forward(self, given: Given | None, like: Tensor) -> ConditionMaps | None:
        """Maps of shape (b, k, 1, 1), of a picture (b, k, h, w); None where nothing is given.

        Args:
            given: has what `requires` names.
            like: a tensor of the device and type of the result.
        """
        if given is None or not self.requires:
            return None
        if given.labels is not None:
            return one_hot(given.labels, self.classes, like)[:, :, None, None]
        condition = given.vector if given.vector is not None else given.images
        assert condition is not None
        if tuple(condition.shape[1:]) != self.shape:
            (name,) = self.requires
            expected = ", ".join(map(str, self.shape))
            raise BadInput(f"expected given.{name} of shape (b, {expected}), got {tuple(condition.shape)}")
        condition = condition.to(like)
        return condition[:, :, None, None] if self.picture is None else self.picture(condition * 2 - 1)
