"""Reads images: the raw Npz source of a partition, and the shards that a partition made."""

from dataclasses import dataclass

import numpy as np
from atoll import ConfigurationError


@dataclass
class Samples:
    """Images uint8 [N, H, W] or [N, H, W, C], labels int64 [N]; captions, index (place in the source) and shard if known."""

    images: np.ndarray
    labels: np.ndarray
    captions: np.ndarray | None = None
    index: np.ndarray | None = None
    shard: np.ndarray | None = None
    column: np.ndarray | None = None

    def __len__(self):
        return len(self.images)

    def take(self, rows):
        """The samples of these rows, in this order."""
        return Samples(**{key: None if value is None else value[rows] for key, value in vars(self).items()})

    def arrays(self):
        """What is there, by name, as `numpy.savez` wants it."""
        return {key: value for key, value in vars(self).items() if value is not None and key != "column"}


def read_source(directory, column=None):
    """All *.npz files below `directory`, checked and joined in the order of their names; `column`: a feature array to read."""
    paths = sorted(directory.rglob("*.npz"))
    if not paths:
        raise ConfigurationError(
            "cannot find data: no .npz file under the source's prefix; upload some with the arrays images and labels"
        )
    parts = [_read_source_file(path, path.relative_to(directory).as_posix(), column) for path in paths]
    _same([part.images.shape[1:] for part in parts], paths, "the shape of images")
    if column is not None:
        _same([part.column.shape[1:] for part in parts], paths, "the shape of the column " + column)
    captioned = all(part.captions is not None for part in parts)
    joined = Samples(
        images=np.concatenate([part.images for part in parts]),
        labels=np.concatenate([part.labels for part in parts]),
        captions=np.concatenate([part.captions for part in parts]) if captioned else None,
        column=None if column is None else np.concatenate([part.column for part in parts]),
    )
    joined.index = np.arange(len(joined), dtype=np.int64)
    return joined


def read_shard(path):
    """One data.npz of a partition; `read_source` checked it when it was cut."""
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    return Samples(**arrays)


def read_shards(directory):
    """All training samples of a partition in the order of the source, so that they do not depend on K; `shard` says whose."""
    paths = sorted((directory / "shards").glob("*/data.npz"))
    if not paths:
        raise ConfigurationError("cannot find shards/*/data.npz in the data set; it was not made by this partition image")
    shards = [read_shard(path) for path in paths]
    shard = np.concatenate([np.full(len(part), int(path.parent.name), np.int64) for path, part in zip(paths, shards)])
    joined = Samples(
        images=np.concatenate([part.images for part in shards]),
        labels=np.concatenate([part.labels for part in shards]),
        index=np.concatenate([part.index for part in shards]),
        shard=shard,
    )
    return joined.take(np.argsort(joined.index, kind="stable"))


def to_unit(images, size):
    """uint8 images as float32 [N, C, size, size] in [-1, 1], by average pooling."""
    images = images if images.ndim == 4 else images[..., None]
    count, height, width, channels = images.shape
    if height % size or width % size or height != width:
        raise ConfigurationError(
            "cannot use params.imageSize = %d: the images are %dx%d; allowed: square images and a size that divides theirs"
            % (size, height, width)
        )
    factor = height // size
    pooled = images.reshape(count, size, factor, size, factor, channels).astype(np.float32).mean(axis=(2, 4))
    return np.ascontiguousarray((pooled / 127.5 - 1.0).transpose(0, 3, 1, 2))


def _read_source_file(path, name, column):
    try:
        with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as file:
            arrays = {key: file[key] for key in file.files if key in ("images", "labels", "captions", column)}
            present = list(file.files)
    except (OSError, ValueError, EOFError, KeyError) as error:
        raise ConfigurationError(
            "cannot read %s as Npz without pickled objects: %s; write plain arrays with numpy.savez" % (name, error)
        ) from error
    except Exception as error:  # zipfile.BadZipFile and zlib.error: a damaged file
        raise ConfigurationError("cannot read %s: %s; upload it again" % (name, error)) from error
    for needed in ["images", "labels"] + ([column] if column else []):
        if needed not in arrays:
            raise ConfigurationError(
                "cannot find the array %s in %s; it has: %s" % (needed, name, ", ".join(present) or "nothing")
            )
    samples = Samples(arrays["images"], arrays["labels"], arrays.get("captions"), column=arrays.get(column) if column else None)
    _check(samples, name, column)
    samples.labels = samples.labels.astype(np.int64)
    if column:
        samples.column = samples.column.reshape(len(samples), -1).astype(np.float64)
    return samples


def _check(samples, name, column):
    images, labels = samples.images, samples.labels
    if images.dtype != np.uint8 or images.ndim not in (3, 4) or min(images.shape[1:], default=0) == 0:
        raise ConfigurationError(
            "cannot use images in %s: %s %s; allowed: uint8 [N,H,W] or [N,H,W,C]" % (name, images.dtype, list(images.shape))
        )
    for key in ("labels", "captions", "column"):
        value = getattr(samples, key)
        if value is not None and (value.ndim == 0 or len(value) != len(images)):
            raise ConfigurationError(
                "cannot use %s in %s: shape %s for %d images; write one entry per image"
                % (key, name, list(value.shape), len(images))
            )
    if (
        not np.issubdtype(labels.dtype, np.integer)
        or labels.ndim != 1
        or (len(labels) and (labels.min() < 0 or labels.max() >= 10_000))
    ):
        raise ConfigurationError(
            "cannot use labels in %s: %s %s; allowed: integers from 0 to 9999, one per image"
            % (name, labels.dtype, list(labels.shape))
        )
    if samples.captions is not None and (samples.captions.ndim != 1 or samples.captions.dtype.kind != "U"):
        raise ConfigurationError(
            "cannot use captions in %s: %s; allowed: an array of strings (dtype <U...)" % (name, samples.captions.dtype)
        )
    if column:
        if samples.column.dtype.kind not in "fiu":
            raise ConfigurationError(
                "cannot use the column %s in %s: %s; allowed: numbers" % (column, name, samples.column.dtype)
            )
        bad = ~np.isfinite(samples.column.reshape(len(images), -1)).all(axis=1) if len(images) else np.zeros(0, bool)
        if bad.any():
            raise ConfigurationError(
                "cannot use the column %s in %s: %d rows have NaN or infinite values, the first is row %d; fill or remove them"
                % (column, name, bad.sum(), int(np.argmax(bad)))
            )


def _same(values, paths, what):
    for value, path in zip(values, paths):
        if value != values[0]:
            raise ConfigurationError(
                "cannot join the source: %s is %s in %s and %s in %s"
                % (what, list(values[0]), paths[0].name, list(value), path.name)
            )
