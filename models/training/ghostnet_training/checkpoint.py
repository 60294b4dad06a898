"""Checkpoints of a run: `latest.pth` to resume from, `best.pth` to be served."""

import os
from pathlib import Path
from typing import Any

import torch


def save(path: Path, state: dict[str, Any]) -> None:
    """Writes a file whole or not at all: a run may be killed at any moment."""
    unfinished = path.with_suffix('.part')
    torch.save(state, unfinished)
    os.replace(unfinished, path)


def load(path: Path, device: torch.device | str = 'cpu') -> dict[str, Any]:
    """Reads a checkpoint without running code of the file. Raises ValueError for what is none."""
    try:
        return torch.load(path, map_location=device, weights_only=True)
    except FileNotFoundError:
        raise ValueError(f'Expected a checkpoint, got no file {path}.') from None
    except Exception as error:
        raise ValueError(f'Expected a checkpoint of tensors in {path}, got a file that PyTorch does not read: {error}') from error


def load_state_dict(path: Path) -> dict[str, torch.Tensor]:
    """The weights of `best.pth`, `latest.pth` or a published checkpoint."""
    state = load(path)
    for key in ('model', 'state_dict'):
        if isinstance(state.get(key), dict):
            return state[key]
    return state
