"""What a network makes of photos before its classifier decides."""

from collections.abc import Sequence

import torch
from torch.utils.data import DataLoader
from tqdm import tqdm

from ghostnet_training.labelled_images import LabelledImage
from ghostnet_training.load_model import Model
from ghostnet_training.validate import ImageDataset


@torch.no_grad()
def trunk_features(model: Model, images: Sequence[LabelledImage], device: str, workers: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Features, float `[N, F]`, and classes, int64 `[N]`, of the images that can be read, in their order."""
    network = model.network.to(device).eval()
    rows, read = [], []
    for pixels, errors in tqdm(DataLoader(ImageDataset(images, model), 64, num_workers=workers), unit='batch', disable=None):
        rows.append(network.forward_head(network.forward_features(pixels.to(device)), pre_logits=True))
        read += [error == '' for error in errors]
    is_read = torch.tensor(read)
    classes = torch.tensor([image.class_index for image in images])
    return torch.cat(rows)[is_read.to(device)], classes[is_read].to(device)
