"""Prints the processor time per image of preparing photos and of running the graph, with no server around them."""

import json
import sys
import time
from pathlib import Path

import numpy as np

from classifier import CROP_SIZE, Model, prepare

BATCH_SIZES = (1, 2, 4, 8)


def cpu_ms_of(work, seconds: float, images: int) -> float:
    """Mean over as many calls as fit, for each of the images of a call."""
    work()
    calls = 0
    end = time.perf_counter() + seconds
    start = time.process_time()
    while time.perf_counter() < end:
        work()
        calls += 1
    return (time.process_time() - start) * 1000 / calls / images


if __name__ == '__main__':
    seconds = float(sys.argv[1]) / (1 + len(BATCH_SIZES))
    photos = [Path(path).read_bytes() for path in sys.argv[2:]]
    model = Model()
    print(json.dumps({
        'prepareMs': cpu_ms_of(lambda: [prepare(photo) for photo in photos], seconds, len(photos)),
        'runMs': {
            size: cpu_ms_of(lambda pixels=np.zeros((size, CROP_SIZE, CROP_SIZE, 3), np.uint8): model.run(pixels), seconds, size)
            for size in BATCH_SIZES
        },
    }))
