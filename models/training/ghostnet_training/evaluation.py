"""Loss and accuracy of a model on images, over all devices."""

from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.data import DataLoader
from tqdm import tqdm

from ghostnet_training.devices import Devices


@dataclass(frozen=True)
class Accuracy:
    images: int
    #: Mean; with the label smoothing of training, as MindCV reports it.
    loss: float
    #: Per cent.
    top1: float
    top5: float
    #: Files that could not be read.
    unreadable: int


@torch.inference_mode()
def evaluate(model: nn.Module, loader: DataLoader, loss: nn.Module, devices: Devices) -> Accuracy:
    """In float32, with the statistics that batch norm has gathered."""
    model.eval()
    sums = torch.zeros(5, dtype=torch.float64)
    for batch in tqdm(loader, desc='validate', unit='batch', disable=not devices.is_first, leave=False):
        images, targets, unreadable = batch
        sums[4] += unreadable
        if images is None:
            continue
        images, targets = images.to(devices.device), targets.to(devices.device)
        logits = model(images.to(next(model.parameters()).dtype))
        ranked = logits.topk(min(5, logits.shape[1])).indices == targets[:, None]
        sums += torch.tensor([
            len(targets), float(loss(logits, targets)) * len(targets), ranked[:, 0].sum(), ranked.sum(), 0], dtype=torch.float64)
    images, loss_sum, top1, top5, unreadable = devices.sum(sums.tolist())
    if images == 0:
        raise ValueError(f'Expected images to validate on, got {int(unreadable)} files that cannot be read.')
    return Accuracy(int(images), loss_sum / images, 100 * top1 / images, 100 * top5 / images, int(unreadable))
