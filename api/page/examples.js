// Examples to click, from the lecture's network to a Hessian.

import { element } from "./element.js";
import { DEFAULTS, toLink } from "./state.js";

const EXAMPLES = [
  ["A network’s layer, f any activation", "uᵀ f(W x + b)", { expression: "u.T @ f(W @ x + b)", by: ["W"] }],
  ["All its gradients at once", "uᵀ tanh(W x + b)", { expression: "u.T @ tanh(W @ x + b)", by: ["u", "W", "x", "b"] }],
  ["Least squares", "‖X w − y‖²", { expression: "norm(X @ w - y)**2", by: ["w"] }],
  ["A quadratic form’s Hessian", "xᵀ A x", { expression: "x.T @ A @ x", by: ["x"], order: 2 }],
  ["Logistic regression’s Hessian", "Σ log(1 + exp(−y ⊙ X w))", { expression: "sum(log(1 + exp(-y * (X @ w))))", by: ["w"], order: 2 }],
  ["Softmax with cross entropy", "H(y, softmax(W x))", { expression: "softmax_cross_entropy(y, W @ x)", by: ["W"], shapes: { y: "m simplex" } }],
  ["The log-determinant of a covariance", "log det S + xᵀ S⁻¹ x", { expression: "logdet(S) + x.T @ inv(S) @ x", by: ["S"], shapes: { S: "n n spd" } }],
  ["Matrix factorisation", "‖Y − U Vᵀ‖²", { expression: "norm(Y - U @ V.T)**2", by: ["U", "V"] }],
  ["A Jacobian with a Kronecker product", "A X B", { expression: "A @ X @ B", by: ["X"], layout: "jacobian" }],
];

export const FIRST = { ...DEFAULTS, ...EXAMPLES[0][2] };

export function listExamples(choose) {
  const rows = EXAMPLES.map(([words, formula, change]) => {
    const state = { ...DEFAULTS, ...change };
    const clicked = (event) => {
      event.preventDefault();
      choose(state);
    };
    const link = element("a", { href: toLink(state), onclick: clicked }, element("b", { "aria-hidden": "true" }, italic(formula)), element("small", {}, words));
    return element("li", {}, link);
  });
  document.querySelector("#examples").replaceChildren(...rows);
}

// Letters that stand alone are variables, and variables are set in italics.
function italic(formula) {
  const slanted = (letter) => {
    if (letter === "h") return "ℎ";
    const code = letter.charCodeAt(0);
    return String.fromCodePoint(code < 97 ? 0x1d434 + code - 65 : 0x1d44e + code - 97);
  };
  return formula.replaceAll(/(?<![A-Za-z])[A-Za-z](?![A-Za-z])/g, slanted);
}
