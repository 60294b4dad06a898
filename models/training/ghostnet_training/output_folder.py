"""Checks an output folder before the work, so that nothing is lost."""

from collections.abc import Iterable
from pathlib import Path


def reject_others(folder: Path, patterns: Iterable[str]) -> None:
    """Raises ValueError if something is there under a name that the program will write."""
    if folder.exists() and not folder.is_dir():
        raise ValueError(f'Expected an output folder, got {folder}, which is none.')
    for pattern in patterns:
        for found in sorted(folder.glob(pattern)):
            raise ValueError(f'Expected an output folder without {found.name}, but {found} is there, which stays as it is: name another.')
