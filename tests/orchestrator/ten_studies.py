"""Ten mixed studies, one after the other on one cluster, beside another cluster. `test_no_hang_ray.py` runs this.

It has a process of its own, so that one that hangs is ended from outside: `python -m tests.orchestrator.ten_studies
FOLDER` leaves their ledgers below FOLDER/runs, and in FOLDER/told.json what was left over after each launch, and why
it ended before its trials did.
"""

import faulthandler
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from orchestrator.desk import Judging
from orchestrator.dispatch import Limits
from search_spaces.stopping import Asha
from tests.orchestrator.launching import Small, left_over, search, simulated, study

SECONDS = 840  # many times what they take: a hang ends with a traceback that says where

TOGETHER = 7  # processes that run at the same time in "devices", and fill the cluster
CPUS, GPUS = 7, 5
MIXED = {
    "shares": study("variant('quarter', gpus=0.25)", "variant('two', gpus=2, cpus=2, width=5)"),
    "devices": study(
        *(f"variant('half {width}', 'telling', gpus=0.5, width={width}, together={TOGETHER})" for width in range(4, 8)),
        f"variant('whole', 'telling', gpus=1, width=8, together={TOGETHER})",
        f"variant('two workers', 'telling', workers=2, gpus=1, width=9, together={TOGETHER})",
    ),
    "workers": study("variant('alone')", "variant('dying', 'dying', workers=2, cpus=3)"),
    "budget": study("variant('half', gpus=0.5)", seeds=(0, 1)),
    "mistakes": study(
        "variant('bug', 'bug')",
        "variant('nan', 'nan')",
        "after('bug', 'bug')",
        "after('good')",
        "variant('greedy', 'greedy', gpus=1)",
    ),
    "deaths": study("variant('dying', 'dying')", "variant('dead', 'dead')", "after('dead', 'dead')"),
    "between": study(f"variant('dying', 'dying afterwards', cpus={CPUS})", seeds=(0, 1, 2)),
    "search": search("variant('base', gpus=0.5)", trials=6, stopping="Asha()", at_once=2, confirm=()),
    "given_up": study("variant('alone')", "variant('two', workers=2)"),
    "one_cause": study(f"variant('bug', 'bug', cpus={CPUS})", seeds=(0, 1, 2)),
}
# Better than any network is after an epoch.
PERFECT = Judging(Asha(), {"another trial": [0.0]})


def run(folder: Path) -> None:
    small = {name: Small(name, folder, asked) for name, asked in MIXED.items()}
    told: dict[str, dict[str, list[str] | str]] = {}

    def launch(name: str, words: str = "", limits: Limits = Limits(), judging: Judging | None = None) -> None:  # noqa: B008
        print(f"--- {name} {words}", flush=True)
        launched = small[name].launch(limits, judging)
        told[f"{name} {words}".strip()] = {"why": launched.why, "left": left_over()}

    with another_cluster(), simulated(CPUS, GPUS):
        launch("shares")
        launch("devices")
        launch("workers")
        launch("budget", "spent", Limits(gpu_hours=1e-9))
        small["budget"].keep("spent")
        launch("budget")
        launch("mistakes")
        launch("deaths")
        launch("between")
        launch("search")
        launch("given_up", "early", judging=PERFECT)
        small["given_up"].keep("early")
        launch("given_up")
        launch("one_cause", limits=Limits(same_failures=2))
    small["budget"].without_ray("half")
    small["deaths"].without_ray("dying")
    small["given_up"].without_ray("alone")
    (folder / "told.json").write_text(json.dumps(told))


@contextmanager
def another_cluster() -> Iterator[None]:
    """A second one on this host. Ray's own ways of finding clusters no longer know which is meant."""
    program = (
        "import ray, sys; ray.init(address='local', num_cpus=1, include_dashboard=False); print(1); sys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-uc", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdout.readline()
        yield
        process.stdin.close()


if __name__ == "__main__":
    faulthandler.dump_traceback_later(SECONDS, exit=True)
    run(Path(sys.argv[1]))
