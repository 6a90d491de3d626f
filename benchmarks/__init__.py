"""Speed as ratios, measured side by side in one run; results are JSON under benchmarks/results."""
