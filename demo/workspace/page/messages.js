// The message column: one node per message, replaced when it changes, kept otherwise.

import { avatar, botAvatar, button, h, icon, iconButton, toast } from "./dom.js";
import { blocks } from "./blocks.js";
import { file } from "./picture.js";
import { clockTime, dayName, mrkdwn } from "./mrkdwn.js";
import { emit, isReply, keyOf, messagesOf, person, post, repliesOf, state, visible } from "./live.js";

const SOON = 300;
const FLASH = 1600;

function author(m) {
  if (m.note === "slackbot") return { name: "Slackbot", mark: h("span", { class: "avatar slackbot", "aria-hidden": "true" }, "S"), app: false };
  if (m.bot) return { name: state.bot.name, mark: botAvatar(), app: true };
  const one = person(m.user);
  return { name: one.real_name, mark: avatar(one), app: false };
}

function scopeOf(m) {
  const where = { channel: m.channel, ts: m.ts };
  return {
    pictures: m.pictures,
    warned: (action) => state.warned.get(`${m.channel}/${m.ts}/${action}`),
    press: async (block, e, choice) => {
      const key = `${keyOf(m)}/${e.action_id}`;
      state.busy.add(key);
      emit("busy");
      const answer = await post("press", { ...where, block_id: block.block_id, action_id: e.action_id, choice });
      state.busy.delete(key);
      emit("busy");
      if (!answer.ok && !answer.ack_ms) toast(pressTrouble(answer), "bad");
    },
    suggest: (block, e, value) => post("suggest", { ...where, block_id: block.block_id, action_id: e.action_id, value }),
  };
}

const TROUBLE = {
  message_not_found: "That message is gone.",
  action_not_found: "That button is gone: the message has changed.",
  operation_timeout: "The bot did not answer within 3 seconds.",
  dispatch_failed: "The bot is not connected; the press was not delivered.",
};
const pressTrouble = (answer) => TROUBLE[answer.error] ?? answer.sentence ?? answer.error;

function threadLine(m) {
  const replies = repliesOf(m);
  if (!replies.length) return null;
  const last = replies[replies.length - 1];
  return button("", () => openThread(m.ts), { class: "thread-line" },
    [...new Set(replies.map((r) => r.user))].slice(0, 3).map((id) => (person(id) ? avatar(person(id), "tiny") : botAvatar("tiny"))),
    h("span", { class: "count" }, replies.length === 1 ? "1 reply" : `${replies.length} replies`),
    h("span", { class: "faint" }, `Last at ${clockTime(last.at)}`));
}

export function openThread(ts) {
  state.thread = ts;
  emit("thread");
}

function broadcastLine(m) {
  const root = state.messages.get(`${m.channel}/${m.thread_ts}`);
  const title = (root?.text ?? "a thread").split("\n")[0].slice(0, 80);
  return h("div", { class: "lead" }, "replied to a thread: ", button(title, () => openThread(m.thread_ts), { class: "link" }));
}

function body(m) {
  if (m.blocks.length) return h("div", { class: "blocks" }, blocks(m.blocks, scopeOf(m)));
  if (m.files && !m.text) return null;
  return h("div", { class: "b-text" }, mrkdwn(m.text), m.edited_at ? h("span", { class: "faint" }, " (edited)") : null);
}

function draw(m, { compact, inThread, flash }) {
  const { name, mark, app } = author(m);
  const time = h("time", { class: "stamp", datetime: new Date(m.at * 1000).toISOString() }, clockTime(m.at));
  const tools = h("div", { class: "tools" },
    !inThread && !m.only_to && !isReply(m) && iconButton("reply", "Reply in thread", () => openThread(m.ts)),
    iconButton("code", "Show the blocks", () => { state.inspected = keyOf(m); emit("inspect"); }));
  return h("article", { class: `message${compact ? " compact" : ""}${m.only_to ? " private" : ""}${flash ? " flash" : ""}`, dataset: { key: keyOf(m) }, "aria-label": `${name}, ${clockTime(m.at)}` },
    m.only_to && h("div", { class: "private-line" }, icon("eye", 14), "Only visible to you"),
    h("div", { class: "gutter" }, compact ? time : mark),
    h("div", { class: "content" },
      !compact && h("div", { class: "byline" }, h("b", {}, name), app && h("span", { class: "app-badge" }, "APP"), time),
      m.broadcast && isReply(m) && !inThread && broadcastLine(m),
      body(m),
      m.files?.map(file),
      !inThread && !isReply(m) && threadLine(m)),
    tools);
}

function signature(m, extra) {
  const busy = [...state.busy].filter((k) => k.startsWith(keyOf(m))).join();
  const warned = [...state.warned].filter(([k]) => k.startsWith(keyOf(m))).join();
  const replies = isReply(m) ? 0 : repliesOf(m).length;
  return [m.revision, state.me, busy, warned, replies, ...extra].join("|");
}

const sameDay = (a, b) => new Date(a * 1000).toDateString() === new Date(b * 1000).toDateString();

// Keeps `box` equal to the wanted list of messages: unchanged nodes are left alone, so focus and menus survive.
export class Column {
  constructor(box, inThread) {
    this.box = box;
    this.inThread = inThread;
    this.kept = new Map();
  }

  show(list, { fresh = false } = {}) {
    const wanted = [];
    let last = null;
    for (const m of list) {
      if (!this.inThread && (!last || !sameDay(last.at, m.at))) wanted.push(this.day(m.at));
      const compact = Boolean(last && last.user === m.user && (last.note ?? "") === (m.note ?? "") && m.at - last.at < SOON
        && sameDay(last.at, m.at) && !m.only_to === !last.only_to && !m.broadcast && !last.blocks.length && !m.blocks.length && !last.files && !m.files);
      wanted.push(this.node(m, compact, fresh));
      last = m;
    }
    for (const node of [...this.box.children]) if (!wanted.includes(node)) node.remove();
    wanted.forEach((node, i) => { if (this.box.children[i] !== node) this.box.insertBefore(node, this.box.children[i] ?? null); });
    const keys = new Set(list.map(keyOf));
    for (const key of this.kept.keys()) if (!keys.has(key) && !key.startsWith("day/")) this.kept.delete(key);
  }

  day(at) {
    const key = `day/${new Date(at * 1000).toDateString()}`;
    if (!this.kept.has(key)) this.kept.set(key, { node: h("div", { class: "day", role: "separator" }, h("span", {}, dayName(at))) });
    return this.kept.get(key).node;
  }

  node(m, compact, fresh) {
    const key = keyOf(m);
    const kept = this.kept.get(key);
    const sign = signature(m, [compact]);
    if (kept?.sign === sign) return kept.node;
    const now = performance.now();
    const flashed = kept && kept.revision !== m.revision && !fresh ? now : kept?.flashed ?? -FLASH;
    const node = draw(m, { compact, inThread: this.inThread, flash: now - flashed < FLASH });
    // Drawn anew while it still flashes (a press was answered): the flash goes on where it was.
    node.style.setProperty("--flashed", `${flashed - now}ms`);
    for (const k of state.busy) {
      if (!k.startsWith(key)) continue;
      const pressed = node.querySelector(`[data-action="${CSS.escape(k.slice(key.length + 1))}"]`);
      pressed?.classList.add("pressing");
    }
    const focused = kept?.node.contains(document.activeElement) ? document.activeElement.dataset.action : null;
    if (kept?.node.isConnected) kept.node.replaceWith(node);
    if (focused) node.querySelector(`[data-action="${CSS.escape(focused)}"]`)?.focus();
    this.kept.set(key, { node, sign, revision: m.revision, flashed });
    return node;
  }
}

const SHOWN = 300;
export const mainColumn = (channel) => messagesOf(channel).filter((m) => !isReply(m) || m.broadcast).slice(-SHOWN);
export const threadColumn = (channel, root) => messagesOf(channel).filter((m) => visible(m) && (m.ts === root || m.thread_ts === root));
