"""The learning rate and the decay of the average of the weights, step by step, as in MindCV's program."""

import math

from ghostnet_training.recipe import Recipe


def learning_rate(recipe: Recipe, step: int, steps_per_epoch: int, global_batch: int) -> float:
    """The learning rate of one step, counted from 0 over all epochs: a linear warm-up from zero, then a cosine.

    It grows linearly with the global batch against the recipe's own.
    """
    scale = global_batch / (recipe.batch_size * recipe.devices)
    lr, min_lr = recipe.lr * scale, recipe.min_lr * scale
    warmup_steps = recipe.warmup_epochs * steps_per_epoch
    if step < warmup_steps:
        return lr * step / warmup_steps
    decay_steps = (recipe.epochs - recipe.warmup_epochs) * steps_per_epoch
    return min_lr + (lr - min_lr) / 2 * (1 + math.cos(math.pi * (step - warmup_steps) / decay_steps))


def average_decay(recipe: Recipe, updates: int) -> float:
    """The decay of the average at one update, counted from 1 over all epochs.

    It grows from zero, or a short run would average little but its first weights.
    """
    return recipe.ema_decay * (1 - math.exp(-updates / 2000))
