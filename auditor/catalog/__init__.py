"""Content files: controls, frameworks and reference data, strictly read."""
