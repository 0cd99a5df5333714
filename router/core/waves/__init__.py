"""What messages have in common: variants of one text, traces, bursts, one person twice."""
