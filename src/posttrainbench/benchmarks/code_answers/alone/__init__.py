"""Programs that run by themselves: standard library only, in processes of their own.

This package is imported as ``alone``, without the package around it: by the checker, and in the
sandbox, where nothing else of ours can be seen.
"""
