"""The HTTP service of matcalc and its page: they import the public names of `matcalc` only.

In a checkout this package is `api`; in an installed wheel it is `matcalc.api`, so its files refer to each
other by relative imports. `matcalc serve` starts it.
"""
