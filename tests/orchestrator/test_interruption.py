"""Signals that end a launch: noted at once, acted on between steps."""

import os
import signal
import time

import pytest

from orchestrator.interruption import interruption


def raised(number: int) -> None:
    os.kill(os.getpid(), number)
    time.sleep(0.01)  # the interpreter takes it between two steps


def test_the_first_ctrl_c_is_noted_and_the_second_ends_all_at_once():
    with interruption(grace=25) as noted:
        assert noted.why == ""
        raised(signal.SIGINT)
        assert noted.why == "Ctrl-C"
        assert "Ctrl-C again" in noted.until
        with pytest.raises(KeyboardInterrupt):
            raised(signal.SIGINT)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_a_notice_leaves_some_seconds_and_then_ends_all(number):
    with pytest.raises(KeyboardInterrupt), interruption(grace=0.2) as noted:
        raised(number)
        assert noted.why == number.name
        assert "0.2 s" in noted.until
        time.sleep(60)


def test_a_notice_counts_from_the_first_one_and_ctrl_c_after_it_ends_all():
    with interruption(grace=1000) as noted:
        raised(signal.SIGUSR1)
        raised(signal.SIGTERM)
        assert noted.why == "SIGUSR1"
        with pytest.raises(KeyboardInterrupt):
            raised(signal.SIGINT)


def test_without_any_grace_a_notice_ends_all_at_once():
    with pytest.raises(KeyboardInterrupt), interruption(grace=0):
        raised(signal.SIGTERM)
        time.sleep(60)


def test_a_notice_after_ctrl_c_leaves_its_seconds_too():
    with pytest.raises(KeyboardInterrupt), interruption(grace=0.2) as noted:
        raised(signal.SIGINT)
        raised(signal.SIGTERM)
        assert noted.why == "Ctrl-C"
        time.sleep(60)


def test_afterwards_signals_do_what_they_did_before_also_where_somebody_else_began_to_listen():
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)}
    with interruption(grace=0.05) as noted:
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        noted.listen()
        raised(signal.SIGUSR1)
        assert noted.why == "SIGUSR1"
    assert {number: signal.getsignal(number) for number in before} == before
    time.sleep(0.1)  # no alarm comes any more
