// Dialogs: the browser's own <dialog>, which keeps the focus inside and closes on Escape.

import { button, h, iconButton } from "./dom.js";
import { mrkdwn, plain } from "./mrkdwn.js";

const words = (object) => (object.type === "mrkdwn" ? mrkdwn(object.text) : plain(object.text));

export function open(node) {
  const before = document.activeElement;
  document.body.append(node);
  node.addEventListener("close", () => {
    node.remove();
    if (before?.isConnected) before.focus();
  });
  node.showModal();
  return node;
}

// Resolves to true when the person agrees to a Block Kit confirm object.
export function confirmed(confirm, style) {
  return new Promise((resolve) => {
    let answer = false;
    const close = (value) => { answer = value; dialog.close(); };
    const agree = button("", () => close(true), { class: `btn solid ${confirm.style ?? style ?? "primary"}` }, words(confirm.confirm));
    const dialog = h("dialog", { class: "dialog confirm", "aria-labelledby": "confirm-title", "aria-describedby": "confirm-text" },
      h("header", {}, h("h2", { id: "confirm-title" }, words(confirm.title)), iconButton("close", "Close", () => close(false))),
      h("div", { class: "dialog-body", id: "confirm-text" }, words(confirm.text)),
      h("footer", {}, button("", () => close(false), { class: "btn" }, words(confirm.deny)), agree));
    dialog.addEventListener("close", () => resolve(answer));
    open(dialog);
    agree.focus();
  });
}
