"""What the words on the pages mean, in a line each, for readers who have not read anything else."""

OUTCOME_MEANINGS = {
    "ok": "every repetition verified",
    "wrong-result": "a repetition, or the check before, was wrong",
    "load-error": "it does not parse, or lacks the function",
    "runtime-error": "it threw, or ended before it was done",
    "deadlock": "no CPU time and no sign of life",
    "timeout": "still working at its time limit",
    "out-of-memory": "it passed its memory limit, or ran out of memory",
    "crash": "ended by a signal",
    "unavailable": "a package that it needs was not installed; in no rate",
    "infrastructure": "not the program's doing: repeated, in no rate",
    "": "the study has the cell, the dataset no attempt",
}
"""By outcome; the last is a cell's without attempts."""

ENDING_MEANINGS = {
    "finished": "the model ended it, and left a program",
    "no-kernel": "the model ended it, and left no program",
    "gave-up": "it stopped, or ran into a limit, before the model ended it",
    "budget": "tokens, dollars, time or turns were used up; what was written by then is kept",
    "provider-refused": "the model's provider refused; not the model's doing",
    "provider-down": "the model's provider failed; not the model's doing",
    "cut-off": "the session was broken off here; not the model's doing",
    "diverged": "a request was not the recorded one",
    "unfinished": "no ending is recorded: it was still going on, or its driver died",
}
"""By the ending of a session."""
