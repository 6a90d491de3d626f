"""Layers named by what they do."""
