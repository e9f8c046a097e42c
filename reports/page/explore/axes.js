// Axes of the curves: linear, logarithmic, or an accuracy by the logarithm of its error.
const ROUND_ERRORS = [0.9, 0.8, 0.5, 0.4, 0.3, 0.2, 0.15, 0.1, 0.08, 0.06, 0.05, 0.04, 0.03, 0.025, 0.02, 0.015, 0.01, 0.005, 0.002, 0.001];

const axisOf = (kind, low, high, from, to) => {
  const bend = { error: (value) => -Math.log10(Math.max(1 - value, CLOSEST)), log: (value) => Math.log10(Math.max(value, 1e-300)), linear: (value) => value }[kind];
  let [a, b] = [bend(low), bend(high)];
  if (!(b > a)) { a -= 0.5; b += 0.5; }
  const pad = 0.04 * (b - a);
  a -= pad; b += pad;
  return { kind, low, high, a, b, place: (value) => from + (to - from) * ((bend(value) - a) / (b - a)) };
};

const axisTicks = (axis, room = 22) => {
  const candidates = axis.kind === "error" ? ROUND_ERRORS.map((error) => 1 - error)
    : axis.kind === "log" ? Array.from({ length: 60 }, (_, k) => [1, 2, 5].map((m) => m * 10 ** (k - 30))).flat()
    : ticksOf(axis.low, axis.high, 8);
  const kept = [];
  for (const value of candidates) {
    if (value < axis.low - 1e-12 || value > axis.high + 1e-12) continue;
    if (kept.every((other) => Math.abs(axis.place(other) - axis.place(value)) >= room)) kept.push(value);
  }
  return kept.length > 1 || axis.kind === "linear" ? kept : ticksOf(axis.low, axis.high, 4);
};
