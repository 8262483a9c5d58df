"""The command ``ptb``: parse, call one function, print."""
