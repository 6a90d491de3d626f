"""Decoding a whole source: files are read and decoded by threads, rows are written as they come."""

import math
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.progress import Progress

from genzoo.data import cache
from genzoo.data.dataset import Skipped
from genzoo.data.decode import Decoded, Header, decode, quiet
from genzoo.data.listing import Files, Member
from genzoo.data.pixels import Frame, colour
from genzoo.data.rows import Rows
from genzoo.data.view import Half, View
from genzoo.errors import BadInput

T = TypeVar("T")
_CHUNK_BYTES = 2**22  # of decoded pixels that one task hands over


@dataclass
class Built:
    """What decoding yields beside the rows: the file of each one in order, the files that became none."""

    members: list[Member] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    digests: dict[str, str] = field(default_factory=dict)
    enlarged: int = 0
    rows: str = ""


class _Coloured(Exception):  # noqa: N818  (it is news, not an error)
    """An image with colour after only grey ones."""


def in_threads(work: Callable[[Sequence[Member]], T], members: Sequence[Member], size: int) -> Iterator[T]:
    """`work` on chunks of `size` members in threads; results in order, few chunks ahead of the reader."""
    threads = max(2, os.cpu_count() or 2)
    waiting: deque[Future[T]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for start in range(0, len(members), size):
                waiting.append(pool.submit(work, members[start : start + size]))
                if len(waiting) > 2 * threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def build(
    source: str,
    files: Files,
    members: Sequence[Member],
    view: View,
    pixel_limit: int,
    path: Path,
    half: Half | None = None,
) -> Built:
    """Decodes every image of a source into the .npy file at `path`.

    Args:
        half: the one to take, of files that hold two images side by side.
    """
    frame = Frame(view.size or (1, 1), view.channels or 3, view.fit, colour(view), half)
    with quiet():
        header = _first(files, members, frame, pixel_limit)
        own = 1 if header.grey else 3
        frame = replace(frame, size=view.size or header.size, channels=view.channels or own)
        job = _Job(source, files, members, view, pixel_limit, path)
        try:
            return job.run(frame)
        except _Coloured:
            return job.run(replace(frame, channels=3))


def _first(files: Files, members: Sequence[Member], frame: Frame, pixel_limit: int) -> Header:
    """The header of the first whole image: it stands for all until one differs."""
    for member in members:
        [outcome] = decode(files, [member], frame, True, pixel_limit)
        if outcome.pixels is not None and outcome.header:
            return outcome.header
    return Header((1, 1), True)


@dataclass(frozen=True)
class _Job:
    """What decoding all images takes but the frame, which a coloured image may change."""

    source: str
    files: Files
    members: Sequence[Member]
    view: View
    pixel_limit: int
    path: Path

    def run(self, frame: Frame) -> Built:
        """Decodes every image into the frame."""
        built, shape = Built(), (frame.channels, *frame.size)
        needed = math.prod(shape) * len(self.members)
        cache.require_space(self.path.parent, needed, f"{self.source}: {len(self.members)} images of {shape}")
        size = min(64, max(1, _CHUNK_BYTES // math.prod(shape)))

        def work(chunk: Sequence[Member]) -> list[Decoded]:
            return decode(self.files, chunk, frame, self.view.size is not None, self.pixel_limit)

        with Rows(self.path, shape) as rows, progress(self.source, len(self.members)) as advance:
            for outcomes in in_threads(work, self.members, size):
                for outcome in outcomes:
                    self._take(outcome, built, rows, frame)
                advance(len(outcomes))
        built.rows = rows.digest
        return built

    def _take(self, outcome: Decoded, built: Built, rows: Rows, frame: Frame) -> None:
        member, header = outcome.member, outcome.header
        built.digests[member.name] = outcome.digest
        if outcome.reason or header is None:
            built.skipped.append(Skipped(member.name, outcome.reason))
            return
        if outcome.pixels is None:
            self._refuse(member, header, built, frame)
            return
        if frame.channels == 1 and not self.view.channels and not header.grey:
            raise _Coloured
        for pixels in outcome.pixels:
            rows.append(pixels)
            built.members.append(member)
        built.enlarged += outcome.enlarged

    def _refuse(self, member: Member, header: Header, built: Built, frame: Frame) -> None:
        (h, w), (first_h, first_w) = header.size, frame.size
        first = built.members[0].name if built.members else "the first image"
        raise BadInput(
            f"{self.source}: images differ in size, {first} is {first_h}x{first_w}, {member.name} {h}x{w}: "
            f"give --size, such as --size {min(h, w, first_h, first_w)}"
        )


@contextmanager
def progress(source: str, total: int) -> Iterator[Callable[[int], None]]:
    """A progress bar on a terminal, nothing elsewhere; yields what to call with each count of files."""
    console = Console(emoji=False, stderr=True)
    if not console.is_terminal:
        yield lambda count: None
        return
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task(f"decoding {source}", total=total)
        yield lambda count: bar.advance(task, count)
