"""The reports. Figures are kept while tickets change (:mod:`~router.reports.keeping`), read
(:mod:`~router.reports.asking`), told as documents in somebody's language
(:mod:`~router.reports.promises`, :mod:`~router.reports.load`), and handed over as a page, a file
(:mod:`~router.reports.files`, :mod:`~router.reports.rows`) or a mail.
"""

from __future__ import annotations

from router.reports.keeping import LAG, count, counted_until, differing, rebuild, sweep

__all__ = ["LAG", "count", "counted_until", "differing", "rebuild", "sweep"]
