"""`python -m genzoo` is `genzoo`."""

import sys

from genzoo.cli import main

if __name__ == "__main__":
    sys.exit(main())
