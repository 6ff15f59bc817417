"""Scenario -> World -> tables: the only place where rooms are wired together."""
