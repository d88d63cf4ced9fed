"""What goes over the wire: the requests that are accepted and the answers, as OpenAPI shows them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Layout = Literal["shape", "jacobian", "denominator"]
Dialect = Literal["python", "matlab", "latex", "numpy"]
Name = Annotated[str, Field(min_length=1, max_length=100)]
Dim = int | str
Array = Annotated[Any, Field(description="a number, or nested lists of numbers; NaN and Infinity are texts")]

EXAMPLES: dict[str, dict[str, Any]] = {
    "network": {
        "summary": "One layer of a network, by two variables",
        "value": {
            "expression": "u.T @ f(W @ x + b)",
            "wrt": ["W", "b"],
            "shapes": "W: m n, x: n, b: m, u: m",
        },
    },
    "least_squares": {
        "summary": "Least squares, with NumPy code and the check against JAX",
        "value": {
            "expression": "norm(X @ w - y)**2",
            "wrt": "w",
            "shapes": "X: k n, w: n, y: k",
            "code": ["numpy"],
            "verify": True,
        },
    },
    "hessian": {
        "summary": "A Hessian, in numerator layout",
        "value": {"expression": "x.T @ A @ x", "wrt": "x", "order": 2, "layout": "jacobian"},
    },
}
PARSE_EXAMPLES: dict[str, dict[str, Any]] = {
    "inferred": {"summary": "Shapes from the names", "value": {"expression": "u.T @ tanh(W @ x + b)"}},
    "declared": {
        "summary": "Declared shapes",
        "value": {"expression": "logdet(S)", "shapes": "S: n n spd"},
    },
}
EVALUATE_EXAMPLES: dict[str, dict[str, Any]] = {
    "quadratic": {
        "summary": "A quadratic form and its gradient at a point",
        "value": {
            "expression": "x.T @ A @ x",
            "wrt": "x",
            "values": {"x": [1, 2], "A": [[1, 0], [3, 1]]},
        },
    }
}


class _Model(BaseModel):
    # A field that nobody reads is most often a misspelt one; "2" is no number and 0 no answer to a yes or no.
    # Numbers that JSON does not have go on as texts, as they come.
    model_config = ConfigDict(extra="forbid", strict=True, ser_json_inf_nan="strings")


class ParseRequest(_Model):
    """An expression, and how it is to be read."""

    expression: str = Field(description="the expression, in the language of the README")
    shapes: str | dict[Name, str] | None = Field(
        default=None,
        description='"W: m n, x: n, c: ()" or the same by name; without it shapes are inferred from the names',
    )
    functions: list[Name] = Field(
        default=[],
        max_length=50,
        description="abstract elementwise functions; by default f, g and h may be called",
    )
    dialect: Dialect = Field(default="python", description="the notation that the expression is written in")
    names: dict[Name, Name] | None = Field(default=None, description="LaTeX names and what they stand for")


class DeriveRequest(ParseRequest):
    """An expression, and what is asked of its derivative."""

    wrt: Name | Annotated[list[Name], Field(min_length=1, max_length=50)] = Field(
        description="the variable to differentiate by, or several"
    )
    order: int = Field(default=1, ge=1, le=6, description="how often to differentiate")
    layout: Layout = Field(
        default="shape", description="shape: a gradient has its variable's shape; jacobian: numerator layout"
    )
    code: list[Name] = Field(default=[], max_length=20, description="targets to write source code for")
    verify: bool = Field(default=False, description="compare with JAX autodiff and with central differences")


class EvaluateRequest(DeriveRequest):
    """What `/v1/derive` takes, and values for the variables."""

    values: dict[Name, Array] = Field(
        description="the values by name; a column is a list, a matrix a list of rows"
    )


class Check(BaseModel):
    """One comparison: the entry with the largest relative error."""

    against: str
    device: str
    error: float | str
    tolerance: float
    sample: int
    index: list[int]
    ours: float | str
    theirs: float | str
    entries: int
    passed: bool


class Verification(BaseModel):
    """The evidence: what was compared, at how many random inputs of which sizes."""

    passed: bool
    summary: str
    checks: list[Check]
    sizes: dict[str, int]
    samples: int
    seed: int
    dtype: str


class Step(BaseModel):
    """One step of a derivation."""

    title: str
    latex: str
    text: str
    shape: list[Dim]
    rule: str
    explanation: str


class Derivative(BaseModel):
    """A derivative in every notation."""

    text: str = Field(description="in the python dialect; reads back to the same derivative")
    latex: str
    mathml: str = Field(
        description="for a page: a math element of its own; data-shape tells the shapes of names and factors"
    )
    unicode: str
    index_notation: str
    shape: list[Dim] = Field(
        description="[] a scalar, [n] a column, [1, n] a row, [m, n] a matrix, longer a tensor"
    )
    shapes: dict[str, str] = Field(description="the shapes of the variables, as declared or inferred")
    layout: Layout
    order: int
    steps: list[Step]
    code: dict[str, str] = Field(description="source code by target")
    warnings: list[str]
    verification: Verification | None


class Derivatives(BaseModel):
    """The derivatives by several variables, by name."""

    derivatives: dict[str, Derivative]


class Parsed(BaseModel):
    """How an expression was read."""

    text: str
    latex: str
    mathml: str = Field(
        description="for a page: a math element of its own; data-shape tells the shapes of names and factors"
    )
    unicode: str
    shape: list[Dim]
    shapes: dict[str, str]
    symbols: dict[str, str] = Field(description="the variables' names in MathML")
    functions: list[str]
    warnings: list[str]


class Evaluated(BaseModel):
    """The value of the expression, and of its derivative or derivatives by name."""

    value: Array
    derivative: Array


class Function(BaseModel):
    """A function of the language."""

    name: str
    usage: str
    doc: str
    aliases: list[str]
    derivatives: list[str]
    kinks: str | None
    citation: str | None


class Health(BaseModel):
    """How the service is."""

    status: Literal["ok", "starting", "stopping"]


class Repair(BaseModel):
    """What a program may change to mend a mistake."""

    label: str
    changes: dict[str, Any] = Field(description="new values of the request's fields")


class Problem(BaseModel):
    """A problem in the form of RFC 9457."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str = Field(description="what is wrong")
    code: str = Field(
        description="which kind of mistake: syntax_error, shape_error, name_error, value_error, …"
    )
    span: tuple[int, int] | None = Field(
        description="start and end, in characters, of the mistake in its text"
    )
    hint: str | None = Field(description="what was probably meant")
    field: str | None = Field(default=None, description="the field of the request that the span points into")
    repairs: list[Repair] = Field(default=[], description="what a program may change, the likeliest first")
