"""Variables of MATLAB files, old (version 5 to 7) and new (7.3, which is HDF5) alike. Reading one runs no code."""

import math
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from trainables.dataset import DataError

_MOST_COMPRESSED = 1032  # deflate makes data smaller by no more; a damaged size must not fill the memory
SECONDS = 60.0  # for looking at a file's structure, which takes milliseconds
# HDF5 loops for ever, or ends the process, on some damaged files: another process looks first. Its errors are found
# here again, where they are told.
_LOOK = """
import sys, h5py
with h5py.File(sys.argv[1], "r", locking=False) as file:
    for name in sys.argv[2:]:
        try:
            found = file[name] if file.get(name, getlink=True) is not None else None
            is_cells = h5py.check_ref_dtype(found.dtype) is h5py.Reference
            for each in [found, *(file[cell] for cell in (found[()].ravel() if is_cells else ()) if cell)]:
                each.shape, each.dtype, dict(each.attrs), each.id.get_storage_size()
        except Exception:
            pass
"""


class Variables(ABC):
    """What a file holds, as MATLAB shows it: rows first, cells in MATLAB's order but counted from 0.

    Every method raises `DataError` where the variable is absent, of another type, or cannot be read.
    """

    @abstractmethod
    def numbers(self, name: str) -> NDArray[np.float64]:
        """A matrix of numbers [rows, columns]."""

    @abstractmethod
    def texts(self, name: str) -> list[str]:
        """The texts of a cell array."""

    @abstractmethod
    def num_cells(self, name: str) -> int:
        """How many cells a cell array has."""

    @abstractmethod
    def cell(self, name: str, index: int) -> NDArray:
        """The array in one cell, axes in MATLAB's order: a picture is [height, width] or [height, width, 3]."""


@contextmanager
def open_matlab(path: Path, names: tuple[str, ...]) -> Iterator[Variables]:
    """The variables of a file, of which these `names` will be asked for. Raises `DataError` with the file, the reason
    and the remedy."""
    if not path.is_file():
        raise DataError(f"{path}: No such file. Put it there.")
    if not h5py.is_hdf5(path):
        yield _Version5(path)
        return
    written = path.stat()
    if not _can_be_looked_at(path, names, written.st_mtime_ns, written.st_size):
        raise DataError(f"{path}: its structure leads nowhere. It is damaged or was not copied whole: fetch it again.")
    with _telling(path):
        # Nobody writes to it, and not every shared file system can lock.
        file = h5py.File(path, "r", locking=False)
    with file:
        yield _Version73(path, file)


@lru_cache(maxsize=64)
def _can_be_looked_at(path: Path, names: tuple[str, ...], written_ns: int, size: int) -> bool:
    """Whether a process comes to an end that looks at these variables; once for each content."""
    command = [sys.executable, "-I", "-c", _LOOK, str(path), *names]
    try:
        return subprocess.run(command, timeout=SECONDS, capture_output=True, check=False).returncode >= 0
    except subprocess.TimeoutExpired:
        return False


def read_columns(variables: Variables, path: Path, name: str, columns: int) -> NDArray[np.float64]:
    """A matrix with one row for each face. Raises `DataError` where it has another number of columns."""
    matrix = variables.numbers(name)
    if matrix.shape[1] != columns:
        raise DataError(
            f"{path}, {name}: {matrix.shape[0]}×{matrix.shape[1]} numbers, expected {columns} for each face. "
            "Take the file as published."
        )
    return matrix


class _Version5(Variables):
    def __init__(self, path: Path) -> None:
        self._path = path

    def numbers(self, name: str) -> NDArray[np.float64]:
        return _matrix(self._path, name, self._variable(name))

    def texts(self, name: str) -> list[str]:
        cells = self._cells(name)
        if any(getattr(cell, "dtype", np.dtype("O")).kind != "U" or cell.size > 1 for cell in cells):
            raise DataError(f"{self._path}, {name}: not a cell array of texts. Take the file as published.")
        return ["".join(cell.ravel()) for cell in cells]

    def num_cells(self, name: str) -> int:
        return len(self._cells(name))

    def cell(self, name: str, index: int) -> NDArray:
        return np.asarray(self._cells(name)[index])

    def _cells(self, name: str) -> NDArray[np.object_]:
        found = self._variable(name)
        if found.dtype.kind != "O":
            raise _no_cell_array(self._path, name)
        return found.ravel(order="F")

    def _variable(self, name: str) -> NDArray:
        from scipy import io  # 0.2 s that most trials can do without

        with _telling(self._path):
            found = io.loadmat(self._path, variable_names=[name])
            if name in found:
                return np.asarray(found[name])
            raise _no_variable(self._path, name, [each[0] for each in io.whosmat(self._path)])


class _Version73(Variables):
    def __init__(self, path: Path, file: h5py.File) -> None:
        self._path, self._file = path, file

    def numbers(self, name: str) -> NDArray[np.float64]:
        with _telling(self._path):
            found = self._variable(name)
            return _matrix(self._path, name, np.zeros((0, 0)) if _is_empty(found) else found[()].T)

    def texts(self, name: str) -> list[str]:
        with _telling(self._path):
            return [self._text(name, reference) for reference in self._references(name)[()].ravel()]

    def num_cells(self, name: str) -> int:
        with _telling(self._path):
            return math.prod(self._references(name).shape)

    def cell(self, name: str, index: int) -> NDArray:
        with _telling(self._path):
            references = self._references(name)
            # The stored axes are MATLAB's reversed, so their order is MATLAB's: the first axis runs fastest.
            return self._referred(name, references[np.unravel_index(index, references.shape)])[()].T

    def _text(self, name: str, reference: Any) -> str:
        found = self._referred(name, reference)
        if _is_empty(found):
            return ""
        if found.dtype.kind != "u":
            raise DataError(f"{self._path}, {name}: not a cell array of texts. Take the file as published.")
        return np.asarray(found[()], dtype="<u2").tobytes().decode("utf-16-le")

    def _references(self, name: str) -> h5py.Dataset:
        found = self._variable(name)
        if h5py.check_ref_dtype(found.dtype) is not h5py.Reference:
            raise _no_cell_array(self._path, name)
        return found

    def _variable(self, name: str) -> h5py.Dataset:
        if not isinstance(self._file.get(name, getlink=True), h5py.HardLink):
            raise _no_variable(self._path, name, [each for each in map(str, self._file) if not each.startswith("#")])
        return self._own(name, self._file[name])

    def _referred(self, name: str, reference: Any) -> h5py.Dataset:
        if not reference:
            raise DataError(f"{self._path}, {name}: a cell refers to nothing. Take the file as published.")
        return self._own(name, self._file[reference])

    def _own(self, name: str, found: Any) -> h5py.Dataset:
        if not isinstance(found, h5py.Dataset):
            raise DataError(f"{self._path}, {name}: not an array. Take the file as published.")
        if found.is_virtual or found.external:
            raise DataError(f"{self._path}, {name}: its values lie in another file. Take the file as published.")
        stored = found.id.get_storage_size()
        if found.nbytes > _MOST_COMPRESSED * stored:
            raise DataError(
                f"{self._path}, {name}: it claims {found.nbytes:,} bytes of values, but holds {stored:,}. It is "
                "damaged or was not copied whole: fetch it again."
            )
        return found


def _matrix(path: Path, name: str, found: NDArray) -> NDArray[np.float64]:
    if found.dtype.kind not in "biuf" or found.ndim != 2:
        raise DataError(f"{path}, {name}: not a matrix of numbers. Take the file as published.")
    return found.astype(np.float64)


def _is_empty(found: h5py.Dataset) -> bool:
    # MATLAB stores the shape of an empty array as its content.
    return bool(found.attrs.get("MATLAB_empty", 0))


def _no_variable(path: Path, name: str, there: list[str]) -> DataError:
    return DataError(
        f"{path}: no variable {name!r}. It has: {', '.join(sorted(there)) or 'none'}. Is it the published file?"
    )


def _no_cell_array(path: Path, name: str) -> DataError:
    return DataError(f"{path}, {name}: not a cell array. Take the file as published.")


@contextmanager
def _telling(path: Path) -> Iterator[None]:
    try:
        yield
    except DataError:
        raise
    except Exception as error:  # scipy and h5py answer damage with errors of a dozen types
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise DataError(
            f"{path}: not a readable MATLAB file ({reason}). It is damaged or was not copied whole: fetch it again."
        ) from None
