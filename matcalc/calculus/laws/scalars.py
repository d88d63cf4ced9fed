"""Laws of scalar functions; they hold entry by entry.

A & S is Abramowitz and Stegun, Handbook of Mathematical Functions.
"""

from __future__ import annotations

from matcalc.calculus.laws.law import Law

_EXP = "A & S 4.1, 4.2"
_LOGISTIC = "Bishop 2006, Pattern Recognition and Machine Learning, section 4.3.2"
_TRIGONOMETRIC = "A & S 4.3"
_HYPERBOLIC = "A & S 4.5"
_KINKED = "by cases: x < 0, x = 0 (where sign and heaviside are 0), x > 0"

EXPONENTIALS = (
    Law("log(exp(x)) = x", source=_EXP, unlike=("log(exp(x) + y)",)),
    Law("exp(log(x)) = x", source=_EXP, extends="x <= 0", unlike=("exp(2*log(x))",)),
    Law("exp(-log(x)) = 1/x", source=_EXP, extends="x < 0"),
    Law("exp(x) * exp(-x) = 1", source=_EXP, unlike=("exp(x) * exp(x)", "exp(x) * exp(-y)")),
    Law("exp(log1p(x)) = 1 + x", source=_EXP, extends="x <= -1"),
    Law("expm1(x) + 1 = exp(x)", source=_EXP, unlike=("expm1(x) - 1",)),
)

LOGISTIC = (
    Law("1 / (1 + exp(x)) = sigmoid(-x)", source=_LOGISTIC, unlike=("1 / (2 + exp(x))", "1 / (1 - exp(x))")),
    Law(
        "exp(x) * sigmoid(-x) = sigmoid(x)",
        source=_LOGISTIC,
        unlike=("exp(x) * sigmoid(x)", "exp(y) * sigmoid(-x)"),
    ),
    Law("1 - sigmoid(-x) = sigmoid(x)", source=_LOGISTIC, unlike=("1 - sigmoid(x)", "1 + sigmoid(-x)")),
    Law(
        "1 - sigmoid(x) + sigmoid(-x) = 2 * sigmoid(-x)",
        source=_LOGISTIC,
        unlike=("1 - sigmoid(x) + sigmoid(y)", "1 + sigmoid(x) + sigmoid(-x)"),
    ),
    Law("sigmoid(x) + sigmoid(-x) = 1", source=_LOGISTIC, unlike=("sigmoid(x) + sigmoid(y)",)),
    Law("log(1 + exp(x)) = softplus(x)", source=_LOGISTIC, unlike=("log(2 + exp(x))",)),
    Law("log1p(exp(x)) = softplus(x)", source=_LOGISTIC),
    Law("softplus(x) - softplus(-x) = x", source=_LOGISTIC, unlike=("softplus(x) - softplus(y)",)),
)

TRIGONOMETRIC = (
    Law(
        "sin(x)**2 + cos(x)**2 = 1",
        source=_TRIGONOMETRIC,
        unlike=("sin(x)**2 + cos(y)**2", "sin(x)**2 - cos(x)**2"),
    ),
    Law("1 - sin(x)**2 = cos(x)**2", source=_TRIGONOMETRIC, unlike=("1 + sin(x)**2",)),
    Law("1 - cos(x)**2 = sin(x)**2", source=_TRIGONOMETRIC),
    Law("sin(x) / cos(x) = tan(x)", source=_TRIGONOMETRIC, unlike=("sin(x) / cos(y)", "sin(x) * cos(x)")),
    Law("tan(x) * cos(x) = sin(x)", source=_TRIGONOMETRIC, extends="cos x = 0"),
    Law("sin(-x) = -sin(x)", source=_TRIGONOMETRIC),
    Law("cos(-x) = cos(x)", source=_TRIGONOMETRIC),
    Law("tan(-x) = -tan(x)", source=_TRIGONOMETRIC),
    Law("arctan(-x) = -arctan(x)", source="A & S 4.4"),
    Law("arcsin(-x) = -arcsin(x)", source="A & S 4.4"),
)

HYPERBOLIC = (
    Law(
        "exp(x) + exp(-x) = 2 * cosh(x)",
        source=_HYPERBOLIC,
        unlike=("exp(x) + exp(-y)", "exp(x) + 2 * exp(-x)"),
    ),
    Law("exp(x) - exp(-x) = 2 * sinh(x)", source=_HYPERBOLIC, unlike=("exp(x) - exp(y)", "exp(-x) - exp(y)")),
    Law(
        "exp(x) / cosh(x) = 1 + tanh(x)", source=_HYPERBOLIC, unlike=("exp(x) * cosh(x)", "exp(y) / cosh(x)")
    ),
    Law(
        "exp(-x) / cosh(x) = 1 - tanh(x)",
        source=_HYPERBOLIC,
        unlike=("exp(-x) * cosh(x)", "exp(-y) / cosh(x)"),
    ),
    Law("cosh(x)**2 - sinh(x)**2 = 1", source=_HYPERBOLIC, unlike=("cosh(x)**2 + sinh(x)**2",)),
    Law("1 + sinh(x)**2 = cosh(x)**2", source=_HYPERBOLIC, unlike=("1 - sinh(x)**2",)),
    Law("cosh(x)**2 - 1 = sinh(x)**2", source=_HYPERBOLIC),
    Law("sinh(x) / cosh(x) = tanh(x)", source=_HYPERBOLIC, unlike=("sinh(x) / cosh(y)",)),
    Law("tanh(x) * cosh(x) = sinh(x)", source=_HYPERBOLIC),
    Law("sinh(-x) = -sinh(x)", source=_HYPERBOLIC),
    Law("cosh(-x) = cosh(x)", source=_HYPERBOLIC),
    Law("tanh(-x) = -tanh(x)", source=_HYPERBOLIC),
    Law("erf(-x) = -erf(x)", source="A & S 7.1.9"),
)

KINKED = (
    Law("relu(x) * heaviside(x) = relu(x)", source=_KINKED, unlike=("relu(x) * heaviside(y)",)),
    Law("relu(x) * heaviside(-x) = 0", source=_KINKED),
    Law("x * heaviside(x) = relu(x)", source=_KINKED, unlike=("y * heaviside(x)",)),
    Law("abs(x) * heaviside(x) = relu(x)", source=_KINKED),
    Law("heaviside(x)**2 = heaviside(x)", source=_KINKED, unlike=("relu(x)**2",)),
    Law("heaviside(x) * heaviside(-x) = 0", source=_KINKED),
    Law("relu(x) * sign(x) = relu(x)", source=_KINKED),
    Law("heaviside(x) * sign(x) = heaviside(x)", source=_KINKED),
    Law("sign(x) * abs(x) = x", source=_KINKED, unlike=("sign(y) * abs(x)",)),
    Law("x * sign(x) = abs(x)", source=_KINKED, unlike=("y * sign(x)",)),
    Law("sign(x)**3 = sign(x)", source=_KINKED, unlike=("sign(x)**2",)),
    Law("abs(x)**2 = x**2", source=_KINKED, unlike=("abs(x)**3",)),
    Law("x / abs(x) = sign(x)", source=_KINKED, extends="x = 0"),
    Law("sign(x) / abs(x) = 1 / x", source=_KINKED, unlike=("sign(y) / abs(x)", "sign(x) * abs(x)**3")),
    Law("sqrt(x**2) = abs(x)", source=_KINKED, unlike=("sqrt(x**3)",)),
    Law("abs(-x) = abs(x)", source=_KINKED),
    Law("sign(-x) = -sign(x)", source=_KINKED),
    Law("relu(x) - relu(-x) = x", source=_KINKED, unlike=("relu(x) + relu(-x)", "relu(x) - relu(y)")),
)

POSITIVE = (
    Law("abs(x) = x", "x: () positive", source="x > 0", unlike=("abs(y)",)),
    Law("sign(x) = 1", "x: () positive", source="x > 0"),
    Law("heaviside(x) = 1", "x: () positive", source="x > 0"),
    Law("relu(x) = x", "x: () positive", source="x > 0"),
    Law("sqrt(x**2) = x", "x: () positive", source="x > 0"),
)

LAWS = (*POSITIVE, *EXPONENTIALS, *LOGISTIC, *TRIGONOMETRIC, *HYPERBOLIC, *KINKED)
