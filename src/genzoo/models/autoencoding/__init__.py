"""No density: codes from which images can be rebuilt."""
