"""Benchmarks side by side with a peer, given as ratios."""
