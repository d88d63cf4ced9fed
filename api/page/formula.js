// MathML from the service as elements of the page.

import { element } from "./element.js";

const SCRIPT = ["msub", "msup", "msubsup"].map((tag) => `${tag} > :not(:first-child)`).join();
const MATHML = "http://www.w3.org/1998/Math/MathML";

export function mathElement(tag, ...children) {
  const made = document.createElementNS(MATHML, tag);
  made.append(...children);
  return made;
}

// The <math> element of a text. It is read as XML and only taken if all of it is MathML: nothing else gets in.
export function parsed(mathml) {
  // Alignment comes as a style, which the page's security policy does not let in; the style sheet has classes for it.
  const text = mathml.replaceAll(/ style="text-align:(left|right)[^"]*"/g, ' class="$1"');
  const root = new DOMParser().parseFromString(text, "application/xml").documentElement;
  const all = [root, ...root.querySelectorAll("*")];
  if (all.some((one) => one.namespaceURI !== MATHML)) throw new Error("this is no MathML");
  return document.importNode(root, true);
}

// `∂/∂W`, or `∂²/∂W²`, from the MathML of the variable.
export function operator(symbol, order) {
  const d = () => mathElement("mi", "∂");
  const power = (base) => (order === 1 ? base : mathElement("msup", base, mathElement("mn", String(order))));
  const variable = contents(symbol);
  const made = mathElement("mfrac", power(d()), mathElement("mrow", d(), power(variable)));
  made.setAttribute("class", "operator");
  return made;
}

// `∂/∂W = …`, as one formula; where definitions follow below, it goes in front of the first line.
export function equation(symbol, order, mathml) {
  const math = parsed(mathml);
  const line = math.querySelector(":scope > mtable > mtr > mtd") ?? math;
  line.prepend(operator(symbol, order), mathElement("mo", "="));
  return math;
}

export function contents(mathml) {
  const math = parsed(mathml);
  return math.children.length === 1 ? math.firstElementChild : mathElement("mrow", ...math.childNodes);
}

// Writes under each factor of `math` its shape: the service tells it with every factor.
export function annotate(math) {
  for (const factor of math.querySelectorAll("[data-shape]")) {
    if (factor.closest(".operator") || isPartOfLetter(factor)) continue;
    const shape = mathElement("mtext", factor.dataset.shape);
    shape.setAttribute("class", "under");
    const both = mathElement("munder");
    factor.replaceWith(both);
    both.append(isLetter(factor) ? factor : mathElement("mrow", factor), shape);
    if (!isLetter(factor)) both.firstElementChild.setAttribute("class", "whole");
  }
}

// Letters, with or without scripts, are small enough to need no line below that shows how far they go.
function isLetter(factor) {
  const base = factor.localName.startsWith("msu") ? factor.firstElementChild : factor;
  return base.localName !== "mrow";
}

// Whether it is a part of a letter that tells its own shape, as the W of Wᵀ, or stands in a script.
function isPartOfLetter(factor) {
  const outer = factor.parentElement.closest("[data-shape]");
  return (outer !== null && isLetter(outer)) || factor.closest(SCRIPT) !== null;
}

export function box(math, label) {
  const made = element("div", { class: "formula", role: "group", tabindex: 0, "aria-label": label });
  place(made, math);
  return made;
}

// Puts a formula in its place. One that is too wide is set smaller, as far as it stays legible; then its place scrolls.
export function place(box, math) {
  box.replaceChildren(math);
  widths.observe(box);
}

const LEGIBLE = 16; // pixels
const widths = new ResizeObserver((changes) => changes.forEach(({ target }) => fit(target)));
document.fonts.addEventListener("loadingdone", () => document.querySelectorAll(".formula").forEach(fit));

function fit(box) {
  const math = box.firstElementChild;
  if (!math) return;
  math.style.fontSize = "";
  const size = parseFloat(getComputedStyle(math).fontSize);
  const fitting = (0.98 * size * box.clientWidth) / box.scrollWidth;
  if (box.scrollWidth > box.clientWidth) math.style.fontSize = `${Math.max(LEGIBLE, fitting)}px`;
}

// "m n symmetric" as m×n symmetric, and back.
export function shownShape(declared) {
  const words = declared.split(" ");
  const rest = words.findIndex((word) => word.length > 4 || word === "spd");
  const dims = rest < 0 ? words : words.slice(0, rest);
  const shape = dims.join("×").replace("()", "1");
  return [shape, ...words.slice(dims.length)].join(" ");
}

export function declaredShape(shown) {
  const words = shown.replaceAll(/[×,]|(?<=\s|\d)x(?=\s|\d)/g, " ").trim();
  return words === "1" || words === "" || words === "scalar" ? "()" : words;
}
