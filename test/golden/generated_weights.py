"""Weights of any GhostNet from nothing but the names and shapes of its tensors; bit-identical to generated-weights.ts.

Draws are 32-bit integers, and the float64 arithmetic on them is exact up to one rounding to float32, so no library's random
generator and no libm enters.
"""

import math

import numpy as np

FNV_OFFSET, FNV_PRIME = 0x811C9DC5, 0x01000193
GOLDEN_GAMMA = 0x9E3779B9
# Four uniform 16-bit integers add up to a nearly normal number with this mean and standard deviation.
SUM_MEAN = 2 * 65535
SUM_DEVIATION = math.sqrt((65536 ** 2 - 1) / 3)
# He's gain keeps activations at their size through ReLU; a larger one at the end sets the logits of two photos apart.
GAIN, CLASSIFIER_GAIN = 2, 16


def fnv1a(name):
    digest = FNV_OFFSET
    for byte in name.encode():
        digest = ((digest ^ byte) * FNV_PRIME) & 0xFFFFFFFF
    return digest


def draw_integers(seed, count):
    """uint32 `[count]`: a counter through the finaliser of MurmurHash3."""
    value = (np.arange(1, count + 1, dtype=np.uint64) * GOLDEN_GAMMA + seed).astype(np.uint32)
    value = (value ^ (value >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    value = (value ^ (value >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return value ^ (value >> np.uint32(16))


def generate_values(name, count, mean, deviation):
    """float32 `[count]`, nearly normal, seeded by the tensor's name."""
    draws = draw_integers(fnv1a(name), 2 * count).reshape(count, 2).astype(np.int64)
    sums = (draws >> 16).sum(axis=1) + (draws & 0xFFFF).sum(axis=1) - SUM_MEAN
    return (mean + sums * (deviation / SUM_DEVIATION)).astype(np.float32)


def generate_tensor(name, shape):
    """float32 of the given shape: convolutions and the classifier around 0, scales of batch norm around 1, biases around 0."""
    count = math.prod(shape)
    if len(shape) > 1:
        fan_in = count // shape[0]
        gain = CLASSIFIER_GAIN if name == 'classifier.weight' else GAIN
        return generate_values(name, count, 0, math.sqrt(gain / fan_in)).reshape(shape)
    return generate_values(name, count, 1 if name.endswith('.weight') else 0, 0.2)


def is_learned(name):
    return '.running_' not in name and not name.endswith('.num_batches_tracked')


def generate_state_dict(shapes, statistics):
    """Name to array for every tensor of `shapes`; `statistics` gives the running mean and variance of each batch norm."""
    return {
        name: generate_tensor(name, shape) if is_learned(name) else statistics[name]
        for name, shape in shapes.items()
        if not name.endswith('.num_batches_tracked')
    }
