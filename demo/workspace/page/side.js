// The left column: whose eyes we see through, channels with unread counts, the app.

import { avatar, botAvatar, button, fill, h } from "./dom.js";
import { emit, on, post, state, unread } from "./live.js";

const box = document.getElementById("side");

function people() {
  const radio = (p) => h("label", { class: `who${p.id === state.me ? " chosen" : ""}` },
    h("input", { type: "radio", name: "who", value: p.id, checked: p.id === state.me, onchange: () => become(p.id) }),
    avatar(p, "small"),
    h("span", { class: "who-name" }, p.real_name.split(" ")[0]),
    h("span", { class: "who-role" }, p.role));
  return h("fieldset", { class: "people" }, h("legend", {}, "You are"), state.people.map(radio));
}

export function become(id) {
  state.me = id;
  state.thread = null;
  emit("me");
}

export function go(place) {
  state.place = place;
  state.thread = null;
  if (place.kind === "app" && place.tab !== "messages") post("home", {});
  emit("place");
}

function channel(c) {
  const chosen = state.place.kind === "channel" && state.place.id === c.id;
  const count = chosen ? 0 : unread(c.id);
  return h("li", {}, button("", () => go({ kind: "channel", id: c.id }), {
    class: `place${chosen ? " chosen" : ""}${count ? " unread" : ""}`, "aria-current": chosen ? "page" : null },
  h("span", { class: "hash", "aria-hidden": "true" }, "#"), h("span", { class: "place-name" }, c.name),
  c.shared && h("span", { class: "place-mark", title: "Shared with another organisation" }, "shared"),
  c.archived && h("span", { class: "place-mark" }, "archived"),
  !c.bot_is_member && h("span", { class: "place-mark", title: "The bot is not in this channel" }, "no bot"),
  count > 0 && h("span", { class: "badge", "aria-label": `${count} unread` }, String(count))));
}

function app() {
  const chosen = state.place.kind === "app";
  const dm = state.people.find((p) => p.id === state.me).dm;
  const count = chosen ? 0 : unread(dm);
  return h("li", {}, button("", () => go({ kind: "app", tab: "home", id: state.place.id }), {
    class: `place${chosen ? " chosen" : ""}${count ? " unread" : ""}`, "aria-current": chosen ? "page" : null },
  botAvatar("tiny"), h("span", { class: "place-name" }, state.bot.name),
  count > 0 && h("span", { class: "badge", "aria-label": `${count} unread` }, String(count))));
}

function draw() {
  if (!state.ready) return;
  const focused = document.activeElement?.name === "who";
  fill(box, h("div", { class: "team" }, h("b", {}, state.team), h("span", {}, "a workspace on this machine")),
    people(),
    h("h2", { id: "side-channels" }, "Channels"),
    h("ul", { "aria-labelledby": "side-channels" }, state.channels.map(channel)),
    h("h2", { id: "side-apps" }, "Apps"),
    h("ul", { "aria-labelledby": "side-apps" }, app()),
    h("p", { class: "side-foot" }, "The bot is the real one. Slack and AWS are stand-ins on this machine."));
  if (focused) box.querySelector("input:checked")?.focus();
}

on("all me place message removed read", draw);
