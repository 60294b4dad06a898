"""`python -m ghostnet_training.validate MODEL --data DATA`: metrics of a model in PyTorch; `ghostserve evaluate` measures what is served."""

import argparse
import io
import json
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from ghostnet_training.data import UNREADABLE
from ghostnet_training.labelled_images import LabelledImage, list_labelled_images
from ghostnet_training.load_model import Model, load_model
from ghostnet_training.output_folder import reject_others
from ghostnet_training.reliability_diagram import draw_reliability_diagram
from ghostnet_training.results_file import ResultsFile
from ghostnet_training.tally import tally


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog='python -m ghostnet_training.validate', description=__doc__)
    parser.add_argument('model', type=Path, help='a model directory that `ghostserve build` made')
    parser.add_argument('--data', type=Path, required=True, help='a folder per class, WebDataset shards, or a list of names and classes')
    parser.add_argument('--ground-truth', type=Path, help='classes of images of one folder')
    parser.add_argument('--out', type=Path, help='write images.jsonl, evaluation.json, reliability.png; an interrupted validation continues there')
    parser.add_argument('--batch-size', type=int, default=64)
    parser.add_argument('--workers', type=int, default=2, help='processes that read images')
    parser.add_argument('--device', default='cuda' if torch.cuda.is_available() else 'cpu')
    parser.add_argument('--json', action='store_true', help='for programs')
    options = parser.parse_args(arguments)
    try:
        evaluation = validate(options)
    except (ValueError, OSError) as error:
        sys.exit(str(error))
    print(json.dumps(evaluation, indent=2) if options.json else describe(evaluation))


def validate(options: argparse.Namespace) -> dict:
    model = load_model(options.model)
    images = list_labelled_images(options.data, model.labels, options.ground_truth)
    classes = len(model.labels)
    results = None
    before = np.empty((0, classes), np.float32)
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
        if not (options.out / 'images.jsonl').exists():
            reject_others(options.out, ['evaluation.json', 'reliability.png'])
        results = ResultsFile(options.out / 'images.jsonl', model.identity, images, classes)
        before = results.before

    started_at = time.perf_counter()
    rows = [*before]
    for image, row, error in classify(model, images, len(before), options):
        rows.append(row)
        if results is not None:
            results.append(image, row, error)
    seconds = time.perf_counter() - started_at
    if results is not None:
        results.close()

    logits = np.array(rows)
    evaluation = {
        'model': model.name,
        'data': str(options.data),
        'temperature': model.temperature,
        'imagesPerSecond': round((len(images) - len(before)) / seconds),
        'seconds': round(seconds, 1),
        **tally(logits, np.array([image.class_index for image in images]), model.labels, model.temperature),
        'failed': [{'file': image.name, 'code': 'corrupt_image'} for image, row in zip(images, logits) if np.isnan(row).any()],
    }
    if options.out is not None:
        (options.out / 'evaluation.json').write_text(json.dumps(evaluation, indent=2) + '\n')
        draw_reliability_diagram(evaluation, options.out / 'reliability.png')
    return evaluation


class ImageDataset(Dataset):
    """Preprocessed images, or why one could not be read."""

    def __init__(self, images: Sequence[LabelledImage], model: Model) -> None:
        self.images = images
        self.transform = model.transform
        self.shape = (3, model.crop_size, model.crop_size)

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, str]:
        try:
            with Image.open(io.BytesIO(self.images[index].read())) as image:
                return self.transform(ImageOps.exif_transpose(image).convert('RGB')), ''
        except UNREADABLE as error:
            return torch.full(self.shape, torch.nan), str(error) or type(error).__name__


@torch.inference_mode()
def classify(
    model: Model, images: Sequence[LabelledImage], done: int, options: argparse.Namespace
) -> Iterator[tuple[LabelledImage, np.ndarray, str | None]]:
    """The logits of each image from `done` on, float32 [classes], in their order; NaN and a reason if it could not be read."""
    network = model.network.to(options.device).eval()
    todo = images[done:]
    loader = DataLoader(ImageDataset(todo, model), options.batch_size, num_workers=options.workers)
    remaining = iter(todo)
    with tqdm(total=len(images), initial=done, unit='img', disable=None) as bar:
        for pixels, errors in loader:
            logits = network(pixels.to(options.device)).float().cpu().numpy()
            for row, error in zip(logits, errors):
                yield next(remaining), np.full_like(row, np.nan) if error else row, error or None
            bar.update(len(errors))


def describe(evaluation: dict) -> str:
    error = 100 * evaluation['calibration']['expectedCalibrationError']
    lines = [
        f"{evaluation['model']} on {evaluation['images']} images: top-1 {evaluation['top1']:.2f} %, top-5 {evaluation['top5']:.2f} %, "
        f"{evaluation['imagesPerSecond']} images/s",
        f"expected calibration error {error:.2f} %, negative log likelihood {evaluation['negativeLogLikelihood']:.4f}, "
        f"temperature {evaluation['temperature']}",
        '',
        'hardest classes (images, top-1 %, top-5 %)',
        *(f"  {each['label']}  {each['images']}  {each['top1']:.2f}  {each['top5']:.2f}" for each in hardest(evaluation['classes'])),
        '',
        'confused most often (images)',
        *(f"  {each['label']}  taken for  {each['takenFor']}  {each['images']}" for each in evaluation['confusions'][:10]),
        *([f"\n{len(evaluation['failed'])} could not be read and count as wrong"] if evaluation['failed'] else []),
    ]
    return '\n'.join(lines)


def hardest(classes: Sequence[dict]) -> list[dict]:
    return sorted(classes, key=lambda each: each['top1'])[:10]


if __name__ == '__main__':
    main()
