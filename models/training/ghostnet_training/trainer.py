"""A run: its model, its optimiser and its epochs. Interrupted and resumed, it gives the same model, bit for bit on a CPU."""

import time
from dataclasses import dataclass
from typing import Any

import torch
from timm.utils import ModelEmaV3
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader
from tqdm import tqdm

from ghostnet_training.data import seed_epoch
from ghostnet_training.devices import Devices
from ghostnet_training.optimisation import build_loss, build_optimizer, train_step
from ghostnet_training.recipe import Recipe
from ghostnet_training.schedule import average_decay, learning_rate


@dataclass(frozen=True)
class TrainedEpoch:
    #: Mean over all steps and devices.
    loss: float
    #: Learning rate of the last step.
    lr: float
    seconds: float
    ms_per_step: float
    images_per_second: float
    unreadable: int


class Trainer:
    """A run on one device. `model` is on it, with the same first weights in every process."""

    def __init__(self, recipe: Recipe, model: nn.Module, devices: Devices) -> None:
        self.recipe = recipe
        self.devices = devices
        self.amp = recipe.amp and devices.device.type == 'cuda'
        if recipe.sync_batch_norm and devices.world_size > 1:
            model = nn.SyncBatchNorm.convert_sync_batchnorm(model)
        self.model = model
        self.ema = ModelEmaV3(model, decay=recipe.ema_decay) if recipe.ema_decay > 0 else None
        self.loss = build_loss(recipe)
        self.optimizer = build_optimizer(recipe, model)
        self.scaler = torch.amp.GradScaler(
            devices.device.type, init_scale=recipe.loss_scale, growth_interval=recipe.loss_scale_window, enabled=self.amp)
        wrapped = torch.compile(model) if recipe.compile else model
        # Averages the gradients. Before each step batch norm's running statistics become those of the first process.
        self.parallel = DistributedDataParallel(wrapped) if devices.world_size > 1 else wrapped

    @property
    def candidates(self) -> dict[str, nn.Module]:
        """The models that are validated: the raw weights and their moving average, where there is one. The better one is served."""
        return {'raw': self.model} if self.ema is None else {'raw': self.model, 'averaged': self.ema.module}

    def state(self) -> dict[str, Any]:
        return {
            'model': self.model.state_dict(),
            'ema': None if self.ema is None else self.ema.module.state_dict(),
            'optimizer': self.optimizer.state_dict(),
            'scaler': self.scaler.state_dict(),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        self.model.load_state_dict(state['model'])
        if self.ema is not None:
            self.ema.module.load_state_dict(state['ema'])
        self.optimizer.load_state_dict(state['optimizer'])
        if state['scaler']:  # a CPU's run has none
            self.scaler.load_state_dict(state['scaler'])

    def train_epoch(self, epoch: int, loader: DataLoader) -> TrainedEpoch:
        recipe, devices = self.recipe, self.devices
        steps = len(loader)
        if steps == 0:
            raise ValueError(f'Expected at least {recipe.batch_size * devices.world_size} images for one step, got fewer.')
        global_batch = recipe.batch_size * devices.world_size
        seed_epoch(recipe, epoch, devices.rank)
        self.parallel.train()
        dtype = next(self.model.parameters()).dtype
        loss_sum = torch.zeros((), device=devices.device, dtype=torch.float64)
        unreadable = 0
        lr = 0.0
        started_at = time.perf_counter()
        progress = tqdm(loader, desc=f'epoch {epoch + 1}/{recipe.epochs}', unit='step', disable=not devices.is_first, leave=False)
        for step, (images, targets, skipped) in enumerate(progress):
            lr = learning_rate(recipe, epoch * steps + step, steps, global_batch)
            for group in self.optimizer.param_groups:
                group['lr'] = lr
            images = images.to(devices.device, dtype, non_blocking=True)
            loss = train_step(self.parallel, images, targets.to(devices.device, non_blocking=True), self.loss, self.optimizer, self.scaler, self.amp)
            if self.ema is not None:
                self.ema.decay = average_decay(recipe, epoch * steps + step + 1)
                self.ema.update(self.model)
            loss_sum += loss
            unreadable += skipped
            if step % 20 == 0:
                progress.set_postfix(loss=f'{float(loss):.3f}', lr=f'{lr:.4f}')
        for model in self.candidates.values():
            devices.follow_first(model)
        loss, unreadable = devices.sum([float(loss_sum) / steps, unreadable])
        seconds = time.perf_counter() - started_at
        return TrainedEpoch(
            loss / devices.world_size, lr, seconds, seconds * 1000 / steps, steps * global_batch / seconds, int(unreadable))
