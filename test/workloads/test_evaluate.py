"""From raw images to a measured ensemble: with all experts, with one missing, with a single model, and drawn by a person."""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

import harness
import numpy as np
from PIL import Image
from shapes import KINDS, write_source

EXPERT = {"learningRate": 0.004, "imageSize": 8, "width": 8, "blocks": 1, "globalBatch": 64, "steps": 120}
ROUTER = {"learningRate": 0.004, "imageSize": 8, "width": 8, "blocks": 1, "batch": 64, "steps": 120}
MEASURE = {
    "strategies": ["Full", "Top-1", "Top2", "Oracle", "Uniform"],
    "samples": 200,
    "samplingSteps": 8,
    "classifierSteps": 60,
    "repeats": 2,
    "gridColumns": 5,
}


class Evaluation(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.bench = harness.Bench(cls.folder)
        source = write_source(cls.folder / "raw")
        cuts = {
            count: cls.bench.start("Partition", {"experts": count, "clusters": {"fine": 12}}, source=source, experts=count)
            for count in (1, 2)
        }
        cls.dataset = {count: trainer.wait().final for count, trainer in cuts.items()}
        started = [
            cls.bench.start("Expert", EXPERT, inputs={"dataset": cls.dataset[2]}, index=0, experts=2),
            cls.bench.start("Expert", EXPERT, inputs={"dataset": cls.dataset[2]}, index=1, experts=2),
            cls.bench.start("Router", ROUTER, inputs={"dataset": cls.dataset[2]}, experts=2),
            cls.bench.start("Expert", EXPERT, inputs={"dataset": cls.dataset[1]}, index=0, experts=1),
        ]
        first, second, router, single = (trainer.wait().final for trainer in started)
        cls.parts = {"dataset": cls.dataset[2], "expert-000": first, "expert-001": second, "router": router}
        cls.single = {"dataset": cls.dataset[1], "expert-000": single}
        without = {name: path for name, path in cls.parts.items() if name != "expert-000"}
        running = [
            cls.bench.start("Evaluate", MEASURE, inputs=cls.parts, experts=2),
            cls.bench.start("Evaluate", MEASURE, inputs=without, experts=2),
            cls.bench.start("Evaluate", MEASURE, inputs=cls.single, experts=1),
        ]
        cls.whole, cls.partial, cls.alone = (trainer.wait() for trainer in running)

    def read(self, result, name):
        self.assertEqual((result.code, result.message), (0, ""), result.log)
        return json.loads((result.final / name).read_text("utf-8"))

    def test_the_ensemble_names_every_part_by_digest_and_the_strategy_measured_best(self):
        description, report = self.read(self.whole, "ensemble.json"), self.read(self.whole, "metrics.json")
        self.assertEqual([part["name"] for part in description["parts"]], ["dataset", "expert-000", "expert-001", "router"])
        for part in description["parts"]:
            self.assertEqual(part["digest"], harness.published(self.parts[part["name"]])["digest"])
        usable = {name: report["strategies"][name]["frechet"] for name in ("Full", "Top1", "Top2")}
        self.assertEqual(description["mixing"]["strategy"], min(usable, key=usable.get))
        self.assertEqual((description["missing"], description["experts"]), ([], 2))

    def test_every_strategy_is_measured_on_the_same_three_seeds(self):
        report, flat = self.read(self.whole, "metrics.json"), self.whole.checkpoint()["metrics"]
        self.assertEqual(list(report["strategies"]), ["Full", "Oracle", "Top1", "Top2", "Uniform"])
        for name, values in report["strategies"].items():
            self.assertEqual(len(values["frechetBySeed"]), 3)
            self.assertAlmostEqual(values["frechet"], np.mean(values["frechetBySeed"]))
            self.assertAlmostEqual(flat["fd." + name.lower()], values["frechet"], delta=0.01)
            self.assertLess(abs(flat["val." + name.lower()] - values["heldOutLoss"]), 1e-4)
        self.assertEqual(report["sampling"]["seeds"], [11, 12, 13])
        self.assertAlmostEqual(report["strategies"]["Full"]["frechet"], report["strategies"]["Top2"]["frechet"])
        self.assertLess(flat["val.full"], flat["val.uniform"])

    def test_the_grid_shows_every_class_in_a_row(self):
        picture = Image.open(self.whole.final / "grid.png")
        self.assertEqual(picture.mode, "RGB")
        pixels = np.asarray(picture)
        self.assertGreater(pixels.shape[0], KINDS * 56)
        self.assertGreater(pixels.shape[1], 5 * 56)
        self.assertGreater(pixels.std(), 20)

    def test_a_missing_expert_hurts_its_own_cluster_and_is_named(self):
        description, report, full = (
            self.read(self.partial, "ensemble.json"),
            self.read(self.partial, "metrics.json"),
            self.read(self.whole, "metrics.json"),
        )
        self.assertEqual((description["missing"], report["present"]), ([0], [1]))
        before, after = full["strategies"]["Full"]["heldOutLossByShard"], report["strategies"]["Full"]["heldOutLossByShard"]
        own, other = after[0] / before[0] - 1, after[1] / before[1] - 1
        self.assertGreater(own, 0.02)
        self.assertLess(abs(other), 0.5 * own)

    def test_a_single_model_needs_no_router_and_is_measured_by_the_same_classifier(self):
        report, whole = self.read(self.alone, "metrics.json"), self.read(self.whole, "metrics.json")
        self.assertEqual(list(report["strategies"]), ["Full"])
        self.assertEqual((report["floor"], report["classifierAccuracy"]), (whole["floor"], whole["classifierAccuracy"]))
        self.assertEqual((report["routerParameters"], whole["parameters"]), (0, 2 * report["parameters"]))

    def test_an_ensemble_of_two_without_a_router_is_refused(self):
        result = self.bench.run(
            "Evaluate", MEASURE, inputs={name: path for name, path in self.parts.items() if name != "router"}, experts=2
        )
        self.assertEqual(result.code, 42)
        self.assertIn("without a router", result.message)

    def test_a_person_draws_from_a_downloaded_ensemble(self):
        folder = self.folder / "download"
        folder.mkdir()
        shutil.copy(self.whole.final / "ensemble.json", folder)
        command = [
            sys.executable,
            "-m",
            "ddm",
            "sample",
            str(folder),
            "--out",
            str(folder / "out.png"),
            "--classes",
            "0-2",
            "--count",
            "3",
            "--steps",
            "4",
        ]
        environment = {"PYTHONPATH": str(harness.WORKLOADS), "PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"}
        missing = subprocess.run(command, env=environment, capture_output=True, text=True)
        self.assertEqual(missing.returncode, 1)
        self.assertIn("expert-000/  <-  bucket/final/", missing.stderr)
        for name in ("expert-000", "expert-001", "router"):
            shutil.copytree(self.parts[name], folder / name, symlinks=False)
        drawn = subprocess.run(command, env=environment, capture_output=True, text=True)
        self.assertEqual(drawn.returncode, 0, drawn.stderr)
        self.assertGreater(np.asarray(Image.open(folder / "out.png")).std(), 10)


if __name__ == "__main__":
    unittest.main()
