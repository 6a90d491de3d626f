"""`genzoo decompress`: the images of a compressed file back as PNG files."""

import csv
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from genzoo.cli.options import Out, Overwrite, Run
from genzoo.errors import BadInput

if TYPE_CHECKING:
    from genzoo.apply.codec import Listing

File = Annotated[Path, tyro.conf.arg(help="A file that `genzoo compress` wrote.")]


def command(run: Run, file: File, /, *, out: Out, overwrite: Overwrite = False) -> None:
    """Get the images of a compressed file back as PNG files under their own names.

    RUN is the run that compressed them. Labels come back as the folders that they were, or as labels.csv.
    Nothing is in --out DIR before all of the file has been checked.
    """
    import torch

    from genzoo.apply import codec
    from genzoo.cli.console import progress, wrote
    from genzoo.cli.opened import open_for
    from genzoo.images import from_levels, to_pil

    if out.is_file() or (out.is_dir() and any(out.iterdir()) and not overwrite):
        raise BadInput(f"--out {out}: is there already; give another folder, or --overwrite")
    opened = open_for("decompress", run, "cpu")
    container = codec.read(file)
    header, listing = container.header, container.listing
    names = listing.file_names(header.count)
    with whole_folder(out) as folder:
        with progress("decompressing", header.count) as tick:
            done = 0
            for numbers in codec.restored(opened.model, container, tick=tick):
                images = from_levels(torch.from_numpy(numbers).long(), header.levels)
                for image, name in zip(images.split(1), names[done:], strict=False):
                    path = folder / name
                    path.parent.mkdir(parents=True, exist_ok=True)
                    to_pil(image).save(path)
                done += len(images)
        write_labels(folder, names, listing)
    seen = f", as the run saw them: {listing.seen}" if listing.seen else ""
    wrote(out, f"{header.count:,} images{seen}")


@contextmanager
def whole_folder(out: Path) -> Iterator[Path]:
    """A temporary folder beside `out` whose files move there at the end, or vanish if something is raised."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as temporary:
        folder = Path(temporary) / "images"
        folder.mkdir()
        yield folder
        if out.is_dir() and not any(out.iterdir()):
            out.rmdir()
        if not out.exists():
            folder.replace(out)
            return
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            target = out / path.relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(path, target)


def write_labels(folder: Path, names: Sequence[str], listing: "Listing") -> None:
    """Writes labels.csv, unless there are no labels, or the files' folders are the labels."""
    from genzoo.data.labels import of_folders

    labels = listing.class_names()
    if not labels or of_folders(names) == labels:
        return
    with (folder / "labels.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("file", "label"), *zip(names, labels, strict=True)])
