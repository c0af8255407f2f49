"""The checks of `repro doctor --site`: from the login node, and by a small job on the nodes."""

import shutil
from collections.abc import Callable, Iterator

from repro.container.findings import Finding, finding
from repro.errors import UserError
from repro.files import write_atomic
from repro.launch.batch import Batch, batch_script, batches
from repro.launch.command import Tools
from repro.launch.here import find_tools
from repro.launch.run_directory import STUDY, open_run
from repro.launch.site.job import SCRIPT, Job, Visit, job_script, mailbox, mpi_hellos, probe_in
from repro.launch.site.judge import Expected, bad, judge, judged
from repro.launch.site.settings import Slurm
from repro.launch.slurm_client import SlurmClient, SlurmError, SlurmSilent
from repro.launch.slurm_cluster import Partition
from repro.study.expand import cells
from repro.study.load import load_study

MPI_OF_RANKS = "MPI for ranks in the image"
"""The name of the finding that says which MPI works: `image` or `host`."""

_HELLO = {
    "mpi": "MPI hello by srun --mpi=pmix",
    "mpi-image": "MPI hello by srun, the image's own MPI",
    "mpi-host": "MPI hello by srun, this cluster's MPI in the image",
}
_MPI_MEND = (
    "Slurm's PMIx and this MPI do not fit together: load the site's MPI (setup, in its file)"
)
CLIENTS = ("sbatch", "squeue", "scancel", "scontrol", "sinfo", "srun")


def site_findings(visit: Visit, show: Callable[[str], None] | None = None) -> Iterator[Finding]:
    """Check a cluster; each finding comes as soon as it is known.

    Args:
        visit: what to check.
        show: gets the job's script, which is then not submitted.
    """
    if visit.site.by_hand:
        yield bad("Slurm", "not asked (--submit-via print)", "run this where Slurm is")
        return
    slurm = SlurmClient.reached(visit.slurm.submit_via)
    here = visit.slurm.submit_via is None
    if absent := [name for name in CLIENTS if here and shutil.which(name) is None]:
        mend = "run this on a login node, or load Slurm's module"
        yield bad("Slurm's clients", f"not on PATH: {', '.join(absent)}", mend)
        return
    yield finding("Slurm's clients", visit.slurm.submit_via or str(shutil.which("sbatch")))
    sound = True
    try:
        for found in _from_here(visit, slurm):
            sound = sound and not found.blocks
            yield found
        if show or sound:
            yield from _from_the_nodes(visit, slurm, show)
        else:
            mend = "correct what is marked NO above, then repeat the command"
            yield finding("a job on the nodes", "not submitted", mend, ok=False)
    except (SlurmError, SlurmSilent) as error:
        yield bad("Slurm", str(error), "repeat the command later, or ask the site's support")


def _from_here(visit: Visit, slurm: SlurmClient) -> Iterator[Finding]:
    limits = slurm.limits()
    yield finding("Slurm", f"{limits.version}, cluster {limits.cluster}")
    real = _real_batches(visit)
    yield _partition(visit, slurm.partitions(), max((batch.minutes for batch in real), default=1))
    yield _account(visit.slurm, slurm.accounts() if shutil.which("sacctmgr") else [])
    allowed, asked = limits.max_array_size, visit.slurm.max_array_size
    mend = f"set max_array_size = {allowed - 1} in slurm/sites/{visit.site.name}.toml"
    found = f"{allowed}, the site's file has arrays of {asked}"
    yield judged("MaxArraySize", found, mend, ok=asked < allowed)
    types = slurm.mpi_types()
    mend = "ask the site's support for PMIx: without it every MPI rank is alone"
    yield judged("srun --mpi", ", ".join(types), mend, ok="pmix" in types)
    if real:
        yield _test_only(visit, slurm, max(real, key=lambda batch: batch.scale.cores))


def _real_batches(visit: Visit) -> list[Batch]:
    """What would be submitted: of the run if there is one, else of the paper's study."""
    there = (visit.run / STUDY).exists()
    every = open_run(visit.run).cells() if there else cells(load_study("paper"))
    site = visit.site
    fit = [c for c in every if c.scale.nodes <= site.nodes and c.scale.cores <= site.cores_in_all]
    return list(batches(fit, site))


def _partition(visit: Visit, there: list[Partition], minutes: int) -> Finding:
    name, site = visit.slurm.partition, visit.site
    fits = [p for p in there if p.name == name or (name is None and p.default)]
    if not fits:
        known = ", ".join(sorted(p.name for p in there)) or "none"
        mend = f"there are: {known}; add --partition, or write it into the site's file"
        return bad(f"partition {name or '(default)'}", "not there", mend)
    found = fits[0]
    gib, longest = found.memory_mb / 1024, found.max_seconds
    length = f"at most {longest // 60} minutes" if longest else "of any length"
    text = (
        f"{found.state}, {found.nodes} nodes of {found.cpus} cores and {gib:.0f} GiB, "
        f"jobs {length} (needed: {site.nodes} of {site.cores_per_node} and "
        f"{site.memory_per_node_gib:.0f} GiB, {minutes} minutes)"
    )
    ok = (
        found.state == "up"
        and found.nodes >= site.nodes
        and found.cpus >= int(site.cores_per_node)
        and found.memory_mb * 2**20 >= site.memory_bytes
        and (longest is None or longest >= minutes * 60)
    )
    mend = f"choose another --partition, or correct slurm/sites/{site.name}.toml"
    return judged(f"partition {found.name}", text, mend, ok=ok)


def _account(slurm: Slurm, known: list[str]) -> Finding:
    if not known:
        return finding("account", f"{slurm.account or 'none'}; Slurm does not list yours")
    ok = slurm.account is None or slurm.account in known
    text = f"{slurm.account or 'your default'}; yours: {', '.join(known)}"
    return judged("account", text, "choose one of yours with --account", ok=ok)


def _test_only(visit: Visit, slurm: SlurmClient, batch: Batch) -> Finding:
    """What Slurm would do with the script of the site's largest cells."""
    what = f"sbatch --test-only, {batch.scale}"
    with mailbox() as directory:
        name = "repro-doctor"
        path = directory / "batch.sh"
        text = batch_script(batch, visit.site, visit.run.absolute(), name, directory)
        write_atomic(path, text)
        try:
            return finding(what, slurm.test_only(path), needed=True)
        except SlurmError as error:
            mend = f"correct slurm/sites/{visit.site.name}.toml, --account or --partition"
            return bad(what, str(error), mend)


def _from_the_nodes(
    visit: Visit, slurm: SlurmClient, show: Callable[[str], None] | None
) -> Iterator[Finding]:
    tools: Tools | None = None
    try:
        tools = find_tools(visit.site)
    except UserError as error:
        yield bad("Julia", str(error), "see `repro doctor`")
    try:
        with mailbox() as box, probe_in(visit.scratch) as probe:
            script = job_script(visit, tools, probe, box)
            if show:
                show(script)
                return
            write_atomic(box / SCRIPT, script)
            heard = Job(visit, slurm, box).run()
    except UserError as error:
        yield bad("a job on the nodes", str(error), "choose a --run where you can write")
        return
    yield from heard.problems
    if heard.reports:
        yield from judge(heard.reports, _expected(visit, tools))
        yield from _mpi(heard, tools)


def _expected(visit: Visit, tools: Tools | None) -> Expected:
    cores, gib = int(visit.site.cores_per_node), float(visit.site.memory_per_node_gib)
    version, image = (tools.julia.version, tools.image) if tools else ("", None)
    return Expected(visit.scratch, cores, gib, version, image.path if image else None)


def _mpi(heard: Job, tools: Tools | None) -> Iterator[Finding]:
    """What two MPI ranks printed, started in each way that there is."""
    if tools is None or tools.mpi is None:
        yield finding("MPI", "not tried, there is none", "see `repro doctor`", ok=False)
        return
    found = {word: _hello(heard, word) for word in mpi_hellos(tools)}
    works = [word for word, (_, ok) in found.items() if ok]
    for word, (text, ok) in found.items():
        mend = "" if ok or works else _MPI_MEND
        yield finding(_HELLO[word], text, mend, ok=ok, needed=False)
    if tools.image and works:
        yield finding(MPI_OF_RANKS, works[0].removeprefix("mpi-"))


def _hello(heard: Job, word: str) -> tuple[str, bool]:
    lines = heard.lines(word)
    hosts = ", ".join(sorted(words[1] for words in lines))
    sizes = [words[2] for words in lines]
    version = f" ({' '.join(lines[0][3:])})" if lines else ""
    text = f"ranks on {hosts or 'no node'}, which count {', '.join(sizes) or 'nothing'}{version}"
    return text, sizes == ["2", "2"]
