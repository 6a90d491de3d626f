"""Where named files lie: where one is, else in the folder that $GENZOO_DATA names."""

import os
from pathlib import Path


def located(name: str) -> Path:
    """The path of a file or folder: as it is named if it is there, else below $GENZOO_DATA if it is there.

    A path that is in neither is given back as it is named, for messages.
    """
    path = Path(name).expanduser()
    shared = os.environ.get("GENZOO_DATA")
    if shared and not path.is_absolute() and not path.exists() and not path.is_symlink():
        other = Path(shared).expanduser() / path
        return other if other.exists() else path
    return path
