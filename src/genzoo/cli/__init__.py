"""The command line: `genzoo VERB …`, one file per verb."""

from genzoo.cli.dispatch import main

__all__ = ["main"]
