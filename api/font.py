"""The mathematical font of the page: STIX Two Math (SIL Open Font License), out of the package ziamath.

The whole font has 1.5 MB. What formulas need of it is cut out once, takes 150 KB as WOFF2, and is kept in the user's
cache folder. That takes some seconds and happens in a process of its own; `python -m matcalc.api.font` does it
beforehand.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from hashlib import blake2b
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from tempfile import NamedTemporaryFile

# Latin, Greek, accents, operators, arrows, brackets and their parts, and the mathematical alphabets that we write.
RANGES = (
    (0x20, 0x7E),
    (0xA0, 0x17F),
    (0x2C6, 0x2DC),
    (0x300, 0x30C),
    (0x370, 0x3FF),
    (0x2010, 0x2064),
    (0x2070, 0x209C),
    (0x20D0, 0x20D7),
    (0x2100, 0x214F),
    (0x2190, 0x21FF),
    (0x2200, 0x22FF),
    (0x2300, 0x230B),
    (0x239B, 0x23B7),
    (0x23DC, 0x23E0),
    (0x25A0, 0x25CF),
    (0x27C0, 0x27EF),
    (0x2980, 0x29FF),
    (0x2A00, 0x2A3F),
    (0x1D400, 0x1D49B),
    (0x1D6A4, 0x1D755),
    (0x1D7CE, 0x1D7D7),
)
_FEATURES = ["ssty", "dtls", "kern", "mark", "mkmk"]


def cut(source: bytes) -> bytes:
    """What the page needs of a font, as WOFF2."""
    from fontTools import subset

    options = subset.Options(flavor="woff2", layout_features=_FEATURES, hinting=False, glyph_names=False)
    options.drop_tables += ["DSIG"]
    # The font's name, licence and copyright stay in it.
    options.name_IDs = ["*"]
    font = subset.load_font(BytesIO(source), options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=[code for first, last in RANGES for code in range(first, last + 1)])
    subsetter.subset(font)
    made = BytesIO()
    subset.save_font(font, made, options)
    return made.getvalue()


def whole() -> bytes:
    """The font as the package has it."""
    return (files("ziamath") / "fonts" / "STIXTwoMath-Regular.ttf").read_bytes()


def made() -> bytes:
    """The page's font, from the cache folder if it is there."""
    source = whole()
    kept = (
        _folder()
        / f"stix-two-math-{blake2b(source + repr(RANGES).encode(), digest_size=8).hexdigest()}.woff2"
    )
    with contextlib.suppress(OSError):
        return kept.read_bytes()
    font = cut(source)
    # Nowhere to keep it: then it is made again the next time.
    with contextlib.suppress(OSError):
        kept.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=kept.parent, delete=False) as stream:
            stream.write(font)
        Path(stream.name).replace(kept)
    return font


def _folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "matcalc"


class Font:
    """The page's font, made when it is first asked for."""

    def __init__(self) -> None:
        self._making: asyncio.Task[bytes] | None = None

    async def get(self) -> bytes:
        """The font; empty where it can't be made, and the reader's own fonts have to do."""
        if self._making is None:
            self._making = asyncio.create_task(_made_elsewhere())
        return await asyncio.shield(self._making)


async def _made_elsewhere() -> bytes:
    code = f"import sys; sys.path[:] = {sys.path!r}; from {__package__} import font; "
    code += "sys.stdout.buffer.write(font.made())"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    font, _ = await process.communicate()
    return font if process.returncode == 0 else b""


if __name__ == "__main__":
    print(f"{len(made()):,} bytes are in {_folder()}")
