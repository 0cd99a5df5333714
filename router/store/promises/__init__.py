"""Promises as they are kept: clocks, chains of people, dates, and versions of what is promised."""
