"""A report for double-blind review names nobody."""

import getpass
import json
import re
import socket
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports import labels
from reports.anonymous import Secrets, anonymised, cleaner, secrets_of
from reports.build import build_report
from reports.document import Cell, Page, Row, Section, Table
from reports.query import Results

COMMIT = "feedc0de" * 5
SECRETS = {
    "user": "janedoe42", "host": "gpunode-77.vision.example.edu", "commit": COMMIT, "short commit": COMMIT[:9],
    "e-mail": "jane.doe@example.edu", "bucket": "s3://doe-lab-bucket/runs",
    "address": "130.82.12.7",
}  # fmt: skip
PLANTED = " ".join(
    [
        "'/home/janedoe42/my files/hidden_project/last.py'", "/home/janedoe42/hidden_project/last.py:12",
        "~janedoe42/x", "user=janedoe42", SECRETS["host"], "gpunode-77:6379", COMMIT, f"g{SECRETS['short commit']}",
        SECRETS["e-mail"], SECRETS["bucket"], SECRETS["address"], r"C:\Users\janedoe42\hidden_project\y",
        "janedoe42\u200b", "jane\u200bdoe42",
    ]
)  # fmt: skip
TELLING = ["janedoe42", "gpunode-77", "vision.example", COMMIT[:7], "jane.doe", "doe-lab", "hidden_project", "130.82"]
KNOWN = Secrets(
    hosts=frozenset({SECRETS["host"], "gpunode-77"}), users=frozenset({"janedoe42"}), commits=frozenset({COMMIT})
)


def clean(text: str) -> str:
    return cleaner(KNOWN)(text)


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("marksweep run demo --storage /home/janedoe42/runs", "marksweep run demo --storage runs"),
        ('File "/home/janedoe42/a b/train.py", line 3', 'File "train.py", line 3'),
        ("--storage s3://doe-lab/runs --data-root '/data/my faces'", "--storage [address] --data-root 'my faces'"),
        ("marksweep run ../../doe/lab/my_study.py", "marksweep run my_study.py"),
        ("marksweep run doe-lab/my_study.py", "marksweep run my_study.py"),
        ("killed on gpunode-77 (10.0.0.12)", "killed on [host] ([host])"),
        (f"at {COMMIT[:12]}+", "at [commit]"),
        ("write to jane.doe@example.edu", "write to [e-mail]"),
        ("~/runs and ~janedoe42/runs", "runs and runs"),
    ],
)
def test_what_tells_who_it_was_is_taken_out(text, cleaned):
    assert clean(text) == cleaned


@pytest.mark.parametrize(
    "text",
    ["2/3 seeds", "n/a", "AUC@8 and FR@0.08", "5.61 ± 0.26", "box of the landmarks × 1.25", "opencv 5.0.0.93",
     "trial 9e47f190e838b693", "ResNet18 (width 32)", "16×16, unbiased", "and/or"],
)  # fmt: skip
def test_other_words_stay(text):
    assert clean(text) == text


def test_a_user_is_a_word_of_its_own():
    secrets = Secrets(hosts=frozenset(), users=frozenset({"mark", "max"}), commits=frozenset())
    assert cleaner(secrets)("marksweep by Mark, maximum of Max") == "marksweep by [user], maximum of Max"
    assert cleaner(secrets)("max") == "[user]"


def test_the_ledger_and_this_machine_say_who_it_was(ledger):
    ledger.trial("t", 0, host="gpu7.example.edu", error="", traceback='File "/home/janedoe42/x.py"', git_commit=COMMIT)
    ledger.add("studies", study="demo", command="marksweep run a.py --storage /Users/jdoe/runs")
    found = secrets_of(ledger)
    assert {"gpu7.example.edu", "gpu7", socket.gethostname()} - {"localhost"} <= found.hosts
    assert {"janedoe42", "jdoe"} <= found.users
    assert "root" not in found.users and (getpass.getuser() in found.users or getpass.getuser() == "root")
    assert found.commits == {COMMIT}


@pytest.fixture(scope="module")
def written(realistic, tmp_path_factory) -> list[Path]:
    """A whole report of a ledger that has secrets in every text that people choose or machines add."""
    ledger = type(realistic)()
    ledger.rows = {name: [dict(row) for row in rows] for name, rows in realistic.rows.items()}
    for row in ledger.rows["trials"]:
        row["host"], row["git_commit"] = SECRETS["host"], COMMIT
        row["hardware"] = f"{row['hardware']} {PLANTED}"
        row["versions"] = json.dumps({"marksweep": f"0.1.0+g{COMMIT[:9]}", PLANTED: PLANTED})
        for name in ("error", "traceback"):
            row[name] = f"{row[name]} {PLANTED}" if row[name] else row[name]
    for row in ledger.rows["studies"]:
        row["label"] += f" {PLANTED}"
        row["question"] += f" {PLANTED}"
        row["command"] += f" --storage {PLANTED}"
    for row in ledger.rows["evaluations"]:
        row["protocol"] += f" {PLANTED}"
    for row in ledger.rows["images"]:
        row["image"] = f"/home/janedoe42/hidden_project/{row['image']}"
    files = build_report(Results(ledger), tmp_path_factory.mktemp("anonymous"), ["resnet18_ytf68"], anonymous=True)
    assert not files.problems
    return list(files.files)


def test_no_file_of_a_report_has_a_secret(written):
    assert {path.suffix for path in written} >= {".html", ".md", ".tex", ".csv", ".pdf", ".png"}
    for path in written:
        content = _readable(path)
        for word in TELLING:
            assert word.encode() not in content, (path, word)


def _readable(path: Path) -> bytes:
    """The bytes of a file, and what a PDF has compressed."""
    content = path.read_bytes()
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL) if path.suffix == ".pdf" else []
    return b"\n".join([content, *(zlib.decompressobj().decompress(stream) for stream in streams if stream[:1] == b"x")])


def test_trials_stay_and_commits_and_their_heading_go(written):
    page = next(path for path in written if path.name == "index.html").read_text("utf-8")
    table = next(path for path in written if path.name.endswith("overview.tex")).read_text("utf-8")
    assert "Commit" not in re.findall(r"<dt>(.*?)</dt>", page)
    assert " | trials " in table
    assert " | commit " not in table


word = st.text(st.sampled_from(" /'\"\\~:.@-_\u200b\x1b\nab7"), max_size=8)


@given(word, word, st.sampled_from([SECRETS["host"], COMMIT, COMMIT[:8], SECRETS["e-mail"], SECRETS["bucket"]]))
@settings(max_examples=300, deadline=None)
def test_secrets_are_found_whatever_is_around_them(before, after, secret):
    cleaned = clean(f"{before} {secret} {after}")
    for told in TELLING:
        assert told not in cleaned


@given(st.lists(st.sampled_from(["janedoe42", "a", "b c", "x.py", "my-runs"]), min_size=1, max_size=5))
def test_of_a_path_only_the_last_part_stays(parts):
    assert "janedoe42" not in clean("/".join(["", "home", "janedoe42", *parts]))


def test_lists_of_a_users_own_table_are_cleaned_too():
    of = labels.column("nme_io", "test", title="by janedoe42")
    table = Table(name="t", title="T", caption="C", columns=[of], rows=[Row(label="janedoe42", cells=[Cell()])])
    page = Page(title="", updated="", sections=[Section(name="s", title="s", tables=[table])])
    assert "janedoe42" not in repr(anonymised(page, KNOWN))


def test_another_machine_of_a_known_house_and_a_repository_are_nobody():
    assert clean("login.vision.example.edu") == "[host]"
    assert clean("git@example.com:doe/secret.git") == "[e-mail]"
