// Puts the page together: header, middle, thread pane. The parts draw themselves.

import { avatar, button, fill, h, iconButton } from "./dom.js";
import { blocks } from "./blocks.js";
import { channelId, connect, emit, markRead, me, on, state } from "./live.js";
import { composer, remember, sendLine } from "./composer.js";
import { Column, mainColumn, threadColumn } from "./messages.js";
import { viewScope } from "./modal.js";
import { go } from "./side.js";
import { strip } from "./status.js";
import { showTab } from "./dock.js";
import "./inspector.js";

const byId = (id) => document.getElementById(id);
const theme = localStorage.getItem("theme");
if (theme) document.documentElement.dataset.theme = theme;

// On narrow screens the columns left and right lie over the messages: closed until asked for.
if (matchMedia("(max-width: 1080px)").matches) document.body.classList.add("dock-shut");

function sideOpen(event) {
  const open = document.body.classList.toggle("side-open", event ? undefined : false);
  document.querySelector(".menu-button")?.setAttribute("aria-expanded", String(open));
}

function header() {
  const dark = () => (document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  fill(byId("top"),
    iconButton("menu", "Channels and people", sideOpen, { class: "icon-button menu-button", "aria-expanded": "false", "aria-controls": "side" }),
    h("div", { class: "brand" }, h("img", { src: "gate.svg", alt: "" }), h("b", {}, "Tidegate"), h("span", {}, "demo")),
    h("div", { class: "local" }, h("span", { class: "local-dot", "aria-hidden": "true" }), "local demo, nothing leaves this machine"),
    h("div", { class: "top-right" },
      button("Use it in your workspace", () => showTab("install"), { class: "btn ghost" }),
      iconButton("sun", "Light or dark", () => {
        document.documentElement.dataset.theme = dark() ? "light" : "dark";
        localStorage.setItem("theme", document.documentElement.dataset.theme);
      }),
      iconButton("panel", "Show or hide the demo controls", () => {
        document.body.classList.toggle("dock-shut");
      })));
}

const log = h("div", { class: "log", role: "log", "aria-label": "Messages", tabindex: "0" });
const column = new Column(log, false);
const head = h("header", { class: "place-head" });
const homeBox = h("div", { class: "home blocks", hidden: true });
const banner = h("div", { class: "banner", role: "status", hidden: true });
const chips = h("div", { class: "chips", role: "group", "aria-label": "Suggestions" });
let box = null;
let seenChannel = null;

function frame() {
  box = composer({ label: "Message" });
  fill(byId("main"), head, strip, log, homeBox, h("div", { class: "foot" }, banner, chips, box.box,
    h("p", { class: "keys" }, h("kbd", {}, "Enter"), " sends · ", h("kbd", {}, "↑"), " repeats · ", h("kbd", {}, "/"), " shows commands")));
}

function place() {
  const inApp = state.place.kind === "app";
  const home = inApp && state.place.tab !== "messages";
  const channel = state.channels.find((c) => c.id === state.place.id);
  const tab = (name, label) => button(label, () => go({ ...state.place, tab: name }), { class: "tab", role: "tab", "aria-selected": String((state.place.tab ?? "home") === name) });
  fill(head,
    h("h1", {}, inApp ? state.bot.name : `# ${channel.name}`, inApp && h("span", { class: "app-badge" }, "APP")),
    inApp ? h("div", { class: "tabs", role: "tablist" }, tab("home", "Home"), tab("messages", "Messages"))
      : h("span", { class: "topic" }, channel.topic),
    h("span", { class: "acting", title: me().real_name }, avatar(me(), "tiny"), h("span", { class: "acting-name" }, `${me().real_name}${me().role ? ` · ${me().role}` : ""}`)));
  log.hidden = home;
  homeBox.hidden = !home;
  byId("main").querySelector(".foot").hidden = home;
  const label = inApp ? `Message ${state.bot.name}` : `Message #${channel.name}`;
  box.field.placeholder = label;
  box.field.setAttribute("aria-label", label);
  if (home) drawHome();
}

function drawHome() {
  const view = state.homes[state.me];
  fill(homeBox, view ? blocks(view.blocks, viewScope(view)) : h("p", { class: "empty" }, "The app has not published a home tab yet."));
}

function messages({ jump = false } = {}) {
  if (!state.ready) return;
  const channel = channelId();
  const changed = channel !== seenChannel;
  seenChannel = channel;
  const low = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
  const list = mainColumn(channel);
  column.show(list, { fresh: changed });
  log.classList.toggle("empty-log", !list.length);
  log.dataset.empty = "Nothing here yet. Try a suggestion below.";
  if (low || changed || jump) log.scrollTop = log.scrollHeight;
  if (!document.hidden) markRead(channel);
  emit("read");
}

function suggestions() {
  fill(chips, state.chips.map((line) => button("", () => { remember(line); sendLine(line); box.field.focus(); }, { class: "chip" }, line)));
  chips.hidden = !state.chips.length;
}

const threadBox = byId("thread");
let threadColumnNode = null;
let threadShown = null;

function thread() {
  threadBox.hidden = !state.thread;
  document.body.classList.toggle("with-thread", Boolean(state.thread));
  if (!state.thread) {
    threadShown = null;
    return;
  }
  const key = `${state.me}/${channelId()}/${state.thread}`;
  if (threadShown !== key) {
    threadShown = key;
    const list = h("div", { class: "log", role: "log", "aria-label": "Thread", tabindex: "0" });
    threadColumnNode = new Column(list, true);
    const reply = composer({ thread: state.thread, label: "Reply…" });
    const shut = iconButton("close", "Close thread", () => { state.thread = null; emit("thread"); box.field.focus(); });
    fill(threadBox, h("header", { class: "place-head" }, h("h2", {}, "Thread"), shut), list, h("div", { class: "foot" }, reply.box));
    reply.field.focus();
  }
  threadColumnNode.show(threadColumn(channelId(), state.thread));
  const list = threadBox.querySelector(".log");
  list.scrollTop = list.scrollHeight;
}

function condition() {
  let text = "";
  const bot = state.status?.bot;
  if (!state.alive) text = "The demo has stopped. Start it again where you started it; this page reconnects by itself.";
  else if (bot && !["running", "starting"].includes(bot)) text = `The bot is not running (${bot}). Commands fail until it is back; rollouts wait for it.`;
  else if (bot === "starting") text = "The bot is starting…";
  else if (state.delivery === "socket" && state.ready && state.connections === 0) text = "The bot is not connected. Commands are not answered until it is back.";
  banner.hidden = !text;
  banner.classList.toggle("stopped", !state.alive);
  if (banner.textContent !== text) banner.textContent = text;
}

header();
frame();
on("all", () => { suggestions(); place(); messages({ jump: true }); thread(); condition(); });
on("me place", () => { sideOpen(); place(); messages({ jump: true }); thread(); box.field.focus(); });
on("message removed busy", () => { messages(); thread(); });
on("thread", () => { thread(); messages(); });
on("home", drawHome);
on("status connections alive", condition);
document.addEventListener("visibilitychange", () => messages());
connect();
