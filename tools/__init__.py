"""Programs for those who work on matcalc; none of this is shipped."""
