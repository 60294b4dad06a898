"""The images of a data set and their classes: the layouts, names and order of `ghostserve evaluate`."""

import re
import tarfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

IMAGE_EXTENSIONS = {'.jpg', '.jpeg', '.png', '.webp'}


@dataclass(frozen=True)
class LabelledImage:
    """Place of an encoded image, and its class."""

    name: str
    class_index: int
    path: Path
    offset: int = 0
    size: int | None = None
    """Size of a member of an archive, in bytes; None for a file of its own."""

    def read(self) -> bytes:
        with self.path.open('rb') as file:
            file.seek(self.offset)
            return file.read(-1 if self.size is None else self.size)


ClassIndexOf = Callable[[str, str], int]


def list_labelled_images(data: Path, labels: Sequence[dict], ground_truth: Path | None = None) -> list[LabelledImage]:
    """
    The images of a data set in their order.

    `data` is a folder with one folder per class, a WebDataset shard (.tar) or a folder of them, a text file with one name and its
    class per line, or a folder of images whose classes `ground_truth` has.

    Raises ValueError if a class is not one of the model's or no image is found.
    """
    class_index_of = index_classes(labels)
    if ground_truth is not None:
        images = list_flat_folder(data, ground_truth, class_index_of)
    elif data.is_file():
        images = list_shard(data, len(labels)) if data.suffix == '.tar' else list_named_images(data, class_index_of)
    elif shards := sorted(data.glob('val*.tar')) or sorted(data.glob('*.tar')):
        images = [image for shard in shards for image in list_shard(shard, len(labels))]
    else:
        images = list_class_folders(data, class_index_of)
    if not images:
        raise ValueError(f'Expected labelled images in {data}, found none.')
    return images


def index_classes(labels: Sequence[dict]) -> ClassIndexOf:
    """Names of classes -> their indices: WordNet id or label; the index too, if no class has that number as its label."""
    indices: dict[str, int | None] = {}
    for class_index, label in enumerate(labels):
        for name in {label['label'], label.get('wnid', label['label'])}:
            indices[name] = None if name in indices else class_index
    for class_index in range(len(labels)):
        indices.setdefault(str(class_index), class_index)

    def class_index_of(name: str, where: str) -> int:
        if name not in indices:
            raise ValueError(f'Expected a class of the model (WordNet id, label or index) in {where}, got {name!r}.')
        class_index = indices[name]
        if class_index is None:
            raise ValueError(f'Expected a class that only one name fits in {where}, got {name!r}: use WordNet ids.')
        return class_index

    return class_index_of


def list_class_folders(root: Path, class_index_of: ClassIndexOf) -> list[LabelledImage]:
    return [
        LabelledImage(file.relative_to(root).as_posix(), class_index_of(folder.name, str(root)), file)
        for folder in sorted(path for path in root.iterdir() if path.is_dir())
        for file in sorted(folder.rglob('*'), key=lambda path: path.relative_to(root).as_posix())
        if is_image(file)
    ]


def list_named_images(path: Path, class_index_of: ClassIndexOf) -> list[LabelledImage]:
    root = path.parent
    images = []
    for line, where in read_lines(path):
        file, class_name = read_pair(line, where)
        name = file if (root / file).exists() else f'images/{file}'
        images.append(LabelledImage(name, class_index_of(class_name, where), root / name))
    return images


def list_flat_folder(folder: Path, ground_truth: Path, class_index_of: ClassIndexOf) -> list[LabelledImage]:
    """Images of one folder. Classes as bare numbers are rejected: ImageNet's development kit counts them in its own order."""
    files = sorted(path.name for path in folder.iterdir() if is_image(path))
    lines = read_lines(ground_truth)
    if not lines or pair_of(lines[0][0]) is not None:
        by_stem = {Path(file).stem: file for file in files}
        pairs = [(*read_pair(line, where), where) for line, where in lines]
        named = [(by_stem.get(file, file), class_name, where) for file, class_name, where in pairs]
    elif len(lines) != len(files):
        raise ValueError(f'Expected a class for each of the {len(files)} images of {folder}, got {len(lines)} lines in {ground_truth}.')
    else:
        named = [(file, line, where) for file, (line, where) in zip(files, lines)]
        for _, line, where in named:
            if line.isdigit():
                raise ValueError(
                    f"Expected a WordNet id or a label in {where}, got the number {line}: it may count ImageNet's classes in another order than models do."
                )
    return [LabelledImage(file, class_index_of(class_name, where), folder / file) for file, class_name, where in named]


def list_shard(shard: Path, classes: int) -> list[LabelledImage]:
    """Members of a WebDataset shard: `KEY.jpg` (or png, webp) is an image and `KEY.cls` its class index. Nothing is unpacked."""
    images: dict[str, tarfile.TarInfo] = {}
    indices: dict[str, int] = {}
    try:
        with tarfile.open(shard, 'r:') as archive:
            for member in archive:
                match = re.fullmatch(r'((?:.*/)?[^/.]+)\.([^/]+)', member.name, re.DOTALL)
                if match is None or not member.isreg():
                    continue
                key, extension = match.groups()
                if f'.{extension.lower()}' in IMAGE_EXTENSIONS:
                    if images.setdefault(key, member) is not member:
                        raise ValueError(f'Expected one image per key, got a second one in {member.name!r} of {shard}.')
                elif extension == 'cls':
                    written = archive.extractfile(member).read(16).decode('ascii', 'replace').strip()
                    if not written.isdigit() or int(written) >= classes:
                        raise ValueError(f'Expected a class index from 0 to {classes - 1} in {member.name!r} of {shard}, got {written!r}.')
                    if key in indices:
                        raise ValueError(f'Expected one class per key, got a second one in {member.name!r} of {shard}.')
                    indices[key] = int(written)
    except tarfile.TarError as error:
        raise ValueError(f'Expected {shard} to be a complete tar archive, but {error}.') from error
    if images.keys() != indices.keys():
        alone = min(images.keys() ^ indices.keys())
        raise ValueError(f'Expected an image and a class of {alone!r} in {shard}, found only one of them.')
    keys = {key: None for key in images}
    return [LabelledImage(f'{shard.name}/{key}', indices[key], shard, images[key].offset_data, images[key].size) for key in keys]


def is_image(path: Path) -> bool:
    return path.suffix.lower() in IMAGE_EXTENSIONS and path.is_file()


def read_lines(path: Path) -> list[tuple[str, str]]:
    """Lines that are not empty, each with its place; without the heading of Kaggle's table."""
    lines = [(line.strip(), f'line {number} of {path}') for number, line in enumerate(path.read_text('utf-8').splitlines(), 1)]
    return [(line, where) for i, (line, where) in enumerate(lines) if line and not (i == 0 and line == 'ImageId,PredictionString')]


def read_pair(line: str, where: str) -> tuple[str, str]:
    pair = pair_of(line)
    if pair is None:
        raise ValueError(f"Expected an image's name and its class on {where}, got {line[:100]!r}.")
    return pair


def pair_of(line: str) -> tuple[str, str] | None:
    """Name and class of a line: separated by tabs (further columns do not count) or by a comma, or by the first space."""
    match = re.fullmatch(r'([^\t,]+)\t([^\t]+).*|([^\t,]+),(.+)|(\S+)\s+(.+)', line)
    if match is None:
        return None
    file, class_name = (part.strip() for part in match.groups() if part is not None)
    with_box = re.match(r'(n\d{8}) \d', class_name)
    return file, with_box.group(1) if with_box else class_name
