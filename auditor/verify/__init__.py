"""Check a pack offline, failing closed: its seal, what it embeds, and the same results again."""

from auditor.verify.pack import verify
from auditor.verify.report import Check, State, VerifyReport

__all__ = ["Check", "State", "VerifyReport", "verify"]
