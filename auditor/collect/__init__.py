"""Readers of sources: the only package that opens sockets or runs commands, read-only."""
