"""What tests of agents need of this machine."""

import shutil

from repro.agent.view import Tools
from repro.container.julia import Julia
from repro.container.opencode import ensure_opencode, find_opencode
from repro.errors import UserError

from conftest import skip
from once import one_at_a_time


def agent_tools(julia: Julia) -> Tools:
    """Julia, and the real OpenCode, fetched once; skips where there is none, or no sandbox."""
    if not shutil.which("bwrap"):
        skip("Bubblewrap (bwrap)")
    try:
        return Tools(julia, find_opencode())
    except UserError:
        if not shutil.which("npm"):
            skip("npm (it fetches OpenCode)")
    with one_at_a_time("opencode"):
        return Tools(julia, ensure_opencode())
