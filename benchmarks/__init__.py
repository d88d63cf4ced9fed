"""Speed, as ratios in one run; docs/performance.md holds the tables that these programs print."""
