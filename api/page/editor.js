// The expression's field: it grows with its text, and shows a mistake under the very characters.

import { element } from "./element.js";

const field = document.querySelector("#expression");
const mirror = document.querySelector("#mirror");
const place = document.querySelector("#problem");

export function text() {
  return field.value;
}

export function write(words) {
  field.value = words;
  span = null;
  reflect();
}

let span = null; // where the mistake is

// The text again behind the field, with a mark where the mistake is; it also gives the field its height.
function reflect() {
  // Spans count characters as Python does; JavaScript's strings count a rare letter twice.
  const letters = Array.from(field.value);
  const [start, end] = span ?? [letters.length, letters.length];
  mirror.textContent = letters.slice(0, start).join("");
  if (span) mirror.append(element("mark", {}, letters.slice(start, end).join("") || " "));
  mirror.append(letters.slice(end).join("") + "\u200b");
  field.style.height = "auto";
  field.style.height = `${mirror.offsetHeight}px`;
}

// Shows what is wrong; `apply` gets the changes of a repair that is chosen.
export function complain(problem, apply) {
  span = problem.field === "expression" ? problem.span : null;
  reflect();
  field.setAttribute("aria-invalid", "true");
  const parts = [element("p", {}, problem.detail)];
  const repairs = problem.repairs ?? [];
  if (problem.hint) parts.push(element("p", { class: "hint" }, problem.hint));
  if (repairs.length) {
    const buttons = repairs.map(({ label, changes }) =>
      element("button", { type: "button", onclick: () => apply(changes) }, label),
    );
    parts.push(element("div", { class: "repairs", role: "group", "aria-label": "Repairs" }, ...buttons));
  }
  place.replaceChildren(...parts);
}

export function content() {
  span = null;
  reflect();
  field.removeAttribute("aria-invalid");
  place.replaceChildren();
}

// `changed` is called at every change, `entered` at the Enter key; Shift and Enter begin a new line.
export function listen(changed, entered) {
  field.addEventListener("input", () => {
    span = null;
    reflect();
    changed();
  });
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    entered();
  });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, [contenteditable]");
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    field.focus();
    field.select();
  });
  window.addEventListener("resize", reflect);
}
