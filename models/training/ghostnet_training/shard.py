"""Writes one folder per class as WebDataset shards.

    python -m ghostnet_training.shard --data-dir DIR --output-dir SHARDS
"""

import argparse
import json
import random
import sys
from pathlib import Path

import webdataset
from tqdm import tqdm

from ghostnet_training.data import image_folder
from ghostnet_training.output_folder import reject_others


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog='python -m ghostnet_training.shard', description='Writes one folder per class as WebDataset shards.')
    parser.add_argument('--data-dir', required=True, type=Path, help='train/ and val/ with one folder per class')
    parser.add_argument('--output-dir', required=True, type=Path)
    parser.add_argument('--samples', type=int, default=1000, help='images per shard [1000]')
    options = parser.parse_args(arguments)
    try:
        write_shards(options.data_dir, options.output_dir, options.samples)
    except (ValueError, OSError) as error:
        sys.exit(str(error))


def write_shards(data_dir: Path, folder: Path, samples: int) -> None:
    """Writes the files unchanged, in an order that mixes the classes and is always the same."""
    reject_others(folder, ['train-*.tar', 'val-*.tar', 'classes.txt', 'sizes.json'])
    folder.mkdir(parents=True, exist_ok=True)
    sizes: dict[str, int] = {}
    for part in ('train', 'val'):
        images = image_folder(data_dir / part, transform=None)
        entries = list(enumerate(images.samples))
        random.Random(0).shuffle(entries)
        with webdataset.ShardWriter(str(folder / f'{part}-%05d.tar'), maxcount=samples, maxsize=1 << 40, verbose=0) as writer:
            for key, (path, target) in tqdm(entries, desc=part, unit='image'):
                extension = Path(path).suffix.lower().removeprefix('.')
                writer.write({'__key__': f'{key:08d}', extension: Path(path).read_bytes(), 'cls': str(target).encode()})
        for start in range(0, len(entries), samples):
            sizes[f'{part}-{start // samples:05d}.tar'] = min(samples, len(entries) - start)
    (folder / 'classes.txt').write_text(''.join(f'{name}\n' for name in images.classes), encoding='utf-8')
    (folder / 'sizes.json').write_text(f'{json.dumps(sizes, indent=1)}\n', encoding='utf-8')


if __name__ == '__main__':
    main()
