// Slack's mrkdwn and plain text as DOM nodes. Links are http(s) and mailto only.

import { h } from "./dom.js";
import { DRAWN, EMOJI } from "./emoji.js";
import { person, state } from "./live.js";

const ENTITIES = { "&amp;": "&", "&lt;": "<", "&gt;": ">" };
const unescape = (text) => text.replace(/&(?:amp|lt|gt);/g, (entity) => ENTITIES[entity]);

export function plain(text) {
  return emoji(unescape(text));
}


function emoji(text) {
  return text.split(/(:[a-z0-9_+-]+:|░{4,})/).map((part) => {
    // Shaded cells shout louder than full ones in most fonts; a bar reads right when its rest is faint.
    if (part.startsWith("░")) return h("span", { class: "shade" }, part);
    const name = part.slice(1, -1);
    const found = part.length > 2 && EMOJI[name];
    if (!found) return part;
    const drawn = DRAWN[name];
    return h("span", { class: drawn ? `emoji drawn ${drawn}` : "emoji", role: "img", "aria-label": name.replaceAll("_", " ") }, drawn ? "" : found);
  });
}

export function mrkdwn(text) {
  const out = [];
  for (const [index, part] of text.split(/```\n?/).entries()) {
    if (index % 2) out.push(h("pre", { class: "pre" }, unescape(plainLinks(part)).replace(/\n$/, "")));
    else out.push(...paragraphs(index ? part.replace(/^[ \n]+/, "") : part));
  }
  return out;
}

function paragraphs(text) {
  const out = [];
  let quote = [];
  const flush = () => {
    if (quote.length) out.push(h("blockquote", {}, quote));
    quote = [];
  };
  const lines = text.split("\n");
  for (const [index, line] of lines.entries()) {
    const quoted = line.match(/^(?:&gt;|>) ?(.*)$/);
    if (quoted) {
      quote.push(quote.length ? h("br") : null, inline(quoted[1]));
      continue;
    }
    flush();
    out.push(inline(line));
    if (index < lines.length - 1) out.push(h("br"));
  }
  flush();
  return out;
}

function inline(line) {
  const out = [];
  for (const part of line.split(/(`[^`\n]+`)/)) {
    if (part.length > 2 && part.startsWith("`") && part.endsWith("`")) {
      out.push(h("code", {}, unescape(plainLinks(part.slice(1, -1)))));
    } else {
      out.push(...angled(part));
    }
  }
  return out;
}

const plainLinks = (text) => text.replace(/<([^>|]+)(?:\|([^>]*))?>/g, (_, target, label) => label || target);

function angled(text) {
  const nodes = [];
  for (const part of text.split(/(<[^<>]+>)/)) {
    nodes.push(...(part.startsWith("<") && part.endsWith(">") ? [token(part.slice(1, -1))] : [part]));
  }
  return styled(nodes);
}

// Emphasis may enclose links and mentions, so it works on a list of strings and nodes.
const MARKS = [["*", "strong"], ["_", "em"], ["~", "del"]];

function styled(nodes, marks = MARKS) {
  if (!marks.length) return nodes.flatMap((n) => (typeof n === "string" ? emoji(unescape(n)) : [n]));
  const [[mark, tag], ...rest] = marks;
  const out = [];
  let open = null;
  for (const node of nodes) {
    if (typeof node !== "string") {
      (open ?? out).push(node);
      continue;
    }
    let from = 0;
    for (let at = node.indexOf(mark); at >= 0; at = node.indexOf(mark, at + 1)) {
      const before = node[at - 1] ?? " ";
      const after = node[at + 1] ?? " ";
      if (!open && /[\s(\[{"'·—–:,.]/.test(before) && !/\s/.test(after)) {
        out.push(node.slice(from, at));
        open = [];
        from = at + 1;
      } else if (open && !/\s/.test(before) && !/[\p{L}\p{N}]/u.test(after)) {
        open.push(node.slice(from, at));
        out.push(h(tag, {}, styled(open, rest)));
        open = null;
        from = at + 1;
      }
    }
    (open ?? out).push(node.slice(from));
  }
  if (open) out.push(mark, ...open);
  return styled(out, rest);
}

function token(body) {
  const [target, label] = body.split("|");
  if (target.startsWith("@")) return mention(personName(target.slice(1)), target.slice(1) === state.me);
  if (target.startsWith("#")) {
    const channel = state.channels.find((c) => c.id === target.slice(1));
    return mention(`#${label || channel?.name || target.slice(1)}`);
  }
  if (target.startsWith("!subteam^")) {
    const group = state.groups.find((g) => g.id === target.slice(9));
    return mention(label || `@${group?.handle ?? target.slice(9)}`);
  }
  if (target.startsWith("!date^")) return date(target.slice(6), label ?? "");
  if (target.startsWith("!")) return mention(`@${target.slice(1)}`, true);
  if (/^(https?:|mailto:)/i.test(target)) {
    return h("a", { href: unescape(target), target: "_blank", rel: "noopener noreferrer" }, label ? emoji(unescape(label)) : unescape(target).replace(/^mailto:/, ""));
  }
  return unescape(label || target);
}

export function personName(id) {
  if (id === state.bot?.user) return `@${state.bot.name}`;
  return `@${person(id)?.name ?? id}`;
}

export const mention = (text, mine = false) => h("span", { class: mine ? "mention mine" : "mention" }, text);

const format = (options) => (moment) => new Intl.DateTimeFormat(undefined, options).format(moment);
const DATES = {
  date_num: (m) => `${m.getFullYear()}-${two(m.getMonth() + 1)}-${two(m.getDate())}`,
  date: format({ day: "numeric", month: "long", year: "numeric" }),
  date_short: format({ day: "numeric", month: "short", year: "numeric" }),
  date_long: format({ weekday: "long", day: "numeric", month: "long", year: "numeric" }),
  time: format({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" }),
  time_secs: format({ hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }),
};
const two = (number) => String(number).padStart(2, "0");

function pretty(moment, name) {
  const days = Math.round((startOfDay(moment) - startOfDay(new Date())) / 86_400_000);
  return { "-1": "yesterday", 0: "today", 1: "tomorrow" }[days] ?? DATES[name](moment);
}

const startOfDay = (moment) => new Date(moment.getFullYear(), moment.getMonth(), moment.getDate());

export function date(body, fallback) {
  const [unix, ...rest] = body.split("^");
  const moment = new Date(Number(unix) * 1000);
  if (!/^\d+$/.test(unix) || !rest.length) return fallback;
  const text = rest[0].replace(/\{(\w+)\}/g, (whole, name) => {
    if (name.endsWith("_pretty")) return pretty(moment, name.replace(/_pretty$/, ""));
    return DATES[name] ? DATES[name](moment) : whole;
  });
  return h("time", { datetime: moment.toISOString(), title: DATES.date_long(moment) + ", " + DATES.time_secs(moment) }, text);
}

export const clockTime = (seconds) => DATES.time(new Date(seconds * 1000));
export const secondsTime = (seconds) => DATES.time_secs(new Date(seconds * 1000));
export const dayName = (seconds) => {
  const name = pretty(new Date(seconds * 1000), "date_long");
  return name[0].toUpperCase() + name.slice(1);
};
