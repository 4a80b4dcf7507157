// The live strip: what serves each app now, its alarms, its errors, and whether the bot runs.

import { fill, h } from "./dom.js";
import { on, state } from "./live.js";

export const strip = h("section", { class: "strip", "aria-label": "Live status", hidden: true });
const number = (value) => (value >= 10 || Number.isInteger(value) ? String(Math.round(value)) : value.toFixed(1));
const WORDS = { OK: "OK", ALARM: "in alarm", INSUFFICIENT_DATA: "no data" };

function versions(app) {
  return Object.entries(app.weights).sort(([a], [b]) => a.localeCompare(b, undefined, { numeric: true }));
}

const label = (version) => (/^\d+$/.test(version) ? `v${version}` : version);

function legend(app, version, weight, index) {
  const errors = app.errors?.[version];
  return h("span", { class: "leg" }, h("i", { class: `swatch s${index % 4}` }), h("b", {}, label(version)), ` ${number(weight)} %`,
    errors === undefined || errors === null ? null : h("span", { class: errors >= 1 ? "errs bad" : "errs" }, `${number(errors)} % errors`));
}

// One app has room for every alarm. Of several, those that want a look are named; the rest is a number to unfold.
const several = () => state.status.apps.length > 1;
const unfolded = new Set();

function alarm(app, a) {
  const short = several() && a.name.startsWith(`${app.name}-`) ? a.name.slice(app.name.length + 1) : a.name;
  return h("span", { class: `alarm ${a.state}`, title: a.name }, h("i", {}), h("span", { class: "alarm-name" }, short),
    a.composite && h("span", { class: "faint" }, "composite"), h("b", {}, WORDS[a.state] ?? a.state));
}

function quiet(app, list) {
  if (!list.length) return null;
  const words = Object.entries(WORDS).map(([s, word]) => [list.filter((a) => a.state === s).length, word]).filter(([n]) => n);
  const node = h("details", { class: "quiet", open: unfolded.has(app.name), ontoggle: () => { unfolded[node.open ? "add" : "delete"](app.name); } },
    h("summary", {}, words.map(([n, word]) => `${n} ${word}`).join(", ")), h("div", { class: "alarms" }, list.map((a) => alarm(app, a))));
  return node;
}

function alarms(app) {
  const all = app.alarms ?? [];
  const loud = several() ? all.filter((a) => a.state === "ALARM") : all;
  return h("div", { class: "alarms" }, loud.map((a) => alarm(app, a)), quiet(app, all.filter((a) => !loud.includes(a))));
}

function appNode(app) {
  const all = versions(app);
  const spoken = all.map(([v, w]) => `${label(v)} ${number(w)} percent`).join(", ");
  return h("div", { class: "app", dataset: { app: app.name } },
    h("div", { class: "app-name" }, h("b", {}, app.name), app.environment && h("span", { class: "faint" }, app.environment),
      app.rate !== undefined && h("span", { class: "faint" }, `${number(app.rate)} req/s`)),
    h("div", { class: "traffic" },
      h("div", { class: "bar", role: "img", "aria-label": `Traffic of ${app.name}: ${spoken}` },
        all.map(([version, weight], i) => h("span", { class: `seg s${i % 4}`, dataset: { version }, style: `width:${weight}%` }))),
      h("div", { class: "legend" }, all.map(([v, w], i) => legend(app, v, w, i)))),
    alarms(app));
}

// Bars glide: the segments of an app that is already shown get new widths instead of new nodes.
function glide(node, app) {
  const segments = [...node.querySelectorAll(".seg")];
  const all = versions(app);
  if (segments.length !== all.length || segments.some((s, i) => s.dataset.version !== all[i][0])) return false;
  const fresh = appNode(app);
  node.querySelector(".bar").setAttribute("aria-label", fresh.querySelector(".bar").getAttribute("aria-label"));
  segments.forEach((s, i) => { s.style.width = `${all[i][1]}%`; });
  for (const part of [".app-name", ".legend", ".alarms"]) {
    const [old, now] = [node.querySelector(part), fresh.querySelector(part)];
    if (!old.isEqualNode(now)) old.replaceWith(now);
  }
  return true;
}

function draw() {
  const status = state.status;
  strip.hidden = !status;
  if (!status) return;
  const shown = [...strip.querySelectorAll(".app")];
  const same = shown.length === status.apps.length && shown.every((n, i) => n.dataset.app === status.apps[i].name && glide(n, status.apps[i]));
  strip.classList.toggle("many", several());
  if (!same) fill(strip, h("div", { class: "apps" }, status.apps.map(appNode)), h("div", { class: "vitals" }));
  fill(strip.querySelector(".vitals"),
    h("span", { class: `vital ${status.bot}` }, h("i", {}), "bot ", h("b", {}, status.bot)),
    status.speed > 1 && h("span", { class: "vital" }, `${status.speed}x speed; AWS waits for people as long as its cards say`),
    status.note && h("span", { class: "vital faint" }, status.note));
}

on("all status", draw);
