// Builds DOM nodes. Text is always appended as text, never parsed as HTML.

export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "class") node.className = value;
    else if (name === "dataset") Object.assign(node.dataset, value);
    else if (name === "value" || name === "checked" || name === "selected") node[name] = value;
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  add(node, children);
  return node;
}

export function add(node, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child);
  }
  return node;
}

export function fill(node, ...children) {
  node.replaceChildren();
  return add(node, children);
}

const SVG = "http://www.w3.org/2000/svg";
const PATHS = {
  reply: "M4 5h12v8H9l-3.5 3v-3H4z",
  code: "M7.5 5.5 3 10l4.5 4.5M12.5 5.5 17 10l-4.5 4.5",
  close: "M5 5l10 10M15 5 5 15",
  more: "M4.5 10h.01M10 10h.01M15.5 10h.01",
  send: "M4 10 16.5 4 13 16.5l-3-5.2zM10 11.3l6.5-7.3",
  copy: "M7 7V4h9v9h-3M4 7h9v9H4z",
  eye: "M2.5 10S5.5 5 10 5s7.5 5 7.5 5-3 5-7.5 5-7.5-5-7.5-5zM10 12.2a2.2 2.2 0 1 0 0-4.4 2.2 2.2 0 0 0 0 4.4z",
  sun: "M10 6.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7zM10 2v1.5M10 16.5V18M2 10h1.5M16.5 10H18M4.3 4.3l1 1M14.7 14.7l1 1M15.7 4.3l-1 1M5.3 14.7l-1 1",
  menu: "M3.5 5.5h13M3.5 10h13M3.5 14.5h13",
  panel: "M3 4h14v12H3zM12.5 4v12",
  in: "M10 3v10M6 9.5l4 4 4-4M4 17h12",
  out: "M10 14V4M6 7.5l4-4 4 4M4 17h12",
  warn: "M10 3.5 17.5 16.5h-15zM10 8v4M10 14.3h.01",
};

export function icon(name, size = 18) {
  const svg = document.createElementNS(SVG, "svg");
  for (const [key, value] of Object.entries({ viewBox: "0 0 20 20", width: size, height: size, "aria-hidden": "true", class: "icon" })) {
    svg.setAttribute(key, value);
  }
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

export function button(label, onclick, props = {}, ...inside) {
  return h("button", { type: "button", onclick, ...props }, ...(inside.length ? inside : [label]));
}

export function iconButton(name, label, onclick, props = {}) {
  return button(label, onclick, { class: "icon-button", title: label, "aria-label": label, ...props }, icon(name));
}

const HUES = { U0ANA: 172, U0BEN: 262, U0EVA: 22, U0OSKAR: 212 };

export function avatar(person, size = "") {
  const hue = HUES[person.id] ?? [...person.id].reduce((sum, c) => sum + c.charCodeAt(0) * 37, 0) % 360;
  const initials = person.real_name.split(" ").map((word) => word[0]).join("").slice(0, 2).toUpperCase();
  return h("span", { class: `avatar ${size}`, style: `--hue:${hue}`, "aria-hidden": "true" }, initials);
}

export function botAvatar(size = "") {
  return h("img", { class: `avatar ${size}`, src: "gate.svg", alt: "" });
}

export function toast(text, kind = "") {
  const node = h("div", { class: `toast ${kind}` }, text);
  document.getElementById("toasts").append(node);
  setTimeout(() => node.classList.add("leaving"), 6000);
  setTimeout(() => node.remove(), 6400);
}

export async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    toast(`${what} copied`);
  } catch {
    toast(`Could not copy; select the ${what.toLowerCase()} by hand`, "bad");
  }
}
