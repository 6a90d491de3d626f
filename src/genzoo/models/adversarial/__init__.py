"""Implicit: x = G(z), judged by a critic."""
