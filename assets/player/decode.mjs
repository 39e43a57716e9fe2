// The payload: header length (u32, little-endian), JSON header, then 12 bytes a span, run by run and rank by rank.

import { buildRun } from "./run.mjs";

// Build the other runs while nothing else happens, so that the first drag of the knob finds them ready.
function whenIdle(tasks) {
  const wait = window.requestIdleCallback ?? ((act) => setTimeout(act, 50));
  const next = () => {
    tasks.shift()?.();
    if (tasks.length) wait(next);
  };
  wait(next);
}

export function decode(bytes) {
  const length = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  let offset = 4 + length;
  const offsets = header.runs.map((run) =>
    run.ranks.map(({ spans }) => {
      offset += spans * 12;
      return offset - spans * 12;
    }),
  );
  const built = new Map();
  // A run of fewer ranks than the one before shows its last.
  const run = (index, rank = 0) => {
    const facts = header.runs[index];
    const shown = Math.min(rank, facts.ranks.length - 1);
    const key = `${index} ${shown}`;
    if (!built.has(key)) built.set(key, buildRun(bytes, offsets[index][shown], facts, shown));
    return built.get(key);
  };
  whenIdle(header.runs.map((_facts, index) => () => run(index)));
  return { header, run };
}
