"""Two kinds of images in one data set: A, where one starts from, and B, what is to be drawn."""

from dataclasses import replace

from genzoo.data.dataset import Dataset
from genzoo.errors import BadInput


def two_domains(dataset: Dataset) -> tuple[Dataset, Dataset]:
    """The images of kind A and those of kind B, each a data set; of pairs what is given is A.

    Raises:
        BadInput: for a data set of one kind.
    """
    alone = replace(dataset, given=None, other=None)
    if dataset.other is not None:
        return dataset.other, alone
    if dataset.given is not None:
        return replace(alone, items=dataset.given), alone
    raise BadInput(
        f"{dataset.name}: is one set of images, and two are translated between: give A::B, or pairs:A::B"
    )
