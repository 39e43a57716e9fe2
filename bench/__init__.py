"""Measure real DataLoaders on this machine."""
