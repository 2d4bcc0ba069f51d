"""What every test may use."""

import os
from pathlib import Path

import pytest

# Numerical libraries take every core otherwise, and small tensors only lose by it.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def data_root() -> Path:
    """The folder of real data sets; tests that need them are skipped where it is absent."""
    root = Path(os.environ.get("MARKSWEEP_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not root.is_dir():
        pytest.skip(f"needs real data sets, and {root} does not exist (set MARKSWEEP_DATA)")
    return root


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow ones first: at the end they would leave all processes but one waiting."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
