"""Runs trainers under the training contract without Kubernetes: a spec, inputs, a courier that publishes, exit codes."""

import hashlib
import json
import multiprocessing
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORKLOADS = ROOT / "workloads"
CONTRACT = "atoll.dev/contract/v1"


# Trainers are forked from a process that has imported PyTorch once: that is most of what a short run costs.
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["torch", "safetensors.numpy", "PIL.Image", "sklearn.cluster", "sklearn.decomposition"])


class Result:
    """How a trainer ended: exit code, log, termination message, and its directories."""

    def __init__(self, code, work, log):
        self.code, self.work, self.log = code, work, log
        self.message = (work / "termination-log").read_text("utf-8")
        self.output = work / "output"
        self.final = work / "output" / "final"

    def checkpoint(self, name="final"):
        """The checkpoint.json of a checkpoint."""
        return json.loads((self.output / name / "checkpoint.json").read_text("utf-8"))

    def steps(self):
        """Names of the resumable checkpoints, oldest first."""
        return sorted(path.name for path in self.output.glob("step-*"))

    def progress(self):
        """The progress lines."""
        path = self.work / "progress.jsonl"
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.is_file() else []


class Bench:
    """A folder for many runs. Each run gets a work folder of its own, like a pod."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.count = 0

    def start(
        self,
        role,
        params,
        inputs=None,
        source=None,
        index=None,
        experts=1,
        seed=0,
        resume=None,
        threads=1,
        command=None,
        environment=None,
        fresh=False,
        stall=None,
    ):
        """Starts a trainer; inputs: {name: directory of a published final}; fresh: as the pod's command does, not forked."""
        self.count += 1
        work = self.root / ("%03d-%s" % (self.count, role.lower()))
        for name in ("inputs", "output", "home"):
            (work / name).mkdir(parents=True)
        listed = []
        for name, directory in (inputs or {}).items():
            os.symlink(directory, work / "inputs" / name)
            listed.append({"name": name, **published(directory)})
        if source is not None:
            os.symlink(source, work / "inputs" / "source")
        if resume is not None:
            os.symlink(resume, work / "resume")
        (work / "termination-log").touch()
        owner = {
            "namespace": "research",
            "owner": {"kind": "ExpertTraining", "name": "digits", "uid": "1a2b3c4d"},
            "training": "digits",
            "experts": experts,
        }
        if index is not None:
            owner["index"] = index
        spec = {
            "contract": CONTRACT,
            "role": role,
            "work": owner,
            "placement": 1,
            "attempt": 1,
            "seed": seed,
            "threads": threads,
            "params": params,
            "inputs": listed,
            "grace": {"saveSeconds": 60},
            **({"stall": stall} if stall else {}),
        }
        (work / "spec.json").write_text(json.dumps(spec), "utf-8")
        variables = {
            **os.environ,
            "ATOLL_SPEC": work / "spec.json",
            "ATOLL_INPUTS": work / "inputs",
            "ATOLL_RESUME": work / "resume",
            "ATOLL_OUTPUT": work / "output",
            "ATOLL_PROGRESS": work / "progress.jsonl",
            "ATOLL_TERMINATION_LOG": work / "termination-log",
            "HOME": work / "home",
            "PYTHONPATH": WORKLOADS,
            "PYTHONDONTWRITEBYTECODE": "1",
            "CUDA_VISIBLE_DEVICES": "",
            **(environment or {}),
        }
        variables = {key: str(value) for key, value in variables.items()}
        if command is None and not fresh:
            return Trainer(Fork(role.lower(), variables, work), work)
        with open(work / "log", "wb") as log:
            process = subprocess.Popen(
                command or [sys.executable, "-m", "ddm", role.lower()],
                env=variables,
                stdout=log,
                stderr=log,
                cwd=work,
            )
        return Trainer(process, work)

    def run(self, role, params, **options):
        """Starts a trainer and waits for its end."""
        return self.start(role, params, **options).wait()


class Fork:
    """A trainer forked with everything imported; looks like subprocess.Popen."""

    def __init__(self, command, variables, work):
        self.process = FORKS.Process(target=_forked, args=(command, variables, str(work)), daemon=True)
        self.process.start()

    def poll(self):
        return self.process.exitcode

    returncode = property(poll)

    def wait(self):
        self.process.join()

    def kill(self):
        self.process.kill()

    def send_signal(self, number):
        os.kill(self.process.pid, number)


def _forked(command, variables, work):
    os.environ.clear()
    os.environ.update(variables)
    os.chdir(work)
    descriptor = os.open("log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    sys.path.insert(0, str(WORKLOADS))
    from ddm.__main__ import main

    main([command])


class Trainer:
    """A running trainer, with the courier's part played by `wait`."""

    def __init__(self, process, work):
        self.process, self.work = process, work

    def wait(self, limit=300, until=None):
        """Publishes every complete checkpoint until the process ends, or until `until(self)` is true. Returns a Result."""
        deadline = time.monotonic() + limit
        while True:
            ended = self.process.poll() is not None
            self.publish()
            if ended or (until is not None and until(self)):
                return Result(self.process.returncode, self.work, (self.work / "log").read_text("utf-8"))
            if time.monotonic() > deadline:
                self.process.kill()
                self.process.wait()
                raise TimeoutError("the trainer did not end: " + (self.work / "log").read_text("utf-8")[-2000:])
            time.sleep(0.02)

    def publish(self):
        """What the courier does: a manifest with every file's SHA-256, then published.json; or refused.json for metrics.nonsense."""
        for path in (self.work / "output").glob("*/checkpoint.json"):
            directory = path.parent
            if directory.name.startswith(".") or any((directory / mark).exists() for mark in ("published.json", "refused.json")):
                continue
            description = json.loads(path.read_text("utf-8"))
            if "nonsense" in description["metrics"]:
                (directory / "refused.json").write_text(json.dumps({"message": "metrics.nonsense is not wanted"}), "utf-8")
                continue
            files = [
                {"path": item.relative_to(directory).as_posix(), "size": item.stat().st_size, "sha256": sha256(item)}
                for item in sorted(directory.rglob("*"))
                if item.is_file()
            ]
            manifest = {
                "schema": "atoll.dev/manifest/v1",
                "files": files,
                **{key: description[key] for key in description if key != "contract"},
            }
            (directory / "manifest.json").write_text(json.dumps(manifest, sort_keys=True, separators=(",", ":")), "utf-8")
            draft = directory / ".published"
            draft.write_text(
                json.dumps(
                    {
                        "manifest": "bucket/%s/manifest.json" % directory.name,
                        "digest": "sha256:" + sha256(directory / "manifest.json"),
                    }
                )
            )
            draft.rename(directory / "published.json")

    def kill(self):
        """kill -9."""
        self.process.kill()
        self.process.wait()

    def terminate(self):
        """What the kubelet does first."""
        self.process.send_signal(signal.SIGTERM)


def published(directory):
    """Manifest key and digest of a published final."""
    return json.loads((pathlib.Path(directory) / "published.json").read_text("utf-8"))


def sha256(path):
    """Hex SHA-256 of a file."""
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def clean(path):
    """Removes a folder of a test."""
    shutil.rmtree(path, ignore_errors=True)
