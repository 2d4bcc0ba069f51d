"""Drawn faces with exact landmarks: from parameters to pixels. Start at `render.py`."""
