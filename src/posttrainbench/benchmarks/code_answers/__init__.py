"""Judge code that a model wrote, without ever trusting it.

The code runs in a fresh sandbox (:mod:`.place`), the official test in a checker process of its own
(:mod:`.alone.checker`); between them pass plain values only (:mod:`.alone.plain`).
:func:`.execution.check_answer` brings them together.
"""
