"""Does a decoded text read like language or code, or like noise?"""

from __future__ import annotations

import re

SHARE = 0.06
"""Part of the words that are everyday ones, in any prose or code; noise has under 0.01."""
_FEWEST = 4
_SCANNED = 20_000
_WORD = re.compile(r"[^\W\d_]+")

# Function words of languages that data sets for training are written in, and of code.
_COMMON = """
the of and to in is that for it as was with be by on not he his but at are this have from or
had an they which you were her all she there would their we him been has when who will more if
no out so said what up its about into than them can only other some could these two may then do
first any my now such like our over me even most how many each per much after before find let
your does did where between number
de la el en que los del las un por con una para es al lo le les des et du une est dans qui
der die und das von zu den mit ist im nicht ein eine auf dem il di che
def return self import else while class none true false int str list print len
function var const new null string type object name value
"""
_EVERYDAY = frozenset(_COMMON.split())
_SCRIPTS = (
    (0x0370, 0x03FF), (0x0400, 0x052F), (0x0590, 0x05FF), (0x0600, 0x06FF), (0x0900, 0x0DFF),
    (0x0E00, 0x0E7F), (0x3040, 0x30FF), (0x4E00, 0x9FFF), (0xAC00, 0xD7AF),
)  # fmt: skip


def is_language(text: str) -> bool:
    """Whether enough everyday words stand in it, or most letters are of one other script."""
    text = text[:_SCANNED]
    words = _WORD.findall(text.lower())
    if len(words) < _FEWEST:
        return False
    everyday = [word for word in words if word in _EVERYDAY]
    if len(set(everyday)) > 1 and len(everyday) >= SHARE * len(words):
        return True
    letters = [ord(character) for character in text if character.isalpha()]
    return any(
        sum(first <= letter <= last for letter in letters) > 0.6 * len(letters)
        for first, last in _SCRIPTS
    )


def is_clean(text: str) -> bool:
    """Whether it holds next to no characters that no writer types."""
    part = text[:_SCANNED]
    good = sum(character.isprintable() or character in "\t\r\n" for character in part)
    return bool(part) and good > 0.95 * len(part) and part.count("\ufffd") <= len(part) // 50
