"""What is audited: the organisation, what it uses, and what is to be read."""

from auditor.scope.context import ContextRule
from auditor.scope.document import DECLARED, UNSEEN, Source
from auditor.scope.read import Scope, default, load, parse
from auditor.scope.schema import json_schema

__all__ = ["DECLARED", "UNSEEN", "ContextRule", "Scope", "Source", "default", "json_schema", "load", "parse"]
