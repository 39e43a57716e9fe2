// Throughput against the knob: the line in its band or intervals, the bound dashed, the knee, the value that is chosen.

import { paintBand, paintBound, paintIntervals, path } from "./bounds.mjs";
import { plain, rate, ticks } from "./format.mjs";
import { faded } from "./palette.mjs";

// Numbers lie on a true axis; words, such as 'fork' and 'spawn', at equal distances.
function positions(runs) {
  const numbers = runs.every((run) => typeof run.value === "number");
  const values = runs.map((run, index) => (numbers ? run.value : index));
  const [from, to] = [Math.min(...values), Math.max(...values)];
  return values.map((value) => (to > from ? (value - from) / (to - from) : 0.5));
}

export function curveLayout({ payload, type, sizes }) {
  const { runs } = payload.header;
  const { width, height } = sizes.curve;
  const bounds = runs.map((run) => run.bound).filter((bound) => bound !== null);
  const seen = runs.flatMap((run) => [run.curve, run.samples_per_s]).filter((one) => one !== null);
  // An interval of two trials may be many times wider than the picture; the points must stay readable.
  const ends = runs.map((run) => Math.min(run.high ?? 0, 2 * Math.max(...seen)));
  const rates = [...seen, ...ends];
  const top = Math.max(1e-9, ...rates, ...bounds.filter((bound) => bound < 3 * Math.max(...rates))) * 1.12;
  const plot = { x: 44 * type, y: 8 * type, w: width - 56 * type, h: height - 48 * type };
  const at = positions(runs);
  return {
    width, height, plot, top,
    x: (index) => plot.x + at[index] * plot.w,
    y: (value) => plot.y + plot.h * (1 - Math.min(value, top) / top),
  };
}

export function nearestRun(place, runs, x) {
  let best = 0;
  runs.forEach((_run, index) => {
    if (Math.abs(place.x(index) - x) < Math.abs(place.x(best) - x)) best = index;
  });
  return best;
}

export function paintCurve(player) {
  const { palette, dpr, type } = player;
  const place = curveLayout(player);
  const ctx = player.el.curve.getContext("2d", { alpha: false });
  ctx.setTransform(dpr, 0, 0, dpr, 0, 0);
  ctx.fillStyle = palette.ground;
  ctx.fillRect(0, 0, place.width, place.height);
  ctx.font = `${11 * type}px ${palette.font}`;
  const pen = { ctx, palette, place, type, runs: player.payload.header.runs, ...player.payload.header };
  paintGrid(pen);
  paintValues(pen, player.index);
  if (pen.source === "simulated") paintBand(pen);
  else paintIntervals(pen);
  paintBound(pen);
  paintLine(pen);
  paintKnee(pen, player.index);
  paintChoice(pen, player.index);
}

function paintGrid({ ctx, palette, place, type }) {
  const { plot } = place;
  ctx.textAlign = "right";
  ctx.textBaseline = "middle";
  for (const value of ticks(0, place.top, 3).values) {
    const y = Math.round(place.y(value)) + 0.5;
    ctx.fillStyle = value === 0 ? palette.line : palette.track;
    ctx.fillRect(plot.x, y - 0.5, plot.w, 1);
    ctx.fillStyle = palette.quiet;
    ctx.fillText(plain(value), plot.x - 6 * type, y);
  }
}

function paintValues({ ctx, palette, place, type, runs, knob, knee }, chosen) {
  const { plot } = place;
  ctx.textAlign = "center";
  ctx.textBaseline = "top";
  const y = plot.y + plot.h + 6 * type;
  const least = 9 * type;
  const taken = [];
  const wide = (index) => ctx.measureText(String(runs[index].value)).width / 2 + least / 2;
  const order = [chosen, knee ?? chosen, 0, runs.length - 1, ...runs.keys()];
  for (const index of order) {
    const [left, right] = [place.x(index) - wide(index), place.x(index) + wide(index)];
    if (taken.some(([from, to]) => left < to && right > from)) continue;
    taken.push([left, right]);
    ctx.fillStyle = index === chosen ? palette.text : palette.quiet;
    ctx.font = `${index === chosen ? 700 : 400} ${11 * type}px ${palette.font}`;
    const most = place.width - ctx.measureText(String(runs[index].value)).width / 2;
    ctx.fillText(String(runs[index].value), Math.min(place.x(index), most), y);
  }
  ctx.font = `${11 * type}px ${palette.font}`;
  ctx.fillStyle = palette.quiet;
  ctx.fillText(knob, plot.x + plot.w / 2, y + 16 * type);
}

function paintLine(pen) {
  const { ctx, palette, place, runs } = pen;
  ctx.strokeStyle = palette.primary;
  ctx.lineWidth = 2;
  ctx.lineJoin = "round";
  ctx.stroke(path(pen, (run) => run.curve));
  ctx.fillStyle = palette.primary;
  runs.forEach((run, index) => {
    if (run.curve === null) return;
    ctx.beginPath();
    ctx.arc(place.x(index), place.y(run.curve), 2.2, 0, 7);
    ctx.fill();
  });
}

function paintKnee({ ctx, palette, place, runs, knee, type }) {
  if (knee === null || runs[knee].curve === null) return;
  const [x, y] = [place.x(knee), place.y(runs[knee].curve)];
  ctx.strokeStyle = palette.text;
  ctx.lineWidth = 1.5;
  ctx.beginPath();
  ctx.arc(x, y, 6.5 * type, 0, 7);
  ctx.stroke();
  const bound = runs[knee].bound === null || runs[knee].bound > place.top ? y : place.y(runs[knee].bound);
  const words = `knee at ${runs[knee].value}`;
  ctx.font = `600 ${11 * type}px ${palette.font}`;
  // Below the flat part of the curve; above the curve and the bound where there is no room for that.
  const below = x + ctx.measureText(words).width < place.plot.x + place.plot.w;
  ctx.textAlign = below ? "left" : "right";
  ctx.textBaseline = below ? "top" : "bottom";
  ctx.fillStyle = palette.text;
  ctx.fillText(words, below ? x - 2 : place.width - 2, below ? y + 11 * type : Math.min(y - 8 * type, bound - 3 * type));
}

function paintChoice({ ctx, palette, place, runs, type }, chosen) {
  const run = runs[chosen];
  if (run.samples_per_s === null) return;
  const [x, y] = [place.x(chosen), place.y(run.samples_per_s)];
  ctx.fillStyle = faded(palette.primary, 0.35);
  ctx.fillRect(x - 0.5, y, 1, place.plot.y + place.plot.h - y);
  ctx.fillStyle = palette.ground;
  ctx.beginPath();
  ctx.arc(x, y, 6 * type, 0, 7);
  ctx.fill();
  ctx.fillStyle = palette.primary;
  ctx.beginPath();
  ctx.arc(x, y, 4.5 * type, 0, 7);
  ctx.fill();
}

export function curveWords({ header }, index) {
  const { runs, knob, knee } = header;
  const bend = knee === null ? "" : ` The knee is at ${runs[knee].value}.`;
  const now = runs[index];
  const spread = now.low === null || now.high === null ? "" : ` (${rate(now.low)} to ${rate(now.high)})`;
  const bound = now.bound === null ? "" : ` The ${now.bound_name} is ${rate(now.bound)}.`;
  return `Throughput against ${knob}: ${rate(now.curve)}${spread} samples per second at ${now.value}.${bend}${bound}`;
}
