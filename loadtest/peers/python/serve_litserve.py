"""LitServe: batches in each worker, photos in a form, as its image examples have it."""

import os

import litserve as ls
import numpy as np

from classifier import MAX_BATCH_SIZE, WORKERS, Model, prepare


class Classify(ls.LitAPI):
    def setup(self, device: str) -> None:
        self.model = Model()

    def decode_request(self, request) -> np.ndarray:
        return prepare(request['image'].file.read())

    def batch(self, inputs: list[np.ndarray]) -> np.ndarray:
        return np.stack(inputs)

    def predict(self, pixels: np.ndarray) -> np.ndarray:
        return self.model.run(pixels)

    def unbatch(self, output: np.ndarray) -> list[np.ndarray]:
        return list(output)

    def encode_response(self, output: np.ndarray) -> dict:
        return self.model.answer(output)


if __name__ == '__main__':
    api = Classify(max_batch_size=MAX_BATCH_SIZE, batch_timeout=0.002, api_path='/classify')
    server = ls.LitServer(api, accelerator='cpu', workers_per_device=WORKERS, timeout=60)
    server.run(
        host='127.0.0.1', port=int(os.environ['PEER_PORT']), generate_client_file=False, log_level='warning', access_log=False,
    )
