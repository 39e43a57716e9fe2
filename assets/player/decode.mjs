// The payload: header length (u32, little-endian), JSON header, then 12 bytes a span, one run after the other.

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
  const offsets = [];
  let offset = 4 + length;
  for (const run of header.runs) {
    offsets.push(offset);
    offset += run.spans * 12;
  }
  const built = new Map();
  const run = (index) => {
    if (!built.has(index)) built.set(index, buildRun(bytes, offsets[index], header.runs[index]));
    return built.get(index);
  };
  whenIdle(header.runs.map((_facts, index) => () => run(index)));
  return { header, run, mostWorkers: Math.max(...header.runs.map((one) => one.workers)) };
}
