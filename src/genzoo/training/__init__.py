"""The one loop, and all that a run needs to start, stop and go on."""
