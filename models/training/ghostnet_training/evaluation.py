"""Loss and accuracy of models on images, over all devices."""

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
    #: Percent.
    top1: float
    top5: float
    #: Files that could not be read.
    unreadable: int


@torch.inference_mode()
def evaluate(models: dict[str, nn.Module], loader: DataLoader, loss: nn.Module, devices: Devices) -> dict[str, Accuracy]:
    """The accuracy of each model, by its name, in float32, with the statistics that batch norm has gathered.

    Images are read once for all models.
    """
    for model in models.values():
        model.eval()
    sums = {name: torch.zeros(4, dtype=torch.float64) for name in models}
    unreadable = 0
    for images, targets, skipped in tqdm(loader, desc='validate', unit='batch', disable=not devices.is_first, leave=False):
        unreadable += skipped
        if images is None:
            continue
        images, targets = images.to(devices.device), targets.to(devices.device)
        for name, model in models.items():
            logits = model(images.to(next(model.parameters()).dtype))
            ranked = logits.topk(min(5, logits.shape[1])).indices == targets[:, None]
            sums[name] += torch.tensor([
                len(targets), float(loss(logits, targets)) * len(targets), ranked[:, 0].sum(), ranked.sum()], dtype=torch.float64)
    return {name: accuracy(*devices.sum([*each.tolist(), unreadable])) for name, each in sums.items()}


def accuracy(images: float, loss: float, top1: float, top5: float, unreadable: float) -> Accuracy:
    """Means and percentages from sums over all images."""
    if images == 0:
        raise ValueError(f'Expected images to validate on, got {int(unreadable)} files that cannot be read.')
    return Accuracy(int(images), loss / images, 100 * top1 / images, 100 * top5 / images, int(unreadable))
