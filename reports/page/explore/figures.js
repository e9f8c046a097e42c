// How figures are shown; the same rules as reports/page/shown.py.
const SHADES = 20, CLOSEST = 1e-6, WHISKER = 1.5;

const figure = (value, digits) => {
  const text = Math.abs(value) < 1e7 ? value.toFixed(digits) : value.toExponential(2);
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "−");
};
const show = (metric, value) => (Number.isFinite(value) ? figure(metric.scale * value, metric.digits) : "–");
const withUnit = (metric, value) => show(metric, value) + (metric.unit && Number.isFinite(value) ? ` ${metric.unit}` : "");
const signed = (metric, value) => {
  if (!Number.isFinite(value)) return "–";
  const text = figure(Math.abs(metric.scale * value), metric.digits);
  return Number(text) === 0 ? text : (value < 0 ? "−" : "+") + text;
};
const pText = (p) => (p === null ? "–" : p < 0.001 ? "< .001" : p.toFixed(3).replace(/^0/, ""));
const number = (value) => (value === null || value === undefined ? NaN : value);

const stretch = (metric, value) => {
  const shown = metric.error_axis ? -Math.log10(Math.max(1 - value, CLOSEST)) : value;
  return metric.direction === "minimize" ? -shown : shown;
};
const unstretch = (metric, value) => {
  const turned = metric.direction === "minimize" ? -value : value;
  return metric.error_axis ? 1 - Math.max(10 ** -turned, CLOSEST) : turned;
};
const quantile = (sorted, share) => {
  const at = (sorted.length - 1) * share, low = Math.floor(at);
  return sorted[low] + (at - low) * ((sorted[low + 1] ?? sorted[low]) - sorted[low]);
};
const shadeOf = (values) => {
  const sorted = Float64Array.from(values).sort();
  const first = quantile(sorted, 0.25), third = quantile(sorted, 0.75);
  const low = sorted.find((value) => value >= first - WHISKER * (third - first));
  return { low, high: sorted[sorted.length - 1], worst: sorted[0], clipped: sorted[0] < low };
};
// The levels that a cell has of the factors across which a metric is not compared.
const groupOf = (model, metric, cell) => model.factors.map((factor, f) => (metric.within.includes(factor.name) ? model.level(cell, f) : null)).filter((level) => level !== null).join(",");
const shadesOf = (model, metric) => {
  const groups = new Map(), means = model.figures(metric.name).mean;
  for (let cell = 0; cell < model.cells; cell += 1) {
    if (!Number.isFinite(means[cell])) continue;
    const key = groupOf(model, metric, cell);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(stretch(metric, means[cell]));
  }
  return new Map([...groups].map(([key, values]) => [key, shadeOf(values)]));
};
const stepOf = (shade, value) => {
  if (!(shade.high > shade.low)) return SHADES / 2;
  return Math.round(SHADES * Math.min(Math.max((value - shade.low) / (shade.high - shade.low), 0), 1));
};
const ticksOf = (low, high, most = 5) => {
  if (!(high > low)) return Number.isFinite(low) ? [low] : [];
  const power = 10 ** Math.floor(Math.log10((high - low) / most));
  const step = power * [1, 2, 5, 10, 20].find((k) => (high - low) / (power * k) <= most);
  const made = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k += 1) made.push(k * step);
  return made;
};
const tickText = (metric, value) => String(Number((metric.scale * value).toPrecision(6))).replace(/^-/, "−");
const PENS = 8; // colours of what is picked; beyond, they come again with other dashes
