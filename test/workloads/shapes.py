"""A tiny data set with known structure: four kinds of bars on 8x8 pixels; bars of one kind lie close together."""

import numpy as np

KINDS = 4


def bars(count, seed=0):
    """images uint8 [count, 8, 8], labels int64 [count], captions and a 2-d feature column."""
    generator = np.random.default_rng(seed)
    labels = np.arange(count) % KINDS
    images = generator.integers(0, 30, (count, 8, 8)).astype(np.uint8)
    for row, label in enumerate(labels):
        place = 3
        bar = generator.integers(180, 255)
        if label == 0:
            images[row, place, :] = bar
        elif label == 1:
            images[row, :, place] = bar
        elif label == 2:
            images[row, 5:, 5:] = bar
        else:
            images[row, np.arange(8), np.arange(8)[::-1]] = bar
    column = np.eye(KINDS)[labels][:, :3] + generator.normal(0, 0.05, (count, 3))
    return {
        "images": images,
        "labels": labels.astype(np.int64),
        "captions": np.array(["bar of kind %d" % label for label in labels]),
        "embedding": column,
    }


def write_source(directory, count=800, **changes):
    """Writes the source as two Npz files; `changes` replace arrays, None removes one."""
    directory.mkdir(parents=True, exist_ok=True)
    arrays = {**bars(count), **changes}
    arrays = {key: value for key, value in arrays.items() if value is not None}
    half = count // 2
    np.savez(directory / "a.npz", **{key: value[:half] for key, value in arrays.items()})
    np.savez(directory / "b.npz", **{key: value[half:] for key, value in arrays.items()})
    return directory
