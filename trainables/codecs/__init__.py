"""Landmarks ⇄ heatmaps: one idea a file, encoding and decoding side by side."""
