// Copies: of commands and links, and of the grid as it is shown, as LaTeX or Markdown.
const TEX = { "\\": "\\textbackslash{}", "&": "\\&", "%": "\\%", $: "\\$", "#": "\\#", _: "\\_", "{": "\\{", "}": "\\}", "~": "$\\sim$", "^": "\\textasciicircum{}", "±": "$\\pm$", "−": "$-$", "≤": "$\\le$", "<": "$<$", ">": "$>$", "|": "\\textbar{}" };
const tex = (text) => Array.from(String(text), (char) => TEX[char] ?? char).join("");
const markdown = (text) => String(text).replace(/[\\`*_[\]<>|~#&]/g, "\\$&");

const tableText = (model, state, format) => {
  const table = tableOf(model, state), { metric } = table, escape = format === "latex" ? tex : markdown;
  const bold = (text) => (format === "latex" ? `\\textbf{${text}}` : `**${text}**`);
  const lines = table.panels.flatMap((panel) => panel.rows.map((row) => [panel.title, row.label, ...row.boxes.map((box) => {
    if (!box) return "";
    const text = escape(boxText(table, box, state.mode).filter(Boolean).join(" "));
    return box.mark.includes("best") ? bold(text) : text;
  })].map((part, k) => (k < 2 ? escape(part) : part))));
  const heads = ["", table.rows?.name ?? "", ...table.heads.map((head) => head || metric.label)].map(escape);
  const kept = table.panels.length > 1 ? (line) => line : (line) => line.slice(1);
  const caption = `${metric.label}${metric.unit ? ` (${metric.unit})` : ""}. ${document.querySelector(".trained").textContent}`;
  const rows = [heads, ...lines].map(kept);
  if (format === "markdown") {
    const line = (cells) => `| ${cells.join(" | ")} |`;
    return [line(rows[0]), line(rows[0].map((_, k) => (k ? "--:" : ":--"))), ...rows.slice(1).map(line), "", markdown(caption), ""].join("\n");
  }
  const align = rows[0].map((_, k) => (k < rows[0].length - table.heads.length ? "l" : "r")).join("");
  return ["% needs the package booktabs", "\\begin{table}[htbp]", "\\centering", `\\caption{${tex(caption)}}`, `\\begin{tabular}{${align}}`, "\\toprule",
    `${rows[0].join(" & ")} \\\\`, "\\midrule", ...rows.slice(1).map((row) => `${row.join(" & ")} \\\\`), "\\bottomrule", "\\end{tabular}", "\\end{table}", ""].join("\n");
};

const copiesOf = (model, state, runs) => on(document, "click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.id === "copy-link") copy(location.href, button);
  else if (button.id === "print") print();
  else if (button.dataset.table) copy(tableText(model, state, button.dataset.table), button);
  else if (button.dataset.copy !== undefined) copy(button.dataset.copy, button);
  else if (button.dataset.query !== undefined) runs.show(button.dataset.query);
  else if (button.dataset.show) { state.set({ show: state.show === button.dataset.show ? "" : button.dataset.show }); $("grid")?.scrollIntoView({ block: "start" }); }
  else if (button.dataset.goto) $(button.dataset.goto)?.scrollIntoView({ block: "center" });
  else if (button.dataset.pick !== undefined && button.closest("#answer")) {
    state.set({ pick: [button.dataset.pick] });
    $("grid")?.scrollIntoView({ block: "start" });
  }
});
