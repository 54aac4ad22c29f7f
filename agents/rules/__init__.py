"""The rules judge: deterministic, offline, no model."""
