"""The processes of a run, one per device: torchrun starts them, a plain `python -m` is the only one."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import nn


@dataclass(frozen=True)
class Devices:
    device: torch.device
    rank: int = 0
    world_size: int = 1

    @property
    def is_first(self) -> bool:
        return self.rank == 0

    def sum(self, values: list[float]) -> list[float]:
        """Each value, added over all processes."""
        if self.world_size == 1:
            return values
        tensor = torch.tensor(values, dtype=torch.float64, device=self.device)
        dist.all_reduce(tensor)
        return tensor.tolist()

    def follow_first(self, model: nn.Module) -> None:
        """Gives every process the first one's buffers: batch norm's statistics, which each gathers from its own images."""
        if self.world_size > 1:
            for buffer in model.buffers():
                dist.broadcast(buffer, 0)


@contextmanager
def open_devices(device: str | None) -> Iterator[Devices]:
    """Joins the process group that torchrun describes, if it does. `device`: None for CUDA if there is one."""
    kind = device or ('cuda' if torch.cuda.is_available() else 'cpu')
    torch.backends.cudnn.allow_tf32 = False  # float32 stays float32
    if 'RANK' not in os.environ:
        yield Devices(torch.device(kind))
        return
    if kind == 'cuda':
        kind = f'cuda:{os.environ["LOCAL_RANK"]}'
        torch.cuda.set_device(kind)
    dist.init_process_group('nccl' if kind.startswith('cuda') else 'gloo')
    try:
        yield Devices(torch.device(kind), dist.get_rank(), dist.get_world_size())
    finally:
        dist.destroy_process_group()
