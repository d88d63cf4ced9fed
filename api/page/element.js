// `element("a", {href: "…", class: "…", onclick: …}, "text", child)`

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

export async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // Plain http from another machine has no clipboard to offer; the old way still works there.
  const field = element("textarea", { class: "unseen" });
  field.value = text;
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
}

// A button that copies what `text()` gives, and says that it did.
export function copyButton(words, label, text, look) {
  const button = element("button", { type: "button", class: look, "aria-label": label }, words);
  button.addEventListener("click", async () => {
    await copy(text());
    button.textContent = "Copied";
    announce("Copied");
    setTimeout(() => (button.textContent = words), 1500);
  });
  return button;
}

// For those who listen to the page.
export function announce(words) {
  document.querySelector("#status").textContent = words;
}
