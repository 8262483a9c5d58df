"""Answers that speak to the grader instead of to the question.

Two separate things.  The guards change as little of an answer as is needed so that it cannot end
the prompt's own delimiters or be quoted as a verdict; an answer without such marks stays as it is,
byte for byte.  :func:`detect` names what looks like an attempt.  It is reported for a person to
look at and changes no score: a story may well contain such words.
"""

from __future__ import annotations

import re
import unicodedata

VERDICT, DELIMITER, RUBRIC, TURN, ORDER = (
    "verdict-token",
    "forged-delimiter",
    "rubric-json",
    "fake-turn",
    "order-to-judge",
)

_GAP = r"[^.!?\n]"
"""Anything within a sentence."""

_PATTERNS: tuple[tuple[str, str], ...] = (
    (VERDICT, r"(?<!\w)\[\s?\[?\s?(?:a\s?(?:>>?|=|<<?)\s?b|b\s?(?:>>?|=|<<?)\s?a)\s?\]"),
    (DELIMITER, r"<\s?\|[^|\n]{0,60}(?:assistant [ab]\b|user prompt)[^|\n]{0,40}\|\s?>"),
    (DELIMITER, r"\bthe (?:start|end) of assistant [ab]'s answer"),
    (DELIMITER, r"^#+ ?(?:rubric items?|final instructions?)\W*$"),
    (DELIMITER, r"<<(?:conversation|rubric_item)>>"),
    (RUBRIC, r"\bcriteria[_ ]met\W{0,6}[:=]\W{0,6}(?:true|false)\b"),
    (TURN, r"<\|(?:im_start|im_end|endoftext|eot_id|start_header_id|user|assistant|system)\|>"),
    (TURN, r"<(?:start|end)_of_turn>|\[/?inst\]|<</?sys>>"),
    (TURN, r"(?<=\n)(?:user|assistant|system|human) ?:"),
    (
        ORDER,
        r"\b(?:ignore|disregard|forget|override) (?:all |any |the |your |my |of |these |those )*"
        r"(?:previous|prior|above|earlier|preceding|other|existing) "
        r"(?:\w+ )?(?:instruction|prompt|rubric|criteria|guideline|direction)s?\b",
    ),
    (
        ORDER,
        r"\b(?:note|message|attention|memo|instructions?|dear|hello|hi)\b[ ,:]{0,3}(?:to |for )?"
        r"(?:the |our |all |any )?(?:ai |llm |language model |automated |impartial |human )*"
        r"(?:graders?|evaluators?|raters?|annotators?|judge models?|(?:llm|ai) judges?)\b",
    ),
    (
        ORDER,
        r"\bassistant [ab](?:'s)?(?: answer| response)? (?:is|was) "
        r"(?:clearly |significantly |much |slightly |far |obviously |the )*"
        r"(?:better|superior|winner|best)\b",
    ),
    (
        ORDER,
        r"\bfinal verdict (?:is|should be|must be|:)[ :]*(?:assistant [ab]|\[|[ab] ?[>=<]|tie\b)",
    ),
    (
        ORDER,
        r"\b(?:give|award|assign|grant|rate|grade|score|mark) "
        r"(?:this|my|the above|the following) (?:answer|response|essay|completion|output|reply)s?\b"
        + _GAP
        + r"{0,40}\b(?:full|maximum|max|highest|perfect|top|10 ?/ ?10|100 ?%)",
    ),
    (
        ORDER,
        r"\b(?:as|you are) (?:an?|the) (?:impartial |fair |ai |llm |expert )*"
        r"(?:judge|grader|evaluator)\b"
        + _GAP
        + r"{0,60}\b(?:must|should|output|return|choose|prefer|select)\b"
        + _GAP
        + r"{0,40}(?:assistant [ab]\b|this (?:answer|response)|criteria|\[\[)",
    ),
    (
        ORDER,
        r"\b(?:rubric|grading) (?:items?|criteri(?:a|on)) (?:is|are|has been|have been|were) "
        r"(?:fully |all )?(?:met|satisfied|fulfilled)\b",
    ),
)
_DETECTORS = [(kind, re.compile(pattern, re.MULTILINE)) for kind, pattern in _PATTERNS]

_SPACES = re.compile(r"[^\S\n]+")
_APOSTROPHES = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "`": "'"})

_BARS = re.compile(r"([<＜])([|｜])(?=[^|｜<>\n]{1,80}[|｜][>＞])")
_CLOSING = re.compile(r"(?<=[<＜] [|｜])([^|｜<>\n]{1,80}[|｜])(?=[>＞])")
_TOKEN = re.compile(r"(?<=\[)([AB])(>>|>|=|<<|<)([AB])(?=\])", re.IGNORECASE)
_HEADING = re.compile(
    r"^(?=# (?:Conversation|Instructions) *$|#{1,6} *(?i:rubric item|final instruction)s? *$)",
    re.MULTILINE,
)
_ROLE = re.compile(r"(?<=\n)(?=(?:user|assistant|system|developer) ?:)", re.IGNORECASE)
_MET = re.compile(r"criteria_met", re.IGNORECASE)


def detect(text: str) -> list[str]:
    """The kinds of attempts in an answer, each named once; none for most answers.

    Letters that only look different (full width, zero-width marks between them) change nothing.
    """
    folded = _fold(text)
    kinds = [kind for kind, pattern in _DETECTORS if pattern.search(folded)]
    return list(dict.fromkeys(kinds))


def guard_arena(answer: str) -> str:
    """An answer that ends none of Arena-Hard's delimiters and holds no verdict to be quoted.

    ``<|anything|>`` becomes ``< |anything| >``, and ``[[A>>B]]`` becomes ``[[A >> B]]``.
    """
    return _TOKEN.sub(r"\1 \2 \3", _open_bars(answer))


def guard_conversation(answer: str) -> str:
    """An answer that stays one turn of HealthBench's conversation.

    A line that begins another turn (``user:``) or has the name of a section of the prompt
    (``# Rubric item``) is quoted with ``> ``; ``criteria_met`` becomes ``criteria met``.
    """
    quoted = _ROLE.sub("> ", _HEADING.sub("> ", _open_bars(answer)))
    return _MET.sub(lambda found: found.group().replace("_", " "), quoted)


def _open_bars(text: str) -> str:
    return _CLOSING.sub(r"\1 ", _BARS.sub(r"\1 \2", text))


def _fold(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).translate(_APOSTROPHES)
    seen = "".join(c for c in plain if unicodedata.category(c) != "Cf")
    return _SPACES.sub(" ", seen.casefold().replace("\r", "\n"))
