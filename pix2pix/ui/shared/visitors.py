"""The name with which a visitor signed in, on a Space that lets people sign in."""

from __future__ import annotations

import gradio as gr

Profile = gr.OAuthProfile | None


def name_of(profile: Profile) -> str:
    """Returns the name of the visitor who signed in; "" where nobody did."""
    return profile.username if profile else ""


def signed_in(request: gr.Request | None) -> str:
    """Returns the same name from a request, where Gradio passes no profile."""
    session = getattr(getattr(request, "request", None), "scope", {}).get("session") or {}
    return str(session.get("oauth_info", {}).get("userinfo", {}).get("preferred_username", ""))
