"""The contract module: checkpoints that exist wholly or not at all, exit codes, progress that never stops training."""

import ast
import json
import pathlib
import sys
import tempfile
import unittest

import harness

SLOW = """
import atoll, time
def main(spec):
    step = 0
    while True:
        step += 1
        atoll.report(step=step, steps=10**9, loss=1.0 / step)
        time.sleep(0.01)
        if atoll.should_stop():
            atoll.checkpoint(step, lambda directory: (directory / "state").write_text(str(step)), samples=2 * step)
            atoll.stop_saved()
atoll.run(main)
"""


class Contract(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.bench = harness.Bench(folder.name)

    def start(self, program, **options):
        return self.bench.start("Expert", {"steps": 3}, command=[sys.executable, "-c", program], index=2, experts=4, **options)

    def run_program(self, program, **options):
        return self.start(program, **options).wait()

    def test_sigterm_saves_a_checkpoint_and_ends_with_75(self):
        trainer = self.start(SLOW)
        trainer.wait(until=lambda one: (one.work / "progress.jsonl").exists())
        trainer.terminate()
        result = trainer.wait()
        self.assertEqual(result.code, 75)
        (name,) = result.steps()
        saved = result.checkpoint(name)
        self.assertEqual((saved["kind"], saved["final"], saved["samples"]), ("Resumable", False, 2 * saved["step"]))
        self.assertEqual(result.progress()[-1]["step"], saved["step"])

    def test_a_trainer_that_stands_still_leaves_its_stacks_before_its_limit_and_goes_on(self):
        program = """
import atoll, time
def stuck():
    time.sleep(2)
def main(spec):
    atoll.report(step=1)
    %s
atoll.run(main)
"""
        for body, stacks in (("stuck()", True), ("[(time.sleep(0.3), atoll.report(step=step)) for step in range(5)]", False)):
            with self.subTest(body):
                result = self.run_program(program % body, stall={"firstStepSeconds": 60, "stepSeconds": 1})
                self.assertEqual(result.code, 0)
                self.assertEqual("in stuck" in result.log, stacks, result.log)

    def test_of_many_processes_only_rank_0_reports_saves_and_finishes(self):
        program = """
import atoll, sys
def main(spec):
    atoll.report(step=1, steps=2, loss=1.0)
    saved = atoll.checkpoint(1, lambda directory: (directory / "state").write_text("1"))
    atoll.finish(2, lambda directory: (directory / "model").write_text("2"), wait=False)
    print(atoll.is_main(), saved is not None, file=sys.stderr)
atoll.run(main)
"""
        for environment, main in (
            ({"RANK": "0", "NODE_RANK": "1"}, True),
            ({"NODE_RANK": "0"}, True),
            ({"RANK": "8", "NODE_RANK": "1"}, False),
            ({"NODE_RANK": "1"}, False),
        ):
            result = self.run_program(program, environment=environment)
            self.assertEqual((result.code, result.log.strip()), (0, "%s %s" % (main, main)), environment)
            self.assertEqual(len(list(result.output.iterdir())), 2 if main else 0)
            self.assertEqual((result.work / "progress.jsonl").exists(), main)

    def test_a_wrong_configuration_ends_with_42_and_the_message_in_both_places(self):
        result = self.run_program(
            "import atoll\ndef main(spec): raise atoll.ConfigurationError('cannot use params.x = 1')\natoll.run(main)"
        )
        self.assertEqual(result.code, 42)
        self.assertEqual(result.message, "cannot use params.x = 1")
        self.assertIn("cannot use params.x = 1", result.log)

    def test_a_crash_leaves_its_reason_in_the_termination_message(self):
        result = self.run_program("import atoll\ndef main(spec): raise ValueError('boom')\natoll.run(main)")
        self.assertEqual((result.code, result.message), (1, "ValueError: boom"))
        self.assertIn("Traceback", result.log)

    def test_a_checkpoint_whose_saving_fails_is_never_seen(self):
        program = """
import atoll
def broken(directory):
    (directory / "half").write_text("x" * 1000)
    raise OSError("disk full")
atoll.run(lambda spec: atoll.checkpoint(7, broken))
"""
        result = self.run_program(program)
        self.assertEqual(result.code, 1)
        self.assertEqual([path.name for path in result.output.iterdir() if not path.name.startswith(".")], [])

    def test_finish_ends_with_the_reason_when_the_courier_will_never_publish_it(self):
        result = self.run_program(
            "import atoll\natoll.run(lambda spec: atoll.finish(3, lambda directory: None, metrics={'nonsense': 1}))"
        )
        self.assertEqual((result.code, result.message), (1, "PublicationRefused: metrics.nonsense is not wanted"))

    def test_finish_returns_what_the_courier_published_and_saves_once(self):
        program = """
import atoll, json
def main(spec):
    assert (spec.role, spec.index, spec.experts, spec.threads, spec.params) == ("Expert", 2, 4, 1, {"steps": 3})
    assert spec.resume() is None
    saves = []
    save = lambda directory: (saves.append(1), (directory / "weights").write_text("w"))
    first = atoll.checkpoint(3, save)
    assert atoll.checkpoint(3, save) == first and saves == [1]
    answer = atoll.finish(3, save, samples=9, metrics={"loss": 0.5, "bad": float("nan")}, model={"dtype": "float32"})
    assert answer["digest"].startswith("sha256:"), answer
atoll.run(main)
"""
        result = self.run_program(program)
        self.assertEqual((result.code, result.log), (0, ""))
        final = result.checkpoint()
        self.assertEqual(final["metrics"], {"loss": 0.5})
        self.assertEqual(
            (final["contract"], final["step"], final["final"], final["kind"], final["model"]),
            (harness.CONTRACT, 3, True, "Export", {"dtype": "float32"}),
        )

    def test_progress_that_cannot_be_written_does_not_stop_training(self):
        program = """
import atoll
def main(spec):
    for step in range(1000): atoll.report(step=step, loss=float("nan"))
atoll.run(main)
"""
        result = self.run_program(program, environment={"ATOLL_PROGRESS": "/nonexistent/folder/progress.jsonl"})
        self.assertEqual((result.code, result.log), (0, ""))

    def test_a_hundred_thousand_reports_cost_little_and_all_arrive(self):
        program = """
import atoll, time
def main(spec):
    started = time.process_time()
    for step in range(100_000): atoll.report(step=step, steps=100_000, loss=0.5)
    print((time.process_time() - started) / 100_000)
atoll.run(main)
"""
        result = self.run_program(program)
        lines = result.progress()
        self.assertEqual((result.code, len(lines), lines[-1]["step"]), (0, 100_000, 99_999))
        self.assertEqual(sorted(lines[0]), ["at", "loss", "step", "steps"])

    def test_a_loss_that_is_no_number_is_said_without_breaking_json(self):
        result = self.run_program("import atoll\natoll.run(lambda spec: atoll.report(step=1, loss=float('inf')))")
        line = json.loads((result.work / "progress.jsonl").read_text("utf-8"), parse_constant=lambda name: self.fail(name))
        self.assertEqual((line["nonFinite"], "loss" in line), (True, False))

    def test_an_unknown_input_and_another_contract_are_refused_by_name(self):
        result = self.run_program("import atoll\natoll.run(lambda spec: spec.inputs('dataset'))")
        self.assertEqual(result.code, 42)
        self.assertIn("cannot find input 'dataset'", result.message)
        result = self.run_program("import atoll\natoll.Spec({'contract': 'atoll.dev/contract/v9'})")
        self.assertIn("atoll.dev/contract/v9", result.log)

    def test_the_module_needs_only_the_standard_library_of_python_39(self):
        source = (harness.WORKLOADS / "atoll" / "__init__.py").read_text("utf-8")
        tree = ast.parse(source, feature_version=(3, 9))
        imported = {alias.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        self.assertLessEqual(imported, set(sys.stdlib_module_names))
        self.assertFalse([node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)])


if __name__ == "__main__":
    sys.path.insert(0, str(pathlib.Path(__file__).parent))
    unittest.main()
