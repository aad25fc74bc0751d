"""Bytes in, seal out, and back: keys, signatures, Merkle trees and the pack's manifest."""
