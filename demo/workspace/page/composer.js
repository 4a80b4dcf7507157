// The message box: slash typeahead, Enter sends, arrow-up repeats.

import { button, h, icon, toast } from "./dom.js";
import { channelId, post, state } from "./live.js";

const sent = {};

function proposals(text) {
  if (!text.startsWith("/")) return [];
  const all = [];
  for (const command of state.commands) {
    all.push({ line: command.name, hint: command.usage_hint, says: command.description });
    for (const example of command.examples) all.push({ line: example, hint: "", says: "" });
  }
  return all.filter((p) => p.line.startsWith(text) && p.line !== text).slice(0, 8);
}

export function composer({ thread = null, label }) {
  const listId = thread ? "proposals-thread" : "proposals";
  let found = [];
  let at = -1;
  let back = 0;
  const list = h("ul", { class: "proposals", role: "listbox", id: listId, hidden: true, "aria-label": "Commands" });
  const field = h("textarea", {
    id: thread ? "thread-input" : "composer-input", rows: "1", "aria-label": label, placeholder: label, autocomplete: "off", spellcheck: "false",
    role: "combobox", "aria-expanded": "false", "aria-controls": listId, "aria-autocomplete": "list",
    oninput: () => { back = 0; propose(); grow(); }, onblur: () => hide(), onkeydown: key,
  });
  const go = button("Send", () => send(field.value), { class: "send", "aria-label": "Send" }, icon("send"));
  const box = h("div", { class: "composer" }, list, h("div", { class: "composer-box" }, field, go));

  function hide() { list.hidden = true; at = -1; field.setAttribute("aria-expanded", "false"); field.removeAttribute("aria-activedescendant"); }

  function propose() {
    found = thread ? [] : proposals(field.value);
    at = -1;
    draw();
  }

  function draw() {
    if (!found.length) return hide();
    list.hidden = false;
    field.setAttribute("aria-expanded", "true");
    list.replaceChildren(...found.map((p, i) => h("li", { role: "option", id: `${listId}-${i}`, "aria-selected": String(i === at), class: i === at ? "at" : "",
      onmousedown: (event) => { event.preventDefault(); take(p); } },
      h("b", {}, p.line), p.hint && h("span", { class: "faint" }, ` ${p.hint}`), p.says && h("span", { class: "says" }, p.says))));
    if (at >= 0) field.setAttribute("aria-activedescendant", `${listId}-${at}`);
  }

  function take(p) {
    field.value = p.line + (p.line.includes(" ") ? "" : " ");
    hide();
    field.focus();
    propose();
  }

  function grow() { field.style.height = "auto"; field.style.height = `${Math.min(field.scrollHeight, 160)}px`; }

  function key(event) {
    const open = !list.hidden;
    if (open && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      at = (at + (event.key === "ArrowDown" ? 1 : -1) + found.length) % found.length;
      draw();
    } else if (open && (event.key === "Tab" || (event.key === "Enter" && at >= 0))) {
      event.preventDefault();
      take(found[Math.max(0, at)]);
    } else if (event.key === "Escape" && open) {
      event.preventDefault();
      hide();
    } else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      send(field.value);
    } else if (event.key === "ArrowUp" && (field.value === "" || back)) {
      const history = sent[state.me] ?? [];
      if (back < history.length) {
        event.preventDefault();
        back += 1;
        field.value = history[history.length - back];
        grow();
      }
    }
  }

  async function send(text) {
    const line = text.trim();
    if (!line) return;
    (sent[state.me] ??= []).push(line);
    field.value = "";
    back = 0;
    hide();
    grow();
    await sendLine(line, thread);
  }

  return { box, field, propose };
}

export async function sendLine(line, thread = null) {
  const answer = await post("line", { channel: channelId(), text: line, thread_ts: thread });
  if (["refused", "stopped", "bad_request", "not_in_channel"].includes(answer.error)) {
    toast(answer.error === "not_in_channel" ? "Nobody can write here." : answer.sentence, "bad");
  }
}

export function remember(line) {
  (sent[state.me] ??= []).push(line);
}
