// Pictures. Those uploaded to this workspace are shown; those from elsewhere are only named: nothing leaves this machine.

import { h } from "./dom.js";

const idOf = (picture) => picture.slack_file?.id ?? picture.slack_file?.url?.match(/F[A-Z0-9]{8,}/)?.[0];

export function named(words, size = "", kind = "") {
  return h("span", { class: `picture ${size} ${kind}`, role: "img", "aria-label": words }, `🖼 ${words}`);
}

// The size is known before the bytes are here, so that the messages below do not jump.
export function shown(id, { alt, w, h: high }, size = "") {
  const node = h("img", { class: size, src: `file/${id}`, alt, width: w, height: high, loading: "lazy",
    onerror: () => link.replaceWith(named(`${alt} (the file is gone)`, size, "gone")) });
  const link = h("a", { class: `shown ${size}`, href: `file/${id}`, target: "_blank", rel: "noopener noreferrer" }, node);
  return link;
}

export function image(picture, scope, size = "") {
  const id = idOf(picture);
  const known = scope?.pictures?.[id];
  if (!id) return named(picture.alt_text, size);
  if (known && !known.seen) return named(`${picture.alt_text} (file not found: this channel was never shown it)`, size, "gone");
  return shown(id, { alt: picture.alt_text, ...known }, size);
}

const sizes = (bytes) => (bytes < 1024 ? `${bytes} B` : bytes < 1024 * 1024 ? `${Math.round(bytes / 1024)} kB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`);

// A file that was shared as a message.
export function file(f) {
  if (f.gone) return h("div", { class: "file gone" }, "This file was deleted.");
  if (f.picture) return h("figure", { class: "b-image" }, h("figcaption", {}, f.title), shown(f.id, { alt: f.alt || f.title, ...f.picture }));
  return h("a", { class: "file", href: `file/${f.id}`, target: "_blank", rel: "noopener noreferrer" },
    h("b", {}, f.title), h("span", { class: "faint" }, ` ${f.name}, ${sizes(f.size)}`));
}
