"""The tests: they mirror `pipeline/`; `cases/*.jsonl` hold examples as data."""
