// Elements: made from texts and attributes, never from markup.
const $ = (id) => document.getElementById(id);

const fill = (made, attributes, children) => {
  for (const [key, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
};
const make = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);
const draw = (tag, attributes = {}, ...children) =>
  fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

const on = (target, kind, act) => target.addEventListener(kind, act);
// Draw a part of the page anew, and leave the keyboard where it was in it.
const keepFocus = (root, act) => {
  const held = root.contains(document.activeElement) ? document.activeElement : null;
  const place = held ? [...root.querySelectorAll(held.tagName)].indexOf(held) : -1;
  act();
  if (place >= 0 && !root.contains(document.activeElement)) root.querySelectorAll(held.tagName)[place]?.focus({ preventScroll: true });
};
const later = (act) => {
  let waiting = 0;
  return (...words) => { clearTimeout(waiting); waiting = setTimeout(() => act(...words), 10); };
};

const select = (label, options, chosen, act) => {
  const box = make("select", {}, ...options.map(([value, text]) => make("option", { value, selected: value === chosen }, text)));
  on(box, "change", () => act(box.value));
  return make("label", {}, `${label} `, box);
};

const check = (label, checked, act) => {
  const box = make("input", { type: "checkbox", checked });
  on(box, "change", () => act(box.checked));
  return make("label", { class: "check" }, box, ` ${label}`);
};

const copy = async (text, button) => {
  const before = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
  } catch { // no permission, or a browser that has no clipboard for files
    const area = make("textarea", { class: "off", "aria-hidden": "true" });
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
    button.focus();
  }
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = before; }, 1200);
};

const tip = (text, event) => {
  const box = $("tip");
  box.hidden = !text;
  if (!text) return;
  box.textContent = text;
  const { width, height } = box.getBoundingClientRect();
  const left = Math.min(event.clientX + 14, innerWidth - width - 8);
  const top = event.clientY + 18 + height > innerHeight ? event.clientY - height - 10 : event.clientY + 18;
  box.style.left = `${Math.max(left, 4)}px`;
  box.style.top = `${Math.max(top, 4)}px`;
};
