"""The one exception whose message is for the user: bad input, said in one sentence with its remedy."""

import difflib
from collections.abc import Iterable


class BadInput(ValueError):  # noqa: N818  (it is the input that is bad)
    """Input that cannot be used. The message names the file or flag, the value, and what was expected.

    The command line prints it as one line and exits with code 2; from Python it is a ValueError.
    """


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint for a misspelt name.

    >>> nearest("pixelcn", ["vae", "pixelcnn"])
    "; did you mean 'pixelcnn'?"
    >>> nearest("zebra", ["vae", "gan"])
    '; known: gan, vae'
    """
    names = sorted(known)
    close = difflib.get_close_matches(word.lower(), names, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; known: {', '.join(names)}"
