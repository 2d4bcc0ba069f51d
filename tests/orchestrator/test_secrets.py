"""What the environment holds in confidence never reaches the ledger."""

import pytest

from orchestrator.ledger import Ledger
from orchestrator.schema import State
from orchestrator.secrets import HIDDEN, without_secrets
from orchestrator.storage import Storage


@pytest.mark.parametrize("name", ["WANDB_API_KEY", "AWS_SECRET_ACCESS_KEY", "HF_TOKEN", "DB_PASSWORD", "password"])
def test_values_of_variables_that_are_secrets_by_name_are_hidden(monkeypatch, name):
    monkeypatch.setenv(name, "s3cr3t-value")
    assert without_secrets("refused: s3cr3t-value is wrong") == f"refused: {HIDDEN} is wrong"


@pytest.mark.parametrize(
    ("name", "value"),
    [("RAY_AUTH_MODE", "disabled"), ("SSH_AUTH_SOCK", __file__), ("SHARED_KEY", "1234"), ("KEYBOARD", "german")],
)
def test_switches_paths_and_short_values_stay(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    assert without_secrets(f"it said {value}") == f"it said {value}"


@pytest.mark.parametrize("secret", ["me:pa55", "me:pa/5@5", "me:pa#5", "me:pa?5", "ghp_token"])
def test_passwords_and_tokens_in_addresses_are_hidden(secret):
    said = without_secrets(f"GET https://{secret}@host/x and s3://bucket/x")
    assert said == f"GET https://{HIDDEN}@host/x and s3://bucket/x"


def test_addresses_without_any_stay():
    said = "GET https://host:80/x@2, mail me@host or s3://bucket/x@2"
    assert without_secrets(said) == said


def test_a_key_that_begins_like_a_path_is_hidden(monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "/aB3xyz+abc")
    assert without_secrets("signed with /aB3xyz+abc") == f"signed with {HIDDEN}"


def test_errors_of_trials_are_recorded_without_them(storage, record, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_abcdefgh")
    record("a", State.FAILED, error="HTTPError: hf_abcdefgh", traceback="token='hf_abcdefgh'")
    (row,) = Ledger(storage).read("trials").to_pylist()
    assert (row["error"], row["traceback"]) == (f"HTTPError: {HIDDEN}", f"token='{HIDDEN}'")


@pytest.mark.parametrize(
    "location",
    ["s3://key:secret@bucket/runs", "s3://bucket/runs?secret_key=abc", "abfss://box@account/runs?sv=1&sig=abc"],
)
def test_a_storage_with_a_password_in_its_uri_is_refused_before_it_is_printed(location):
    with pytest.raises(ValueError, match="AWS_SECRET_ACCESS_KEY") as refused:
        _ = Storage(location).root
    assert "secret@" not in str(refused.value)
