"""Settings come from the environment, are checked, and are all documented."""

from __future__ import annotations

from dataclasses import fields

import pytest

from api.limits import read_rate
from api.settings import SettingError, Settings
from tests.api.service import ROOT


def test_nothing_needs_to_be_set() -> None:
    settings = Settings.from_environment({})
    assert settings == Settings()
    assert settings.rate_limit == ""


def test_the_environment_is_read() -> None:
    environment = {"MATCALC_PORT": "81", "MATCALC_TIME_LIMIT": "2.5", "MATCALC_LOG_TEXT": "Yes", "OTHER": "1"}
    settings = Settings.from_environment(environment, host="::1", port=None)
    assert (settings.port, settings.time_limit, settings.log_text, settings.host) == (81, 2.5, True, "::1")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "http"),
        ("WORKERS", "-1"),
        ("WORKERS", "0"),
        ("TIME_LIMIT", "nan"),
        ("TIME_LIMIT", "inf"),
        ("LOG_TEXT", "perhaps"),
        ("LOG_LEVEL", "loud"),
    ],
)
def test_what_makes_no_sense_is_refused(name: str, value: str) -> None:
    with pytest.raises(SettingError, match=f"MATCALC_{name}"):
        Settings.from_environment({f"MATCALC_{name}": value})


def test_rates() -> None:
    assert read_rate("") is None
    rate = read_rate("60/minute")
    assert rate is not None
    assert rate.amount == 60
    with pytest.raises(SettingError, match="MATCALC_RATE_LIMIT"):
        read_rate("often")


def test_every_setting_is_documented() -> None:
    page = (ROOT / "docs" / "service.md").read_text()
    for entry in fields(Settings):
        assert f"| `MATCALC_{entry.name.upper()}` |" in page
        assert entry.metadata["doc"] in page
