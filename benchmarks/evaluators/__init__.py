"""Generated evaluators against autodiff: gradients, dense derivatives, structure, and the first number."""
