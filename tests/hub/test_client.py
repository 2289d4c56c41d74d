"""Names, tokens, and what is said where the Hub cannot be reached."""

from __future__ import annotations

import os
import socket
import time

import pytest
from fakehub import READ, WRITE, FakeHub

from pix2pix.errors import HubError, OfflineError
from pix2pix.hub import client
from pix2pix.hub.client import account_of, check_name, connect, is_online, redact, take_token, token_here


@pytest.mark.parametrize(
    "name",
    [
        "../x",
        "x",
        "",
        "a/b/c",
        "me/../x",
        "me/x y",
        "me/-x",
        "/x",
        "me/",
        "me/x--y",
        "me/x.git",
        "me/" + "x" * 97,
        "me/x\n",
        "m\0/x",
    ],
)
def test_a_name_that_is_none_is_refused(name: str) -> None:
    if name == "me/x\n":
        assert check_name(name) == "me/x"
        return
    with pytest.raises(HubError, match="no name of a repository"):
        check_name(name)


def test_a_name_of_the_hub_is_taken() -> None:
    assert [check_name(name) for name in ("ada/houses", " ada/my-houses_2.1 ")] == [
        "ada/houses",
        "ada/my-houses_2.1",
    ]


def test_tokens_are_taken_out_of_what_is_told() -> None:
    assert (
        redact(f"Bearer abc and {WRITE} and s3cret", "s3cret")
        == "Bearer (a token) and (a token) and (a token)"
    )


def test_a_client_is_whoever_is_logged_in_or_nobody(hub: FakeHub) -> None:
    assert token_here() == WRITE
    assert account_of(connect()) == "ada" and account_of(connect(READ)) == "ada"
    assert connect("").token is None and connect("").api.token is False
    with pytest.raises(HubError, match="nobody is logged in"):
        connect("", needs_token=True)


def test_a_token_that_was_taken_is_in_the_environment_no_more(hub: FakeHub) -> None:
    assert take_token() == WRITE
    assert WRITE not in os.environ.values()


def test_a_token_that_is_none_is_said_and_not_shown(hub: FakeHub) -> None:
    with pytest.raises(HubError, match="does not know this token") as caught:
        account_of(connect("hf_wrong"))
    assert (
        "hf_wrong" not in str(caught.value)
        and caught.value.__cause__ is None
        and caught.value.__suppress_context__
    )


def test_without_a_network_it_is_said_within_three_seconds(
    hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    # A port that takes connections and never answers: the slowest way of not being there.
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        begin = time.monotonic()
        with pytest.raises(OfflineError, match="cannot be reached from here"):
            connect()
        assert time.monotonic() - begin < client.PROBE_SECONDS + 0.5


def test_whoever_wants_to_be_offline_is(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    assert is_online()
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert not is_online() and not [path for method, path in hub.log if path != "/"]
