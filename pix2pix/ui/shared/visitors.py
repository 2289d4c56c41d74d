"""Who is at the page: the name with which somebody signed in, where a Space lets people sign in."""

from __future__ import annotations

import gradio as gr

Profile = gr.OAuthProfile | None


def name_of(profile: Profile) -> str:
    """The name of whoever signed in; empty where nobody did."""
    return profile.username if profile else ""


def signed_in(request: gr.Request | None) -> str:
    """As `name_of`, where only the request is at hand."""
    session = getattr(getattr(request, "request", None), "scope", {}).get("session") or {}
    return str(session.get("oauth_info", {}).get("userinfo", {}).get("preferred_username", ""))
