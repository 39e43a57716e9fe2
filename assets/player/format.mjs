// Numbers into words: a unit is chosen only here, when printing. Inside, times are seconds.

const NO_BREAK = "\u00a0";

const UNITS = [
  { below: 0.002, scale: 1e6, name: "µs" },
  { below: 2, scale: 1e3, name: "ms" },
  { below: Infinity, scale: 1, name: "s" },
];

// The unit of a whole run, so that every time in one picture is in the same unit.
export function unitOf(total) {
  return UNITS.find((unit) => total < unit.below);
}

const RATES = [0, 1, 2].map(
  (digits) => new Intl.NumberFormat("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }),
);

const PLAIN = new Intl.NumberFormat("en-US", { maximumFractionDigits: 3 });

export function plain(value) {
  return PLAIN.format(value);
}

function decimals(shown, extra) {
  const digits = shown < 2 ? 2 : shown < 20 ? 2 : shown < 200 ? 1 : 0;
  return Math.min(3, digits + extra);
}

// Print seconds in the unit of a run that lasts `total` seconds, without the unit's name.
export function bare(seconds, total, extra = 0) {
  const unit = unitOf(total);
  return (seconds * unit.scale).toFixed(decimals(total * unit.scale, extra));
}

export function time(seconds, total, extra = 0) {
  return `${bare(seconds, total, extra)}${NO_BREAK}${unitOf(total).name}`;
}

export function rate(samplesPerSecond) {
  if (samplesPerSecond === null) return "no limit";
  return RATES[samplesPerSecond < 10 ? 2 : samplesPerSecond < 100 ? 1 : 0].format(samplesPerSecond);
}

export function share(part) {
  const percent = part * 100;
  const shown = percent > 0 && percent < 1 ? Math.max(percent, 0.1).toFixed(1) : percent.toFixed(0);
  return `${shown}${NO_BREAK}%`;
}

export function count(number, word) {
  return `${number} ${word}${number === 1 ? "" : word.endsWith("tch") ? "es" : "s"}`;
}

// Ticks at 1, 2 or 5 times a power of ten, about `most` of them between `from` and `to`; adding 0 makes -0 a 0.
export function ticks(from, to, most) {
  const rough = (to - from) / Math.max(1, most);
  if (!(rough > 0)) return { step: 1, values: [from] };
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= rough * 0.999);
  const values = [];
  for (let at = Math.ceil(from / step - 1e-9); at * step <= to + step * 1e-9; at += 1) values.push(at * step + 0);
  return { step, values };
}
