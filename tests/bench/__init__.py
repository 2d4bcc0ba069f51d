"""Benchmarks: `make bench`. Each prints a ratio of two things measured side by side in one run."""
