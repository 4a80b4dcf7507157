// The right column: knobs, inspector, and the way into a real workspace.

import { button, copy, fill, h, toast } from "./dom.js";
import { on, post, state } from "./live.js";

const dock = document.getElementById("dock");
const TABS = [["knobs", "Controls"], ["inspector", "Inspector"], ["install", "Use it"]];
export const panels = Object.fromEntries(TABS.map(([id]) => [id, h("div", { class: `panel ${id}`, id: `panel-${id}`, role: "tabpanel", "aria-labelledby": `tab-${id}`, tabindex: "0" })]));
const tabs = TABS.map(([id, label]) => button(label, () => showTab(id), { class: "tab", role: "tab", id: `tab-${id}`, "aria-controls": `panel-${id}` }));

export function showTab(id) {
  document.body.classList.remove("dock-shut");
  TABS.forEach(([one], i) => {
    panels[one].hidden = one !== id;
    tabs[i].setAttribute("aria-selected", String(one === id));
    tabs[i].tabIndex = one === id ? 0 : -1;
  });
}

function arrows(event) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  const at = tabs.indexOf(document.activeElement);
  if (!step || at < 0) return;
  const next = (at + step + tabs.length) % tabs.length;
  showTab(TABS[next][0]);
  tabs[next].focus();
}

fill(dock, h("div", { class: "tabs", role: "tablist", "aria-label": "Demo controls", onkeydown: arrows }, tabs), Object.values(panels));
showTab("knobs");

function knob(k) {
  const said = h("p", { class: "said", role: "status" });
  const node = button("", async () => {
    node.disabled = true;
    node.classList.add("pressing");
    const answer = await post("knob", { id: k.id });
    node.disabled = false;
    node.classList.remove("pressing");
    said.textContent = answer.sentence;
    said.classList.toggle("bad", !answer.ok);
    if (!answer.ok) toast(answer.sentence, "bad");
  }, { class: `btn${k.danger ? " danger" : ""}`, dataset: { knob: k.id } }, k.label);
  return h("div", { class: "knob" }, node, h("p", { class: "explain" }, k.explain), said);
}

function knobs() {
  const groups = [...new Set(state.knobs.map((k) => k.group))];
  fill(panels.knobs, h("p", { class: "panel-lead" }, "Make something happen, then watch what the bot does about it."),
    groups.map((g) => h("section", { class: "knob-group" }, h("h3", {}, g), state.knobs.filter((k) => k.group === g).map(knob))),
    !groups.length && h("p", { class: "empty" }, "No controls in this demo."));
}

function field(label, text, what) {
  return h("div", { class: "take" }, h("div", { class: "take-head" }, h("b", {}, label), button("Copy", () => copy(text, what), { class: "btn small", "aria-label": `Copy ${what.toLowerCase()}` })),
    h("pre", { class: "pre", tabindex: "0" }, text));
}

function install() {
  const card = state.install;
  fill(panels.install,
    h("h2", {}, "Use it in your workspace"),
    h("p", { class: "panel-lead" }, "What you see here is the real bot. Four steps and it answers in your Slack."),
    h("ol", { class: "steps" },
      h("li", {}, "Create an app from this manifest at ", h("b", {}, "api.slack.com/apps"), ", “From a manifest”, and install it.",
        card.manifest && field("Manifest", card.manifest, "Manifest")),
      h("li", {}, "Copy two tokens: the bot token (", h("code", {}, "xoxb-…"), ", OAuth & Permissions) and an app-level token (", h("code", {}, "xapp-…"),
        ", Basic Information, scope ", h("code", {}, "connections:write"), ")."),
      h("li", {}, "Name your apps and people in ", h("code", {}, "tidegate.toml"), "."),
      h("li", {}, "Start it.", field("Command", `SLACK_BOT_TOKEN=xoxb-… SLACK_APP_TOKEN=xapp-… ${card.command}`, "Command"))),
    card.note && h("p", { class: "hint" }, card.note));
}

on("all", () => { knobs(); install(); });
