"""Claims that outcomes decide."""

from collections import Counter
from collections.abc import Iterable

from repro.analysis.claims import (
    FRAMEWORKS,
    GPT,
    LARGE,
    MODELS,
    OPUS,
    PROBLEMS,
    QWEN,
    Point,
    Seen,
    Verdict,
    Word,
    listed,
)

RELIABLY = 0.9
"""Share of programs from which something is done reliably."""

OF_SCALE = ("deadlock", "out-of-memory", "oversubscribed")
"""What the abstract blames failures at larger scales on."""

AT_SCALE = ("deadlock", "oversubscribed", "out-of-memory", "crash", "timeout")
"""What the results report at scale."""


def runs_when_small(seen: Seen) -> Verdict:
    """Do the programs run at their smallest scale point?"""
    first = [points[0] for points in seen.of().values()]
    known = [point for point in first if point.outcome]
    ran = [point for point in known if _ran(point)]
    missing = seen.absent() + [point.cell for point in first if not point.outcome]
    at_least = len(ran) / (len(known) + len(missing))
    at_most = (len(ran) + len(missing)) / (len(known) + len(missing))
    numbers = {"ran": len(ran), "programs": len(known), "missing": len(missing)}
    word: Word = "cannot tell"
    if at_least >= RELIABLY or at_most < RELIABLY:
        word = "supported" if at_least >= RELIABLY else "refuted"
    reason = f"{len(ran)} of {len(known)} programs with an outcome ran; {len(missing)} have none"
    return Verdict(word, reason, numbers, [point.cell for point in known], missing)


def _ran(point: Point) -> bool:
    """It was executed: it returned something, right or wrong."""
    return point.outcome in ("ok", "wrong-result") or point.repetitions > 0


def _beyond(seen: Seen, models: Iterable[str] = MODELS) -> list[Point]:
    """Larger scale points, with an outcome, of programs that are ok at their smallest."""
    well = [points for points in seen.of(models).values() if points[0].outcome == "ok"]
    return [point for points in well for point in points[1:] if point.outcome]


def _never_large(seen: Seen) -> list[str]:
    """Models without an outcome on many cores."""
    return [
        f"an outcome of {model} on {LARGE} cores or more"
        for model in MODELS
        if not any(p.outcome and p.cores >= LARGE for ps in seen.of([model]).values() for p in ps)
    ]


def fails_at_scale(seen: Seen) -> Verdict:
    """Do programs fail at larger scales, for the reasons that the abstract gives?

    The cells without an outcome may come to anything: only what they cannot turn is told.
    """
    beyond = _beyond(seen)
    failed = [point for point in beyond if point.outcome != "ok"]
    blamed = [p for p in failed if {p.outcome, *p.flags.split(";")} & set(OF_SCALE)]
    others = len(failed) - len(blamed)
    open_cells = sum(
        not point.outcome
        for points in seen.of().values()
        if points[0].outcome in ("ok", "")
        for point in points
    )
    numbers = {"beyond": len(beyond), "failed": len(failed), "blamed": len(blamed)}
    reason = (
        f"of {len(beyond)} larger scale points of programs that are ok at their smallest, "
        f"{len(failed)} failed, {len(blamed)} of them by {', '.join(OF_SCALE)}"
    )
    word: Word = "cannot tell"
    if not seen.absent() and not _never_large(seen):
        most, least = len(blamed) + open_cells > others, len(blamed) > others + open_cells
        word = "supported" if least else word if most else "refuted"
    missing = [*_never_large(seen), *seen.unknown()] if word == "cannot tell" else []
    return Verdict(word, reason, numbers, [point.cell for point in failed or beyond], missing)


def kinds_of_failure(seen: Seen) -> Verdict:
    """Does each of the failures that the results report occur at larger scales?"""
    beyond = _beyond(seen)
    counts = Counter(
        kind for p in beyond for kind in AT_SCALE
        if (kind == p.outcome or kind in p.flags.split(";"))
    )  # fmt: skip
    numbers = {kind: counts[kind] for kind in AT_SCALE}
    cells = [p.cell for p in beyond if {p.outcome, *p.flags.split(";")} & set(AT_SCALE)]
    unseen = [kind for kind in AT_SCALE if not counts[kind]]
    told = ", ".join(f"{counts[kind]} {kind}" for kind in AT_SCALE)
    reason = f"of {len(beyond)} larger scale points: {told}"
    if not unseen:
        return Verdict("supported", reason, numbers, cells)
    missing = seen.unknown()
    word: Word = "cannot tell" if missing else "refuted"
    return Verdict(word, reason, numbers, cells or [p.cell for p in beyond], missing)


def open_weight_is_worst(seen: Seen) -> Verdict:
    """Is the open-weight model's share of ok cells at larger scales the smallest?"""
    well: dict[str, list[bool]] = {model: [] for model in MODELS}
    cells, missing = [], []
    for problem in PROBLEMS:
        for framework in FRAMEWORKS:
            found = {m: _by_cores(seen, m, problem, framework) for m in MODELS}
            smallest = min((c for known in found.values() for c in known), default=0)
            common = set.intersection(*(set(known) for known in found.values())) - {smallest}
            if max(common, default=0) < LARGE:
                told = f"{problem}/{framework} of all three models on {LARGE} cores or more"
                missing.append(told)
            for model in MODELS:
                points = [p for cores in sorted(common) for p in found[model][cores]]
                well[model] += [point.outcome == "ok" for point in points]
                cells += [point.cell for point in points]
    share = {model: sum(ok) / len(ok) if ok else None for model, ok in well.items()}
    told = ", ".join(f"{model} {sum(ok)} of {len(ok)}" for model, ok in well.items())
    reason = f"ok at larger scale points where all three have an outcome: {told}"
    qwen, others = share[QWEN], [share[GPT], share[OPUS]]
    word: Word = "cannot tell"
    if not missing and qwen is not None:
        word = "supported" if all(o is not None and qwen < o for o in others) else "refuted"
    return Verdict(word, reason, dict(share), cells, missing)


def _by_cores(seen: Seen, model: str, problem: str, framework: str) -> dict[int, list[Point]]:
    """Points with an outcome, of all samples, by their cores."""
    found: dict[int, list[Point]] = {}
    for points in seen.of([model], [problem], [framework]).values():
        for point in points:
            if point.outcome:
                found.setdefault(point.cores, []).append(point)
    return found


def cholesky_dagger_deadlocks(seen: Seen) -> Verdict:
    """Do GPT's and Opus's Cholesky programs with Dagger deadlock at 24 or 32 threads?"""
    cells, missing, told = [], [], []
    deadlocks = 0
    passes = False
    for model in (GPT, OPUS):
        points = [p for p in seen.first(model, "cholesky", "dagger") if p.cores in (24, 32)]
        known = [point for point in points if point.outcome]
        cells += [point.cell for point in known]
        outcomes = [f"{point.outcome} at {point.cores}" for point in known]
        told.append(f"{model}: {', '.join(outcomes) or 'no outcome'}")
        deadlocks += any(point.outcome == "deadlock" for point in known)
        both = {point.cores for point in known} == {24, 32}
        passes = passes or (both and all(point.outcome != "deadlock" for point in known))
        if not both:
            missing.append(f"{model}/cholesky/dagger at 24 and 32 threads")
    word: Word = "supported" if deadlocks == len((GPT, OPUS)) else "cannot tell"
    word = "refuted" if passes else word
    missing = missing if word == "cannot tell" else []
    return Verdict(word, "; ".join(told), {"deadlocking": deadlocks}, cells, missing)


def cholesky_threads_go_on(seen: Seen) -> Verdict:
    """Are GPT's and Opus's Cholesky programs with Threads ok at 192 threads?"""
    cells, missing, told, words = [], [], [], []
    for model in (GPT, OPUS):
        points = seen.first(model, "cholesky", "threads")
        known = [p for p in points if p.outcome and p.cores == 192]  # noqa: PLR2004 - the paper's
        if not known:
            missing.append(f"{model}/cholesky/threads at 192 threads")
            continue
        cells.append(known[0].cell)
        words.append(known[0].outcome == "ok")
        told.append(f"{model}: {known[0].outcome} at 192")
    word: Word = "cannot tell" if missing else "supported"
    word = "refuted" if not all(words) else word
    return Verdict(word, "; ".join(told) or "no outcome", {"ok": sum(words)}, cells, missing)


def qwen_is_sometimes_wrong(seen: Seen) -> Verdict:
    """Does any cell of Qwen's come to wrong-result?"""
    known = [p for points in seen.of([QWEN]).values() for p in points if p.outcome]
    wrong = [point for point in known if point.outcome == "wrong-result"]
    numbers = {"wrong": len(wrong), "cells": len(known)}
    reason = f"{len(wrong)} of {len(known)} cells of {QWEN} with an outcome are wrong-result"
    if wrong:
        return Verdict("supported", reason, numbers, [point.cell for point in wrong])
    missing = seen.unknown([QWEN])
    word: Word = "cannot tell" if missing else "refuted"
    return Verdict(word, reason, numbers, [point.cell for point in known], missing)


def opus_gemm_dagger_fails(seen: Seen) -> Verdict:
    """Does Opus's GEMM program with Dagger degrade, and fail beyond 32 threads only?"""
    points = [p for p in seen.first(OPUS, "gemm", "dagger") if p.outcome]
    below = [p for p in points if p.cores <= 32]  # noqa: PLR2004 - the paper's
    above = [p for p in points if p.cores > 32]  # noqa: PLR2004
    cells = [point.cell for point in points]
    failed = [p for p in points if p.outcome != "ok"]
    times = [(p.cores, min(p.seconds)) for p in points if p.seconds]
    slower = [cores for cores, _ in times if _slower(times, cores)]
    at = "; ".join(f"{p.outcome} at {p.cores}" for p in failed) or "no failure"
    reason = f"{at}; slower than on fewer threads at {listed([str(c) for c in slower]) or 'none'}"
    numbers = {"ok": len(points) - len(failed), "failed": len(failed), "slower": len(slower)}
    if any(p.outcome != "ok" for p in below):
        return Verdict("refuted", f"it fails already up to 32 threads: {reason}", numbers, cells)
    if not below or not above:
        reason = reason if points else "no outcome"
        missing = [f"{OPUS}/gemm/dagger up to 32 threads and beyond"]
        return Verdict("cannot tell", reason, numbers, cells, missing)
    if failed and slower:
        return Verdict("supported", reason, numbers, cells)
    whole = [p for p in seen.first(OPUS, "gemm", "dagger") if not p.outcome]
    missing = [point.cell for point in whole]
    return Verdict("cannot tell" if missing else "refuted", reason, numbers, cells, missing)


def _slower(times: list[tuple[int, float]], cores: int) -> bool:
    """Whether even the fastest repetition takes longer than one on fewer cores."""
    own = dict(times)[cores]
    return any(seconds < own for fewer, seconds in times if fewer < cores)
