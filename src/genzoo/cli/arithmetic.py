"""`genzoo arithmetic`: A − B + C of three sets of a run's own samples."""

import re
from typing import TYPE_CHECKING, Annotated

import tyro

from genzoo.cli.options import Data, Device, Out, Overwrite, Run, Seed
from genzoo.errors import BadInput, nearest

if TYPE_CHECKING:
    from genzoo.apply.arithmetic import Numbers, Reader
    from genzoo.cli.opened import Opened
    from genzoo.data.dataset import Dataset
    from genzoo.types import Latents

HELD_OUT = 100  # samples of a class that the difference is tried on
_SET = (
    "samples:3,17,40, by their numbers in `genzoo sample --seed`, the first is 0; "
    "or label:CLASS, read by a classifier of DATA."
)
Concept = Annotated[str, tyro.conf.arg(help=f"Samples with the attribute: {_SET}")]
Without = Annotated[str, tyro.conf.arg(help="Samples that are alike but for the attribute, likewise.")]
Base = Annotated[
    str | None, tyro.conf.arg(help="Samples that get the attribute, likewise; those without if left out.")
]
Each = Annotated[int, tyro.conf.arg(help="Samples of each label: set.")]
Jitter = Annotated[float, tyro.conf.arg(help="Uniform noise on each coordinate of eight of the nine.")]


def command(
    run: Run,
    /,
    *,
    out: Out,
    add: Concept,
    without: Without,
    base: Base = None,
    each: Each = 30,
    jitter: Jitter = 0.25,
    data: Data = None,
    seed: Seed = 0,
    device: Device = "auto",
    overwrite: Overwrite = False,
) -> None:
    """Add what two sets of samples differ in to a third: mean z of --add, minus --without, plus --base.

    The picture has a row for each set, the image of its mean at the end, and the nine of the result. With
    two label: sets alone it says how many other samples of the one are read as the other once they are moved.
    """
    from genzoo.apply.arithmetic import arithmetic, sum_picture
    from genzoo.cli.opened import image_size, open_for
    from genzoo.cli.output import form_of, write_picture

    form_of(out, {"picture"}, overwrite=overwrite)
    if each < 1 or not 0 <= jitter < float("inf"):
        raise BadInput(f"--each must be at least 1 and --jitter not negative, got {each} and {jitter}")
    opened = open_for("arithmetic", run, device)
    size = image_size(opened)
    named = {"--add": add, "--without": without, "--base": base or without}
    sets = Sets(opened, data, each, seed)
    concepts = [sets.latents(flag, words) for flag, words in named.items()]
    result = arithmetic(opened.model, *concepts, jitter=jitter, seed=seed)
    counts = ", ".join(str(len(z)) for z in concepts)
    write_picture(sum_picture(result), out, size, f"concepts of {counts} samples, and nine of the result")
    sets.say_landing(named, concepts)


class Sets:
    """Sets of a run's samples, as they are named on the command line.

    Args:
        data: whose classifier reads samples.
        each: samples of a class.
    """

    def __init__(self, run: "Opened", data: str | None, each: int, seed: int) -> None:
        self.run, self.data, self.each, self.seed = run, data, each, seed
        self.read: Reader | None = None
        self.names: tuple[str, ...] = ()

    def latents(self, flag: str, named: str) -> "Latents":
        """The latents of a set; BadInput, which begins with the flag, if there is none of this name."""
        from genzoo.apply.arithmetic import latents_of

        return latents_of(self.run.model, self.numbers(flag, named, self.each), seed=self.seed)

    def numbers(self, flag: str, named: str, n: int) -> "Numbers":
        """The numbers of the samples of a set, of which there are `n` if it is a class."""
        import torch

        from genzoo.apply.arithmetic import samples_read_as
        from genzoo.cli.console import progress

        if re.fullmatch(r"samples:\d+(,\d+)*", named):
            return torch.tensor([int(word) for word in named.removeprefix("samples:").split(",")])
        if not named.startswith("label:"):
            raise BadInput(f"{flag} {named}: expected samples:N,N,N or label:CLASS")
        label, read = self.class_of(flag, named)
        with progress(f"samples of {named}", n) as tick:
            return samples_read_as(self.run.model, label, n, read, seed=self.seed, tick=tick)

    def class_of(self, flag: str, named: str) -> "tuple[int, Reader]":
        """The number of a class, and what reads samples."""
        if self.read is None:
            from genzoo.cli.opened import data_for

            dataset = data_for(self.run, self.data)
            self.names, self.read = reader(f"{flag} {named}", dataset, str(self.run.model.like.device))
        label = named.removeprefix("label:")
        if label in self.names:
            return self.names.index(label), self.read
        if label.isdecimal() and int(label) < len(self.names):
            return int(label), self.read
        raise BadInput(f"{flag} {named}: the data have no such class{nearest(label, self.names)}")

    def say_landing(self, named: dict[str, str], concepts: "list[Latents]") -> None:
        """Prints how many samples without it are read as the class of --add once they are moved."""
        from genzoo.apply.arithmetic import landing, latents_of
        from genzoo.cli.console import out

        add, base = named["--add"], named["--base"]
        if base != named["--without"] or not (add.startswith("label:") and base.startswith("label:")):
            return
        label, read = self.class_of("--add", add)
        others = self.numbers("--base", base, self.each + HELD_OUT)[self.each :]
        start = latents_of(self.run.model, others, seed=self.seed)
        before, after = landing(self.run.model, concepts[0], concepts[1], start, label, read, seed=self.seed)
        out().print(
            f"of {len(start)} other samples of {base}, {before:.0%} are read as {add} and {after:.0%} once "
            "the difference of the means is added",
            soft_wrap=True,
        )


def reader(said: str, dataset: "Dataset", device: str) -> "tuple[tuple[str, ...], Reader]":
    """The names of the classes of a data set, and the logits of its classifier."""
    from genzoo.cli.console import progress
    from genzoo.evaluation.features import classes_to_learn, extractor_for, training_budget

    if classes_to_learn(dataset) < 2:
        raise BadInput(f"{said}: {dataset.name} has no labels to read samples by; name samples by number")
    with progress("features", training_budget(dataset)) as tick:
        extractor = extractor_for(dataset, "classifier", device=device, tick=tick)
    assert dataset.labels is not None
    names = dataset.classes or tuple(map(str, range(int(dataset.labels.max()) + 1)))
    return tuple(names), lambda images: extractor.logits(extractor(images.clamp(0, 1)))
