"""What every peer serves: the same graph, the same preparation of photos, the same answer."""

import io
import json
import os
from pathlib import Path

import numpy as np
import onnxruntime as ort
from PIL import Image

MODEL = Path(os.environ['PEER_MODEL'])
GRAPH = os.environ.get('PEER_GRAPH', 'plain')
WORKERS = int(os.environ['PEER_WORKERS'])
MAX_BATCH_SIZE = 8
TOP_K = 5

# Decoding at a fraction of the size, as large as is needed: the shorter side stays at least twice the resized one.
USES_DRAFT = os.environ.get('PEER_DECODE') == 'draft'
DRAFT_SIZE = (512, 512)

PREPROCESSING = json.loads((MODEL / 'manifest.json').read_text())['preprocessing']
CROP_SIZE = PREPROCESSING['cropSize']
SHORTER_SIDE = int(CROP_SIZE / PREPROCESSING['cropPct'])
INTERPOLATION = {'bicubic': Image.Resampling.BICUBIC, 'bilinear': Image.Resampling.BILINEAR}[PREPROCESSING['interpolation']]


def prepare(photo: bytes) -> np.ndarray:
    """Pixels of an encoded photo as torchvision and timm prepare them: uint8 [crop, crop, 3]."""
    image = Image.open(io.BytesIO(photo))
    if USES_DRAFT:
        image.draft('RGB', DRAFT_SIZE)
    image = image.convert('RGB')
    width, height = image.size
    shorter, longer = min(width, height), max(width, height)
    scaled = int(SHORTER_SIDE * longer / shorter)
    image = image.resize((SHORTER_SIDE, scaled) if width <= height else (scaled, SHORTER_SIDE), INTERPOLATION)
    left, top = round((image.width - CROP_SIZE) / 2), round((image.height - CROP_SIZE) / 2)
    return np.asarray(image.crop((left, top, left + CROP_SIZE, top + CROP_SIZE)))


class Model:
    """One session of one thread: one of these in each worker uses every core once."""

    def __init__(self) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self.session = ort.InferenceSession(str(MODEL / 'graphs' / f'{GRAPH}.onnx'), options, providers=['CPUExecutionProvider'])
        self.labels = json.loads((MODEL / 'labels.json').read_text())
        # Memory and kernels for each batch size, before the first request.
        for size in (1, MAX_BATCH_SIZE):
            self.run(np.zeros((size, CROP_SIZE, CROP_SIZE, 3), np.uint8))

    def run(self, pixels: np.ndarray) -> np.ndarray:
        """uint8 [N, crop, crop, 3] -> logits, float32 [N, classes]."""
        return self.session.run(None, {'pixels': pixels})[0]

    def answer(self, logits: np.ndarray) -> dict:
        """The likeliest classes of one image, best first, as our service says it. float32 [classes]"""
        scores = np.exp(logits - logits.max())
        scores /= scores.sum()
        best = np.argpartition(scores, -TOP_K)[-TOP_K:]
        best = best[np.argsort(-scores[best])]
        return {'predictions': [{**self.labels[i], 'classIndex': int(i), 'score': float(scores[i])} for i in best]}

    def classify(self, photos: list[bytes]) -> list[dict]:
        return [self.answer(logits) for logits in self.run(np.stack([prepare(photo) for photo in photos]))]
