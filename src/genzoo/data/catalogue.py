"""Which files of a source are images, which class and split each belongs to, and why others are not."""

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from genzoo.data import labels as labelling
from genzoo.data.dataset import Skipped
from genzoo.data.decode import read
from genzoo.data.listing import FORMATS, Files, Member, Unusable, archive_suffix, ignored, split_named
from genzoo.errors import BadInput

_TABLE_LIMIT = 2**28  # bytes of a CSV
_CSV = "not an image file (.csv)"


@dataclass(frozen=True)
class Catalogue:
    """The images of a source, sorted by name, before they are decoded.

    Args:
        members: their files.
        labels: the name of each one's class, if they have any.
        splits: the split of each, if the source says.
        skipped: the files that are not among them, and why.
        notes: what the user should know.
    """

    members: Sequence[Member]
    labels: Sequence[str] | None = None
    splits: Sequence[str] | None = None
    skipped: Sequence[Skipped] = ()
    notes: Sequence[str] = field(default=())


def reason_not_image(name: str) -> str | None:
    """Why a file is not opened as an image: judged by its name alone."""
    if reason := ignored(name):
        return reason
    if archive_suffix(name):
        return "an archive inside the source: unpack it, or give it as the data itself"
    suffix = PurePosixPath(name).suffix.lower()
    return f"not an image file ({suffix})" if suffix and suffix not in FORMATS else None


def catalogue(files: Files, table: Path | None = None) -> Catalogue:
    """Lists a source: class folders or a CSV are labels, folders named train/val/test are splits.

    Args:
        table: a CSV of labels outside the source.
    """
    skipped = {s.path: ignored(s.path) or s.reason for s in files.skipped()}
    images, tables = [], []
    for member in sorted(files.members(), key=lambda m: m.name):
        reason = reason_not_image(member.name)
        if reason == _CSV:
            tables.append(member)
        elif reason:
            skipped[member.name] = reason
        else:
            images.append(member)
    above = common_folder([m.name for m in images])
    used = None if table else _pick_table(files, tables, above)
    skipped |= {m.name: _CSV for m in tables if m is not used}
    splits = _splits(images, above)
    if splits:
        images, splits = _only(images, splits, "outside the folders named train, val and test", skipped)
    notes: Sequence[str]
    if table or used:
        some, notes = _from_table(files, images, table, used, above)
        split_of = dict(zip(images, splits or some, strict=True))
        images, labels = _only(images, some, f"no row in {(table or used or images[0]).name}", skipped)
        splits = [split_of[m] or "" for m in images] if splits else None
        return Catalogue(images, labels, splits, _listing(skipped), notes)
    folders, notes = _from_folders(images, above, bool(splits))
    return Catalogue(images, folders, splits, _listing(skipped), notes)


def _only(
    members: list[Member], words: Sequence[str | None], reason: str, skipped: dict[str, str]
) -> tuple[list[Member], list[str]]:
    """The members that have a word, and the words; the others are skipped."""
    skipped |= {m.name: reason for m, word in zip(members, words, strict=True) if not word}
    kept = [(m, word) for m, word in zip(members, words, strict=True) if word]
    return [m for m, _ in kept], [word for _, word in kept]


def _listing(skipped: dict[str, str]) -> list[Skipped]:
    return [Skipped(path, reason) for path, reason in sorted(skipped.items())]


def common_folder(names: Sequence[str]) -> str:
    """The folders that all files lie in, such as the one that an archive wraps everything in.

    >>> common_folder(["set/cats/1.png", "set/dogs/1.png"]), common_folder(["1.png"])
    ('set/', '')
    """
    folders = [name.split("/")[:-1] for name in names]
    if not folders:
        return ""
    low, high = min(folders), max(folders)
    pairs = zip(low, high, strict=False)
    return "".join(a + "/" for a, _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))


def _splits(members: Sequence[Member], above: str) -> list[str] | None:
    """The split of each file ("": none), if the top folders are train and at least one of val, test."""
    tops = [m.name[len(above) :].split("/") for m in members]
    said = [(split_named(parts[0]) or "") if len(parts) > 1 else "" for parts in tops]
    return said if "train" in said and len(set(said) - {""}) > 1 else None


def _from_folders(members: Sequence[Member], above: str, split: bool) -> tuple[list[str] | None, list[str]]:
    rest = [m.name[len(above) :] for m in members]
    inside = [name.partition("/")[2] for name in rest] if split else rest
    labels = labelling.of_folders(inside)
    if labels is None:
        counts = Counter("/" in name for name in inside)
        if counts[True] and counts[False]:
            return None, [f"no labels: {counts[False]} of {len(inside)} images lie in no class folder"]
    return labels, []


def _pick_table(files: Files, tables: Sequence[Member], above: str) -> Member | None:
    """labels.csv at the top, or the only CSV there with the columns file,label."""
    at_top = [m for m in tables if "/" not in m.name or m.name.rpartition("/")[0] + "/" == above]
    named = [m for m in at_top if PurePosixPath(m.name).name.lower() == "labels.csv"]
    if named:
        return named[0]
    if len(at_top) != 1 or not at_top[0].size:
        return None
    return at_top[0] if labelling.is_table(_bytes(files, at_top[0])) else None


def _bytes(files: Files, member: Member) -> bytes:
    try:
        return read(files, member, _TABLE_LIMIT)
    except Unusable as error:
        raise BadInput(f"{member.name}: {error}") from None


def _from_table(
    files: Files, images: Sequence[Member], table: Path | None, used: Member | None, above: str
) -> tuple[list[str | None], list[str]]:
    """The label of each image from a CSV; a path in it is relative to the CSV, or to the source."""
    name = str(table) if table else used.name if used else ""
    rows = labelling.read_table(table.read_bytes() if table else _bytes(files, used) if used else b"", name)
    base = PurePosixPath(used.name).parent.as_posix() + "/" if used and "/" in used.name else ""
    base = base or (above if not any(row.startswith(above) for row in rows) else "")
    labels, unmatched = labelling.of_table([m.name.removeprefix(base) for m in images], rows)
    if images and not any(labels):
        first = next(iter(rows), "")
        raise BadInput(f"{name}: names none of the {len(images)} images (its first row is {first!r})")
    note = f"{name}: {unmatched} of its {len(rows)} rows name no image of the source"
    return labels, [note] if unmatched else []
