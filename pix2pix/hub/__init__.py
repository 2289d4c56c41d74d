"""Models on the Hugging Face Hub: sent there, fetched from there, and shown there as a Space.

| module | what it does |
| --- | --- |
| `client` | `connect`, `token_here`, `is_online`: who is logged in, and whether the Hub answers within 3 s |
| `push` | `push(path, "me/houses")`: a checkpoint becomes a model repository, in one commit |
| `pull` | `look` and `pull("me/houses@revision")`: what can be fetched, checked, into `checkpoints/` |
| `deploy` | `deploy("me/space", Space(models=(path,)))`: a Gradio Space with the page and chosen models |
| `push_while_training` | `Pushing(run, "me/houses", every=1000)`: the newest model, every so many steps |

`token`: None is whoever is logged in on this machine, "" is nobody, else the token of a visitor.
`progress(done, total)` counts bytes. Each raises `HubError` with one sentence (`OfflineError` where there is
no network), in which no token ever stands. A pulled model says where it is from: `about["origin"] = {"repo",
"revision", "commit", "file"}`. `docs/decisions/0009-hub.md` says why it is done this way.
"""
