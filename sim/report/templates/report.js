"use strict";
(async () => {
  // Base 85 as Python writes it, with other signs for < > &.
  const digits = new Uint8Array(128);
  [..."0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%.()*+-;,=:?@^_`{|}~"].forEach((c, i) => {
    digits[c.charCodeAt(0)] = i;
  });
  const unpack = async (id) => {
    const text = document.getElementById(id).textContent;
    const groups = Math.ceil(text.length / 5);
    const view = new DataView(new ArrayBuffer(4 * groups));
    for (let group = 0; group < groups; group++) {
      let value = 0;
      for (let i = 5 * group; i < 5 * group + 5; i++) value = 85 * value + (i < text.length ? digits[text.charCodeAt(i)] : 84);
      view.setUint32(4 * group, value);
    }
    const bytes = new Uint8Array(view.buffer, 0, 4 * groups - (5 * groups - text.length));
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
  const three = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 3 });
  const plain = (number) => three.format(number).replace("-", "\u2212");
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
    for (let i = 0; i < table.length; i++) {
      const row = table.cells.map((column) => column[i]);
      const line = body.insertRow();
      row.forEach((given, place) => {
        const text = typeof given === "string";
        const content = given === null ? ["", "–"] : typeof given === "number" ? [String(given), plain(given)] : given;
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

  for (const link of document.querySelectorAll("a[data-text]")) {
    link.hidden = false;
    link.addEventListener("click", () => {
      const { head, series } = report.texts[link.dataset.text];
      const lines = series.flatMap(([what, years, values]) => {
        const amounts = values.split(" ");
        return years.split(" ").map((year, i) => `${what},${year},${amounts[i]}`);
      });
      link.href = "data:text/csv;charset=utf-8," + encodeURIComponent("\uFEFF" + [head, ...lines, ""].join("\r\n"));
    });
  }

  // All tables as one workbook: a zip of plain XML. Texts are inline strings, which no spreadsheet takes for a formula.
  const escaped = (text) =>
    text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "").replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
  const sheet = (holder) => {
    build(holder);
    const cell = (c) => {
      const exact = c.dataset.v;
      const number = c.tagName === "TD" && !c.classList.contains("w");
      const value = exact !== undefined ? exact : number ? c.textContent : null;
      if (value === "nan") return "<c/>";
      if (value !== null && value.trim() !== "" && Number.isFinite(Number(value))) return `<c><v>${Number(value)}</v></c>`;
      return `<c t="inlineStr"><is><t xml:space="preserve">${escaped(c.textContent).slice(0, 32000)}</t></is></c>`;
    };
    const rows = [...holder.querySelectorAll("tr")].map((row) => `<row>${[...row.cells].map(cell).join("")}</row>`).join("");
    return `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>${rows}</sheetData></worksheet>`;
  };
  const workbook = () => {
    const main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    const office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    const packages = "http://schemas.openxmlformats.org/package/2006";
    const kind = "application/vnd.openxmlformats-officedocument.spreadsheetml";
    const holders = [...document.querySelectorAll("[data-csv]")];
    const all = holders.map((_, i) => i + 1);
    const each = (make) => all.map(make).join("");
    const title = (i) => escaped(holders[i - 1].dataset.csv.slice(0, 31));
    const files = {
      "[Content_Types].xml": `<Types xmlns="${packages}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="${kind}.sheet.main+xml"/>${each((i) => `<Override PartName="/xl/worksheets/sheet${i}.xml" ContentType="${kind}.worksheet+xml"/>`)}</Types>`,
      "_rels/.rels": `<Relationships xmlns="${packages}/relationships"><Relationship Id="r1" Type="${office}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
      "xl/workbook.xml": `<workbook xmlns="${main}" xmlns:r="${office}"><sheets>${each((i) => `<sheet name="${title(i)}" sheetId="${i}" r:id="r${i}"/>`)}</sheets></workbook>`,
      "xl/_rels/workbook.xml.rels": `<Relationships xmlns="${packages}/relationships">${each((i) => `<Relationship Id="r${i}" Type="${office}/worksheet" Target="worksheets/sheet${i}.xml"/>`)}</Relationships>`,
    };
    for (const i of all) files[`xl/worksheets/sheet${i}.xml`] = sheet(holders[i - 1]);
    return zipped(files);
  };
  const zipped = (files) => {
    const encoder = new TextEncoder();
    const crc = (bytes) => {
      let rest = -1;
      for (const byte of bytes) {
        rest ^= byte;
        for (let bit = 0; bit < 8; bit++) rest = (rest >>> 1) ^ (0xedb88320 & -(rest & 1));
      }
      return ~rest >>> 0;
    };
    const fields = (...pairs) => {
      const view = new DataView(new ArrayBuffer(pairs.reduce((sum, [size]) => sum + size, 0)));
      let at = 0;
      for (const [size, value] of pairs) {
        if (size === 4) view.setUint32(at, value, true);
        else view.setUint16(at, value, true);
        at += size;
      }
      return new Uint8Array(view.buffer);
    };
    const parts = [];
    const central = [];
    let at = 0;
    for (const [name, text] of Object.entries(files)) {
      const [path, body] = [encoder.encode(name), encoder.encode('<?xml version="1.0" encoding="UTF-8" standalone="yes"?>' + text)];
      const common = [[2, 20], [2, 0x800], [2, 0], [2, 0], [2, 0x21], [4, crc(body)], [4, body.length], [4, body.length], [2, path.length], [2, 0]];
      const head = fields([4, 0x04034b50], ...common);
      central.push(fields([4, 0x02014b50], [2, 20], ...common, [2, 0], [2, 0], [2, 0], [4, 0], [4, at]), path);
      parts.push(head, path, body);
      at += head.length + path.length + body.length;
    }
    const size = central.reduce((sum, part) => sum + part.length, 0);
    const count = Object.keys(files).length;
    const end = fields([4, 0x06054b50], [2, 0], [2, 0], [2, count], [2, count], [4, size], [4, at], [2, 0]);
    return new Blob([...parts, ...central, end], { type: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" });
  };
  for (const button of document.querySelectorAll("button[data-workbook]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(workbook());
      link.download = button.dataset.workbook;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60000);
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
  // Nothing plays by itself; readers who want less motion are not offered it.
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  for (const button of document.querySelectorAll("button[data-plays]")) {
    const name = button.dataset.plays;
    const years = [...document.querySelectorAll(`select[data-chart="${name}"]`)].at(-1);
    let timer = null;
    const stop = () => {
      clearInterval(timer);
      timer = null;
      button.textContent = button.dataset.play;
      button.setAttribute("aria-pressed", "false");
      document.querySelector(`#chart-${name} .finding`).setAttribute("aria-live", "polite");
    };
    const step = () => {
      if (years.selectedIndex + 1 >= years.options.length) return stop();
      years.selectedIndex += 1;
      draw(name);
    };
    const offer = () => {
      button.hidden = still.matches;
      if (still.matches && timer) stop();
    };
    button.addEventListener("click", () => {
      if (timer) return stop();
      if (years.selectedIndex + 1 >= years.options.length) years.selectedIndex = 0;
      button.textContent = button.dataset.stop;
      button.setAttribute("aria-pressed", "true");
      document.querySelector(`#chart-${name} .finding`).setAttribute("aria-live", "off"); // a voice could not keep up
      draw(name);
      timer = setInterval(step, 900);
    });
    years.addEventListener("change", () => timer && stop());
    still.addEventListener("change", offer);
    offer();
  }
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
    for (const details of opened) {
      for (const holder of details.querySelectorAll("[data-packed]")) build(holder);
      details.open = true;
    }
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
