"""Models on the Hugging Face Hub: sent there, fetched from there, and shown there as a Space.

    from pix2pix.hub.client import token_here, is_online, connect, check_name, redact
    token_here() -> str | None; is_online() -> bool                   # who is logged in here; whether the Hub answers (within 3 s)

    from pix2pix.hub.push import Terms, Pushed, push                  # a checkpoint becomes a model repository, in one commit
    push(path, "me/houses", token=None, terms=Terms(private=False, message="", name=""), progress=None) -> Pushed(url, commit, repo, file)

    from pix2pix.hub.pull import Remote, look, pull                   # what is there to fetch; fetched, checked, put into checkpoints/
    look("me/houses", revision=None, token=None) -> Remote(repo, revision, commit, file, size, sha256, private, url)
    pull("me/houses" | "me/houses@rev" | url, revision=None, to="checkpoints", token=None, progress=None) -> Path

    from pix2pix.hub.deploy import Space, deploy                      # a Gradio Space with the page and chosen models
    deploy("me/space", Space(models=(path, ...), hardware="", private=False), token=None, progress=None) -> Pushed

    from pix2pix.hub.during import Pushing                            # the newest model of a run, every so many steps
    Pushing(run, "me/houses", every=1000, token=None).start()

`token`: None is whoever is logged in on this machine, "" is nobody, else the token of a visitor. `progress(done, total)` counts bytes.
Each raises `HubError` with one sentence (`OfflineError` where there is no network), in which no token ever stands. A pulled model says
where it is from: `about["origin"] = {"repo", "revision", "commit", "file"}`. `docs/decisions/0009-hub.md` says why it is done this way.
"""
