"""Downloads Debian packages with a private apt: without root, and without installing anything."""

import shutil
import subprocess
from pathlib import Path

from repro.errors import UserError

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
"""Debian's keys, from the package debian-archive-keyring."""


def debian_mirror() -> str | None:
    """Return the mirror of Debian's main archive that this machine's apt uses, or None."""
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
    """Return the beginning of an apt-get command with all sources and state in `scratch`.

    Args:
        scratch: an empty directory.
        mirror: URL of the mirror.
        suite: the Debian release; apt checks its signature.
        installed: the packages that count as installed, in the format of /var/lib/dpkg/status.

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
    run_tool([*apt, "update"], f"this machine's Debian mirror does not serve {suite}")
    return apt


def download_closure(apt: list[str], packages: tuple[str, ...], scratch: Path) -> list[Path]:
    """Download packages with all dependencies that do not count as installed.

    Args:
        apt: from `private_apt`.
        packages: names of packages.
        scratch: the directory given to `private_apt`.

    Raises:
        UserError: a package cannot be downloaded.
    """
    run_tool(
        [*apt, "--yes", "--no-install-recommends", "--download-only", "install", *packages],
        f"packages cannot be downloaded: {', '.join(packages)}",
    )
    return sorted((scratch / "cache" / "archives").glob("*.deb"))


def run_tool(command: list[str], problem: str, cwd: Path | None = None) -> None:
    """Run a program, and show nothing of its output unless it fails.

    Raises:
        UserError: it fails; the message is `problem` and the last line of its output.
    """
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise UserError(f"{problem} ({last})")
