// What is asked, and the link that reproduces it. It lives behind the #, which browsers keep to themselves: an
// opened link shows no expression to the service's log or to a proxy on the way.

export const DEFAULTS = { expression: "", by: [], order: 1, layout: "shape", shapes: {}, functions: [], dialect: "python" };

export function toLink(state) {
  const parts = new URLSearchParams({ e: state.expression });
  if (state.by.length) parts.set("by", state.by.join(","));
  if (state.order !== 1) parts.set("order", state.order);
  for (const name of ["layout", "dialect"]) if (state[name] !== DEFAULTS[name]) parts.set(name, state[name]);
  if (state.functions.length) parts.set("functions", state.functions.join(","));
  for (const [name, shape] of Object.entries(state.shapes)) parts.append("shape", `${name}: ${shape}`);
  return `#${parts}`;
}

export function fromLink(fragment) {
  const parts = new URLSearchParams(fragment.replace(/^#/, ""));
  if (!parts.has("e")) return null;
  const list = (name) => (parts.get(name) ?? "").split(",").filter(Boolean);
  const shapes = parts.getAll("shape").map((text) => text.split(": ")).filter((pair) => pair.length === 2);
  const layout = parts.get("layout");
  return {
    ...DEFAULTS,
    expression: parts.get("e"),
    by: list("by"),
    order: parts.get("order") === "2" ? 2 : 1,
    layout: ["jacobian", "denominator"].includes(layout) ? layout : "shape",
    functions: list("functions"),
    dialect: parts.get("dialect") ?? "python",
    shapes: Object.fromEntries(shapes),
  };
}

// The fields of a request that say how the expression is read. What the user did not pin is inferred.
export function reading(state) {
  const mentioned = new Set(state.expression.normalize("NFC").match(/[\p{L}_][\p{L}\p{N}_]*/gu) ?? []);
  const pinned = Object.entries(state.shapes).filter(([name]) => mentioned.has(name));
  const request = { expression: state.expression };
  if (pinned.length) request.shapes = [...pinned.map(([name, shape]) => `${name}: ${shape}`), "..."].join(", ");
  if (state.functions.length) request.functions = state.functions;
  if (state.dialect !== "python") request.dialect = state.dialect;
  return request;
}
