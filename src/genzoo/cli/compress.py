"""`genzoo compress`: images to one file, by the model's own probabilities, without loss or with."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from genzoo.cli.options import Data, Out, Overwrite, Run, Seed
from genzoo.errors import BadInput

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from genzoo.apply.codec import Compressed, Listing, Pictures
    from genzoo.cli.opened import Opened
    from genzoo.data import Dataset, View
    from genzoo.types import Images

Split = Annotated[str, tyro.conf.arg(help="Which items: all, train, val or test.")]
Seen = Annotated[
    bool,
    tyro.conf.arg(
        help="Store the images as the run sees them (resized, binarized, …), where that is not as they are."
    ),
]
Quality = Annotated[
    int | None,
    tyro.conf.arg(
        help="Which rate of a model with several, from 1, the smallest files; by default its best."
    ),
]
Batch = Annotated[
    int, tyro.conf.arg(help="At most so many side by side; the file says how many, and is decoded alike.")
]


@dataclass(frozen=True)
class _Pictures:
    """The items at some positions of a data set, seen in some way when they are asked for."""

    dataset: "Dataset"
    positions: "NDArray"
    view: "View"
    seed: int

    def __len__(self) -> int:
        return len(self.positions)

    def __getitem__(self, part: slice, /) -> "Images":
        from genzoo.data.batches import gather

        return gather(self.dataset, self.positions[part], self.view, self.seed)


def command(
    run: Run,
    /,
    *,
    out: Out,
    data: Data = None,
    split: Split = "all",
    seen: Seen = False,
    quality: Quality = None,
    seed: Seed = 0,
    batch: Batch = 256,
    overwrite: Overwrite = False,
) -> None:
    """Store images in one file with their names and labels; `genzoo decompress` gets them back.

    The run decides: a model with a probability of every pixel stores them bit for bit, a compressive
    autoencoder nearly so, in far fewer bits, and images of any size. The better the model knows such images,
    the smaller the file. Images that the model can not represent exactly are refused; --seen stores what the
    run sees of them.
    """
    from genzoo.apply import codec
    from genzoo.cli.console import progress, wrote
    from genzoo.cli.opened import open_for

    if out.is_dir() or (out.exists() and not overwrite):
        raise BadInput(f"--out {out}: is there already; give the name of a new file, or --overwrite")
    opened = open_for("compress", run, "cpu")
    codec.codec_of(opened.model)
    if opened.model.shape[0] not in (1, 3, 4):
        raise BadInput(f"{run}: images of {opened.model.shape[0]} channels can not be written as files")
    pictures, listing, skipped = _what(opened, data, split, seen, seed)
    with progress("compressing", len(pictures)) as tick:
        done = codec.compress(
            opened.model, pictures, out, listing=listing, lanes=batch, quality=quality, tick=tick
        )
    rest = f"names and header {done.file_bytes - done.payload_bytes:,} bytes"
    left = f"; {skipped} other files were left out" if skipped else ""
    said = _fidelity(done, opened.model.shape[0]) if done.psnr else _length(done)
    wrote(out, f"{done.count:,} images in {done.file_bytes:,} bytes: {said}, {rest}{left}")


def _fidelity(done: "Compressed", channels: int) -> str:
    """Bits a pixel, and how near the images will be."""
    mean = sum(done.psnr) / len(done.psnr)
    worst = "" if done.count == 1 else f" on average, {min(done.psnr):.2f} at least"
    return f"{channels * done.bits_per_dim:.4g} bits a pixel, PSNR {mean:.2f} dB{worst}"


def _length(done: "Compressed") -> str:
    """Bits a number, and how many of them only begin the file."""
    said = f"pixels {done.bits_per_dim:.4g} bits/dim"
    if not done.initial_bytes:
        return said
    return f"{said} ({done.net_bits_per_dim:.4g} without the {done.initial_bytes} bytes that begin the chain)"


def _what(
    opened: "Opened", data: str | None, split: str, seen: bool, seed: int
) -> tuple["Pictures", "Listing", int]:
    """The images, what they are called, and how many files are none."""
    from genzoo.apply import codec
    from genzoo.cli.opened import data_for
    from genzoo.data import View, load
    from genzoo.models.base import Rounds

    source, channels, any_size = data or opened.data, opened.model.shape[0], isinstance(opened.model, Rounds)
    if any_size and not seen and source is not None:
        if photos := codec.photographs(source, split, channels):
            listing = codec.Listing(photos.names, photos.labels, photos.classes)
            return photos, listing, len(photos.skipped)
        dataset = load(source, View(channels=channels))  # type: ignore[arg-type]
        positions, view = dataset.split(split), View()
    else:
        dataset = data_for(opened, data)
        positions = dataset.split(split)
        view = opened.view if seen else _exactly(opened, data, dataset, positions)
    listing = _listing(dataset, positions, f"{view.protocol()}, seed {seed}" if seen else "")
    return _Pictures(dataset, positions, view, seed), listing, len(dataset.skipped)


def _exactly(opened: "Opened", data: str | None, dataset: "Dataset", positions: "NDArray") -> "View":
    """The view that changes no pixel; BadInput if the run's data are not exactly what the files hold."""
    from genzoo.apply.codec.originals import check_levels, check_originals
    from genzoo.data import View

    source, levels = str(data or opened.data), opened.model.levels
    assert levels is not None
    c, h, w = opened.model.shape
    try:
        check_originals(source, [dataset.names[i] for i in positions] if dataset.names else [], (c, h, w))
        check_levels(source, dataset.items, positions, dataset.names, levels)
    except BadInput as error:
        raise BadInput(f"{error}; --seen stores the images as the run sees them") from error
    return View(levels=levels)


def _listing(dataset: "Dataset", positions: "NDArray", seen: str) -> "Listing":
    from genzoo.apply.codec import Listing

    names = tuple(dataset.names[i] for i in positions) if dataset.names else ()
    labels: Any = () if dataset.labels is None else dataset.labels[positions].tolist()
    return Listing(names, tuple(labels), tuple(dataset.classes) if len(labels) else (), seen)
