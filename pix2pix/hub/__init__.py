"""Models on the Hugging Face Hub: pushed, pulled, and deployed as a Space.

| module | what it does |
| --- | --- |
| `client` | `connect`, `token_here`, `is_online`: who is logged in, and whether the Hub answers within 3 s |
| `push` | `push(path, "me/houses")`: uploads a checkpoint to a model repository, in one commit |
| `pull` | `look` and `pull("me/houses@revision")`: describes a model; downloads and checks it |
| `deploy` | `deploy("me/space", Space(models=(path,)))`: a Gradio Space with the page and chosen models |
| `push_while_training` | `Pushing(run, "me/houses", every=1000)`: pushes the newest model as it trains |

`token`: None uses the login of this machine, "" is anonymous, else the token of a visitor. `progress(done,
total)` counts bytes. Each raises `HubError` with one sentence (`OfflineError` without a network), which never
contains a token. A pulled model records its origin: `about["origin"] = {"repo", "revision", "commit",
"file"}`. The reasons are in `docs/decisions/0009-hub.md`.
"""
