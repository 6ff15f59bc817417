"use strict";
(async () => {
  const unpack = async (id) => {
    const bytes = Uint8Array.from(atob(document.getElementById(id).textContent), (c) => c.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  };
  const root = document.documentElement;
  const report = JSON.parse(await unpack("report-data"));

  // Every map shape comes from this file; empty topologies keep Plotly from asking for its own.
  const layers = ["coastlines", "land", "ocean", "lakes", "rivers", "countries", "subunits"];
  const empty = { type: "Topology", arcs: [], objects: {} };
  for (const layer of layers) empty.objects[layer] = { type: "GeometryCollection", geometries: [] };
  window.PlotlyGeoAssets = { topojson: { world_110m: empty, world_50m: empty, asia_110m: empty, asia_50m: empty }, ...report.shapes };

  const script = document.createElement("script");
  script.textContent = await unpack("plotly-js");
  document.head.appendChild(script);

  const dark = matchMedia("(prefers-color-scheme: dark)");
  let printing = false;
  const template = () => report.templates[dark.matches && !printing ? "dark" : "light"];
  const narrow = (holder) => holder.clientWidth < 560;

  const chosen = (name) => {
    const selects = document.querySelectorAll(`select[data-chart="${name}"]`);
    return [...selects].map((select) => select.value).join("|");
  };

  const fitted = (holder, layout) => {
    const result = structuredClone(layout);
    result.template = template();
    if (narrow(holder)) {
      result.font = { size: 11 };
      result.margin = { ...result.margin, r: 8, ...(result.geo ? {} : { l: 40 }) };
      const title = result.xaxis?.title;
      if (title?.text?.length > 30) title.text = title.text.replace(/^(.{12,30}) (.+)$/, "$1<br>$2");
      if (result.coloraxis) result.coloraxis.colorbar = { ...result.coloraxis.colorbar, orientation: "h", y: -0.06, len: 1 };
    }
    if (printing) result.width = holder.clientWidth;
    return result;
  };

  const draw = (name) => {
    const holder = document.getElementById(`plot-${name}`);
    const view = report.charts[name].views[chosen(name)];
    const figure = document.getElementById(`chart-${name}`);
    figure.querySelector(".finding").textContent = view.finding;
    holder.setAttribute("aria-label", view.spoken);
    return Plotly.react(holder, structuredClone(view.data), fitted(holder, view.layout), report.config);
  };

  // Large tables are built when they are opened; CSV is made from the table itself.
  const build = (holder) => {
    const table = report.tables[holder.dataset.packed];
    if (!table || holder.querySelector("table")) return;
    const made = document.createElement("table");
    const head = made.createTHead().insertRow();
    for (const [label, number] of table.columns) {
      const cell = document.createElement("th");
      cell.scope = "col";
      if (number) cell.className = "n";
      cell.textContent = label;
      head.append(cell);
    }
    const body = made.createTBody();
    for (const row of table.rows) {
      const line = body.insertRow();
      row.forEach((content, place) => {
        const text = typeof content === "string";
        const cell = document.createElement(text && place < table.heads ? "th" : "td");
        if (cell.tagName === "TH") cell.scope = "row";
        else if (text) cell.className = "w";
        cell.textContent = text ? content : content[1];
        if (!text) cell.dataset.v = content[0] || "nan";
        line.append(cell);
      });
    }
    holder.replaceChildren(made);
  };
  for (const holder of document.querySelectorAll("[data-packed]")) {
    holder.closest("details").addEventListener("toggle", () => build(holder));
  }
  // Spreadsheets must never take a text for a formula.
  const harmless = (text) => (/^[=+\-@\t\r\n|%\uFF1D\uFF0B\uFF0D\uFF20]/.test(text) ? `'${text}` : text);
  const quoted = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const field = (cell) => {
    const exact = cell.dataset.v;
    if (exact !== undefined) return exact === "nan" ? "" : exact;
    return cell.tagName === "TD" && !cell.classList.contains("w") ? cell.textContent : quoted(harmless(cell.textContent));
  };
  for (const link of document.querySelectorAll("a[data-table-of]")) {
    link.hidden = false;
    link.addEventListener("click", () => {
      const holder = document.querySelector(`[data-csv="${link.dataset.tableOf}"]`);
      build(holder);
      const lines = [...holder.querySelectorAll("tr")].map((row) => [...row.cells].map(field).join(","));
      link.href = "data:text/csv;charset=utf-8," + encodeURIComponent("\uFEFF" + lines.join("\r\n") + "\r\n");
    });
  }

  // Evidence: rows of a topic, or the list of sources, built when opened.
  const linked = (href, text) => {
    const link = document.createElement("a");
    link.href = href;
    link.textContent = text;
    link.rel = "noreferrer noopener";
    return link;
  };
  const evident = (details) => {
    if (details.dataset.built) return;
    details.dataset.built = "true";
    if (details.dataset.evidence === "sources") {
      const list = details.querySelector("ol");
      report.evidence.sources.forEach(([text, addresses, derivation], place) => {
        const item = document.createElement("li");
        item.id = `source-${place + 1}`;
        item.append(text);
        for (const address of addresses) item.append(" ", linked(address, address));
        if (derivation) {
          const told = document.createElement("span");
          told.className = "derivation";
          told.textContent = ` ${derivation}`;
          item.append(told);
        }
        list.append(item);
      });
      return;
    }
    const body = details.querySelector("table").createTBody();
    for (const [key, value, spread, unit, grade, source, members] of report.evidence.topics[details.dataset.evidence]) {
      const row = body.insertRow();
      const head = document.createElement("th");
      head.scope = "row";
      const code = document.createElement("code");
      code.textContent = key;
      head.append(code);
      if (members.length) {
        const more = document.createElement("details");
        const summary = document.createElement("summary");
        summary.textContent = `= ${members.length}`;
        const each = document.createElement("p");
        each.className = "members";
        each.textContent = members.join("; ");
        more.append(summary, each);
        head.append(more);
      }
      row.append(head);
      for (const text of [value, spread, unit, grade]) {
        const cell = row.insertCell();
        cell.className = "w";
        cell.textContent = text;
      }
      if (grade === "D") row.cells[4].classList.add("low");
      row.insertCell().append(linked(`#source-${source}`, `[${source}]`));
    }
  };
  for (const details of document.querySelectorAll("[data-evidence]")) details.addEventListener("toggle", () => evident(details));

  const all = Object.keys(report.charts);
  const failed = [];
  for (const name of all) {
    try {
      await draw(name);
    } catch (error) {
      failed.push(name);
      console.error(`chart ${name}: ${error}`);
    }
    await new Promise((resolve) => setTimeout(resolve));
  }
  const redraw = () => Promise.all(all.map(draw));

  for (const select of document.querySelectorAll("select[data-chart]")) select.addEventListener("change", () => draw(select.dataset.chart));
  for (const select of document.querySelectorAll("select[data-panels]")) {
    select.addEventListener("change", () => {
      const wanted = [...document.querySelectorAll(`select[data-panels="${select.dataset.panels}"]`)].map((s) => s.value);
      for (const panel of document.querySelectorAll(`[data-panel="${select.dataset.panels}"]`)) {
        panel.hidden = panel.dataset.key !== wanted.join("|");
      }
    });
  }
  for (const button of document.querySelectorAll("button[data-picture]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const holder = document.getElementById(`plot-${button.dataset.picture}`);
      const link = document.createElement("a");
      link.href = await Plotly.toImage(holder, { format: "svg", width: holder.clientWidth, height: holder.clientHeight });
      link.download = `${button.dataset.picture}.svg`;
      link.click();
    });
  }

  dark.addEventListener("change", redraw);
  let opened = [];
  const start = () => {
    if (printing) return;
    printing = true;
    root.classList.add("printing");
    opened = [...document.querySelectorAll("details.on-paper:not([open])")];
    for (const details of opened) details.open = true;
    redraw();
  };
  const stop = () => {
    if (!printing) return;
    printing = false;
    root.classList.remove("printing");
    for (const details of opened) details.open = false;
    redraw();
  };
  addEventListener("beforeprint", start);
  addEventListener("afterprint", stop);

  // Open the evidence that a number links to.
  const reveal = () => {
    const wanted = decodeURIComponent(location.hash.slice(1));
    if (wanted.startsWith("source-")) evident(document.querySelector('[data-evidence="sources"]'));
    const target = wanted && document.getElementById(wanted);
    for (let node = target; node; node = node.parentElement) if (node.tagName === "DETAILS") node.open = true;
    const list = target && target.querySelector(":scope > [data-evidence]");
    if (list) list.open = true;
    if (target) target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  reveal();
  root.dataset.charts = String(all.length - failed.length);
  root.dataset.ready = "true";
})().catch((error) => {
  document.documentElement.dataset.ready = "failed";
  document.getElementById("no-charts").hidden = false;
  console.error(String(error));
});
