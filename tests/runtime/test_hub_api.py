"""All parts of pix2pix ask the Hub through one client, with the token that they name."""

from __future__ import annotations

import pytest

from pix2pix.runtime.hub_api import NAME, open_hub_api


@pytest.mark.parametrize("token", [None, False, "hf_given"])
def test_the_client_has_the_token_and_the_address_of_the_hub(token: str | bool | None) -> None:
    from huggingface_hub import constants

    api = open_hub_api(token)
    assert api.token == token and api.endpoint == constants.ENDPOINT


@pytest.mark.parametrize(("text", "is_one"), [("me/my-houses", True), ("me", False), ("../etc", False)])
def test_a_repository_is_an_owner_and_a_name(text: str, is_one: bool) -> None:
    assert bool(NAME.fullmatch(text)) is is_one
