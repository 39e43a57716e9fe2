// The player: Streamlit calls the default export at mount and again whenever data or theme changes.

import { fillHelp, listenKeys } from "./keys.mjs";
import { listenControls } from "./controls.mjs";
import { paintCurve } from "./curve.mjs";
import { requestFrame } from "./clock.mjs";
import { decode } from "./decode.mjs";
import { layoutOf, needsOf } from "./layout.mjs";
import { listenPointer } from "./pointer.mjs";
import { Lower, panesOf } from "./pair.mjs";
import { showTip } from "./tip.mjs";
import { paintBase } from "./paint.mjs";
import { paintOver } from "./overlay.mjs";
import { takeSizes } from "./sizes.mjs";
import { fillSpeeds, writeMoment, writeRun } from "./words.mjs";
import { fillLegend } from "./legend.mjs";

// Longer than a rerun takes; a later change of `selected` is the page's own wish.
const ANSWER_WITHIN_MS = 5000;
const PARTS = {
  root: ".player", frame: ".frame", knob: ".knob-input", knobName: ".knob-name", knobValue: ".knob-value",
  knobTicks: ".knob-ticks", headline: ".headline-text", swatch: ".swatch", caption: ".caption", source: ".source",
  stage: ".stage", base: ".base", over: ".over", tip: ".tip", help: ".help", restart: ".restart", back: ".back",
  play: ".play", playIcon: ".play-icon", playWord: ".play-word", forward: ".forward", scrub: ".scrub", time: ".time",
  speed: ".speed", ask: ".ask", rate: ".rate", stalled: ".stalled", bound: ".bound", boundName: ".bound-name",
  boundUnit: ".bound-unit", curve: ".curve", finding: ".finding", advice: ".advice", live: ".live", legend: ".legend",
  rank: ".rank", rankChoice: ".rank-choice", ranks: ".ranks", lower: ".lower",
};

const players = new WeakMap();

class Player {
  constructor(parent) {
    this.el = Object.fromEntries(Object.entries(PARTS).map(([name, css]) => [name, parent.querySelector(css)]));
    Object.assign(this, { speed: 1, time: 0, index: 0, rank: 0, frame: 0, lastFrame: 0, spokenAt: 0, place: 0 });
    Object.assign(this, { playing: false, onScreen: true, scrubbing: false, gone: false, hover: null, pin: null });
    this.stale = { base: true, run: true };
    this.asked = [];
    this.ends = new AbortController();
    fillSpeeds(this.el);
    this.listen();
  }

  // Take a payload: equal data change nothing, new runs keep the place on the clock.
  receive(bytes, report) {
    this.report = report;
    const payload = decode(bytes);
    const { header } = payload;
    const first = !this.payload;
    if (first || header.digest !== this.payload.header.digest) this.load(payload, first);
    if (header.selected !== this.served && !this.isAnswer(header.selected)) this.choose(header.selected);
    this.served = header.selected;
    if (first) this.begin(header.autoplay);
    this.measure();
  }

  load(payload, first) {
    const same = !first && payload.header.runs.length === this.payload.header.runs.length;
    this.payload = payload;
    this.needs = needsOf(payload.header);
    this.several = payload.header.runs.length > 1 && payload.header.knob !== null;
    this.panes = payload.header.pair ? [this, this.openLower()] : [this];
    this.el.root.classList.toggle("single", !this.several);
    this.el.root.classList.toggle("paired", payload.header.pair);
    this.el.knob.max = String(payload.header.runs.length - 1);
    this.size = null;
    this.rank = Math.min(this.rank, ...payload.header.runs.map((run) => run.ranks.length - 1));
    fillLegend(this);
    fillHelp(this);
    this.show(same ? this.index : payload.header.selected);
  }

  openLower() {
    if (!this.lower) {
      this.lower = new Lower(this);
      listenPointer(this, this.lower, this.on);
    }
    return this.lower;
  }

  begin(autoplay) {
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (!autoplay) this.time = this.total;
    else if (still) this.time = this.total / 2;
    this.playing = autoplay && !still;
  }

  // Show a run at the same part of its clock and of its zoom.
  show(index) {
    const before = this.total;
    this.index = Math.max(0, Math.min(this.payload.header.runs.length - 1, index));
    this.run = this.payload.run(this.index, this.rank);
    Object.assign(this, panesOf(this));
    const part = before ? this.total / before : 1;
    this.time = before ? (this.time >= before ? this.total : this.time * part) : 0;
    this.view = before && this.view ? { from: this.view.from * part, to: this.view.to * part } : { from: 0, to: this.total };
    if (!(this.view.to > this.view.from)) this.view = { from: 0, to: this.total || 1 };
    Object.assign(this, { hover: null, pin: null });
    Object.assign(this.stale, { base: true, run: true });
    requestFrame(this);
  }

  choose(index) {
    const last = this.payload.header.runs.length - 1;
    if (index !== this.index && index >= 0 && index <= last) this.show(index);
  }

  // Show another rank of the same run.
  chooseRank(rank) {
    this.rank = rank;
    this.show(this.index);
  }

  chooseBy(places) {
    const before = this.index;
    if (this.several) this.choose(this.index + places);
    if (this.index !== before) this.commit();
  }

  // Tell Python, which reruns; its answer must not move the knob, which may be elsewhere by then.
  commit() {
    this.asked.push({ index: this.index, at: performance.now() });
    this.report(this.index);
  }

  isAnswer(index) {
    const now = performance.now();
    this.asked = this.asked.filter((one) => now - one.at < ANSWER_WITHIN_MS);
    return this.asked.some((one) => one.index === index);
  }

  measure() {
    takeSizes(this);
  }

  draw() {
    if (!this.run || !this.palette) return;
    if (this.stale.run) {
      writeRun(this);
      if (this.several) paintCurve(this);
    }
    for (const pane of this.panes) {
      if (this.stale.base) {
        const { run, needs, wide, type } = pane;
        const pins = run.pinSide.start.length > 0;
        pane.layout = layoutOf({ ...pane.sizes.base, workers: run.workers, pins, needs, wide, type });
        paintBase(pane);
      }
      paintOver(pane);
      showTip(pane);
    }
    this.stale = { base: false, run: false };
    writeMoment(this);
    const { dataset } = this.el.root;
    if (dataset.ready !== "1") dataset.ready = "1";
    if (dataset.shown !== this.payload.header.digest) dataset.shown = this.payload.header.digest;
  }

  listen() {
    const { el } = this;
    const listen = (node, name, act, more) => node.addEventListener(name, act, { signal: this.ends.signal, ...more });
    this.on = listen;
    listenControls(this, listen);
    listenPointer(this, this, listen);
    listenKeys(this, listen);
    listen(document, "visibilitychange", () => requestFrame(this));
    this.resized = new ResizeObserver(() => this.measure());
    this.resized.observe(el.frame);
    listen(window, "resize", () => this.measure());
    this.seen = new IntersectionObserver(([entry]) => {
      this.onScreen = entry.isIntersecting;
      requestFrame(this);
    });
    this.seen.observe(el.stage);
  }

  end() {
    this.gone = true;
    cancelAnimationFrame(this.frame);
    this.ends.abort();
    this.resized.disconnect();
    this.seen.disconnect();
  }
}

export default function mount({ data, parentElement, setStateValue }) {
  if (!players.has(parentElement)) players.set(parentElement, new Player(parentElement));
  const player = players.get(parentElement);
  player.receive(data, (index) => setStateValue("selected", index));
  return () => {
    player.end();
    players.delete(parentElement);
  };
}
