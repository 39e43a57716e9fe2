// The keyboard: everything that the pointer can do.

import { changeSpeed, requestFrame, setPlaying, setTime, stepEvent, zoom } from "./clock.mjs";
import { glossaryOf } from "./legend.mjs";
import { momentOf } from "./moment.mjs";

const HELP = [
  ["Space", "play or pause"],
  ["← →", "previous, next event"],
  ["Shift ← →", "back, forward by a hundredth of the run"],
  ["Home End", "start, end"],
  ["[ ]", "slower, faster"],
  ["↑ ↓", "more, fewer: {knob}"],
  ["+ − 0", "zoom in, out, whole run"],
  ["R", "next rank"],
  ["B", "pin the batch that the GPU has or waits for"],
  ["Esc", "unpin, close this list"],
];

export function fillHelp(player) {
  const knob = player.payload.header.knob;
  const ranks = player.payload.header.runs.some((run) => run.ranks.length > 1);
  const rows = HELP.filter(([keys, words]) => (player.several || !words.includes("{knob}")) && (ranks || keys !== "R"));
  const list = definitions(rows.map(([keys, words]) => [keys, words.replace("{knob}", knob ?? "")]));
  const more = document.createElement("p");
  more.textContent = "Point at a bar to read it, click to keep it, drag to move the clock, Ctrl and wheel to zoom.";
  const words = glossaryOf(player.payload.header.activities);
  player.el.help.replaceChildren(list, ...(words.length ? [definitions(words)] : []), more);
}

function definitions(rows) {
  const list = document.createElement("dl");
  for (const [term, words] of rows) {
    const name = document.createElement("dt");
    name.textContent = term;
    const meaning = document.createElement("dd");
    meaning.textContent = words;
    list.append(name, meaning);
  }
  return list;
}

export function toggleHelp(player, open = player.el.help.hidden) {
  player.el.help.hidden = !open;
  player.el.ask.setAttribute("aria-expanded", String(open));
}

// Pin what the GPU has or waits for, so that the keyboard reaches every batch: step, then pin.
function pinCurrent(player) {
  const { run, layout } = player;
  const { training, next } = momentOf(run, player.time);
  const one = training ?? next ?? run.order[run.order.length - 1];
  const same = !one || player.pin?.batch === one.batch;
  player.pin = same ? null : pinOf(one, run, layout);
}

function pinOf(one, run, layout) {
  const { batch, stepStart, stepEnd, loadStart, loadEnd } = one;
  if (stepStart >= 0) return { kind: "step", batch, start: stepStart, end: stepEnd, at: stepStart, y: layout.gpu.y };
  if (!(loadStart >= 0)) return null;
  const box = layout.lanes[one.worker] ?? layout.main;
  return { kind: "load", batch, start: loadStart, end: loadEnd, at: loadStart, y: box.y };
}

function nextRank(player) {
  const { length } = player.run.ranks;
  if (length > 1) player.chooseRank((player.run.rank + 1) % length);
}

const ACTIONS = {
  " ": (player) => setPlaying(player, !player.playing),
  ArrowLeft: (player, event) => move(player, event, -1),
  ArrowRight: (player, event) => move(player, event, 1),
  Home: (player) => setTime(player, 0),
  End: (player) => setTime(player, player.total),
  "[": (player) => changeSpeed(player, -1),
  "]": (player) => changeSpeed(player, 1),
  ArrowUp: (player) => player.chooseBy(1),
  ArrowDown: (player) => player.chooseBy(-1),
  "+": (player) => zoom(player, 0.5, player.time),
  "=": (player) => zoom(player, 0.5, player.time),
  "-": (player) => zoom(player, 2, player.time),
  0: (player) => zoom(player, Infinity, player.time),
  b: pinCurrent,
  r: nextRank,
  "?": (player) => toggleHelp(player),
  Escape: (player) => {
    player.pin = null;
    toggleHelp(player, false);
  },
};

function move(player, event, direction) {
  if (!event.shiftKey) stepEvent(player, direction);
  else {
    player.playing = false;
    setTime(player, player.time + (direction * player.total) / 100);
  }
}

// Keys that a focused control of the player needs for itself.
function isOwn(target, key) {
  if (target.matches?.(".knob-input")) return /^(Arrow|Home|End)/.test(key);
  if (target.matches?.("select")) return /^(Arrow|Home|End| )/.test(key);
  return target.matches?.("button") ? key === " " : false;
}

// Keys that work before anything has the focus; the others would take scrolling away from the page. Of several players
// on a page only the first one answers.
const WITHOUT_FOCUS = [" ", "ArrowLeft", "ArrowRight", "[", "]", "?", "b", "r"];

export function listenKeys(player, listen) {
  const act = (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const action = ACTIONS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!action || isOwn(event.composedPath()[0], event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    action(player, event);
    requestFrame(player);
  };
  listen(player.el.root, "keydown", act);
  listen(document, "keydown", (event) => {
    const nobody = document.activeElement === document.body || document.activeElement === null;
    if (nobody && player.onScreen && WITHOUT_FOCUS.includes(event.key)) act(event);
  });
}
