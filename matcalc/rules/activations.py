"""The activation functions of neural networks: elementwise, a row each, with the paper that each is from."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from matcalc.rules import namespaces as ns
from matcalc.rules.entries import Elementwise
from matcalc.rules.folds import ZERO_AT_ZERO, clip, exactly, known
from matcalc.rules.registry import register

SELU_SCALE = 1.0507009873554805
SELU_ALPHA = 1.6732632423543772


def _identity_above_zero(x: Any, *_: Any) -> Any:
    return x if x >= 0 else None


def _hard_sigmoid(x: Any) -> Any:
    return Fraction(clip(x + 3, 0, 6)) / 6 if not isinstance(x, float) else None


def _softsign(x: Any) -> Any:
    return Fraction(x) / (1 + abs(x)) if not isinstance(x, float) else None


POSITIVE = frozenset({"positive"})
AT_ZERO = "x = 0, where the derivative is taken as {}"

ACTIVATIONS = (
    Elementwise(
        "sigmoid",
        ("sigmoid(x)*(1 - sigmoid(x))",),
        ns.sigmoid,
        "1 / (1 + exp(-x)), the logistic function.",
        latex=r"\sigma",
        fold=known(at_0=Fraction(1, 2)),
        gives=POSITIVE,
    ),
    Elementwise(
        "relu",
        ("heaviside(x)",),
        lambda xp, x: xp.maximum(x, xp.zeros_like(x)),
        "max(x, 0).",
        latex=r"\operatorname{ReLU}",
        kinks=AT_ZERO.format("0"),
        smooth=False,
        fold=exactly(lambda x: max(x, 0)),
        keeps=POSITIVE,
    ),
    Elementwise(
        "leaky_relu",
        ("0.01 + 0.99*heaviside(x)",),
        lambda xp, x: xp.where(x > 0, x, 0.01 * x),
        "x above 0, 0.01 x below.",
        latex=r"\operatorname{LeakyReLU}",
        kinks=AT_ZERO.format("0.01"),
        smooth=False,
        fold=exactly(_identity_above_zero),
        citation="Maas, Hannun & Ng 2013, Rectifier nonlinearities improve neural network acoustic models",
        keeps=POSITIVE,
    ),
    Elementwise(
        "prelu",
        ("a + (1 - a)*heaviside(x)", "-relu(-x)"),
        lambda xp, x, a: xp.where(x > 0, x, a * x),
        "x above 0, a x below, with a scalar slope a.",
        parameters=("x", "a"),
        latex=r"\operatorname{PReLU}",
        domain=("real", "real"),
        kinks=AT_ZERO.format("a"),
        smooth=False,
        shapes="(m,n),(1,1)->(m,n)",
        fold=exactly(_identity_above_zero),
        citation="He, Zhang, Ren & Sun 2015, Delving deep into rectifiers",
    ),
    Elementwise(
        "elu",
        ("exp(minimum(x, 0))",),
        lambda xp, x: xp.where(x > 0, x, xp.expm1(ns.below_zero(xp, x))),
        "x above 0, exp(x) - 1 below.",
        latex=r"\operatorname{ELU}",
        kinks="x = 0, where the second derivative jumps and is taken as 0",
        smooth=False,
        fold=exactly(_identity_above_zero),
        citation="Clevert, Unterthiner & Hochreiter 2016, ELU (alpha = 1)",
        keeps=POSITIVE,
    ),
    Elementwise(
        "selu",
        (
            f"{SELU_SCALE * SELU_ALPHA!r}*exp(minimum(x, 0)) - {SELU_SCALE * SELU_ALPHA - SELU_SCALE!r}*heaviside(x)",
        ),
        lambda xp, x: SELU_SCALE * xp.where(x > 0, x, SELU_ALPHA * xp.expm1(ns.below_zero(xp, x))),
        "1.0507 x above 0, 1.7581 (exp(x) - 1) below.",
        latex=r"\operatorname{SELU}",
        kinks=AT_ZERO.format("its limit from the left, 1.7581"),
        smooth=False,
        fold=ZERO_AT_ZERO,
        citation="Klambauer, Unterthiner, Mayr & Hochreiter 2017, Self-normalizing neural networks",
        keeps=POSITIVE,
    ),
    Elementwise(
        "gelu",
        ("(1 + erf(x/sqrt(2)))/2 + x*exp(-x**2/2)/sqrt(2*pi)",),
        ns.gelu,
        "x Φ(x), with the normal distribution function Φ.",
        latex=r"\operatorname{GELU}",
        fold=ZERO_AT_ZERO,
        citation="Hendrycks & Gimpel 2016, Gaussian error linear units",
        keeps=POSITIVE,
    ),
    Elementwise(
        "gelu_tanh",
        (
            "sigmoid(sqrt(8/pi)*(x + 0.044715*x**3))"
            " + gelu_tanh(x)*sigmoid(-sqrt(8/pi)*(x + 0.044715*x**3))*sqrt(8/pi)*(1 + 0.134145*x**2)",
        ),
        ns.gelu_tanh,
        "GELU's approximation x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2.",
        latex=r"\operatorname{GELU_{tanh}}",
        fold=ZERO_AT_ZERO,
        citation="Hendrycks & Gimpel 2016; (1 + tanh u)/2 is sigmoid(2u)",
        keeps=POSITIVE,
    ),
    Elementwise(
        "silu",
        ("sigmoid(x)*(1 + x*(1 - sigmoid(x)))",),
        lambda xp, x: x * ns.sigmoid(xp, x),
        "x sigmoid(x).",
        aliases=("swish",),
        latex=r"\operatorname{SiLU}",
        fold=ZERO_AT_ZERO,
        citation="Ramachandran, Zoph & Le 2017, Searching for activation functions (swish, beta = 1)",
        keeps=POSITIVE,
    ),
    Elementwise(
        "softplus",
        ("sigmoid(x)",),
        lambda xp, x: xp.logaddexp(x, xp.zeros_like(x)),
        "log(1 + exp(x)).",
        latex=r"\operatorname{softplus}",
        citation="Dugas, Bengio, Bélisle, Nadeau & Garcia 2000",
        gives=POSITIVE,
    ),
    Elementwise(
        "softsign",
        ("1/(1 + abs(x))**2",),
        lambda xp, x: x / (1 + xp.abs(x)),
        "x / (1 + |x|).",
        latex=r"\operatorname{softsign}",
        kinks="x = 0, where the second derivative jumps and is taken as 0",
        smooth=False,
        fold=exactly(_softsign),
        keeps=POSITIVE,
    ),
    Elementwise(
        "hard_tanh",
        ("heaviside(1 - abs(x))",),
        lambda xp, x: xp.clip(x, -1, 1),
        "x held between -1 and 1.",
        latex=r"\operatorname{hardtanh}",
        kinks="x = -1 and x = 1, where the derivative is taken as 0",
        smooth=False,
        fold=exactly(lambda x: clip(x, -1, 1)),
        keeps=POSITIVE,
    ),
    Elementwise(
        "hard_sigmoid",
        ("heaviside(3 - abs(x))/6",),
        lambda xp, x: xp.clip(x + 3, 0, 6) / 6,
        "relu6(x + 3) / 6.",
        latex=r"\operatorname{hardsigmoid}",
        kinks="x = -3 and x = 3, where the derivative is taken as 0",
        smooth=False,
        fold=exactly(_hard_sigmoid),
        keeps=POSITIVE,
    ),
)

for _entry in ACTIVATIONS:
    register(_entry)
