"""Decisions on plain values, proven."""
