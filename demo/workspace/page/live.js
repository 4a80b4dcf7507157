// The one connection to the server: the state as it is pushed, and the posts of what a person does.

export const state = {
  ready: false,
  alive: true,
  me: null,
  place: { kind: "channel", id: null },
  thread: null,
  people: [], groups: [], channels: [], commands: [], chips: [], knobs: [],
  messages: new Map(), stacks: {}, homes: {}, envelopes: new Map(), calls: [],
  warned: new Map(), read: {}, inspected: null, busy: new Set(),
  status: null, connections: 0, problems: [],
};

const listeners = {};

export function on(kinds, listener) {
  for (const kind of kinds.split(" ")) (listeners[kind] ??= []).push(listener);
}

export function emit(kind, body = {}) {
  for (const listener of listeners[kind] ?? []) listener(body);
  for (const listener of listeners["*"] ?? []) listener(kind, body);
}

export const keyOf = (message) => `${message.channel}/${message.ts}`;

const TAKE = {
  hello(body) {
    Object.assign(state, body, {
      messages: new Map(body.messages.map((m) => [keyOf(m), m])),
      envelopes: new Map(body.envelopes.map((e) => [e.id, e])),
      ready: true, alive: true,
    });
    forget();
    state.me ??= body.people[0].id;
    state.place.id ??= body.channels[0].id;
    for (const person of body.people) state.read[person.id] ??= lastTs();
    emit("all");
  },
  message({ message }) {
    const old = state.messages.get(keyOf(message));
    state.messages.set(keyOf(message), message);
    forget();
    emit("message", { message, old });
  },
  removed(body) {
    state.messages.delete(`${body.channel}/${body.ts}`);
    forget();
    emit("removed", body);
  },
  views({ user, stack }) { state.stacks[user] = stack; emit("views", { user }); },
  home({ user, view }) { state.homes[user] = view; emit("home", { user }); },
  envelope({ envelope }) {
    state.envelopes.set(envelope.id, envelope);
    while (state.envelopes.size > 300) state.envelopes.delete(state.envelopes.keys().next().value);
    emit("record");
  },
  call({ call }) {
    state.calls.push(call);
    if (state.calls.length > 400) state.calls.splice(0, 100);
    emit("record");
  },
  status({ status }) { state.status = status; emit("status"); },
  channels({ channels }) { state.channels = channels; emit("place"); },
  connections({ count }) { state.connections = count; emit("connections"); },
  button(body) {
    const key = `${body.channel}/${body.ts}/${body.action_id}`;
    if (body.error) state.warned.set(key, body.error); else state.warned.delete(key);
    const message = state.messages.get(`${body.channel}/${body.ts}`);
    if (message) emit("message", { message, old: message });
  },
  pulse() {},
};

export function lastTs() {
  let last = {};
  for (const m of state.messages.values()) if (!(last[m.channel] > m.ts)) last[m.channel] = m.ts;
  return last;
}

export function connect() {
  const socket = new WebSocket(location.href.replace(/^http/, "ws").replace(/[#?].*$/, "") + "live");
  let opened = false;
  socket.onopen = () => { opened = true; };
  socket.onmessage = (event) => {
    const body = JSON.parse(event.data);
    TAKE[body.type]?.(body);
  };
  socket.onclose = () => {
    if (opened && state.ready) state.alive = false;
    emit("alive");
    setTimeout(connect, opened ? 1000 : 3000);
  };
}

export async function post(what, body) {
  try {
    const answer = await fetch(`do/${what}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ person: state.me, ...body }),
    });
    const text = await answer.text();
    try {
      return JSON.parse(text);
    } catch {
      return { ok: false, error: "refused", sentence: text };
    }
  } catch {
    return { ok: false, error: "stopped", sentence: "The demo does not answer. Is it still running?" };
  }
}

export const person = (id) => state.people.find((p) => p.id === id);
export const me = () => person(state.me);
export const visible = (m) => !m.only_to || m.only_to === state.me;

// Sorted lists and threads are asked for by every message drawn; they are worked out once per change.
let memo = new Map();
const remembered = (key, make) => {
  if (!memo.has(key)) memo.set(key, make());
  return memo.get(key);
};
export const forget = () => { memo = new Map(); };

export function messagesOf(channel) {
  return remembered(`${state.me}/${channel}`, () => [...state.messages.values()]
    .filter((m) => m.channel === channel && visible(m)).sort((a, b) => (a.ts < b.ts ? -1 : 1)));
}

export function repliesOf(root) {
  const threads = remembered(`threads/${state.me}/${root.channel}`, () => {
    const found = new Map();
    for (const m of messagesOf(root.channel).filter(isReply)) found.set(m.thread_ts, [...(found.get(m.thread_ts) ?? []), m]);
    return found;
  });
  return threads.get(root.ts) ?? [];
}

export const isReply = (m) => m.thread_ts && m.thread_ts !== m.ts;
export const channelId = () => (state.place.kind === "app" ? me().dm : state.place.id);

export function unread(channel) {
  const seen = state.read[state.me]?.[channel] ?? "";
  return messagesOf(channel).filter((m) => m.ts > seen && m.user !== state.me && (!isReply(m) || m.broadcast)).length;
}

export function markRead(channel) {
  const all = messagesOf(channel);
  if (all.length) (state.read[state.me] ??= {})[channel] = all[all.length - 1].ts;
}
