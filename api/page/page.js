// The page: what is typed is read and shown at once, then differentiated, then verified.

import { copyButton, element } from "./element.js";
import * as editor from "./editor.js";
import { FIRST, listExamples } from "./examples.js";
import { annotate, contents, declaredShape, mathElement, parsed, place, shownShape } from "./formula.js";
import { card, judge, showShapes, tell } from "./result.js";
import { ask } from "./service.js";
import { DEFAULTS, fromLink, reading, toLink } from "./state.js";

const PAUSE = 120; // milliseconds without a key before the service is asked
const PATIENCE = 500; // and until a mistake is told: half an expression is no mistake yet
const LIKELY = ["w", "theta", "beta", "W", "x", "X"];

const find = (selector) => document.querySelector(selector);
const form = find("#asked");
const results = find("#results");

let state = { ...DEFAULTS };
let read = null; // how the expression was read
let derivatives = {};
let running = new AbortController();
let timer, worry;

async function update() {
  clearTimeout(timer);
  clearTimeout(worry);
  running.abort();
  running = new AbortController();
  const { signal } = running;
  state.expression = editor.text();
  history.replaceState(null, "", state.expression ? toLink(state) : location.pathname);
  showOptions();
  if (!state.expression.trim()) return clear();
  try {
    await follow(signal);
  } catch (error) {
    if (error.name !== "AbortError") throw error;
  }
}

async function follow(signal) {
  const request = reading(state);
  const answer = await ask("parse", request, signal);
  if (!answer.ok) return refuse(answer.problem, signal);
  showReading(answer.data);
  const names = Object.keys(read.shapes);
  const by = state.by.filter((name) => names.includes(name));
  if (!by.length && names.length) by.push(LIKELY.find((name) => names.includes(name)) ?? names[0]);
  offer(names, by);
  if (!by.length) {
    results.replaceChildren();
    return refuse({ detail: "there is no variable to differentiate by" }, signal);
  }
  const asked = { ...request, wrt: by, order: state.order, layout: state.layout };
  const derived = await ask("derive", asked, signal);
  if (!derived.ok) return refuse(derived.problem, signal);
  editor.content();
  showResults(derived.data.derivatives, asked);
  await verify(by, asked, signal);
}

function refuse(problem, signal) {
  find("#read").classList.add("stale");
  results.classList.add("stale");
  const tell = () => signal.aborted || editor.complain(problem, repair);
  if (find("#problem").hasChildNodes() || signal.hurry) tell();
  else worry = setTimeout(tell, PATIENCE);
}

function repair(changes) {
  state = { ...state, ...changes };
  editor.write(state.expression);
  find("#expression").focus();
  update();
}

function clear() {
  editor.content();
  results.replaceChildren();
  for (const id of ["#read", "#asked", "#share"]) find(id).hidden = true;
}

// --- how it was read

function showReading(data) {
  read = data;
  find("#read").classList.remove("stale");
  for (const id of ["#read", "#asked", "#share"]) find(id).hidden = false;
  const math = parsed(read.mathml);
  if (find("#annotate").checked) annotate(math);
  place(find("#echo"), math);
  showChips();
}

function showChips() {
  const field = document.activeElement;
  const focused = field?.dataset?.name;
  // An answer must not wipe out what is just being typed into a chip; it is shown when the chip is left.
  if (find("#shapes").contains(field) && field.value !== field.defaultValue) {
    field.addEventListener("blur", showChips, { once: true });
    return;
  }
  const chips = Object.entries(read.shapes).map(([name, shape]) => chip(name, shape));
  find("#shapes").replaceChildren(...chips);
  if (focused) find(`#shapes input[data-name="${CSS.escape(focused)}"]`)?.focus();
}

function chip(name, shape) {
  const pinned = name in state.shapes;
  const symbol = mathElement("math", contents(read.symbols[name]));
  const field = element("input", {
    value: shownShape(shape),
    "aria-label": `Shape of ${name}`,
    "data-name": name,
    size: Math.max(2, shownShape(shape).length),
    spellcheck: "false",
    autocapitalize: "off",
    autocomplete: "off",
    onchange: () => {
      field.defaultValue = field.value;
      pin(name, declaredShape(field.value));
    },
  });
  const made = element("span", { class: pinned ? "chip pinned" : "chip" }, element("span", { class: "name", "aria-hidden": "true" }, symbol), field);
  if (pinned) {
    made.append(element("button", { type: "button", "aria-label": `Infer the shape of ${name} again`, onclick: () => pin(name, null) }, "×"));
  }
  return made;
}

// What a repair has changed besides the text, each to be taken back.
function showOptions() {
  const without = (name) => ({ functions: state.functions.filter((other) => other !== name) });
  const options = state.functions.map((name) => [`${name} is any function`, without(name)]);
  if (state.dialect !== "python") options.push([`read as ${state.dialect}`, { dialect: "python" }]);
  const chips = options.map(([words, changes]) => {
    const button = element("button", { type: "button", "aria-label": `Not: ${words}`, onclick: () => repair(changes) }, "×");
    return element("span", { class: "chip pinned" }, words, button);
  });
  find("#options").replaceChildren(...chips);
}

function pin(name, shape) {
  const shapes = { ...state.shapes, [name]: shape };
  if (shape === null) delete shapes[name];
  state = { ...state, shapes };
  update();
}

function offer(names, by) {
  const boxes = names.map((name) => {
    const box = element("input", { type: "checkbox", name: "by", value: name, checked: by.includes(name) });
    return element("label", {}, box, element("span", {}, mathElement("math", contents(read.symbols[name])), element("span", { class: "unseen" }, name)));
  });
  const focused = form.contains(document.activeElement) ? document.activeElement.value : null;
  find("#by").replaceChildren(find("#by legend"), ...boxes);
  if (focused) find(`#by input[value="${CSS.escape(focused)}"]`)?.focus();
  form.elements.order.value = String(state.order);
  form.elements.layout.value = state.layout;
}

form.addEventListener("change", (event) => {
  if (event.target.id === "annotate") return restyle();
  const by = [...form.querySelectorAll("#by input:checked")].map((box) => box.value);
  if (!by.length) {
    // One there must be: the last one stays.
    event.target.checked = true;
    return;
  }
  state = { ...state, by, order: Number(form.elements.order.value), layout: form.elements.layout.value };
  update();
});

function restyle() {
  showReading(read);
  const shown = find("#annotate").checked;
  for (const made of results.children) showShapes(made, shown, derivatives[made.dataset.name], read.symbols);
}

// --- the results

function showResults(found, asked) {
  derivatives = found;
  results.classList.remove("stale");
  const { wrt, ...request } = asked;
  results.replaceChildren(...wrt.map((name) => card(name, found[name], request, read.symbols)));
  if (find("#annotate").checked) restyle();
  tell(found);
}

// Each by itself: what can't be checked for one variable may well be for another.
async function verify(by, asked, signal) {
  for (const name of by) {
    const answer = await ask("derive", { ...asked, wrt: name, verify: true }, signal);
    const made = results.querySelector(`[data-name="${CSS.escape(name)}"]`);
    if (made) judge(made, answer.ok ? { ok: true, data: answer.data.verification } : answer);
  }
}

// --- life

// An example is a place of its own: the browser's way back leads to what was there before.
function choose(chosen) {
  history.pushState(null, "", toLink(chosen));
  show(chosen);
}

function show(chosen) {
  state = { ...DEFAULTS, ...chosen };
  editor.write(state.expression);
  window.scrollTo({ top: 0 });
  find("#expression").focus({ preventScroll: true });
  update();
}

editor.listen(
  () => {
    // Abstract functions and a dialect belong to the text that they were chosen for, as long as there is one.
    if (!editor.text().trim()) state = { ...DEFAULTS };
    clearTimeout(timer);
    timer = setTimeout(update, PAUSE);
  },
  () => {
    update();
    running.signal.hurry = true;
  },
);

find("#share").replaceWith(copyButton("Copy a link to this", "Copy a link to this", () => location.href, "plain share-link"));
find(".share-link").id = "share";
listExamples(choose);

find("#functions").addEventListener("toggle", async () => {
  const list = find("#function-list");
  if (list.hasChildNodes()) return;
  const answer = await ask("functions");
  if (!answer.ok) return;
  list.replaceChildren(
    ...answer.data.map((row) => element("div", {}, element("dt", {}, element("code", {}, row.usage)), element("dd", {}, row.doc))),
  );
});

// Places of the page are scrolled to; what is behind the # stays the link to what is shown.
for (const link of document.querySelectorAll(".top a[href^='#'], .skip")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    const place = find(link.getAttribute("href"));
    place.scrollIntoView();
    place.focus({ preventScroll: true });
  });
}

window.addEventListener("hashchange", () => {
  const linked = fromLink(location.hash) ?? DEFAULTS;
  if (toLink(linked) !== toLink(state)) show(linked);
});
const start = fromLink(location.hash) ?? FIRST;
state = { ...start };
editor.write(state.expression);
update();
