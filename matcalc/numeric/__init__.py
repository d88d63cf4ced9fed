"""Arrays: evaluators, samples, verification, structured operators."""
