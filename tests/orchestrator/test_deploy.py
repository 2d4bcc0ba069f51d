"""Launching on a cluster: what `deploy` prints is what Slurm, KubeRay and `ray up` take, whatever a study is called."""

import base64
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from jinja2 import UndefinedError

from orchestrator.__main__ import changes_of
from orchestrator.commands_deploy import TEMPLATES, _environment, deploy
from orchestrator.deploy.asked import Asked, seconds_of
from orchestrator.ledger import Ledger
from orchestrator.storage import Storage

SMALL = '''
"""Does it run on a cluster? – with "quotes" and \\backslashes, 😀."""
from search_spaces.study import Study
from search_spaces.variants import Variant
from trainables.datasets.synthetic import Synthetic
from trainables.methods.mean_shape import MeanShape
from trainables.methods.resnet18 import ResNet18
from trainables.recipe import Recipe

FACES = Synthetic(train=32, val=8, test=8, size=64)
STUDY = Study(
    question="Does it?",
    variants=(
        Variant(label="mean", method=MeanShape(input_size=32), data=FACES, recipe=Recipe(epochs=1)),
        Variant(label="net", method=ResNet18(input_size=32, width=8), data=FACES, recipe=Recipe(epochs=3)),
    ),
    seeds=(0, 1),
)
'''
NAMES = (
    "plain.py",
    "my study's.py",
    'a"b $(touch hostile) `touch hostile`.py',
    "日本 😀.py",
    "-x --set y.py",
    "a: b #c & d; e | f > g.py",
    "{{ 7 * 7 }} {% raw %} %s \\n !tag *.py",
)
HOSTILE = 'question=it\'s "$(touch hostile)" {{ 7 * 7 }} \\ 😀 & #'
STORAGE = "/shared/it's $(touch hostile) {{ 7 * 7 }}/runs"

needs_shellcheck = pytest.mark.skipif(not shutil.which("shellcheck"), reason="no shellcheck here")


@pytest.fixture(autouse=True)
def token(tmp_path, monkeypatch) -> Path:
    """What all machines of a cluster share, as `ray get-auth-token --generate` makes it."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    made = tmp_path / "home" / ".ray" / "auth_token"
    made.parent.mkdir(parents=True)
    made.write_text("0" * 64)
    return made


@pytest.fixture
def study(tmp_path) -> Callable[[str], Path]:
    def write(name: str) -> Path:
        (tmp_path / name).write_text(SMALL, encoding="utf-8")
        return tmp_path / name

    return write


def asked(where: str, study: str = "demo", **values: Any) -> Asked:
    """A command line without mistakes."""
    of = {
        "slurm": {},
        "kuberay": {"image": "registry/marksweep:1", "claim": "everybody"},
        "ray": {"hosts": "10.0.0.1,10.0.0.2", "user": "me"},
    }
    return Asked(where=where, study=study, **({"storage": "/shared/runs"} | of[where] | values))


def printed(*args: Any, **values: Any) -> str:
    return deploy(asked(*args, **values), changes_of)


def scripts(where: str, text: str) -> list[str]:
    """All that a shell will read of it."""
    if where == "slurm":
        return [text]
    if where == "kuberay":
        files, job = yaml.safe_load_all(text)
        return [files["data"]["run.sh"], job["spec"]["entrypoint"]]
    told = yaml.safe_load(text)
    lines = [*told["setup_commands"], *told["head_start_ray_commands"], *told["worker_start_ray_commands"]]
    sent = [base64.b64decode(one).decode() for one in re.findall(r"echo (\S+) \| base64 -d", "\n".join(lines))]
    return [*lines, *(text for text in sent if text.startswith("#!"))]


def command(where: str, text: str) -> list[str]:
    """The words of the command that the nodes run in the end."""
    (line,) = [line for script in scripts(where, text) for line in script.splitlines() if "exec marksweep" in line]
    return shlex.split(line[line.index("marksweep") :])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("where", TEMPLATES)
def test_a_study_reaches_the_command_whatever_it_is_called(where, name, study, tmp_path):
    path = study(name)
    text = printed(where, str(path), settings=[HOSTILE], storage=STORAGE)

    words = command(where, text)
    assert words[:2] == ["marksweep", "run"]
    assert words[2] == {"slurm": str(path), "kuberay": f"/etc/marksweep/{name}", "ray": f"./{name}"}[where]
    assert words[words.index("--set") + 1] == HOSTILE
    assert words[words.index("--storage") + 1] == STORAGE
    for script in scripts(where, text):
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)
    if where == "kuberay":
        files, job = yaml.safe_load_all(text)
        assert files["data"]["study.py"] == SMALL
        for template in templates(job):
            (volume,) = [one for one in template["spec"]["volumes"] if one["name"] == "launch"]
            assert {"key": "study.py", "path": name} in volume["configMap"]["items"]
    if where == "ray":
        for one in yaml.safe_load(text)["setup_commands"]:
            subprocess.run(["bash", "-c", one], check=True, env=os.environ | {"HOME": str(tmp_path / "home")})
        (there,) = (tmp_path / "home" / ".marksweep").glob("*/*.py")
        assert (there.name, there.read_text(encoding="utf-8")) == (name, SMALL)
    assert not list(tmp_path.rglob("hostile")) and not Path("hostile").exists()


def templates(job: dict[str, Any]) -> list[dict[str, Any]]:
    cluster = job["spec"]["rayClusterSpec"]
    return [cluster["headGroupSpec"]["template"], *(group["template"] for group in cluster["workerGroupSpecs"])]


def test_every_mistake_is_listed_at_once(marksweep):
    said = marksweep(
        *("deploy", "kuberay", "dmeo", "--nodes", "0", "--gpus", "-1", "--memory", "lots", "--time", "soon"),
        *("--hosts", "a,b", "--image", "two words", "--set", "x", "--mount", "shared", "--data-root", "faces"),
    )
    assert said.code == 2 and not said.out
    for start in (
        "--nodes: 0 is too few.",
        "--gpus: -1 is too few.",
        "--memory: 'lots' is no memory. Write it like 64G",
        "--time: 'soon' is no time. Write hours and minutes like 8:00",
        "--hosts: is for ray, and this is for kuberay. Leave it out.",
        "--image: 'two words'",
        "--set: --set 'x' is not PATH=VALUE.",
        "--mount: 'shared' is no folder of a pod.",
        "--data-root: 'faces' is relative.",
        "--storage: the folder 'runs' is gone when its pod is.",
        "STUDY: No study 'dmeo' in search_spaces/studies/. Did you mean 'demo'?",
    ):
        assert any(line.startswith(start) for line in said.err.splitlines()), (start, said.err)


def test_mistakes_of_machines_are_listed(marksweep, token):
    token.unlink()
    said = marksweep("deploy", "ray", "demo", "--hosts", "a,a,b c", "--nodes", 2, "--key", "nokey", "--time", "8:00")
    assert said.code == 2
    for text in (
        "--hosts: 'b c' is no machine.",
        "--hosts: a is named twice.",
        "--nodes: 2 are not the 3 of --hosts.",
        "--key: no file nokey.",
        "--time: nobody takes the machines away.",
        "auth_token: the token that all machines of a cluster share is missing. Make one by: ray get-auth-token",
        "--storage: the folder 'runs' is relative, and each node would have its own.",
    ):
        assert text in said.err, said.err
    assert "--hosts: is missing." in marksweep("deploy", "ray", "demo").err


@pytest.mark.parametrize("where", TEMPLATES)
def test_mistakes_of_the_study_are_found_before_a_job_waits(where, marksweep, tmp_path):
    (tmp_path / "wrong.py").write_text(SMALL.replace("epochs=3", "epoch=3").replace("seeds=(0, 1)", "seeds=()"))
    said = marksweep("deploy", where, "wrong.py", "--storage", "/shared/runs")
    assert said.code == 2 and "'epoch'" in said.err and "seeds" in said.err


def test_a_cluster_that_is_not_known_is_answered_with_the_nearest(marksweep):
    assert "no cluster 'slrum'. Did you mean 'slurm'?" in marksweep("deploy", "slrum", "demo").err


def test_slurm_is_told_early_that_data_are_missing(marksweep):
    said = marksweep("deploy", "slurm", "ytf68", "--storage", "/shared/runs")
    assert said.code == 2 and "No study 'ytf68'" in said.err
    said = marksweep("deploy", "slurm", "resnet18_ytf68", "--storage", "/shared/runs", "--nodes", 0)
    assert "Data set 'ytf68' is not complete" in said.err and "--nodes: 0" in said.err


@pytest.mark.parametrize(
    ("where", "nodes", "storage", "fits"),
    [
        ("slurm", 1, "runs", True),
        ("slurm", 2, "runs", False),
        ("slurm", 2, "results/runs", False),
        ("slurm", 1, "/tmp/runs", True),
        ("slurm", 2, "/tmp/runs", False),
        ("slurm", 2, "/shared/../tmp/runs", False),
        ("slurm", 2, "/dev/shm", False),
        ("slurm", 2, "/tmpfs/runs", True),
        ("slurm", 2, "s3://bucket/runs", True),
        ("slurm", 2, "file:///shared/runs", False),
        ("slurm", 2, "s4://bucket/runs", False),
        ("kuberay", 1, "runs", False),
        ("kuberay", 1, "/home/me/runs", False),
        ("kuberay", 1, "/shared/../etc", False),
        ("kuberay", 2, "/shared/runs", True),
        ("kuberay", 2, "gs://bucket/runs", True),
    ],
)
def test_a_storage_is_one_that_all_nodes_see(where, nodes, storage, fits, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if fits:
        words = command(where, printed(where, nodes=nodes, storage=storage))
        there = words[words.index("--storage") + 1]
        assert "://" in there or Path(there).is_absolute()
    else:
        with pytest.raises(ValueError, match=r"^--storage: ") as refused:
            printed(where, nodes=nodes, storage=storage)
        assert "\n" not in str(refused.value)


def test_one_job_needs_no_volume_where_its_storage_is_elsewhere():
    text = printed("kuberay", claim=None, secret="keys", storage="s3://bucket/runs")
    assert "persistentVolumeClaim" not in text
    jsonschema.validate(list(yaml.safe_load_all(text))[1], rayjob_schema())
    with pytest.raises(ValueError, match=r"^--claim: is missing."):
        printed("kuberay", claim=None)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("8:00", 28_800),
        ("0:30", 1_800),
        ("2-00:00", 172_800),
        ("1-02:03:04", 93_784),
        ("8", 0),
        ("8:60", 0),
        ("0:00", 0),
    ],
)
def test_times_mean_the_same_everywhere(written, seconds):
    assert seconds_of(written) == seconds
    if seconds:
        (line,) = re.findall(r"--time=(\S+)", printed("slurm", time=written))
        hours, minutes, rest = map(int, line.split(":"))
        assert hours * 3600 + minutes * 60 + rest == seconds
        assert list(yaml.safe_load_all(printed("kuberay", time=written)))[1]["spec"]["activeDeadlineSeconds"] == seconds


@pytest.mark.parametrize("template", TEMPLATES.values())
def test_a_template_never_goes_without_a_value(template):
    with pytest.raises(UndefinedError):
        _environment().get_template(template).render()


def rayjob_schema() -> dict[str, Any]:
    return json.loads(Path(__file__).with_name("rayjob_schema.json").read_text())


@pytest.mark.parametrize("more", [{}, {"gpus": 2, "memory": "64gb", "time": "8:00", "secret": "keys"}])
def test_a_rayjob_is_one_of_kuberay(more):
    files, job = yaml.safe_load_all(printed("kuberay", nodes=3, **more))
    jsonschema.validate(job, rayjob_schema())
    assert files["kind"] == "ConfigMap" and files["metadata"]["name"] == job["metadata"]["name"]
    spec, cluster = job["spec"], job["spec"]["rayClusterSpec"]
    assert spec["shutdownAfterJobFinishes"] and spec["backoffLimit"] > 0
    assert cluster["authOptions"] == {"mode": "token"}
    assert cluster["headGroupSpec"]["rayStartParams"]["num-cpus"] == "0"
    (trials,) = cluster["workerGroupSpecs"]
    assert trials["replicas"] == trials["minReplicas"] == trials["maxReplicas"] == 3
    for template in templates(job):
        (container,) = template["spec"]["containers"]
        mounts = {one["name"]: one["mountPath"] for one in container["volumeMounts"]}
        assert mounts["shared"] == "/shared"
        assert {one["name"] for one in template["spec"]["volumes"]} == set(mounts)
    if more:
        (container,) = trials["template"]["spec"]["containers"]
        assert container["resources"]["limits"] == {"cpu": "8", "memory": "64Gi", "nvidia.com/gpu": "2"}


def test_the_schema_finds_a_field_in_a_wrong_place():
    _, job = yaml.safe_load_all(printed("kuberay"))
    job["spec"]["rayClusterSpec"]["headGroupSpec"]["template"]["volumes"] = []
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(job, rayjob_schema())


@pytest.mark.parametrize("more", [{}, {"gpus": 2, "cpus": 4, "setup": ["source '/opt/my venv/bin/activate'"]}])
def test_machines_are_a_cluster_of_ray_up(more, tmp_path):
    """By Ray's own schema, and prepared as `ray up` does it."""
    from ray.autoscaler._private.util import prepare_config, validate_config

    key = tmp_path / "key"
    key.touch()
    told = prepare_config(yaml.safe_load(printed("ray", key=str(key), **more)))
    validate_config(told)
    (machines,) = told["available_node_types"].values()
    assert machines["min_workers"] == 1
    start = told["worker_start_ray_commands"][-1]
    assert ("--num-gpus=2" in start) == ("source '/opt/my venv/bin/activate'" in start) == bool(more)
    assert "ray stop" not in "".join([*told["head_start_ray_commands"], *told["worker_start_ray_commands"]])


def test_two_studies_share_machines():
    ports = {re.search(r"--port=(\d+)", printed("ray", study))[1] for study in ("demo", "resnet18_ytf68", "sht_ytf68")}
    assert len(ports) == 3


@needs_shellcheck
@pytest.mark.parametrize("where", TEMPLATES)
def test_shellcheck_finds_nothing(where, study):
    for number, script in enumerate(scripts(where, printed(where, str(study("my study's.py")), nodes=None, gpus=2))):
        # Functions are called by traps and by srun.
        check = ["shellcheck", "--shell=bash", "--exclude=SC2317,SC2329", "-"]
        done = subprocess.run(check, input=script, capture_output=True, text=True)
        assert done.returncode == 0, (number, done.stdout)


@pytest.fixture(scope="module")
def slurm() -> Iterator[dict[str, str]]:
    """A Slurm of two nodes on this machine; the environment in which its commands find it."""
    commands = ("sbatch", "slurmctld", "slurmd", "munged")
    if missing := [name for name in commands if not shutil.which(name)]:
        pytest.skip(f"no {', '.join(missing)} here (Debian: slurm-wlm, munge)")
    if os.geteuid():
        pytest.skip("Slurm's daemons start jobs only as root")
    daemons = []
    with tempfile.TemporaryDirectory(prefix="slurm", dir="/var/tmp") as name:
        folder = Path(name)
        folder.chmod(0o711)
        (folder / "key").write_bytes(os.urandom(1024))
        (folder / "key").chmod(0o600)
        (folder / "slurm.conf").write_text(slurm_conf(folder))
        environment = os.environ | {"SLURM_CONF": str(folder / "slurm.conf")}
        munge = {"key-file": "key", "socket": "socket", "pid-file": "pid", "log-file": "munge.log", "seed-file": "seed"}
        paths = [f"--{option}={folder / file}" for option, file in munge.items()]
        try:
            for daemon in (
                ["munged", "--foreground", "--force", *paths],
                ["slurmctld", "-D"],
                ["slurmd", "-D", "-N", "one"],
                ["slurmd", "-D", "-N", "two"],
            ):
                with (folder / f"{len(daemons)}.log").open("w") as log:
                    daemons.append(subprocess.Popen(daemon, env=environment, stdout=log, stderr=log))
                time.sleep(1)
            states = lambda: subprocess.run(  # noqa: E731
                ["sinfo", "-h", "-N", "-o", "%T"], env=environment, capture_output=True, text=True
            ).stdout.split()
            wait_until(lambda: states() == ["idle", "idle"], 60)
            yield environment
        finally:
            for daemon in reversed(daemons):
                daemon.terminate()
                daemon.wait(60)


def slurm_conf(folder: Path) -> str:
    host = socket.gethostname().partition(".")[0]
    ports = []
    for _ in range(3):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            ports.append(free.getsockname()[1])
    return f"""
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/controller.pid
SlurmdPidFile={folder}/%n.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
MpiDefault=none
ReturnToService=2
NodeName=one NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} CPUs=2
NodeName=two NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} CPUs=2
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def wait_until(is_so: Callable[[], bool], seconds: float = 300) -> None:
    ends = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < ends, "it never came"
        time.sleep(0.5)


@pytest.mark.slow
def test_slurm_takes_the_script(slurm):
    script = printed("slurm", nodes=2, cpus=2, time="8:00")
    done = subprocess.run(["sbatch", "--test-only"], input=script, env=slurm, capture_output=True, text=True)
    assert done.returncode == 0 and "on nodes one,two" in done.stderr.replace("[", "").replace("]", ""), done.stderr


class Job:
    """A study on two nodes of Slurm, begun by the one command that the README has."""

    def __init__(self, slurm: dict[str, str], folder: Path, study: Path, *more: str) -> None:
        self.slurm, self.folder, self.storage = slurm, folder, folder / "runs"
        deploying = [sys.executable, "-m", "reports", "deploy", "slurm", str(study), "--nodes=2", "--cpus=1"]
        places = [f"--storage={self.storage}", f"--setup=export PYTHONPATH={Path(__file__).parents[2]}"]
        script = subprocess.run([*deploying, *places, *more], check=True, capture_output=True, text=True).stdout
        self.id = self._told("sbatch", "--parsable", input=script).strip()

    def _told(self, *command: str, **more: Any) -> str:
        done = subprocess.run(command, env=self.slurm, cwd=self.folder, capture_output=True, text=True, **more)
        assert done.returncode == 0, done.stderr
        return done.stdout

    @property
    def said(self) -> str:
        return "".join(path.read_text() for path in self.folder.glob("*.log"))

    @property
    def state(self) -> str:
        return self._told("squeue", "--noheader", "--states=all", "--jobs", self.id, "--Format=State").strip()

    def signal(self, name: str) -> None:
        """To the script alone, as Slurm does it before the time is up."""
        self._told("scancel", "--batch", f"--signal={name}", self.id)

    def end(self) -> None:
        """Whatever it does; and wait until its processes are gone."""
        subprocess.run(["scancel", self.id], env=self.slurm)
        wait_until(lambda: self.state not in ("RUNNING", "PENDING", "COMPLETING"))

    def begin_now(self) -> None:
        """After a requeue Slurm waits two minutes."""
        update = ["scontrol", "update", f"JobId={self.id}", "StartTime=now"]
        wait_until(lambda: subprocess.run(update, env=self.slurm, capture_output=True).returncode == 0)

    def left_behind(self) -> list[Path]:
        return list(Path("/tmp").glob(f"marksweep.{self.id}.*"))


@pytest.fixture
def job(slurm, shared) -> Iterator[Callable[..., Job]]:
    """Begins one that ends with the test at the latest."""
    begun = []

    def begin(*arguments: Any) -> Job:
        begun.append(Job(slurm, shared, *arguments))
        return begun[-1]

    yield begin
    for one in begun:
        one.end()


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that is not below /tmp, which deploy takes for each node's own."""
    with tempfile.TemporaryDirectory(dir="/var") as folder:
        yield Path(folder)


@pytest.mark.ray
@pytest.mark.long
def test_a_job_of_slurm_runs_to_its_end(job, shared):
    study = shared / "my study's $(touch hostile).py"
    study.write_text(SMALL, encoding="utf-8")
    begun = job(study)
    wait_until(lambda: begun.state == "COMPLETED" or "FAILED" in begun.state)
    assert begun.state == "COMPLETED", begun.said
    assert "2 of 2 nodes have joined." in begun.said
    assert set(Ledger(Storage(str(begun.storage))).read("trials")["state"].to_pylist()) == {"finished"}
    assert not begun.left_behind() and not (shared / "hostile").exists()


@pytest.mark.ray
@pytest.mark.long
def test_a_job_of_slurm_saves_when_told_and_goes_on_when_it_has_nodes_again(job, shared):
    study = shared / "study.py"
    study.write_text(SMALL, encoding="utf-8")
    begun = job(study, "--set=recipe.epochs=2000", "--set=seeds=0")
    wait_until(lambda: "epoch 3" in begun.said)
    begun.signal("USR1")
    wait_until(lambda: begun.state == "PENDING")
    assert "goes on when it is given nodes again" in begun.said
    begun.begin_now()
    wait_until(lambda: any(int(epoch) > 3 for epoch in re.findall(r"goes on at epoch (\d+)", begun.said)))
    begun.signal("TERM")
    wait_until(lambda: begun.state in ("FAILED", "CANCELLED"))
    states = Ledger(Storage(str(begun.storage))).read("trials")["state"].to_pylist()
    assert set(states) == {"running"}
    assert not begun.left_behind()
