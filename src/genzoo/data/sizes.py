"""Sizes in words: `64`, `64x48` (height x width), `12.3 MB`."""

import re

from genzoo.errors import BadInput


def parse_size(text: str) -> tuple[int, int]:
    """(height, width) from `N` or `HxW`.

    >>> parse_size("64"), parse_size("64x48")
    ((64, 64), (64, 48))
    """
    match = re.fullmatch(r"(\d+)(?:[x×](\d+))?", text.strip().lower())
    if not match or int(match[1]) < 1 or int(match[2] or 1) < 1:
        raise BadInput(f"--size {text!r}: expected N or HxW in pixels (height first), such as 64 or 48x64")
    return int(match[1]), int(match[2] or match[1])


def format_bytes(count: int) -> str:
    """A number of bytes for people.

    >>> format_bytes(999), format_bytes(12_300_000)
    ('999 bytes', '12.3 MB')
    """
    value, units = float(count), ["bytes", "kB", "MB", "GB", "TB"]
    while value >= 1000 and len(units) > 1:
        value /= 1000
        del units[0]
    return f"{count} bytes" if units[0] == "bytes" else f"{value:.1f} {units[0]}"
