// MathML from the service as elements of the page.

import { element } from "./element.js";

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

// Writes under each variable of `math` its shape.
export function annotate(math, symbols, shapes) {
  for (const [name, mathml] of Object.entries(symbols)) {
    const pattern = contents(mathml);
    for (const found of [...math.querySelectorAll(pattern.localName)]) {
      if (!found.isEqualNode(pattern) || found.closest(".under, .operator")) continue;
      const under = mathElement("mtext", shownShape(shapes[name]));
      under.setAttribute("class", "under");
      const both = mathElement("munder");
      found.replaceWith(both);
      both.append(found, under);
    }
  }
}

export function box(math, label) {
  const made = element("div", { class: "formula", role: "group", tabindex: 0, "aria-label": label });
  made.append(math);
  return made;
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
