"""Reading claims: those of the paper, and those that the problems of a study bring."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from repro.claims.kinds import KINDS
from repro.claims.model import Claim
from repro.errors import UserError
from repro.study.load import STUDIES
from repro.study.model import Name, Study
from repro.study.toml import Strict, checked, load_toml

PAPER = STUDIES / "claims" / "paper.toml"
"""The claims of arXiv 2606.16534."""


class _File(Strict):
    study: Name
    """The study whose cells decide the claims."""

    claim: tuple[dict[str, Any], ...]
    """The claims; what each may say depends on its kind."""


def load_claims(path: Path) -> tuple[Claim, ...]:
    """The claims of a file, in its order.

    Raises:
        UserError: the file is missing or broken, or a claim has a kind, field or value that there
            is not; the message names the claim and the first field that is wrong.
    """
    file = load_toml(path, _File)
    claims = [
        _claim(path, number, {"study": file.study} | content)
        for number, content in enumerate(file.claim, start=1)
    ]
    _check_unique(path, claims)
    _check_parts(path, claims)
    return tuple(claims)


def claims_of(study: Study) -> tuple[Claim, ...]:
    """The paper's claims, then those that the study's problems bring.

    Raises:
        UserError: as `load_claims`; or two files have a claim of the same name.
    """
    brought = (study.problem_directory(problem).claims for problem in study.problems)
    claims = load_claims(PAPER)
    for path in filter(Path.is_file, brought):
        claims += load_claims(path)
        _check_unique(path, claims)
    return claims


def models_of(claims: Sequence[Claim]) -> tuple[str, ...]:
    """The models that claims are about, in order of appearance; parts of claims do not count."""
    whole = (claim for claim in claims if claim.part_of is None)
    return tuple(dict.fromkeys(model for claim in whole for model in claim.models))


def _claim(path: Path, number: int, content: dict[str, Any]) -> Claim:
    where = f"{path}: claim {content.get('name', number)}"
    kind = KINDS.get(str(content.get("kind")))
    if kind is None:
        raise UserError(f"{where}: kind = {content.get('kind')!r}: there are {', '.join(KINDS)}")
    claim = checked(content, kind, where)
    try:
        _ = claim.tested
    except ValueError as error:
        raise UserError(f"{where}: test: {error}") from error
    return claim


def _check_unique(path: Path, claims: Sequence[Claim]) -> None:
    name, count = Counter(claim.name for claim in claims).most_common(1)[0] if claims else ("", 0)
    if count > 1:
        raise UserError(f"{path}: claim {name}: there is another of this name; rename one")


def _check_parts(path: Path, claims: Sequence[Claim]) -> None:
    whole: set[str] = set()
    for claim in claims:
        if claim.part_of is None:
            whole.add(claim.name)
        elif claim.part_of not in whole:
            told = "no whole claim before it has this name"
            raise UserError(f"{path}: claim {claim.name}: part_of = {claim.part_of!r}: {told}")
