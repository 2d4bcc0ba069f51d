"""Files that are written whole or not at all."""

from pathlib import Path


def write(path: Path, content: bytes) -> Path:
    """Beside, then renamed: a reader sees the old file or the new one. The folder is made where there is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(content)
    partial.replace(path)
    return path
