"""The loss and the optimiser of a training step."""

import torch
from torch import nn

from ghostnet_training.recipe import Recipe


def build_loss(recipe: Recipe) -> nn.Module:
    return nn.CrossEntropyLoss(label_smoothing=recipe.label_smoothing)


def build_optimizer(recipe: Recipe, model: nn.Module) -> torch.optim.Optimizer:
    """SGD with momentum as MindSpore has it: v = momentum v + gradient + decay p, p -= lr v. All parameters decay."""
    return torch.optim.SGD(
        model.parameters(), lr=recipe.lr, momentum=recipe.momentum, nesterov=recipe.nesterov, weight_decay=recipe.weight_decay)


def train_step(
    model: nn.Module, images: torch.Tensor, targets: torch.Tensor, loss: nn.Module, optimizer: torch.optim.Optimizer,
    scaler: torch.amp.GradScaler, amp: bool = False,
) -> torch.Tensor:
    """One step on one batch: float `[N, 3, H, W]`, int64 `[N]`. Returns the batch's loss, a scalar without gradient."""
    optimizer.zero_grad(set_to_none=True)
    with torch.autocast(images.device.type, torch.float16, enabled=amp):
        value = loss(model(images), targets)
    scaler.scale(value).backward()
    scaler.step(optimizer)
    scaler.update()
    return value.detach()
