"""Explicit, approximate: a bound of log p(x)."""
