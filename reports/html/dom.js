// Making elements. Text always goes in as text: there is no innerHTML anywhere in this report.
const SVG = "http://www.w3.org/2000/svg";
const byId = (id) => document.getElementById(id);

function put(parent, children) {
  for (const child of children.flat(3)) {
    if (child === null || child === undefined || child === "" || child === false) continue;
    parent.append(child instanceof Node ? child : String(child));
  }
  return parent;
}

// el("a.id.soft", {href: "#x", onclick: f}, "text", [more])
function el(name, attributes = {}, ...children) {
  const [tag, ...classes] = name.split(".");
  const element = document.createElement(tag);
  if (classes.length) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(key, value);
  }
  return put(element, children);
}

const kind = (verdict) => verdict.toLowerCase().replace(" ", "-");

function glyph(verdict, size = 16) {
  const svg = document.createElementNS(SVG, "svg");
  const use = document.createElementNS(SVG, "use");
  for (const [key, value] of Object.entries({
    class: `glyph ${kind(verdict)}`, width: size, height: size, viewBox: "0 0 16 16", "aria-hidden": "true",
  })) svg.setAttribute(key, value);
  use.setAttribute("href", `#v-${kind(verdict)}`);
  svg.append(use);
  return svg;
}

const badge = (verdict) => el(`span.verdict.${kind(verdict)}`, {}, glyph(verdict), verdict);

function duration(ns) {
  for (const [size, unit] of [[6e10, "min"], [1e9, "s"], [1e6, "ms"], [1e3, "us"]]) {
    if (ns >= size) {
      const number = ns / size;
      return `${Number(number.toFixed(number >= 100 ? 0 : number >= 10 ? 1 : 2))} ${unit}`;
    }
  }
  return `${ns} ns`;
}

const seconds = (ns) => (ns / 1e9).toFixed(6);
const grouped = (number) => number.toLocaleString("en-US");
const many = (count, noun) => `${grouped(count)} ${noun}${count === 1 ? "" : "s"}`;
const address = (id) => `#s=${encodeURIComponent(id)}`;

async function copy(button, text) {
  let done = true;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const code = button.previousElementSibling;
    getSelection().selectAllChildren(code);
    done = document.execCommand("copy");
  }
  button.textContent = done ? "Copied" : "Selected";
  setTimeout(() => { button.textContent = "Copy"; }, 1600);
}

const command = (text, label) =>
  el("div.command", {}, el("code", {}, text),
    el("button.copy", {type: "button", "data-copy": text, "aria-label": `Copy: ${label}`}, "Copy"));
