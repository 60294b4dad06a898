"""The logits of a validation in a file of JSON lines, as far as it has come, so that one that was interrupted goes on where it was."""

import base64
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ghostnet_training.labelled_images import LabelledImage


class ResultsFile:
    """A line that says of what, then a line for each image in the order of the data set, as `ghostserve evaluate` writes it."""

    def __init__(self, path: Path, validated: dict, images: Sequence[LabelledImage], classes: int) -> None:
        """Reads what is there in `before`, float32 [images, classes]. Raises ValueError if it is of another model or of other images."""
        heading = json.dumps(validated)
        complete = path.read_bytes() if path.exists() else b''
        complete = complete[: complete.rfind(b'\n') + 1]  # a process that was killed may have left the beginning of a line
        found, *lines = complete.decode().splitlines() or [heading]
        if found != heading:
            raise ValueError(f'Expected results of {heading} in {path}, got those of {found}.')
        self.before = np.array([read_line(line, image, classes, path) for line, image in zip(lines, images)], np.float32).reshape(-1, classes)
        if len(lines) > len(images):
            raise ValueError(f'Expected results of {len(images)} images in {path}, got {len(lines)}: they are of another data set.')
        self._file = path.open('r+b' if path.exists() else 'wb')
        self._file.truncate(len(complete))
        self._file.seek(len(complete))
        if not complete:
            self._write(heading)

    def append(self, image: LabelledImage, logits: np.ndarray, error: str | None) -> None:
        line = {'name': image.name, 'classIndex': image.class_index}
        encoded = base64.b64encode(logits.astype('<f4').tobytes()).decode()
        self._write(json.dumps({**line, 'logits': encoded} if error is None else {**line, 'error': {'code': 'corrupt_image', 'detail': error}}))

    def _write(self, line: str) -> None:
        self._file.write(f'{line}\n'.encode())
        self._file.flush()

    def close(self) -> None:
        self._file.close()


def read_line(line: str, image: LabelledImage, classes: int, path: Path) -> np.ndarray:
    """float32 [classes]; NaN where the image could not be read."""
    result = json.loads(line)
    if (result['name'], result['classIndex']) != (image.name, image.class_index):
        raise ValueError(f"Expected the result of {image.name} in {path}, got that of {result['name']}: it is of another data set.")
    if 'error' in result:
        return np.full(classes, np.nan, np.float32)
    return np.frombuffer(base64.b64decode(result['logits']), '<f4')
