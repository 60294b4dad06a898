"""Logits -> metrics of a model, in the words of `ghostserve evaluate --json`."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

BINS = 15
MAX_CONFUSIONS = 50


# Rank of an image that could not be read: behind every class.
UNRANKED = np.iinfo(np.int64).max


def tally(logits: np.ndarray, class_indices: np.ndarray, labels: Sequence[dict], temperature: float) -> dict:
    """
    Metrics of a validation, accuracy in percent with two decimals.

    `logits`: float32 [images, classes], NaN for an image that could not be read, which counts as wrong; `class_indices`: integers [images].
    """
    classified = ~np.isnan(logits).any(axis=1)
    ranks = np.full(len(logits), UNRANKED)
    ranks[classified] = rank(logits[classified], class_indices[classified])
    scores = softmax(logits[classified] / temperature)
    likelihoods = np.take_along_axis(scores, class_indices[classified, None], axis=1)
    mistaken = classified & (ranks > 0)
    return {
        'images': len(ranks),
        **accuracy(ranks),
        'negativeLogLikelihood': float(-np.log(np.maximum(likelihoods, np.finfo(np.float64).tiny)).mean()) if classified.any() else 0.0,
        'calibration': calibration(scores.max(axis=1), ranks[classified] == 0),
        'classes': [
            {'classIndex': i, 'label': label['label'], 'images': int((class_indices == i).sum()), **accuracy(ranks[class_indices == i])}
            for i, label in enumerate(labels)
            if (class_indices == i).any()
        ],
        'confusions': confusions(class_indices[mistaken], logits[mistaken].argmax(axis=1), labels, np.bincount(class_indices, minlength=len(labels))),
    }


def rank(logits: np.ndarray, class_indices: np.ndarray) -> np.ndarray:
    """Number of classes before the right one: by descending logit, equal ones in the order of their class index."""
    right = np.take_along_axis(logits, class_indices[:, None], axis=1)
    ahead = (logits > right) | ((logits == right) & (np.arange(logits.shape[1]) < class_indices[:, None]))
    return ahead.sum(axis=1)


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def accuracy(ranks: np.ndarray) -> dict:
    return {'top1': round(100 * float((ranks == 0).mean()), 2), 'top5': round(100 * float((ranks < 5).mean()), 2)}


def calibration(scores: np.ndarray, is_right: np.ndarray) -> dict:
    """Bins of equal width by the score of the most probable class, and the mean distance of score and accuracy."""
    in_bin = np.minimum(BINS - 1, (scores * BINS).astype(int))
    bins = []
    for i in range(BINS):
        here = in_bin == i
        images = int(here.sum())
        bins.append({
            'from': i / BINS,
            'to': (i + 1) / BINS,
            'images': images,
            'score': float(scores[here].mean()) if images else 0.0,
            'accuracy': float(is_right[here].mean()) if images else 0.0,
        })
    error = sum(each['images'] * abs(each['score'] - each['accuracy']) for each in bins) / max(1, len(scores))
    return {'expectedCalibrationError': error, 'bins': bins}


def confusions(class_indices: np.ndarray, predicted: np.ndarray, labels: Sequence[dict], of: np.ndarray) -> list[dict]:
    pairs = Counter(zip(class_indices.tolist(), predicted.tolist()))
    return [
        {'label': labels[class_index]['label'], 'takenFor': labels[taken_for]['label'], 'images': images, 'of': int(of[class_index])}
        for (class_index, taken_for), images in pairs.most_common(MAX_CONFUSIONS)
    ]
