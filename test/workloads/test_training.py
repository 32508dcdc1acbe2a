"""Experts and router: the same bits after kill -9, a stop or a repeat; better than chance; refusals with exit code 42."""

import json
import pathlib
import tempfile
import types
import unittest

import harness
import numpy as np
from atoll import ConfigurationError
from ddm import expert, params, router, train
from safetensors.numpy import load_file, save_file
from shapes import write_source

SMALL = {"imageSize": 8, "width": 8, "blocks": 1, "globalBatch": 64, "steps": 100, "checkpointEvery": 25, "reportEvery": 5}
ROUTER = {"imageSize": 8, "width": 8, "blocks": 1, "batch": 64, "steps": 150, "checkpointEvery": 60}


class Training(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.bench = harness.Bench(folder.name)
        source = write_source(pathlib.Path(folder.name) / "raw")
        cut = cls.bench.run("Partition", {"experts": 2, "clusters": {"fine": 8}}, source=source, experts=2)
        cls.inputs = {"dataset": cut.final}
        cls.undisturbed = cls.bench.run("Expert", SMALL, inputs=cls.inputs, index=1, experts=2, seed=3, fresh=True)

    def expert(self, changes=None, **options):
        return self.bench.start(
            "Expert", {**SMALL, **(changes or {})}, **{"inputs": self.inputs, "index": 1, "experts": 2, "seed": 3, **options}
        )

    def weights(self, result):
        self.assertEqual((result.code, result.message), (0, ""), result.log)
        return harness.sha256(result.final / "model.safetensors")

    def test_an_expert_publishes_what_an_ensemble_needs(self):
        result = self.undisturbed
        self.weights(result)
        final = result.checkpoint()
        self.assertEqual((final["step"], final["samples"], final["kind"]), (100, 100 * 32, "Export"))
        model = final["model"]
        self.assertEqual((model["prediction"], model["schedule"], model["time"]), ("velocity", "linear", "0=noise,1=data"))
        self.assertEqual(
            model["parameters"], sum(tensor.size for tensor in load_file(str(result.final / "model.safetensors")).values())
        )
        opening, *lines = result.log.splitlines()
        self.assertRegex(opening, r"^starting at step 0 of 100 on CPU, threads \d+: %d parameters" % model["parameters"])
        self.assertRegex(lines[-1], r"^step 100 of 100, loss \d")
        lines = result.progress()
        self.assertEqual((lines[-1]["step"], lines[-1]["steps"]), (100, 100))
        self.assertLess(lines[-1]["loss"], 0.75 * lines[2]["loss"])
        self.assertEqual(result.steps(), ["step-00000025", "step-00000050", "step-00000075"])

    def test_killed_with_9_and_resumed_it_ends_with_the_same_bits(self):
        trainer = self.expert()
        trainer.wait(until=lambda one: any(one.work.glob("output/step-00000050/published.json")))
        trainer.kill()
        newest = sorted(trainer.work.glob("output/step-*/checkpoint.json"))[-1].parent
        second = self.expert(resume=newest).wait()
        self.assertGreater(second.progress()[0]["step"], 49)
        self.assertRegex(second.log, "^resuming at step [57]")
        self.assertEqual(self.weights(second), self.weights(self.undisturbed))

    def test_stopped_by_sigterm_it_saves_and_goes_on_with_the_same_bits(self):
        trainer = self.expert({"checkpointEvery": 1000})
        trainer.wait(until=lambda one: (one.work / "progress.jsonl").exists())
        trainer.terminate()
        stopped = trainer.wait()
        self.assertEqual(stopped.code, 75, stopped.log)
        (name,) = stopped.steps()
        second = self.expert({"checkpointEvery": 1000}, resume=stopped.output / name).wait()
        self.assertEqual(self.weights(second), self.weights(self.undisturbed))

    def test_every_seed_and_every_index_has_its_own_random_stream(self):
        seeds = [expert.work_seed(seed, stream) for seed in range(4) for stream in (*range(256), router.STREAM)]
        self.assertEqual(len(set(seeds)), len(seeds))

    def test_resuming_with_other_settings_is_refused(self):
        checkpoint = self.undisturbed.output / "step-00000050"
        result = self.expert({"width": 16}, resume=checkpoint).wait()
        self.assertEqual(result.code, 42)
        self.assertIn("cannot resume: width is 8 in the checkpoint and 16 now", result.message)

    def test_wrong_params_end_with_42_and_say_what_is_allowed(self):
        cases = [
            ({"learningrate": 0.1}, "did you mean learningRate?"),
            ({"imageSize": 5}, "the images are 8x8"),
            ({"patch": 3}, "allowed: a divisor of params.imageSize = 8"),
            ({"globalBatch": 33}, "a multiple of 2"),
        ]
        for changes, message in cases:
            with self.subTest(message), self.assertRaises(ConfigurationError) as caught:
                expert.main(self.spec(changes))
            self.assertIn(message, str(caught.exception))
        result = self.expert({"steps": "many"}).wait()
        self.assertEqual((result.code, result.message), (42, "cannot use params.steps = 'many'; write a whole number, like 1500"))

    def spec(self, changes, experts=2):
        """A spec for a call in this process."""
        dataset = self.inputs["dataset"]
        return types.SimpleNamespace(
            params={**SMALL, **changes},
            experts=experts,
            index=1,
            seed=3,
            threads=1,
            inputs=lambda _name: dataset,
            resume=lambda: None,
        )

    def test_a_loss_that_is_no_number_ends_the_run_with_its_step(self):
        checkpoint = self.undisturbed.output / "step-00000050"
        poisoned = pathlib.Path(self.bench.root) / "poisoned"
        poisoned.mkdir()
        for path in checkpoint.iterdir():
            (poisoned / path.name).write_bytes(path.read_bytes())
        state = load_file(str(poisoned / "state.safetensors"))
        state["weights"] = np.full_like(state["weights"], np.nan)
        save_file(state, str(poisoned / "state.safetensors"))
        result = self.expert(resume=poisoned).wait()
        self.assertEqual(result.code, 1)
        self.assertIn("the loss is nan at step 55", result.message)

    def test_a_router_knows_the_cluster_better_than_chance_and_repeats_to_the_bit(self):
        first, second = (self.bench.start("Router", ROUTER, inputs=self.inputs, experts=2) for _ in range(2))
        first, second = first.wait(), second.wait()
        self.assertEqual(self.weights(first), self.weights(second))
        self.assertGreater(first.checkpoint()["metrics"]["accuracy"], 0.75)
        self.assertEqual(json.loads((first.final / "config.json").read_text())["outputs"], 2)

    def test_a_data_set_of_another_size_is_refused(self):
        with self.assertRaisesRegex(ConfigurationError, "cannot train 4 experts on a data set cut into 2 shards"):
            expert.main(self.spec({}, experts=4))


class Params(unittest.TestCase):
    def test_every_refusal_names_the_field_its_value_and_what_is_allowed(self):
        cases = [
            ({"steps": 0}, "params.steps = 0; allowed: at least 1"),
            ({"steps": 1.5}, "params.steps = 1.5; write a whole number"),
            ({"steps": "many"}, "params.steps = 'many'; write a whole number"),
            ({"steps": True}, "params.steps = True; write a whole number"),
            ({"learningRate": 0}, "params.learningRate = 0.0; allowed: more than 0"),
            ({"learningRate": float("nan")}, "params.learningRate = nan; write a number, like 0."),
            ({"emaDecay": 1}, "params.emaDecay = 1.0; allowed: at least 0 and at most"),
            ({"color": 1}, "params.color: there is no such parameter, remove it. Allowed: blocks,"),
            (["steps"], "it is a list; write an object"),
        ]
        for given, message in cases:
            with self.subTest(message), self.assertRaises(ConfigurationError) as caught:
                params.read(given, train.FIELDS)
            self.assertIn(message, str(caught.exception))

    def test_numbers_may_be_written_as_text_and_what_is_absent_has_its_default(self):
        read = params.read({"steps": "300", "clip": 2}, train.FIELDS)
        self.assertEqual((read.steps, read.clip, read.width), (300, 2.0, train.FIELDS["width"].default))


if __name__ == "__main__":
    unittest.main()
