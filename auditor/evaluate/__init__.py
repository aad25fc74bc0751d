"""Checks over evidence: a small language, compiled to one scan per table of a locked database."""
