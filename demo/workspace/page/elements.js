// Interactive elements: what can be pressed, chosen and typed. What happens then is the scope's business.

import { button, h, icon } from "./dom.js";
import { confirmed } from "./dialog.js";
import { mrkdwn, plain } from "./mrkdwn.js";
import { image } from "./picture.js";
import { state } from "./live.js";

const words = (object) => (object ? (object.type === "mrkdwn" ? mrkdwn(object.text) : plain(object.text)) : []);
const bare = (object) => object?.text ?? "";

// A confirm object stands between the gesture and its sending.
async function send(e, block, scope, choice, undo) {
  if (e.confirm && !(await confirmed(e.confirm, e.style))) {
    undo?.();
    return;
  }
  await scope.press(block, e, choice);
}

function pressed(e, block, scope) {
  const warned = scope.warned?.(e.action_id);
  const press = () => send(e, block, scope, {});
  // The bot is told of a link too. With a confirm dialog the link waits for its answer.
  const follow = async (event) => {
    if (!e.confirm) return press();
    event.preventDefault();
    if (!(await confirmed(e.confirm, e.style))) return undefined;
    window.open(e.url, "_blank", "noopener,noreferrer");
    return scope.press(block, e, {});
  };
  if (e.url && !/^https?:/i.test(e.url)) return h("span", { class: "not-shown" }, "[a link of this kind is not shown in this demo]");
  const label = e.accessibility_label;
  const node = e.url
    ? h("a", { class: `btn ${e.style ?? ""}`, href: e.url, target: "_blank", rel: "noopener noreferrer", onclick: follow, "aria-label": label, dataset: { action: e.action_id } }, words(e.text))
    : button("", press, { class: `btn ${e.style ?? ""}`, "aria-label": label, dataset: { action: e.action_id } }, words(e.text));
  if (!warned) return node;
  return h("span", { class: "warned" }, node,
    h("span", { class: "warn-mark", title: `The bot did not answer: ${warned}`, role: "img", "aria-label": `Not answered: ${warned}` }, icon("warn", 16)));
}

const options = (e) => [...(e.options ?? []), ...(e.option_groups ?? []).flatMap((g) => g.options)];

// In a modal an input only keeps its value; elsewhere (or with dispatch_action) choosing tells the bot.
function keep(e, block, scope, choice, undo) {
  scope.keep?.(block, e, choice);
  if (block.type !== "input" || block.dispatch_action) send(e, block, scope, choice, undo);
}

function common(e, scope) {
  return { id: scope.fieldId, "aria-describedby": scope.described, "aria-invalid": scope.invalid ? "true" : null,
    "aria-label": scope.fieldId ? null : bare(e.placeholder) || e.action_id };
}

function select(e, block, scope) {
  const held = scope.value?.(block, e)?.selected_option ?? e.initial_option;
  const option = (o) => h("option", { value: o.value, selected: o.value === held?.value }, bare(o.text));
  const node = h("select", { ...common(e, scope), onchange: () => {
    const found = options(e).find((o) => o.value === node.value);
    keep(e, block, scope, { selected_option: found ?? null });
  } },
  h("option", { value: "", selected: !held, disabled: block.type !== "input", hidden: block.type !== "input" }, bare(e.placeholder) || "Choose an option"),
  e.option_groups ? e.option_groups.map((g) => h("optgroup", { label: bare(g.label) }, g.options.map(option))) : e.options.map(option));
  return h("span", { class: "select" }, node);
}

function listed(key, entries) {
  return (e, block, scope) => {
    const held = scope.value?.(block, e)?.[key] ?? e[`initial_${key.replace("selected_", "")}`];
    const node = h("select", { ...common(e, scope), onchange: () => keep(e, block, scope, { [key]: node.value || null }) },
      h("option", { value: "", selected: !held }, bare(e.placeholder) || "Choose"),
      entries().map(([value, label]) => h("option", { value, selected: value === held }, label)));
    return h("span", { class: "select" }, node);
  };
}

// Asks the bot while one types; a listbox that works with arrow keys.
function external(e, block, scope) {
  const held = scope.value?.(block, e)?.selected_option ?? e.initial_option;
  const listId = `options-${Math.random().toString(36).slice(2)}`;
  const list = h("ul", { class: "options", role: "listbox", id: listId, hidden: true });
  let found = [];
  let at = -1;
  let asked = 0;
  const pick = (option) => {
    field.value = bare(option.text);
    close();
    keep(e, block, scope, { selected_option: option });
  };
  const close = () => { list.hidden = true; at = -1; field.setAttribute("aria-expanded", "false"); };
  const draw = (problem) => {
    list.hidden = false;
    field.setAttribute("aria-expanded", "true");
    list.replaceChildren(...(found.length ? found.map((o, i) => h("li", {
      role: "option", id: `${listId}-${i}`, "aria-selected": String(i === at), class: i === at ? "at" : "",
      onmousedown: (event) => { event.preventDefault(); pick(o); } }, words(o.text),
    o.description && h("span", { class: "hint" }, " ", words(o.description)))) : [h("li", { class: "none" }, problem ?? "No results")]));
    field.setAttribute("aria-activedescendant", at >= 0 ? `${listId}-${at}` : "");
  };
  const ask = async () => {
    if (field.value.length < (e.min_query_length ?? 3)) return close();
    const mine = ++asked;
    const answer = await scope.suggest(block, e, field.value);
    if (mine !== asked) return;
    found = answer.options?.length ? answer.options : (answer.option_groups ?? []).flatMap((g) => g.options);
    draw(answer.ok ? null : answer.sentence);
  };
  const field = h("input", { ...common(e, scope), type: "text", role: "combobox", "aria-expanded": "false", "aria-controls": listId,
    "aria-autocomplete": "list", autocomplete: "off", placeholder: bare(e.placeholder) || "Type to search", value: bare(held?.text),
    oninput: ask, onfocus: ask, onblur: close,
    onkeydown: (event) => {
      if (list.hidden) return;
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        at = (at + (event.key === "ArrowDown" ? 1 : -1) + found.length) % Math.max(1, found.length);
        draw();
      } else if (event.key === "Enter" && found.length) {
        event.preventDefault();
        pick(found[Math.max(0, at)]);
      } else if (event.key === "Escape") {
        event.preventDefault();
        event.stopPropagation();
        close();
      }
    } });
  return h("span", { class: "combo" }, field, list);
}

function overflow(e, block, scope) {
  const menu = h("ul", { class: "menu", role: "menu", hidden: true }, e.options.map((o) => h("li", { role: "none" },
    button("", () => { menu.hidden = true; send(e, block, scope, { selected_option: o }); }, { role: "menuitem" }, words(o.text)))));
  const toggle = button("", () => { menu.hidden = !menu.hidden; if (!menu.hidden) menu.querySelector("button").focus(); },
    { class: "btn more", "aria-haspopup": "menu", "aria-label": "More actions" }, icon("more"));
  const box = h("span", { class: "overflow", onkeydown: (event) => { if (event.key === "Escape") { menu.hidden = true; toggle.focus(); } },
    onfocusout: (event) => { if (!box.contains(event.relatedTarget)) menu.hidden = true; } }, toggle, menu);
  return box;
}

function choices(kind) {
  return (e, block, scope) => {
    const held = scope.value?.(block, e);
    const first = kind === "radio" ? [held?.selected_option ?? e.initial_option] : held?.selected_options ?? e.initial_options ?? [];
    const name = `choice-${Math.random().toString(36).slice(2)}`;
    const box = h("div", { class: "choices", "aria-describedby": scope.described }, e.options.map((o, i) => h("label", { class: "choice" },
      h("input", { type: kind, name, value: String(i), checked: first.some((f) => f?.value === o.value), onchange: () => {
        const on = [...box.querySelectorAll("input:checked")].map((n) => e.options[Number(n.value)]);
        keep(e, block, scope, kind === "radio" ? { selected_option: on[0] ?? null } : { selected_options: on });
      } }), h("span", {}, words(o.text), o.description && h("span", { class: "hint" }, words(o.description))))));
    return box;
  };
}

function typed(type, key = "value", initial = "initial_value") {
  return (e, block, scope) => {
    const area = type === "text" && e.multiline;
    const props = { ...common(e, scope), placeholder: bare(e.placeholder), value: scope.value?.(block, e)?.[key] ?? e[initial] ?? "",
      oninput: () => scope.keep?.(block, e, { [key]: node.value || null }),
      onchange: () => { if (block.dispatch_action || block.type !== "input") send(e, block, scope, { [key]: node.value || null }); },
      maxlength: e.max_length, autofocus: e.focus_on_load };
    const node = area ? h("textarea", { ...props, rows: "3" }) : h("input", { ...props, type, step: e.is_decimal_allowed ? "any" : null, min: e.min_value, max: e.max_value });
    return node;
  };
}

const people = () => state.people.map((p) => [p.id, p.real_name]);
const places = () => state.channels.map((c) => [c.id, `#${c.name}`]);

const ELEMENTS = {
  button: pressed,
  static_select: select,
  external_select: external,
  users_select: listed("selected_user", people),
  channels_select: listed("selected_channel", places),
  conversations_select: listed("selected_conversation", places),
  overflow,
  radio_buttons: choices("radio"),
  checkboxes: choices("checkbox"),
  datepicker: typed("date", "selected_date", "initial_date"),
  timepicker: typed("time", "selected_time", "initial_time"),
  plain_text_input: typed("text"),
  number_input: typed("number"),
  email_text_input: typed("email"),
  url_text_input: typed("url"),
  image: (e, block, scope) => image(e, scope, "beside"),
};

export function element(e, block, scope) {
  return ELEMENTS[e.type] ? ELEMENTS[e.type](e, block, scope) : h("span", { class: "not-shown" }, `[${e.type} is not shown in this demo]`);
}
