"""The meaning of each outcome and ending, in one line, for readers of a single page."""

OUTCOME_MEANINGS = {
    "ok": "every repetition verified",
    "wrong-result": "a repetition or the preceding check was wrong",
    "load-error": "the kernel does not parse, or lacks the function",
    "runtime-error": "it threw an exception, or ended early",
    "deadlock": "waits for ever",
    "timeout": "still working at its time limit, or at that of its start",
    "out-of-memory": "it exceeded its memory limit, or ran out of memory",
    "crash": "a process ended by a signal, or a worker ended at all",
    "unavailable": "a package it needs was not installed; excluded from rates",
    "infrastructure": "not caused by the program: repeated, excluded from rates",
    "": "the cell is in the study, but the dataset has no attempt",
}
"""By outcome; the last is for a cell without attempts."""

ENDING_MEANINGS = {
    "finished": "the model ended it and left a program",
    "no-kernel": "the model ended it and left no program",
    "gave-up": "it stopped or reached a limit before the model ended it",
    "budget": "tokens, dollars, time or turns were used up; files written until then are kept",
    "provider-refused": "the model's provider refused; not caused by the model",
    "provider-down": "the model's provider failed; not caused by the model",
    "cut-off": "this machine ended the session; not caused by the model",
    "diverged": "a request differs from the recorded one",
    "unfinished": "no ending is recorded: the session was still running, or its driver died",
}
"""By the ending of a session."""
