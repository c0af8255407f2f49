"""The numbers of a figure as CSV and as a LaTeX table with the same cells."""

import math
from collections.abc import Iterable
from typing import Any

import pandas as pd

_SPECIAL = str.maketrans({
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
})  # fmt: skip


def csv_text(table: pd.DataFrame) -> str:
    """The table as CSV: numbers with six digits, an empty field where not known."""
    lines = [[str(name) for name in table.columns], *_rows(table, unknown="")]
    return "".join(",".join(map(_quoted, line)) + "\n" for line in lines)


def tex_text(table: pd.DataFrame, dataset: str) -> str:
    """The table as a LaTeX longtable (packages longtable and booktabs)."""
    numeric = [pd.api.types.is_numeric_dtype(table[name]) for name in table.columns]
    form = "".join("r" if number else "l" for number in numeric)
    body = [_tex_line(line) for line in _rows(table, unknown="--")]
    if not body:
        body = [rf"\multicolumn{{{len(form)}}}{{c}}{{no data in {_escaped(dataset)}}} \\"]
    return "\n".join([
        f"% Dataset {dataset}. Needs \\usepackage{{longtable,booktabs}}.",
        rf"\begin{{longtable}}{{{form}}}",
        r"\toprule", _tex_line(table.columns), r"\midrule", r"\endhead",
        *body,
        r"\bottomrule", r"\end{longtable}", "",
    ])  # fmt: skip


def _rows(table: pd.DataFrame, unknown: str) -> Iterable[list[str]]:
    columns = [[_text(value, unknown) for value in table[name]] for name in table.columns]
    return map(list, zip(*columns, strict=True))


def _text(value: Any, unknown: str) -> str:
    if isinstance(value, float):
        return format(value, ".6g") if math.isfinite(value) else unknown
    return str(value)


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if set(text) & set(',"\n') else text


def _tex_line(fields: Iterable[Any]) -> str:
    return " & ".join(_escaped(str(field)) for field in fields) + r" \\"


def _escaped(text: str) -> str:
    return text.translate(_SPECIAL)
