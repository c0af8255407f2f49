"""Makes text from programs and models safe to show: nothing in it acts, nothing is hidden."""

import re

_COLOURS = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff\ud800-\udfff]"
)
"""Controls, direction marks, fillers, variation selectors, and the tags that spell hidden text."""


def plain(text: str) -> str:
    """Remove a terminal's colours, and replace invisible characters by their number.

    These are control characters, direction marks (which make code look like other code) and
    halves of characters.
    """
    text = _COLOURS.sub("", text.replace("\r\n", "\n"))
    return _UNSEEN.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", text)
