"""Missing data: cells that were never attempted, and programs that no session produced."""

import pandas as pd

from repro.analysis.tidy import Tidy

NO_KERNEL = "no-kernel"
"""In place of an outcome: the session for the program ended without producing it."""


def programs(cells: "pd.Series[str]") -> "pd.Series[str]":
    """The programs of cells, from the names of the cells."""
    return cells.str.split("@").str[0]


def grid(tidy: Tidy) -> pd.DataFrame:
    """Every cell of the study as in `Tidy.grid`; outcome `NO_KERNEL` where no program exists."""
    table = tidy.grid()
    program = programs(table["cell"])
    made = tidy.sessions[tidy.sessions["counts"]].drop_duplicates("program", keep="last")
    missing = program.isin(set(made.loc[~made["kernel"], "program"])) & (table["outcome"] == "")
    run = set(program[table["outcome"] != ""])
    table.loc[missing & ~program.isin(run), "outcome"] = NO_KERNEL
    return table
