"""Downloading Debian packages with an apt of our own: no root, nothing installed or changed."""

import shutil
import subprocess
from pathlib import Path

from repro.errors import UserError

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
"""Debian's keys, as the package debian-archive-keyring installs them."""


def debian_mirror() -> str | None:
    """The mirror of Debian's main archive that this machine's apt uses, or None."""
    if not shutil.which("apt-get"):
        return None
    asked = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"]
    for wanted in (["Origin: Debian", "Component: main"], ["Component: main"]):
        found = subprocess.run([*asked, *wanted], capture_output=True, text=True, check=False)
        mirrors = [
            line for line in found.stdout.splitlines() if line.rstrip("/").endswith("debian")
        ]
        if mirrors:
            return mirrors[0]
    return None


def private_apt(scratch: Path, mirror: str, suite: str, installed: str = "") -> list[str]:
    """The beginning of an apt-get command whose sources and state are all in `scratch`.

    Args:
        scratch: an empty directory.
        mirror: where the packages are.
        suite: the Debian release; apt checks its signature.
        installed: what counts as installed, in the format of /var/lib/dpkg/status.

    Raises:
        UserError: the mirror does not serve the suite.
    """
    for name in ("state/lists/partial", "cache/archives/partial", "sources"):
        (scratch / name).mkdir(parents=True)
    (scratch / "state" / "status").write_text(installed, encoding="utf-8")
    (scratch / "sources" / "debian.sources").write_text(
        f"Types: deb\nURIs: {mirror}\nSuites: {suite}\nComponents: main\nSigned-By: {KEYRING}\n",
        encoding="utf-8",
    )
    options = {
        "Dir::State": scratch / "state",
        "Dir::State::status": scratch / "state" / "status",
        "Dir::Cache": scratch / "cache",
        "Dir::Etc::sourcelist": "/dev/null",
        "Dir::Etc::sourceparts": scratch / "sources",
        "Dir::Etc::preferencesparts": "/dev/null",
        "APT::Sandbox::User": "root",
        "Acquire::Retries": 3,
    }
    apt = ["apt-get", "-qq", *(f"-o{key}={value}" for key, value in options.items())]
    run_tool([*apt, "update"], f"the Debian mirror of this machine does not serve {suite}")
    return apt


def download_closure(apt: list[str], packages: tuple[str, ...], scratch: Path) -> list[Path]:
    """Packages with all that they need and that does not count as installed.

    Args:
        apt: from `private_apt`.
        packages: names.
        scratch: what `private_apt` was given.

    Raises:
        UserError: a package cannot be had.
    """
    run_tool(
        [*apt, "--yes", "--no-install-recommends", "--download-only", "install", *packages],
        f"packages cannot be downloaded: {', '.join(packages)}",
    )
    return sorted((scratch / "cache" / "archives").glob("*.deb"))


def run_tool(command: list[str], problem: str, cwd: Path | None = None) -> None:
    """Run a program that says nothing unless it fails.

    Raises:
        UserError: it does; `problem`, with the last line that it said.
    """
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise UserError(f"{problem} ({last})")
