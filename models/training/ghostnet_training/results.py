"""Results of each epoch: `results.csv`, TensorBoard, and the curves as an image."""

import csv
import dataclasses
import os
from dataclasses import dataclass
from pathlib import Path

import matplotlib
from torch.utils.tensorboard import SummaryWriter

matplotlib.use('agg')
from matplotlib import pyplot  # noqa: E402 (the backend comes first: there may be no display)


@dataclass(frozen=True)
class EpochResult:
    epoch: int
    image_size: int
    #: Learning rate of the last step.
    lr: float
    train_loss: float
    #: Validation loss of the raw weights, as the two accuracies.
    validation_loss: float
    #: Percent.
    top1: float
    top5: float
    ms_per_step: float
    #: Sum over all devices.
    images_per_second: float
    train_seconds: float
    validation_seconds: float
    #: Files that could not be read, in training and validation.
    unreadable: int
    #: Loss and accuracies of the moving average of the weights, if the recipe has one.
    averaged_validation_loss: float | None = None
    averaged_top1: float | None = None
    averaged_top5: float | None = None


class Results:
    def __init__(self, folder: Path, resumed_epoch: int) -> None:
        """Keeps the rows before `resumed_epoch`: what a killed run did after its last checkpoint is done again."""
        self._file = folder / 'results.csv'
        self._picture = folder / 'curves.png'
        self._board = SummaryWriter(str(folder / 'tensorboard'), purge_step=resumed_epoch)
        self.rows = [row for row in read_results(self._file) if row.epoch < resumed_epoch]
        self._write()

    def add(self, row: EpochResult) -> None:
        self.rows.append(row)
        self._write()
        for key, value in dataclasses.asdict(row).items():
            if key != 'epoch' and value is not None:
                self._board.add_scalar(key, value, row.epoch)
        self._board.flush()
        self._draw()

    def close(self) -> None:
        self._board.close()

    def _write(self) -> None:
        unfinished = self._file.with_suffix('.part')  # a run may be killed at any moment
        with open(unfinished, 'w', newline='', encoding='utf-8') as file:
            writer = csv.DictWriter(file, [field.name for field in dataclasses.fields(EpochResult)])
            writer.writeheader()
            writer.writerows(dataclasses.asdict(row) for row in self.rows)
        os.replace(unfinished, self._file)

    def _draw(self) -> None:
        epochs = [row.epoch + 1 for row in self.rows]
        figure, (loss, accuracy) = pyplot.subplots(1, 2, figsize=(11, 4), layout='constrained')
        averaged = [] if self.rows[-1].averaged_top1 is None else ['averaged_']
        for axes, keys, title in (
            (loss, ['train_loss', *(f'{each}validation_loss' for each in ['', *averaged])], 'Loss'),
            (accuracy, [f'{each}{top}' for each in ['', *averaged] for top in ('top1', 'top5')], 'Accuracy, %'),
        ):
            for key in keys:
                # Dashed: at first the average is nearly the raw weights, and would hide them.
                axes.plot(epochs, [getattr(row, key) for row in self.rows], '--' if key.startswith('averaged') else '-', marker='.', label=key.replace('_', ' '))
            axes.set(title=title, xlabel='epoch')
            axes.xaxis.get_major_locator().set_params(integer=True)
            axes.grid(alpha=0.3)
            axes.legend()
        figure.savefig(self._picture, dpi=120)
        pyplot.close(figure)


def read_results(path: Path) -> list[EpochResult]:
    if not path.exists():
        return []
    types = {field.name: int if field.type is int else float for field in dataclasses.fields(EpochResult)}
    with open(path, newline='', encoding='utf-8') as file:
        return [EpochResult(**{key: types[key](value) for key, value in row.items() if value != ''}) for row in csv.DictReader(file)]
