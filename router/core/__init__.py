"""Decisions on plain values: hours, promises, threads, rights, words. No SQL and no network."""
