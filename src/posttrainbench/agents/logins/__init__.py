"""Subscription logins of the host, and the short-lived copies that runs get of them.

:mod:`.broker` is the only part that others call.  It owns the login of each agent on this host:
reads it, has it renewed when it runs out, and hands out copies without the refresh token.
"""
