"""mosec: one stage that decodes and runs, or (PEER_STAGES=2) a stage of decoding before a stage of running."""

import os

import numpy as np
from mosec import Server, Worker

from classifier import MAX_BATCH_SIZE, WORKERS, Model, prepare


class Classify(Worker):
    """Encoded photos -> answers."""

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()

    def deserialize(self, data: bytes) -> bytes:
        return data

    def forward(self, data: list[bytes]) -> list[dict]:
        return self.model.classify(data)


class Decode(Worker):
    """An encoded photo -> its pixels."""

    def deserialize(self, data: bytes) -> bytes:
        return data

    def forward(self, data: bytes) -> np.ndarray:
        return prepare(data)


class Run(Worker):
    """Pixels -> answers."""

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()

    def forward(self, data: list[np.ndarray]) -> list[dict]:
        return [self.model.answer(logits) for logits in self.model.run(np.stack(data))]


if __name__ == '__main__':
    server = Server()
    wait_ms = int(os.environ.get('PEER_WAIT_MS', '10'))  # mosec's own default
    if os.environ.get('PEER_STAGES') == '2':
        server.append_worker(Decode, num=WORKERS)
        server.append_worker(Run, num=WORKERS, max_batch_size=MAX_BATCH_SIZE, max_wait_time=wait_ms)
    else:
        server.append_worker(Classify, num=WORKERS, max_batch_size=MAX_BATCH_SIZE, max_wait_time=wait_ms)
    server.run()
