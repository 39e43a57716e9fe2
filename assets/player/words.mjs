// Everything in words and numbers around the canvas, written only where it changed.

import { SPEEDS } from "./clock.mjs";
import { bare, rate, share, time, unitOf } from "./format.mjs";
import { capital, captionOf, headlineOf, pictureWords } from "./caption.mjs";
import { curveWords } from "./curve.mjs";

const PLAY = "M4 2.5v11l9.5-5.5z";
const PAUSE = "M3.5 2.5h3.5v11H3.5zM9 2.5h3.5v11H9z";
// Screen readers get the caption at most so often while the clock runs.
const SPOKEN_EVERY_MS = 4000;

export function put(node, words) {
  if (node.textContent !== words) node.textContent = words;
}

function attribute(node, name, value) {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

export function fillSpeeds(el) {
  for (const speed of SPEEDS) {
    const option = document.createElement("option");
    option.value = String(speed);
    option.textContent = `${speed}×`;
    el.speed.append(option);
  }
}

// What belongs to the chosen run.
export function writeRun(player) {
  const { el, run, payload, index } = player;
  const { knob } = payload.header;
  for (const pane of player.panes) {
    put(pane.el.headline, headlineOf(pane.run));
    put(pane.el.source, pane.run.source);
    attribute(pane.el.base, "aria-label", pictureWords(pane.run, pane.run.source));
  }
  put(el.rate, run.failure && run.samples_per_s === null ? "–" : rate(run.samples_per_s));
  put(el.stalled, run.stall_share === null ? "–" : share(run.stall_share));
  put(el.boundName, capital(run.bound_name));
  put(el.bound, rate(run.bound));
  el.boundUnit.hidden = run.bound === null;
  el.time.style.minWidth = `${2 * bare(player.total, player.total).length + 6}ch`;
  put(el.finding, run.finding);
  put(el.advice, run.advice);
  attribute(el.root, "data-selected", String(index));
  writeRanks(player);
  if (!player.several) return;
  put(el.knobName, knob);
  put(el.knobValue, String(run.value));
  el.knob.value = String(index);
  el.knob.style.setProperty("--part", String(index / (payload.header.runs.length - 1)));
  const heard = `${run.value}: ${rate(run.samples_per_s)} samples per second, ${headlineOf(run)}`;
  attribute(el.knob, "aria-valuetext", heard);
  attribute(el.curve, "aria-label", curveWords(payload, index));
}

// Which rank is shown; only the first few of many travel.
function writeRanks({ el, run }) {
  const { length } = run.ranks;
  el.rank.hidden = length < 2;
  put(el.ranks, `of ${run.of_ranks}`);
  attribute(el.rank, "title", length < run.of_ranks ? `The first ${length} of ${run.of_ranks} ranks (R)` : "Next rank (R)");
  while (el.rankChoice.options.length > length) el.rankChoice.lastChild.remove();
  for (let rank = el.rankChoice.options.length; rank < length; rank += 1) {
    el.rankChoice.append(new Option(`rank ${rank}`, rank));
  }
  el.rankChoice.value = String(run.rank);
}

// Values under the knob, thinned so that they never touch.
export function writeTicks(player) {
  const { el, payload } = player;
  const { runs } = payload.header;
  const last = runs.length - 1;
  const longest = Math.max(...runs.map((run) => String(run.value).length));
  const room = (el.knob.clientWidth || 300) / (longest * 8 * player.type + 10);
  const every = [1, 2, 4, 5, 8, 10, 16, 20].find((one) => last / one <= room) ?? last;
  el.knobTicks.replaceChildren(
    ...runs.flatMap((run, index) => {
      if (index % every !== 0) return [];
      const tick = document.createElement("span");
      tick.textContent = String(run.value);
      tick.style.setProperty("--part", String(index / last));
      return [tick];
    }),
  );
}

// What belongs to the moment on the clock.
export function writeMoment(player) {
  const { el, total } = player;
  const captions = player.panes.map((pane) => captionOf(pane.run, player.time));
  player.panes.forEach((pane, at) => put(pane.el.caption, captions[at]));
  put(el.time, `${bare(player.time, total)} / ${bare(total, total)}\u00a0${unitOf(total).name}`);
  if (!player.scrubbing) el.scrub.value = String((player.time / total) * 1000);
  el.scrub.style.setProperty("--part", String(player.time / total));
  attribute(el.root, "data-clock", player.time.toFixed(6));
  attribute(el.root, "data-playing", player.playing ? "1" : "0");
  const ended = player.time >= total && !player.playing;
  put(el.playWord, player.playing ? "Pause" : ended ? "Replay" : "Play");
  attribute(el.playIcon, "d", player.playing ? PAUSE : PLAY);
  if (el.speed.value !== String(player.speed)) el.speed.value = String(player.speed);
  speak(player, player.panes.map((pane, at) => `${pane.run.source}. ${captions[at]}`).join(" "));
}

function speak(player, words) {
  const now = performance.now();
  if (player.playing && now - player.spokenAt < SPOKEN_EVERY_MS) return;
  if (player.el.live.textContent === words) return;
  player.spokenAt = now;
  player.el.live.textContent = words;
  attribute(player.el.scrub, "aria-valuetext", `${time(player.time, player.total)} of ${time(player.total, player.total)}`);
}
