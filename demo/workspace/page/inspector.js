// What went over the wire: envelopes to the bot with their ack times, calls from the bot with their answers.

import { button, copy, fill, h, icon, iconButton } from "./dom.js";
import { emit, on, state } from "./live.js";
import { secondsTime } from "./mrkdwn.js";
import { panels, showTab } from "./dock.js";

const FILTERS = [["all", "All"], ["in", "To the bot"], ["out", "From the bot"], ["bad", "Errors"]];
let filter = "all";
const list = h("div", { class: "records" });
const picked = h("div", { class: "picked" });
const filters = h("div", { class: "filters", role: "group", "aria-label": "Filter" }, FILTERS.map(([id, label]) => button(label, () => {
  filter = id;
  schedule();
}, { class: "chip small", dataset: { filter: id } })));
fill(panels.inspector, picked, filters, list);

const kept = new Map();
let planned = false;

function schedule() {
  if (planned) return;
  planned = true;
  requestAnimationFrame(() => { planned = false; draw(); });
}

// JSON with keys, strings and numbers marked; every piece is appended as text.
export function json(value) {
  const pre = h("pre", { class: "pre json", tabindex: "0" });
  const source = JSON.stringify(value, null, 2) ?? "null";
  const pattern = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(true|false|null|-?\d+(?:\.\d+)?)\b/g;
  let from = 0;
  for (const found of source.matchAll(pattern)) {
    pre.append(source.slice(from, found.index));
    const kind = found[3] ? "lit" : found[2] ? "key" : "str";
    pre.append(h("span", { class: kind }, found[1] ?? found[3]), found[2] ?? "");
    from = found.index + found[0].length;
  }
  pre.append(source.slice(from));
  return pre;
}

const fold = (title, value, isOpen = false) => h("details", { class: "fold", open: isOpen }, h("summary", {}, title), json(value));

function envelopeRow(e) {
  const pending = e.outcome === "pending";
  const good = e.outcome === "acked";
  return {
    key: `e${e.id}`, at: e.sent_at, way: "in", bad: !good && !pending, sign: `${e.outcome}${e.attempt}${e.problems.length}`,
    title: e.title, badge: good ? `ack ${e.ack_ms < 10 ? e.ack_ms.toFixed(1) : Math.round(e.ack_ms)} ms` : pending ? "waiting…" : e.outcome,
    body: () => [e.attempt > 0 && h("p", { class: "hint" }, `Retry ${e.attempt}`), e.problems.map((p) => h("p", { class: "problem" }, p)),
      fold("Payload", e.payload, true), fold("Ack", e.ack)],
  };
}

function callRow(c) {
  const word = c.ok ? (c.fault ? c.fault : "ok") : c.answer.error ?? String(c.status);
  const messages = c.answer.response_metadata?.messages ?? c.answer.messages ?? [];
  return {
    key: `c${c.number}`, at: c.received_at, way: "out", bad: !c.ok || Boolean(c.fault), sign: "", title: c.method, badge: word,
    body: () => [messages.map((m) => h("p", { class: "problem" }, m)), fold("Arguments", c.args, true), fold("Answer", c.answer)],
  };
}

function row(r) {
  const old = kept.get(r.key);
  if (old?.sign === r.sign) return old.node;
  const inside = h("div", { class: "record-body" });
  const node = h("details", { class: `record ${r.way}${r.bad ? " bad" : ""}`, ontoggle: () => { if (node.open && !inside.firstChild) fill(inside, r.body()); } },
    h("summary", {}, h("span", { class: "way", role: "img", "aria-label": r.way === "in" ? "to the bot" : "from the bot" }, icon(r.way, 15)),
      h("span", { class: "title" }, r.title), h("span", { class: "mark" }, r.badge), h("span", { class: "when" }, secondsTime(r.at))),
    inside);
  if (old?.node.open) node.open = true;
  kept.set(r.key, { node, sign: r.sign });
  return node;
}

function draw() {
  if (!state.ready) return;
  const rows = [...[...state.envelopes.values()].map(envelopeRow), ...state.calls.map(callRow)]
    .filter((r) => filter === "all" || r.way === filter || (filter === "bad" && r.bad))
    .sort((a, b) => b.at - a.at).slice(0, 120);
  const nodes = rows.map(row);
  for (const node of [...list.children]) if (!nodes.includes(node)) node.remove();
  nodes.forEach((node, i) => { if (list.children[i] !== node) list.insertBefore(node, list.children[i] ?? null); });
  if (!nodes.length) fill(list, h("p", { class: "empty" }, "Nothing yet."));
  for (const one of filters.children) one.setAttribute("aria-pressed", String(one.dataset.filter === filter));
}

function inspect() {
  const message = state.messages.get(state.inspected);
  if (!message) {
    fill(picked);
    return;
  }
  const { text, blocks } = message;
  fill(picked, h("div", { class: "picked-head" }, h("b", {}, "This message"),
    button("Copy the blocks", () => copy(JSON.stringify({ blocks }, null, 2), "Blocks"), { class: "btn small" }),
    iconButton("close", "Close", () => { state.inspected = null; emit("inspect"); })),
  json({ ts: message.ts, revision: message.revision, text, blocks }));
}

on("all record", schedule);
on("inspect", () => { inspect(); if (state.inspected) showTab("inspector"); });
on("message", ({ message }) => { if (state.inspected === `${message.channel}/${message.ts}`) inspect(); });
