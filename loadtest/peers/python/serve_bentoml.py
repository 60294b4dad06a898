"""BentoML: batches in each worker."""

from pathlib import Path

import bentoml

from classifier import MAX_BATCH_SIZE, WORKERS, Model


@bentoml.service(workers=WORKERS, traffic={'timeout': 60}, logging={'access': {'enabled': False}})
class Classifier:
    def __init__(self) -> None:
        self.model = Model()

    @bentoml.api(route='/classify-batched', batchable=True, max_batch_size=MAX_BATCH_SIZE, max_latency_ms=60_000)
    def classify_batched(self, image: list[Path]) -> list[dict]:
        return self.model.classify([path.read_bytes() for path in image])

    @bentoml.api(route='/classify')
    def classify(self, image: Path) -> dict:
        return self.model.classify([image.read_bytes()])[0]
