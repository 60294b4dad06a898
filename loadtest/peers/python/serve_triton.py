"""Triton Inference Server in the form that the package index has, PyTriton: Triton's front end and batcher, Python behind it."""

import json
import os
import tempfile
from pathlib import Path

import numpy as np

os.environ['PYTRITON_HOME'] = tempfile.gettempdir()
from pytriton.decorators import batch
from pytriton.model_config import DynamicBatcher, ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig

from classifier import MAX_BATCH_SIZE, WORKERS, Model


def serve_with(model: Model):
    @batch
    def classify(image: np.ndarray) -> dict[str, np.ndarray]:
        answers = model.classify([photo for (photo,) in image])
        return {'answer': np.array([[json.dumps(answer).encode()] for answer in answers], dtype=object)}

    return classify


if __name__ == '__main__':
    config = TritonConfig(
        http_address='127.0.0.1', http_port=int(os.environ['PEER_PORT']), allow_grpc=False, allow_metrics=False, exit_timeout_secs=2,
    )
    with Triton(config=config) as triton:
        triton.bind(
            model_name='classify',
            infer_func=[serve_with(Model()) for _ in range(WORKERS)],
            inputs=[Tensor(name='image', dtype=bytes, shape=(1,))],
            outputs=[Tensor(name='answer', dtype=bytes, shape=(1,))],
            config=ModelConfig(max_batch_size=MAX_BATCH_SIZE, batcher=DynamicBatcher(max_queue_delay_microseconds=0)),
        )
        triton.serve()
    for left_behind in Path('/dev/shm').glob(f'pytrtion{os.getpid()}-*'):
        left_behind.unlink()
