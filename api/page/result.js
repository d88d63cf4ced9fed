// The derivative by one variable: the formula, what was verified, and the same in every other notation.

import { announce, copyButton, element } from "./element.js";
import { annotate, box, equation, place } from "./formula.js";
import { ask } from "./service.js";

const NAMES = { numpy: "NumPy", jax: "JAX", torch: "torch", matlab: "MATLAB", julia: "Julia" };
const TARGETS = document.body.dataset.targets.split(" ");
// Which tab was looked at last: the next result opens there.
let opened = "LaTeX";

// `request` is what was asked, `symbols` the MathML of the variables.
export function card(name, derivative, request, symbols) {
  const title = element("h2", { class: "unseen" }, `Derivative by ${name}`);
  const badge = element("span", { class: "checking" }, "checking …");
  const shape = element("span", { class: "shape" }, inWords(derivative.shape));
  const formula = box(equation(symbols[name], derivative.order, derivative.mathml), `Derivative by ${name}: ${derivative.text}`);
  const made = element("article", { class: "card", "data-name": name }, element("header", {}, title, shape, badge), formula);
  if (derivative.warnings.length) {
    made.append(element("ul", { class: "notes" }, ...derivative.warnings.map((words) => element("li", {}, words))));
  }
  made.append(...tabs(name, derivative, request));
  return made;
}

export function showShapes(made, shown, derivative, symbols) {
  const name = made.dataset.name;
  const math = equation(symbols[name], derivative.order, derivative.mathml);
  if (shown) annotate(math);
  place(made.querySelector(".formula"), math);
}

function inWords(shape) {
  shape = shape.map((dim) => String(dim).replaceAll("*", ""));
  if (shape.length === 0) return "a scalar";
  if (shape.length === 1) return `a column of ${shape[0]}`;
  const kind = shape.length > 2 ? "tensor" : shape[0] === 1 ? "row" : "matrix";
  return `${shape.join(" × ")} ${kind}`;
}

// --- the evidence

// Replaces the badge by what the verification found, or why there is none.
export function judge(made, answer) {
  const old = made.querySelector(".checking, .evidence");
  if (!answer.ok) {
    const summary = element("summary", {}, "not checked");
    const reason = [answer.problem.detail, answer.problem.hint].filter(Boolean).join(" – ");
    old.replaceWith(element("details", { class: "evidence unknown" }, summary, element("p", {}, reason)));
    return;
  }
  const evidence = answer.data;
  const words = evidence.passed ? `✓ verified to ${tiny(evidence.checks[0].error)}` : "✗ disagrees with JAX";
  const head = ["compared with", "largest relative error", "allowed", "entries", "on"];
  const rows = evidence.checks.map((check) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, `${check.passed ? "✓" : "✗"} ${check.against}`),
      ...[tiny(check.error), tiny(check.tolerance), check.entries, check.device].map((cell) => element("td", {}, String(cell))),
    ),
  );
  const sizes = Object.entries(evidence.sizes).map(([name, size]) => `${name} = ${size}`);
  const where = `At ${evidence.samples} random inputs in ${evidence.dtype}, ${sizes.join(", ") || "scalars"}; seed ${evidence.seed}.`;
  const titles = element("tr", {}, ...head.map((title) => element("th", { scope: "col" }, title)));
  const table = element("table", {}, element("thead", {}, titles), element("tbody", {}, ...rows));
  const inside = element("div", { class: "inside", tabindex: 0, role: "group", "aria-label": "Evidence" }, table, element("p", {}, where));
  const look = evidence.passed ? "evidence" : "evidence failed";
  old.replaceWith(element("details", { class: look }, element("summary", {}, words), inside));
}

function tiny(number) {
  if (typeof number !== "number") return String(number);
  if (number === 0) return "0";
  const [digits, power] = number.toExponential(1).split("e");
  const raised = Array.from(String(Number(power)), (sign) => (sign === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[sign])).join("");
  return digits === "1.0" ? `10${raised}` : `${digits} · 10${raised}`;
}

// --- the tabs

function tabs(name, derivative, request) {
  const texts = { LaTeX: derivative.latex, Python: derivative.text };
  const titles = ["LaTeX", "Python", ...TARGETS.map((target) => NAMES[target] ?? target), "Index notation"];
  texts["Index notation"] = derivative.index_notation;
  const targets = Object.fromEntries(TARGETS.map((target) => [NAMES[target] ?? target, target]));
  const panelName = `panel-${name}`;
  const shown = element("pre", { tabindex: 0 });
  const copier = copyButton("Copy", "Copy the text of this tab", () => shown.textContent, "copy");
  const panel = element("div", { class: "panel", role: "tabpanel", id: panelName }, shown, copier);
  const buttons = titles.map((title, place) =>
    element("button", { type: "button", role: "tab", id: `tab-${name}-${place}`, "aria-controls": panelName, onclick: () => open(place) }, title),
  );

  const list = element("div", { class: "tabs", role: "tablist", "aria-label": "Notations" }, ...buttons);

  async function open(place) {
    const title = titles[place];
    opened = title;
    buttons.forEach((button, k) => {
      button.setAttribute("aria-selected", String(k === place));
      button.tabIndex = k === place ? 0 : -1;
    });
    panel.setAttribute("aria-labelledby", buttons[place].id);
    // On a phone the row of tabs is wider than the screen.
    list.scrollLeft = buttons[place].offsetLeft - list.offsetLeft - list.clientWidth / 3;
    shown.setAttribute("aria-label", title);
    shown.className = title in targets ? "" : "wraps";
    copier.disabled = !(title in texts);
    if (!(title in texts)) {
      shown.textContent = "…";
      const answer = await ask("derive", { ...request, wrt: name, code: [targets[title]] });
      texts[title] = answer.ok ? answer.data.code[targets[title]] : `${answer.problem.detail}`;
      if (opened !== title) return;
    }
    copier.disabled = false;
    shown.textContent = texts[title];
  }

  list.addEventListener("keydown", (event) => {
    const here = buttons.indexOf(document.activeElement);
    const steps = { ArrowRight: here + 1, ArrowLeft: here - 1, Home: 0, End: -1 };
    if (!(event.key in steps)) return;
    event.preventDefault();
    const next = (steps[event.key] + titles.length) % titles.length;
    buttons[next].focus();
    open(next);
  });
  open(Math.max(0, titles.indexOf(opened)));
  return [list, panel];
}

export function tell(derivatives) {
  const parts = Object.entries(derivatives).map(([name, one]) => `Derivative by ${name}: ${one.text}, ${inWords(one.shape)}.`);
  announce(parts.join(" "));
}
