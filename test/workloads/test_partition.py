"""Partitions: balance, a held-out set that does not depend on K, equal bytes in equal runs, and refusals that say what to do."""

import json
import pathlib
import tempfile
import unittest

import harness
import numpy as np
from atoll import ConfigurationError
from ddm import clusters, data, params, partition
from shapes import KINDS, bars, write_source


def settings(experts=4, method="Clusters", heldOut="0.1", **options):
    """Settings of a partition as the role reads them."""
    read = params.read(
        {"experts": experts, "method": method, "heldOut": heldOut},
        {key: value for key, value in partition.FIELDS.items() if key != "clusters"},
    )
    read.clusters = params.read(options, partition.CLUSTER_FIELDS, "params.clusters")
    return read


def source(count=400, **changes):
    """Samples in memory."""
    arrays = {**bars(count), **changes}
    return data.Samples(arrays["images"], arrays["labels"], arrays["captions"], np.arange(count), column=arrays["embedding"])


class Cutting(unittest.TestCase):
    def test_clusters_find_the_kinds_of_the_data(self):
        training, heldout, shard, heldout_shard, _ = partition.cut(source(), settings(fine=16))
        for samples, where in ((training, shard), (heldout, heldout_shard)):
            purity = sum(np.bincount(samples.labels[where == k], minlength=KINDS).max() for k in range(4)) / len(samples)
            self.assertGreater(purity, 0.9)

    def test_a_feature_column_can_take_the_place_of_pca(self):
        training, _, shard, _, extra = partition.cut(source(), settings(features="Column", column="embedding", fine=16))
        self.assertEqual(sorted(extra), ["centroids"])
        self.assertGreater(sum(np.bincount(training.labels[shard == k]).max() for k in range(4)) / len(training), 0.9)

    def test_balance_caps_every_shard(self):
        skewed = source(
            labels=np.zeros(400, np.int64),
            images=np.repeat(bars(400)["images"][:1], 400, axis=0)
            ^ (np.arange(400) % 7 == 0).astype(np.uint8)[:, None, None] * 200,
        )
        _, _, shard, _, _ = partition.cut(skewed, settings(experts=2, fine=8))
        self.assertLessEqual(np.bincount(shard).max(), np.ceil(clusters.SLACK * 360 / 2))
        _, _, loose, _, _ = partition.cut(skewed, settings(experts=2, fine=8, balance=False))
        self.assertGreater(np.bincount(loose).max(), 250)

    def test_the_held_out_set_depends_on_the_seed_and_not_on_k_or_method(self):
        rows = [
            partition.cut(source(), one)[1].index.tolist()
            for one in (settings(1), settings(4, fine=16), settings(3, "Random"), settings(2, "Labels"))
        ]
        self.assertEqual(rows[1:], rows[:1] * 3)
        self.assertNotEqual(partition.cut(source(), settings(3, "Random", seed=5))[1].index.tolist(), rows[0])

    def test_labels_stay_together_and_random_shards_are_equal(self):
        training, heldout, shard, heldout_shard, _ = partition.cut(source(), settings(2, "Labels"))
        owner = {label: set(shard[training.labels == label]) for label in range(KINDS)}
        self.assertTrue(all(len(shards) == 1 for shards in owner.values()))
        self.assertTrue(all(where in owner[label] for label, where in zip(heldout.labels, heldout_shard)))
        _, _, shard, _, _ = partition.cut(source(), settings(3, "Random"))
        self.assertEqual(np.bincount(shard).tolist(), [120, 120, 120])

    def test_what_cannot_be_cut_is_refused_with_a_way_out(self):
        cases = [
            (source(4), settings(8, heldOut=0), "4 training samples into params.experts = 8"),
            (source(), settings(5, "Labels"), "the data has 4 labels"),
            (source(), settings(4, fine=1000), "params.clusters.fine = 1000"),
            (source(), settings(8, fine=4), "params.clusters.fine = 4"),
            (source(images=np.zeros((400, 8, 8), np.uint8)), settings(4, fine=8, balance=False), "too few samples differ"),
        ]
        for samples, options, message in cases:
            with self.assertRaisesRegex(ConfigurationError, message):
                partition.cut(samples, options)


class Source(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def test_bad_data_is_refused_by_file_and_array(self):
        good = bars(20)
        broken = good["embedding"].copy()
        broken[13, 1] = np.nan
        cases = [
            (
                {"labels": None},
                None,
                "cannot find the array labels in a.npz; it has: captions, embedding, images|cannot find the array labels",
            ),
            ({"images": good["images"].astype(np.float32)}, None, "float32"),
            ({"images": good["images"].reshape(20, 64)}, None, r"\[10, 64\]"),
            ({"labels": good["labels"].astype(np.float64)}, None, "labels in a.npz: float64"),
            ({"labels": good["labels"] - 1}, None, "integers from 0"),
            ({"captions": good["labels"]}, None, "array of strings"),
            ({"captions": np.array([{}] * 20, dtype=object)}, None, "without pickled objects"),
            ({"embedding": broken}, "embedding", "in b.npz: 1 rows have NaN or infinite values, the first is row 3"),
            ({}, "clip", "cannot find the array clip in a.npz; it has: .*embedding"),
        ]
        for number, (changes, column, message) in enumerate(cases):
            with self.subTest(message), self.assertRaisesRegex(ConfigurationError, message):
                data.read_source(write_source(self.folder / str(number), 20, **changes), column)

    def test_files_that_do_not_fit_or_are_not_npz_are_refused(self):
        with self.assertRaisesRegex(ConfigurationError, "no .npz file"):
            data.read_source(self.folder)
        write_source(self.folder, 20)
        np.savez(self.folder / "c.npz", images=np.zeros((5, 9, 9), np.uint8), labels=np.zeros(5, np.int64))
        with self.assertRaisesRegex(ConfigurationError, r"\[8, 8\] in a.npz and \[9, 9\] in c.npz"):
            data.read_source(self.folder)
        (self.folder / "c.npz").write_bytes(b"PK\x03\x04 not a zip file at all")
        with self.assertRaisesRegex(ConfigurationError, "c.npz"):
            data.read_source(self.folder)

    def test_two_runs_publish_the_same_bytes_and_the_layout_of_the_contract(self):
        bench = harness.Bench(self.folder)
        raw = write_source(self.folder / "raw")
        given = {
            "experts": 3,
            "method": "Clusters",
            "clusters": {"features": "Pca", "column": None, "fine": 12, "balance": True, "seed": 0},
            "heldOut": "0.1",
            "format": "Npz",
        }
        first, second = (bench.run("Partition", given, source=raw, experts=3, fresh=fresh) for fresh in (True, False))
        self.assertEqual((first.code, first.message), (0, ""))
        manifests = [json.loads((one.final / "manifest.json").read_text()) for one in (first, second)]
        self.assertEqual(manifests[0], manifests[1])
        paths = {entry["path"] for entry in manifests[0]["files"]}
        self.assertLessEqual(
            {"partition.json", "heldout/data.npz", "shards/000/data.npz", "shards/002/data.npz", "thumbnails/001.png"}, paths
        )
        facts = manifests[0]["partition"]
        self.assertEqual((facts["method"], facts["experts"], facts["samples"], facts["heldOut"]), ("Clusters", 3, 720, 80))
        self.assertEqual(sum(entry["samples"] for entry in facts["shards"]), 720)
        joined = data.read_shards(first.final)
        self.assertTrue(np.all(np.diff(joined.index) > 0))
        self.assertEqual(
            set(np.load(first.final / "heldout" / "data.npz").files), {"images", "labels", "captions", "index", "shard"}
        )

    def test_a_refused_partition_exits_42(self):
        result = harness.Bench(self.folder).run(
            "Partition", {"experts": 2, "methd": "Random"}, source=write_source(self.folder / "raw", 20), experts=2
        )
        self.assertEqual(result.code, 42)
        self.assertIn("params.methd: there is no such parameter, did you mean method?", result.message)


if __name__ == "__main__":
    unittest.main()
