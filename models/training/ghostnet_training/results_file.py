"""Logits of a validation in a file of JSON lines, so that an interrupted one continues where it was."""

import base64
import json
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ghostnet_training.labelled_images import LabelledImage


class ResultsFile:
    """A heading, then one line per image in the order of the data set, as `ghostserve evaluate` writes it."""

    def __init__(self, path: Path, validated: dict, images: Sequence[LabelledImage], classes: int) -> None:
        """Reads what is there in `before`, float32 [images, classes]. Raises ValueError if it is of another model or of other images."""
        heading = json.dumps(validated)
        found, rest = read_lines(path) if path.exists() else ([], b'')
        if found and found[0] != heading:
            raise ValueError(f'Expected results of {heading} in {path}, got {found[0][:300]}: name another --out.')
        lines = found[1:]
        if len(lines) > len(images):
            raise ValueError(f'Expected results of {len(images)} images in {path}, got {len(lines)}: they are of another data set.')
        self.before = np.array([read_line(line, image, classes, path) for line, image in zip(lines, images)], np.float32).reshape(-1, classes)
        # A killed process may have left the beginning of this line; anything else is not ours.
        expected = heading if not found else beginning(images[len(lines)]) if len(lines) < len(images) else ''
        length = min(len(rest), len(expected.encode()))
        if rest and (length == 0 or rest[:length] != expected.encode()[:length]):
            raise ValueError(f'Expected {path} to end with the beginning of line {len(found) + 1}, got {rest[:100]!r}: it was made by something else.')
        self._path = path
        self._file = path.open('ab')
        self._size = self._file.tell() - len(rest)
        self._file.truncate(self._size)
        if not found:
            self._write(heading)

    def append(self, image: LabelledImage, logits: np.ndarray, error: str | None) -> None:
        line = identity(image)
        encoded = base64.b64encode(logits.astype('<f4').tobytes()).decode()
        self._write(json.dumps({**line, 'logits': encoded} if error is None else {**line, 'error': {'code': 'corrupt_image', 'detail': error}}))

    def _write(self, line: str) -> None:
        if os.fstat(self._file.fileno()).st_size != self._size:
            raise ValueError(f'Expected {self._path} to stay as this process left it, but another one writes it: repeat the command once that has ended.')
        self._size += self._file.write(f'{line}\n'.encode())
        self._file.flush()

    def close(self) -> None:
        self._file.close()


def identity(image: LabelledImage) -> dict:
    return {'name': image.name, 'classIndex': image.class_index}


def beginning(image: LabelledImage) -> str:
    """The first characters of the image's line."""
    return f'{json.dumps(identity(image))[:-1]},'


def read_lines(path: Path) -> tuple[list[str], bytes]:
    """The complete lines, and what follows them. Raises ValueError for what is no text."""
    complete, end, rest = path.read_bytes().rpartition(b'\n')
    try:
        return (complete + end).decode().splitlines(), rest
    except UnicodeDecodeError:
        raise ValueError(f'Expected results in {path}, got a file that is no text: it was made by something else.') from None


def read_line(line: str, image: LabelledImage, classes: int, path: Path) -> np.ndarray:
    """float32 [classes]; NaN where the image could not be read."""
    try:
        result = json.loads(line)
        name, class_index = result['name'], result['classIndex']
    except (ValueError, KeyError, TypeError):
        raise ValueError(f'Expected the result of {image.name} in {path}, got {line[:100]!r}: it was made by something else.') from None
    if (name, class_index) != (image.name, image.class_index):
        raise ValueError(f'Expected the result of {image.name} in {path}, got that of {name}: it is of another data set.')
    if 'error' in result:
        return np.full(classes, np.nan, np.float32)
    return np.frombuffer(base64.b64decode(result['logits']), '<f4')
