// rich_text and table blocks.

import { h } from "./dom.js";
import { date, mention, mrkdwn, personName, plain } from "./mrkdwn.js";
import { state } from "./live.js";

const PARTS = {
  text: (p) => p.text,
  link: (p) => (/^(https?:|mailto:)/i.test(p.url)
    ? h("a", { href: p.url, target: "_blank", rel: "noopener noreferrer" }, p.text || p.url) : p.text || p.url),
  emoji: (p) => plain(`:${p.name}:`),
  user: (p) => mention(personName(p.user_id), p.user_id === state.me),
  channel: (p) => mention(`#${state.channels.find((c) => c.id === p.channel_id)?.name ?? p.channel_id}`),
  usergroup: (p) => mention(`@${state.groups.find((g) => g.id === p.usergroup_id)?.handle ?? p.usergroup_id}`),
  broadcast: (p) => mention(`@${p.range}`, true),
  date: (p) => date(`${p.timestamp}^${p.format}`, p.fallback ?? ""),
  color: (p) => p.value,
};

function part(p) {
  let node = PARTS[p.type] ? PARTS[p.type](p) : `[${p.type} is not shown in this demo]`;
  for (const [flag, tag] of [["code", "code"], ["bold", "strong"], ["italic", "em"], ["strike", "del"]]) {
    if (p.style?.[flag]) node = h(tag, {}, node);
  }
  return node;
}

const parts = (list) => list.map(part);

function piece(e) {
  if (e.type === "rich_text_section") return h("div", { class: "rt-section" }, parts(e.elements));
  if (e.type === "rich_text_quote") return h("blockquote", {}, parts(e.elements));
  if (e.type === "rich_text_preformatted") return h("pre", { class: "pre" }, parts(e.elements));
  if (e.type === "rich_text_list") {
    const items = e.elements.map((item) => h("li", {}, parts(item.elements)));
    return h(e.style === "ordered" ? "ol" : "ul", { style: `margin-left:${(e.indent ?? 0) * 20}px` }, items);
  }
  return h("span", { class: "not-shown" }, `[${e.type} is not shown in this demo]`);
}

export const richText = (block) => h("div", { class: "b-rich" }, block.elements.map(piece));

function cell(c) {
  if (c.type === "raw_text") return plain(c.text);
  if (c.type === "raw_number") return c.text ?? String(c.value);
  if (c.type === "rich_text") return richText(c);
  if (c.type === "mrkdwn") return mrkdwn(c.text);
  return `[${c.type} is not shown in this demo]`;
}

export function table(block) {
  const align = (column) => block.column_settings?.[column]?.align ?? "left";
  const row = (cells, tag) => h("tr", {}, cells.map((c, i) => h(tag, { style: `text-align:${align(i)}` }, cell(c))));
  const [head, ...rest] = block.rows;
  return h("div", { class: "b-table", tabindex: "0" },
    h("table", {}, h("thead", {}, row(head, "th")), h("tbody", {}, rest.map((r) => row(r, "td")))));
}
