// Block Kit as DOM nodes. What is not known here says so; nothing is dropped silently.

import { h } from "./dom.js";
import { element } from "./elements.js";
import { mrkdwn, plain } from "./mrkdwn.js";
import { image } from "./picture.js";
import { richText, table } from "./richtext.js";

export function text(object) {
  if (!object) return [];
  return object.type === "mrkdwn" ? mrkdwn(object.text) : plain(object.text);
}

export const notShown = (what) => h("span", { class: "not-shown" }, `[${what} is not shown in this demo]`);

const BLOCKS = {
  header: (b) => h("div", { class: "b-header", role: "heading", "aria-level": "3" }, text(b.text)),
  divider: () => h("hr", { class: "b-divider" }),
  section: (b, scope) => h("div", { class: "b-section" },
    h("div", { class: "b-section-body" },
      b.text && h("div", { class: "b-text" }, text(b.text)),
      b.fields && h("div", { class: "b-fields" }, b.fields.map((f) => h("div", {}, text(f))))),
    b.accessory && h("div", { class: "b-accessory" }, element(b.accessory, b, scope))),
  context: (b, scope) => h("div", { class: "b-context" },
    b.elements.map((e) => (e.type === "image" ? image(e, scope, "small") : h("span", {}, text(e))))),
  actions: (b, scope) => h("div", { class: "b-actions" }, b.elements.map((e) => element(e, b, scope))),
  image: (b, scope) => h("figure", { class: "b-image" }, b.title && h("figcaption", {}, text(b.title)), image(b, scope)),
  markdown: (b) => h("div", { class: "b-markdown" }, b.text),
  rich_text: (b) => richText(b),
  table: (b) => table(b),
  input: (b, scope) => input(b, scope),
};

let serial = 0;

function input(b, scope) {
  const id = `field-${++serial}`;
  const group = ["checkboxes", "radio_buttons"].includes(b.element.type);
  const error = scope.errors?.[b.block_id];
  const field = element(b.element, b, { ...scope, fieldId: id, described: `${id}-hint ${id}-error`, invalid: Boolean(error) });
  const label = [...[text(b.label)].flat(), b.optional ? h("span", { class: "optional" }, " (optional)") : null];
  return h(group ? "fieldset" : "div", { class: `b-input${error ? " bad" : ""}`, dataset: { block: b.block_id } },
    group ? h("legend", {}, label) : h("label", { for: id }, label),
    field,
    h("div", { class: "field-error", id: `${id}-error`, role: error ? "alert" : null }, error ?? ""),
    b.hint && h("div", { class: "hint", id: `${id}-hint` }, text(b.hint)));
}

// scope: {press(block, element, choice), values, suggest(block, element, typed), warned(action_id), errors, pictures}
export function blocks(list, scope) {
  return list.map((block) => {
    try {
      return BLOCKS[block.type] ? BLOCKS[block.type](block, scope) : notShown(block.type);
    } catch (error) {
      console.warn("block not drawn", block, error);
      return notShown(block.type);
    }
  });
}
