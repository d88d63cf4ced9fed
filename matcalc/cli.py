"""The command line: `matcalc derive EXPR --wrt W` and its siblings.

A user's mistake is a message with a caret and a hint on stderr and exit code 2; there is never a traceback.
What a command needs is imported when it runs, so that help and completion answer at once.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from matcalc.errors import DomainError, MatcalcError

if TYPE_CHECKING:
    from matcalc.derivation import Derivation

OK, MISTAKE, INTERRUPTED, BROKEN_PIPE = 0, 2, 130, 141
LAYOUTS = ("shape", "jacobian", "denominator")
DIALECTS = ("python", "matlab", "latex", "numpy")

EXAMPLES = """\
examples:
  matcalc derive "u.T @ tanh(W @ x + b)" --wrt W --wrt b
  matcalc derive "norm(X @ w - y)**2" --wrt w --order 2 --layout jacobian
  matcalc derive "x.T @ A @ x" --wrt x --shapes "A: n n symmetric, x: n" --verify
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit code: 0, or 2 for a mistake in what was typed."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that knows no Greek shows escapes instead of failing.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        options = _parser().parse_args(_expression_last(sys.argv[1:] if arguments is None else arguments))
        code = _run(options)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader has left; Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    return code


def _run(options: argparse.Namespace) -> int:
    try:
        return int(options.command(options))
    except MatcalcError as error:
        _complain(error, options)
    except (KeyboardInterrupt, BrokenPipeError):
        raise
    except Exception as error:
        if os.environ.get("MATCALC_DEBUG"):
            raise
        print(f"matcalc: this should not have happened: {type(error).__name__}: {error}", file=sys.stderr)
        print("hint: it is a bug in matcalc; MATCALC_DEBUG=1 shows where", file=sys.stderr)
    return MISTAKE


def _complain(error: MatcalcError, options: argparse.Namespace) -> None:
    if getattr(options, "json", False):
        import matcalc

        _print_json(matcalc.problem_data(error))
    print(f"matcalc: {error}", file=sys.stderr)


def _expression_last(arguments: Sequence[str]) -> list[str]:
    """The arguments with an expression such as `-sum(x)` moved behind `--`, since it is no option."""
    arguments = list(arguments)
    if "--" in arguments:
        return arguments
    formulas = [text for text in arguments if re.match(r"-(?!-)(?!h$|$)", text)]
    if not formulas:
        return arguments
    return [*(text for text in arguments if text not in formulas), "--", *formulas]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="matcalc",
        description="Symbolic matrix calculus: derivatives in closed form.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _add_derive(commands)
    functions = commands.add_parser("functions", help="list the functions of the language")
    functions.add_argument("names", nargs="*", metavar="NAME", help="tell more about these")
    functions.add_argument("--json", action="store_true", help="print the table as JSON")
    functions.set_defaults(command=functions_command)
    serve = commands.add_parser("serve", help="start the HTTP service and its page", allow_abbrev=False)
    serve.add_argument("--host", help="address to listen at (default: 127.0.0.1)")
    serve.add_argument("--port", type=int, help="port to listen at (default: 8000)")
    serve.set_defaults(command=serve_command)
    return parser


def _add_derive(commands: Any) -> None:
    derive = commands.add_parser(
        "derive",
        help="differentiate an expression",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = derive.add_argument
    add("expression", metavar="EXPR", help='what to differentiate, for example "x.T @ A @ x"')
    add("--wrt", action="append", required=True, metavar="NAME", help="by which variable; may be repeated")
    add(
        "--shapes",
        metavar="TEXT",
        help='"W: m n, x: n, c: ()"; without it shapes are inferred from the names',
    )
    add(
        "--functions",
        metavar="NAMES",
        help="abstract elementwise functions, separated by commas (default: f, g, h)",
    )
    add("--order", type=int, default=1, help="1 or 2 (default: 1)")
    add("--layout", default="shape", help=f"{', '.join(LAYOUTS)} (default: shape)")
    add("--dialect", default="python", help=f"{', '.join(DIALECTS)} (default: python)")
    add("--steps", action="store_true", help="show the derivation step by step")
    add("--index", action="store_true", help="show index notation as well")
    add(
        "--code",
        action="append",
        default=[],
        metavar="TARGET",
        help="show source code: numpy, jax, torch, matlab or julia",
    )
    add("--verify", action="store_true", help="compare with JAX autodiff and central differences")
    add("--json", action="store_true", help="print one JSON object, as the HTTP service answers")
    derive.set_defaults(command=derive_command)


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from importlib.metadata import PackageNotFoundError, version

        try:
            print(f"matcalc {version('matcalc')}")
        except PackageNotFoundError:
            print("matcalc, run from its sources")
        parser.exit()


# --- derive


def derive_command(options: argparse.Namespace) -> int:
    """`matcalc derive`."""
    import matcalc

    if options.steps:
        raise DomainError("step-by-step derivations are not available yet", hint="leave out --steps")
    names = list(dict.fromkeys(options.wrt))
    settings: dict[str, Any] = {
        "shapes": options.shapes,
        "order": options.order,
        "layout": options.layout,
        "dialect": options.dialect,
    }
    if options.functions is not None:
        settings["functions"] = tuple(filter(None, re.split(r"[,\s]+", options.functions)))
    derived = matcalc.derive(options.expression, wrt=names, **settings)
    derivations = {name: derived[name] for name in names}
    if options.json:
        asked = derived[names[0]] if len(names) == 1 else derived
        _print_json(matcalc.derivation_data(asked, options.code, options.verify))
        return OK
    print("\n\n".join(_shown(name, item, options) for name, item in derivations.items()))
    return OK


def _shown(name: str, derivation: Derivation, options: argparse.Namespace) -> str:
    """A derivative as the terminal shows it."""
    lines = {
        f"∂/∂{name}": derivation.unicode,
        "text": derivation.text,
        "latex": derivation.latex,
        "index": derivation.index_notation if options.index else "",
        "shape": shape_text(derivation.shape),
        "where": ", ".join(f"{key}: {value}" for key, value in _shapes(derivation).items()),
    }
    parts = [_columns((key, value) for key, value in lines.items() if value)]
    parts += [f"warning: {warning}" for warning in derivation.warnings]
    parts += [f"\n{derivation.code(target)}".rstrip() for target in options.code]
    if options.verify:
        parts.append(f"\n{derivation.verify()}")
    return "\n".join(parts)


def _columns(rows: Iterable[tuple[str, str]]) -> str:
    rows = list(rows)
    width = max(len(title) for title, _ in rows)
    indent = "\n" + " " * (width + 2)
    return "\n".join(f"{title:{width}}  {value.replace(chr(10), indent)}" for title, value in rows)


def shape_text(shape: Sequence[Any]) -> str:
    """A shape in words: scalar, column of n, m × n."""
    if not shape:
        return "scalar"
    return f"column of {shape[0]}" if len(shape) == 1 else " × ".join(map(str, shape))


def _shapes(derivation: Derivation) -> dict[str, str]:
    """The shapes of the variables as a user declares them."""
    return {name: str(shape) for name, shape in derivation.shapes.items()}


def _print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2, default=str))


# --- functions


def functions_command(options: argparse.Namespace) -> int:
    """`matcalc functions`."""
    import matcalc

    rows = matcalc.functions_data(options.names)
    if options.json:
        _print_json(rows)
    elif options.names:
        print("\n\n".join(map(_described, rows)))
    else:
        print(_columns((row["usage"], row["doc"]) for row in rows))
    return OK


def _described(row: dict[str, Any]) -> str:
    """A function's row as the terminal shows it."""
    titles = {
        "usage": "",
        "doc": "",
        "aliases": "also",
        "derivatives": "derivative",
        "kinks": "kinks",
        "citation": "see",
    }
    texts = {key: ", ".join(row[key]) if isinstance(row[key], list) else row[key] for key in titles}
    return f"{row['usage']}\n  {row['doc']}\n" + "\n".join(
        f"  {title}: {texts[key]}" for key, title in titles.items() if title and texts[key]
    )


# --- serve


def serve_command(options: argparse.Namespace) -> int:
    """`matcalc serve`: until it is interrupted."""
    from importlib import import_module

    # A wheel has the service inside the package, a checkout beside it.
    place = "matcalc.api" if find_spec("matcalc.api") else "api"
    try:
        server = import_module(f"{place}.server")
    except ModuleNotFoundError as error:
        raise DomainError(
            f"the service needs {error.name}, which is not installed", hint="pip install 'matcalc[serve]'"
        ) from error
    server.serve(host=options.host, port=options.port)
    return OK


if __name__ == "__main__":
    sys.exit(main())
