#!/bin/sh
# Prints the first Python from 3.11 to 3.13 that runs and can make a virtual environment; $PYTHON, if set, is the only candidate.
for candidate in ${PYTHON:-python3.11 python3.12 python3.13 python3 python}; do
    if "$candidate" -c 'import sys, ensurepip, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
        command -v "$candidate"
        exit 0
    fi
done
echo "matcalc needs Python 3.11, 3.12 or 3.13 with pip and venv; none was found (${PYTHON:-on the PATH})." >&2
echo "Name one with: make PYTHON=/path/to/python3.11 …" >&2
exit 1
