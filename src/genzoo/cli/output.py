"""Where a command writes: a picture, a folder of images, arrays; nothing is overwritten unasked."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from genzoo.apply import picture_scale
from genzoo.cli.console import wrote
from genzoo.errors import BadInput
from genzoo.files import atomic
from genzoo.images import grid, save_image
from genzoo.types import Given, Images, Items, Picture

Form = Literal["picture", "folder", "arrays", "json", "page"]
SUFFIXES: dict[str, Form] = {".png": "picture", ".npz": "arrays", ".json": "json", ".html": "page"}


def form_of(out: Path, forms: Collection[Form], *, overwrite: bool) -> Form:
    """What to write to `out`, told by its suffix; BadInput if that is impossible or something is there.

    Args:
        forms: those that the command can write.
    """
    form: Form = "folder" if out.is_dir() or not out.suffix else SUFFIXES.get(out.suffix.lower(), "folder")
    if form not in forms or (form == "folder" and out.suffix and not out.is_dir()):
        names = [suffix for suffix, written in SUFFIXES.items() if written in forms]
        expected = " or ".join(
            [f"a name ending in {' or '.join(names)}"] + ["a folder"] * ("folder" in forms)
        )
        raise BadInput(f"--out {out}: expected {expected}")
    if not overwrite and (out.is_file() or (out.is_dir() and any(out.iterdir()))):
        raise BadInput(f"--out {out}: is there already; give another name, or --overwrite")
    return form


def check_suffix(out: Path, suffixes: Sequence[str], *, overwrite: bool) -> None:
    """BadInput unless `out` is a file's name with one of these suffixes, and may be written."""
    if out.suffix.lower() not in suffixes or out.is_dir():
        raise BadInput(f"--out {out}: expected a name ending in {', '.join(suffixes[:-1])} or {suffixes[-1]}")
    if out.exists() and not overwrite:
        raise BadInput(f"--out {out}: is there already; give another name, or --overwrite")


def write_items(items: Items, given: Given | None, out: Path, form: Form) -> None:
    """Items that were drawn: a picture of all, a file for each, or arrays with the labels asked for."""
    if form == "folder":
        write_folder(items, out)
    elif form == "picture":
        write_picture(grid(items), out, (items.shape[2], items.shape[3]), f"{len(items)} samples")
    else:
        labels = {} if given is None or given.labels is None else {"labels": given.labels.cpu().numpy()}
        write_arrays(out, images=items.float().cpu().numpy(), **labels)


def write_folder(images: Images, folder: Path) -> None:
    """One PNG file for each image at its own size, numbered from 0 with leading zeros."""
    width = max(4, len(str(len(images) - 1)))
    for i in range(len(images)):
        save_image(images[i : i + 1], folder / f"{i:0{width}d}.png")
    wrote(folder, f"{len(images)} images")


def write_picture(picture: Picture, path: Path, image: tuple[int, int], what: str) -> None:
    """One picture of several images of size `image`, enlarged where they are small."""
    save_image(picture, path, scale=picture_scale(*image))
    wrote(path, what)


def write_arrays(path: Path, **arrays: NDArray) -> None:
    """An .npz file of named arrays, written atomically."""
    with atomic(path) as temporary:
        saved: Any = arrays  # the stub takes a name for the flag allow_pickle
        np.savez(temporary, **saved)
    wrote(path, _described(arrays))


def _described(arrays: Mapping[str, NDArray]) -> str:
    return ", ".join(
        f"{name} {array.dtype} {'x'.join(map(str, array.shape))}" for name, array in arrays.items()
    )
