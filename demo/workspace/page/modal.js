// Modals of the person whose eyes we see through: the top of the stack in one dialog.

import { button, fill, h, iconButton } from "./dom.js";
import { blocks } from "./blocks.js";
import { on, post, state } from "./live.js";
import { plain } from "./mrkdwn.js";
import { open } from "./dialog.js";

let dialog = null;
let shown = null;
const typed = {};

const top = () => (state.stacks[state.me] ?? []).at(-1) ?? null;

function scopeOf(view, errors) {
  const values = (typed[view.id] ??= {});
  return {
    errors,
    keep: (block, e, choice) => { (values[block.block_id] ??= {})[e.action_id] = choice; },
    value: (block, e) => values[block.block_id]?.[e.action_id] ?? view.state.values[block.block_id]?.[e.action_id],
    press: (block, e, choice) => post("press_in_view", { view_id: view.id, action_id: e.action_id, choice, values }),
    suggest: (block, e, value) => post("suggest", { view_id: view.id, block_id: block.block_id, action_id: e.action_id, value }),
  };
}

export const viewScope = (view) => scopeOf(view, {});

async function submit(view) {
  const go = dialog.querySelector(".submit");
  go.disabled = true;
  const answer = await post("submit", { view_id: view.id, values: typed[view.id] ?? {} });
  if (!dialog || shown?.id !== view.id) return;
  go.disabled = false;
  if (Object.keys(answer.errors ?? {}).length) {
    draw(top() ?? view, answer.errors);
    dialog.querySelector(".b-input.bad :is(input, select, textarea)")?.focus();
  } else if (!answer.ok) {
    trouble(`We had some trouble connecting. Try again? (${answer.error}: ${answer.sentence})`);
  }
}

function trouble(sentence) {
  const box = dialog.querySelector(".dialog-trouble");
  fill(box, sentence);
  box.hidden = false;
}

const leave = (view, everything) => post("close", { view_id: view.id, everything });

function draw(view, errors = {}) {
  shown = view;
  const focused = document.activeElement?.closest?.(".b-input")?.dataset.block;
  const deep = (state.stacks[state.me] ?? []).length > 1;
  fill(dialog,
    h("header", {},
      deep && button("Back", () => leave(view, false), { class: "btn quiet", "aria-label": "Back" }, "‹"),
      h("h2", { id: "modal-title" }, plain(view.title?.text ?? "")),
      iconButton("close", "Close", () => leave(view, true))),
    h("form", { class: "dialog-form", novalidate: true, onsubmit: (event) => { event.preventDefault(); submit(view); } },
      h("div", { class: "dialog-trouble", role: "alert", hidden: true }),
      h("div", { class: "dialog-body blocks" }, blocks(view.blocks, scopeOf(view, errors))),
      h("footer", {},
        button("", () => leave(view, false), { class: "btn" }, plain(view.close?.text ?? "Cancel")),
        view.submit && h("button", { type: "submit", class: "btn solid primary submit" }, plain(view.submit.text)))));
  fit();
  if (focused) dialog.querySelector(`[data-block="${CSS.escape(focused)}"] :is(input, select, textarea)`)?.focus();
}

function fit() {
  const body = dialog.querySelector(".dialog-body");
  dialog.classList.remove("roomy");
  dialog.classList.toggle("roomy", body.scrollHeight <= body.clientHeight + 1);
}

function show() {
  const view = top();
  if (!view) {
    dialog?.close();
    return;
  }
  if (!dialog) {
    dialog = h("dialog", { class: "dialog modal", "aria-labelledby": "modal-title" });
    dialog.addEventListener("cancel", (event) => { event.preventDefault(); if (shown) leave(shown, false); });
    dialog.addEventListener("close", () => { dialog = null; shown = null; });
    draw(view);
    open(dialog);
    fit();
    dialog.querySelector(".dialog-body :is(input, select, textarea)")?.focus();
    return;
  }
  // Our own values coming back change nothing on the screen; another view or a new hash does.
  if (shown?.id !== view.id || shown.hash !== view.hash) draw(view);
  else shown = view;
}

on("views", ({ user }) => { if (user === state.me) show(); });
on("all me", () => { if (dialog) dialog.close(); show(); });
