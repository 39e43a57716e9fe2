// Colours: optimised over normal, deutan, protan and tritan vision, 3:1 or more on the ground.

const LIGHT = { stall: "#f85c05", batches: ["#15418d", "#169aef", "#257f76", "#67124c", "#685817"] };
const DARK = { stall: "#e85026", batches: ["#445fae", "#9ff7ed", "#b7a4e8", "#ece078", "#0f9b88"] };

function channels(colour) {
  const hex = /^#([0-9a-f]{6})/i.exec(colour);
  if (hex) return [0, 2, 4].map((at) => parseInt(hex[1].slice(at, at + 2), 16));
  const short = /^#([0-9a-f])([0-9a-f])([0-9a-f])$/i.exec(colour);
  if (short) return short.slice(1).map((digit) => parseInt(digit + digit, 16));
  const numbers = (colour.match(/[\d.]+/g) ?? []).slice(0, 3).map(Number);
  return numbers.length === 3 ? numbers : [255, 255, 255];
}

function luminance(colour) {
  const [r, g, b] = channels(colour).map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

// Black or white, whichever has the higher contrast on the colour.
export function inkOn(colour) {
  const light = luminance(colour) + 0.05;
  return light / 0.05 > 1.05 / light ? "#000000" : "#ffffff";
}

function mix(colour, other, part) {
  const [from, to] = [channels(colour), channels(other)];
  return `rgb(${from.map((value, at) => Math.round(value + (to[at] - value) * part)).join(",")})`;
}

export function faded(colour, alpha) {
  return `rgba(${channels(colour).join(",")},${alpha})`;
}

// Read Streamlit's theme from its CSS variables and add what the picture needs.
export function readPalette(root) {
  const style = getComputedStyle(root);
  const read = (name, fallback) => style.getPropertyValue(name).trim() || fallback;
  const ground = read("--st-background-color", "#ffffff");
  const text = read("--st-text-color", "#31333f");
  const dark = luminance(ground) < 0.25;
  const hues = dark ? DARK : LIGHT;
  return {
    dark,
    ground,
    text,
    ...hues,
    inks: hues.batches.map(inkOn),
    softs: hues.batches.map((hue) => mix(hue, ground, dark ? 0.62 : 0.7)),
    plain: mix(ground, text, dark ? 0.16 : 0.1),
    stallInk: "#000000",
    font: read("--st-font", "system-ui, sans-serif"),
    primary: read("--st-primary-color", hues.batches[0]),
    quiet: mix(text, ground, 0.36),
    line: mix(ground, text, dark ? 0.26 : 0.2),
    track: mix(ground, text, dark ? 0.06 : 0.035),
    wait: mix(ground, text, dark ? 0.44 : 0.36),
    queue: mix(ground, text, dark ? 0.34 : 0.26),
    queueEdge: mix(ground, text, 0.62),
    busy: mix(hues.batches[0], ground, 0.15),
    crowd: mix(hues.batches[0], ground, 0.7),
    veil: faded(ground, dark ? 0.74 : 0.76),
    dim: faded(ground, 0.66),
    key: [dark, ground, text, read("--st-primary-color", ""), read("--st-font", "")].join("|"),
  };
}

// A texture that repeats every `size` CSS pixels, sharp at any device pixel ratio; `draw` gets the tile's side.
function texture(ctx, dpr, { ground, size }, draw) {
  const side = Math.round(size * dpr);
  const tile = document.createElement("canvas");
  tile.width = side;
  tile.height = side;
  const pen = tile.getContext("2d");
  if (ground) {
    pen.fillStyle = ground;
    pen.fillRect(0, 0, side, side);
  }
  draw(pen, side);
  const pattern = ctx.createPattern(tile, "repeat");
  pattern.setTransform(new DOMMatrix().scale(1 / dpr));
  return pattern;
}

// A diagonal hatch; `crossed` in both directions.
export function hatch(ctx, dpr, { ground, ink, size, weight, crossed = false }) {
  return texture(ctx, dpr, { ground, size }, (pen, side) => {
    pen.strokeStyle = ink;
    pen.lineWidth = weight * dpr;
    pen.beginPath();
    for (const shift of [-side, 0, side]) {
      pen.moveTo(shift - 2, side + 2);
      pen.lineTo(shift + side + 2, -2);
      if (!crossed) continue;
      pen.moveTo(shift - 2, -2);
      pen.lineTo(shift + side + 2, side + 2);
    }
    pen.stroke();
  });
}

// Dots in a square grid.
export function dots(ctx, dpr, { ground, ink, size, radius }) {
  return texture(ctx, dpr, { ground, size }, (pen, side) => {
    pen.fillStyle = ink;
    pen.beginPath();
    pen.arc(side / 2, side / 2, radius * dpr, 0, 7);
    pen.fill();
  });
}
