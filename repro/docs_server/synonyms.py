"""Words that people say one for the other, about programs and about matrices."""

from repro.docs_server.roots import root

GROUPS = (
    # tasks, threads and processes
    "task coroutine", "thread parallel concurrent simultaneous", "start launch create spawn begin",
    "worker process proc", "other another remote different", "every all each everywhere",
    "wait block", "sleep pause delay", "busy spin", "lock mutex exclusion", "short little brief",
    "acquire take obtain", "release unlock free", "limit most maximum bound", "resource acquire",
    "wake notify signal", "queue channel pipe", "finish done complete", "barrier synchronize",
    "yield switch scheduler", "send put", "receive take", "machine host computer", "cpu core",
    "execute run evaluate", "apply call", "id identifier", "remove delete drop erase", "stop kill",
    "belong local own", "share common", "immediate wait", "pool free", "atomic safe",
    # time and memory
    "time second elapsed duration", "clock timer time", "byte memory", "allocate memory",
    "garbage gc", "copy clone duplicate", "slice view subarray", "uninitialized undef",
    "fast quick speed performance", "bound check", "vectorize simd", "compile optimize",
    # collections and functions
    "list vector array", "matrix array", "collection iterable container iterator itr",
    "element entry item", "element value", "index position location", "loop iterate iteration",
    "combine reduce fold", "add sum plus total", "multiply product matmul", "count number many",
    "size length dimension", "join concatenate", "append push last end", "first begin front",
    "chunk partition block", "cut divide split", "exchange swap replace", "same equal identical",
    "compare equal comparison", "order sort", "find search lookup", "rest remain",
    "part subset portion range", "predicate condition true satisfy", "keep filter",
    "fill set", "fill initialize", "group set collection", "dictionary map", "text string",
    "evenly step spacing", "large largest big biggest max maximum", "small smallest min minimum",
    "test check determine whether assert", "exist whether", "round truncate",
    "difference distance", "remainder modulo", "quotient divide", "up ceil", "down floor",
    "tolerance approximate", "accuracy precision", "random pick", "convert conversion transform",
    # input, output and the system
    "show print display", "read get obtain", "write output", "folder directory", "path file",
    "environment variable env", "argument parameter", "exception error", "throw raise",
    "handle catch", "command program", "exit quit end",
    # matrices
    "factorization decomposition", "dot inner scalar", "length norm magnitude", "euclidean 2",
    "conjugate adjoint hermitian", "solve solution", "system equation", "right left division",
    "lower below", "upper above", "zero null", "triangular half", "invert inverse",
    "eigenvalue eigen", "singular svd", "scale multiply", "identity uniform scaling",
    "in-place inplace overwrite preallocated",
)  # fmt: skip
"""Each a group; a word may be in several, and what counts is its root."""

_OTHERS: dict[str, list[str]] = {}
for _group in GROUPS:
    _roots = [root(_word) for _word in _group.replace("-", "").split()]
    for _one in _roots:
        _known = _OTHERS.setdefault(_one, [])
        _known += [_other for _other in _roots if _other != _one and _other not in _known]


def others(word: str) -> list[str]:
    """What else people say for a word; roots, of a root."""
    return _OTHERS.get(word, [])
