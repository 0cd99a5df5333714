# Thin names for scripts/dev.py, which needs nothing but Python.
.PHONY: install run test check slow bench bench-triage screenshots lock
install run test check slow bench bench-triage screenshots lock:
	@python3 scripts/dev.py $@
