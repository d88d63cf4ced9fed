"""What all tests share: how long and how repeatably Hypothesis searches, and a browser (tests/browser.py).

`HYPOTHESIS_PROFILE=long` searches further and remembers what it found; the default is bounded and draws the
same examples every time, so that a failure in CI is a failure at home.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

_SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large)
settings.register_profile(
    "ci", max_examples=100, deadline=None, derandomize=True, database=None, suppress_health_check=_SLOW
)
settings.register_profile("long", max_examples=5_000, deadline=None, suppress_health_check=_SLOW)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

pytest_plugins = ("tests.browser",)
