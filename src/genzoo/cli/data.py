"""`genzoo data`: what a data set is: counts, sizes, classes, what was skipped and why, a contact sheet."""

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro
from rich.markup import escape

from genzoo.cli.options import Overwrite
from genzoo.errors import BadInput
from genzoo.files import atomic

if TYPE_CHECKING:
    from rich.table import Table

    from genzoo.data import Dataset

_SHOWN = 12  # classes, and skipped files of one reason, unless all are asked for


Source = Annotated[
    str,
    tyro.conf.arg(
        help="A folder, archive, image, idx, .npy or .npz file, a name, or hf:NAME; or two of them: "
        "pairs:A::B, halves:SOURCE, A::B."
    ),
]
Size = Annotated[str | None, tyro.conf.arg(help="N or HxW: resize, then crop or pad.")]
Channels = Annotated[
    Literal[1, 3, 4] | None, tyro.conf.arg(help="1 grey, 3 RGB, 4 RGBA; without it the source's own.")
]
Fit = Annotated[Literal["crop", "pad"], tyro.conf.arg(help="Cut off what is too long, or fill the rest.")]
Background = Annotated[str, tyro.conf.arg(help="Colour under transparency and of padding.")]
Labels = Annotated[Path | None, tyro.conf.arg(help="A CSV with the columns file,label.")]
Strict = Annotated[bool, tyro.conf.arg(help="Refuse if any file can not be used.")]
Verify = Annotated[bool, tyro.conf.arg(help="Hash all files again; rebuild the cache if they changed.")]
PixelLimit = Annotated[int, tyro.conf.arg(help="Images of more pixels are skipped.")]
ListSkipped = Annotated[bool, tyro.conf.arg(help="List every skipped file.")]
SheetOut = Annotated[
    Path | None, tyro.conf.arg(help="Where the contact sheet goes; NAME-sheet.png without it.")
]
ClearCache = Annotated[bool, tyro.conf.arg(help="Remove all decoded images from the cache, and end.")]


def command(
    source: Source = "mnist5k",
    /,
    *,
    size: Size = None,
    channels: Channels = None,
    fit: Fit = "crop",
    background: Background = "white",
    labels: Labels = None,
    strict: Strict = False,
    verify: Verify = False,
    pixel_limit: PixelLimit = 2**26,
    list_skipped: ListSkipped = False,
    out: SheetOut = None,
    overwrite: Overwrite = False,
    clear_cache: ClearCache = False,
) -> None:
    """Look at a data set.

    Counts by split and class, sizes, every file that was not used and why, and a contact sheet (a PNG).
    """
    from genzoo.cli.console import out as console
    from genzoo.data import View, cache, load, parse_size
    from genzoo.data.sizes import format_bytes

    if out is not None and out.suffix.lower() != ".png":
        raise BadInput(f"--out {out}: expected a name ending in .png")
    if clear_cache:
        freed = cache.clear_cache()
        console().print(f"cleared {cache.root()}: {format_bytes(freed)} freed", soft_wrap=True)
        return
    view = View(parse_size(size) if size else None, channels, fit, background)
    data = load(source, view, strict=strict, verify=verify, pixel_limit=pixel_limit, labels=labels)
    for one in (data,) if data.other is None else (data.other, data):
        console().print(facts(one))
        if one.skipped:
            console().print(skipped(one, all_of_them=list_skipped))
    if data.kind == "images":
        _write_sheet(data, out, overwrite)


def _write_sheet(data: "Dataset", out: Path | None, overwrite: bool) -> None:
    from genzoo.apply import picture_scale
    from genzoo.cli.console import out as console
    from genzoo.cli.console import wrote
    from genzoo.data import sheet
    from genzoo.images import save_image

    path = out or Path(f"{data.name.replace('/', '-').replace(':', '-')}-sheet.png")
    with tempfile.TemporaryDirectory() as folder:
        drawn = save_image(sheet(data), Path(folder) / "sheet.png", scale=picture_scale(*data.shape[1:]))
        if path.is_file() and path.read_bytes() == drawn.read_bytes():
            console().print(f"{escape(str(path))} is there already, and the same", soft_wrap=True)
            return
        if path.exists() and not overwrite:
            raise BadInput(f"--out {path}: is there already; give another name with --out, or --overwrite")
        with atomic(path) as temporary:
            shutil.copyfile(drawn, temporary)
    wrote(path, "contact sheet")


def facts(data: "Dataset") -> "Table":
    """What a data set is, one line each."""
    from rich.table import Table

    items = f"{len(data):,}"
    if data.given is not None:
        items += " pairs"
    if data.other is not None:
        items += f" of B, and {len(data.other):,} of A"
    rows = {
        "data": data.name,
        "kind": data.kind,
        "given": "" if data.given is None else size(data.kind, data.given.shape[1:]),
        "size" if data.given is None else "drawn": size(data.kind, data.shape),
        "items": items,
        "splits": ", ".join(f"{name} {len(positions):,}" for name, positions in data.splits.items()),
        "classes": classes(data),
        "target": f"{data.target.shape[2]}x{data.target.shape[3]}" if data.target is not None else "",
        "skipped": f"{len(data.skipped):,} files" if data.names or data.skipped else "",
        "fingerprint": data.fingerprint,
    }
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for name, text in rows.items():
        if text:
            table.add_row(f"[bold]{name}[/bold]", escape(text))
    for note in data.notes:
        table.add_row("[bold]note[/bold]", escape(note))
    return table


def size(kind: str, shape: tuple[int, ...]) -> str:
    """How large an item is, in words."""
    return f"{shape[1]}x{shape[2]}, channels: {shape[0]}" if kind == "images" else f"shape {shape}"


def classes(data: "Dataset") -> str:
    """How many classes, and how many items each has."""
    import numpy as np

    if data.labels is None:
        return "none (no class folders and no CSV of labels)" if data.names else "none"
    counts = np.bincount(data.labels, minlength=len(data.classes))
    shown = [f"{name} {n:,}" for name, n in zip(data.classes, counts, strict=True)][:_SHOWN]
    more = len(data.classes) - len(shown)
    return f"{len(data.classes)}: {', '.join(shown)}" + (f" and {more} more" if more else "")


def skipped(data: "Dataset", *, all_of_them: bool) -> "Table":
    """The files that were not used, by reason."""
    from rich.table import Table

    by_reason: dict[str, list[str]] = {}
    for file in data.skipped:
        by_reason.setdefault(file.reason, []).append(file.path)
    table = Table("files", "skipped because", "which", box=None, padding=(0, 2, 0, 0))
    for reason, paths in sorted(by_reason.items(), key=lambda item: -len(item[1])):
        shown = paths if all_of_them else paths[:_SHOWN]
        more = len(paths) - len(shown)
        which = "\n".join(escape(path) for path in shown)
        table.add_row(
            f"{len(paths):,}", escape(reason), which + (f"\n… {more:,} more (--list-skipped)" if more else "")
        )
    return table
