"""Scores against gold codes, losses by stage, benchmarks."""
