// Lines through all lanes: where an epoch begins, and where a run broke off.


import { numberOf } from "./run.mjs";

// Closer than this, lines hide more than they tell.
const CLOSEST_PX = 14;
const TAIL_WORDS = { killed: "KILLED", raised: "RAISED", "timed out": "TIMED OUT", hangs: "HANGS" };
const FAULT_WORDS = { killed: "killed", hangs: "hangs", raises: "raises", lost: "lost" };

// A dashed line at each epoch's start but the first, its name above the lanes where there is room for it.
export function paintEpochs({ ctx, run, layout, palette, view, scale }) {
  if (run.at.length < 2 || ((view.to - view.from) * scale.perSecond) / run.at.length < CLOSEST_PX) return;
  ctx.font = `${layout.font(11.5)} ${palette.font}`;
  ctx.textBaseline = "middle";
  run.at.forEach((seconds, epoch) => {
    const x = Math.round(scale.x(seconds));
    const end = scale.x(run.at[epoch + 1] ?? run.total);
    if (end < layout.plot.x || x > layout.plot.x + layout.plot.w) return;
    ctx.fillStyle = palette.quiet;
    if (epoch) for (let y = 2; y < layout.bottom; y += 6) ctx.fillRect(x, y, 1, 4);
    const name = `epoch ${epoch + 1}`;
    const left = Math.max(x, layout.plot.x) + (epoch ? 5 : 1);
    if (left + ctx.measureText(name).width + 6 < end) ctx.fillText(name, left, layout.head / 2 + 2);
  });
}

// What went wrong stands on the batch it happened to; a line ends all lanes, and behind it there is nothing.
export function paintBreak(pen) {
  const { ctx, run, layout, palette, scale } = pen;
  if (!run.failure) return;
  paintFault(pen);
  const x = Math.round(scale.x(run.total));
  const right = layout.plot.x + layout.plot.w + layout.tail;
  if (x > right) return;
  ctx.fillStyle = palette.ground;
  ctx.fillRect(x, 0, right - x, layout.bottom + 1);
  ctx.fillStyle = pen.nothing;
  ctx.fillRect(x, layout.top, right - x, layout.bottom - layout.top);
  ctx.fillStyle = palette.text;
  ctx.fillRect(x, layout.top - 3, 2.5, layout.bottom - layout.top + 6);
  if (right - x < 18 * layout.type) return;
  ctx.save();
  ctx.translate((x + right + 2) / 2, (layout.top + layout.bottom) / 2);
  ctx.rotate(-Math.PI / 2);
  plate(pen, TAIL_WORDS[run.failure.kind] ?? run.failure.kind.toUpperCase(), 0, 0);
  ctx.restore();
}

function plate({ ctx, layout, palette }, words, x, y) {
  ctx.font = `${layout.font(11.5, 700)} ${palette.font}`;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  const [wide, high] = [ctx.measureText(words).width + 10, 17 * layout.type];
  ctx.fillStyle = palette.text;
  ctx.beginPath();
  ctx.roundRect(x - wide / 2, y - high / 2, wide, high, 3);
  ctx.fill();
  ctx.fillStyle = palette.ground;
  ctx.fillText(words, x, y + 0.5);
  ctx.textAlign = "left";
  return wide;
}

// Behind the batch's number where its bar has room for it; else before the bar's end, with the number.
function paintFault(pen) {
  const { ctx, run, layout, palette, scale } = pen;
  const one = run.batches.get(run.fault?.batch ?? run.hung);
  if (!one || Number.isNaN(one.loadStart)) return;
  const box = one.worker < 0 ? layout.main : layout.lanes[one.worker];
  const word = FAULT_WORDS[run.fault?.kind ?? "hangs"];
  ctx.font = `${layout.font(11.5, 700)} ${palette.font}`;
  const wide = (words) => ctx.measureText(words).width + 10;
  const from = scale.x(one.loadStart);
  const end = scale.x(one.loadEnd);
  const behind = 30 * layout.type;
  const inside = from > layout.plot.x && end - from > behind + wide(word);
  const words = inside ? word : `${numberOf(run, one.batch)} ${word}`;
  const left = inside ? from + behind : Math.max(layout.plot.x + 1, end - wide(words) - 3);
  if (end > layout.plot.x) plate(pen, words, left + wide(words) / 2, box.y + box.h / 2);
}
