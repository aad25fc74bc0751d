"""Audit a hospital's hybrid estate against SecNumCloud 3.2 and HDS 2.0, with proof."""

__version__ = "0.1.0"
