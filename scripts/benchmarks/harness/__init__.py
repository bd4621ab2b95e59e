"""The driver of `scripts/bench`: what to measure, with whom, and how it is told."""
