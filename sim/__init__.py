"""urban-mine: metal recovery from discarded electronics, simulated truck by truck and permit by permit."""
