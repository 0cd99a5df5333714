# Thin names for scripts/dev.py, which needs nothing but Python.
.PHONY: install run test check slow bench bench-triage bench-web screenshots shapes lock
install run test check slow bench bench-triage bench-web screenshots shapes lock:
	@python3 scripts/dev.py $@
