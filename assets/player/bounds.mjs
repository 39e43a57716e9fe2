// What stands around the curve: the bound that more workers cannot lift, and how far the throughput spreads.

import { faded } from "./palette.mjs";

export function path({ runs, place }, value) {
  const shape = new Path2D();
  let open = false;
  runs.forEach((run, index) => {
    if (value(run) === null) return;
    if (open) shape.lineTo(place.x(index), place.y(value(run)));
    else shape.moveTo(place.x(index), place.y(value(run)));
    open = true;
  });
  return shape;
}

export function paintBound(pen) {
  const { ctx, palette, place, runs, knee, type } = pen;
  const inside = [...runs.keys()].filter((at) => runs[at].bound !== null && runs[at].bound <= place.top);
  if (!inside.length) return;
  ctx.strokeStyle = palette.text;
  ctx.lineWidth = 1.25;
  ctx.setLineDash([5, 4]);
  ctx.stroke(path(pen, (run) => run.bound));
  ctx.setLineDash([]);
  // At the side where the knee is not, so that their words never meet.
  const right = knee === null || place.x(knee) < place.plot.x + place.plot.w / 2;
  const last = inside[inside.length - 1];
  const name = runs[last].bound_name;
  const named = right ? last : inside.find((at) => runs[at].bound_name === name);
  ctx.textAlign = right ? "right" : "left";
  ctx.fillStyle = palette.text;
  const x = place.x(named) + (right ? 0 : 4 * type);
  // Under the line at the right, where the curve is below it; above it at the left, where the curve rises to it.
  const y = place.y(runs[named].bound);
  ctx.textBaseline = right ? "top" : "bottom";
  ctx.fillText(name, x, right ? y + 11 * type : y - 4 * type);
}

// The confidence interval of each measured throughput.
export function paintIntervals({ ctx, palette, place, runs }) {
  ctx.strokeStyle = faded(palette.primary, 0.7);
  ctx.lineWidth = 1.5;
  runs.forEach((run, index) => {
    if (run.low === null || run.high === null) return;
    ctx.beginPath();
    ctx.moveTo(place.x(index), place.y(run.low));
    ctx.lineTo(place.x(index), place.y(run.high));
    ctx.stroke();
  });
}

// What the seeds of simulated runs span, a stretch of band for each stretch of neighbours that have one.
export function paintBand({ ctx, palette, place, runs }) {
  ctx.fillStyle = faded(palette.primary, palette.dark ? 0.34 : 0.2);
  const known = (run) => run.low !== null && run.high !== null;
  for (let from = 0; from < runs.length; from += 1) {
    if (!known(runs[from])) continue;
    let to = from;
    while (to + 1 < runs.length && known(runs[to + 1])) to += 1;
    const shape = new Path2D();
    // The band of a single value is as wide as its dot.
    const half = to === from ? 2.2 : 0;
    const [upper, lower] = [[], []];
    for (let at = from; at <= to; at += 1) {
      for (const x of half ? [place.x(at) - half, place.x(at) + half] : [place.x(at)]) {
        upper.push([x, place.y(runs[at].high)]);
        lower.unshift([x, place.y(runs[at].low)]);
      }
    }
    for (const [x, y] of [...upper, ...lower]) shape.lineTo(x, y);
    shape.closePath();
    ctx.fill(shape);
    from = to;
  }
}
