/* Charts: <canvas data-chart='{"type":"line|bar","labels":[],"series":[{"label":"","data":[],"colour":"1","dashed":false,"low":[],"high":[]}],"unit":"","before":"","urls":[]}'>.
   `low` and `high` draw a likely range around a line. `before` and `unit` stand around every number; `urls` are where a click on a point leads. Arrow keys walk the points.
   Colours come from the page and follow the theme; the library is fetched only when a page has a chart. */
"use strict";
(() => {
  const charts = new Map();
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  function library() {
    if (window.Chart) return Promise.resolve();
    return new Promise((done, failed) => {
      const script = document.createElement("script");
      script.src = document.body.dataset.chartLibrary;
      script.onload = done;
      script.onerror = failed;
      document.head.append(script);
    });
  }

  const say = (spec, text) => `${spec.before || ""}${text}${spec.unit === "%" ? "%" : spec.unit ? ` ${spec.unit}` : ""}`.replace(/^([^-−]*)[-−]/, "−$1");

  // What does not fit beside its bar goes on below, and ends in an ellipsis: the whole stands in the tooltip and the table.
  function folded(text, ctx, most) {
    const lines = [""];
    for (const word of String(text).match(/[\u2e80-\uffef]|[^\s\u2e80-\uffef]+\s*|\s+/g) || [""]) {
      if (lines.at(-1).trim() && ctx.measureText(`${lines.at(-1)}${word}`.trimEnd()).width > most) lines.push("");
      lines.push(lines.pop() + word);
    }
    const cut = (line, more) => {
      let kept = line.trim();
      if (!more && ctx.measureText(kept).width <= most) return kept;
      while (kept && ctx.measureText(`${kept}…`).width > most) kept = kept.slice(0, -1).trimEnd();
      return `${kept}…`;
    };
    return lines.length < 2 ? cut(lines[0], false) : [cut(lines[0], false), cut(lines[1], lines.length > 2)];
  }

  function config(spec) {
    const short = new Intl.NumberFormat(document.documentElement.lang, { notation: "compact", maximumFractionDigits: 1 });
    const hint = css("--zg-hint"), line = css("--zg-line"), isBar = spec.type === "bar";
    const datasets = spec.series.flatMap((series, index) => {
      const colour = css(`--chart-${series.colour || index + 1}`);
      const own = {
        label: series.label, data: series.data, borderColor: colour, backgroundColor: isBar ? colour : "transparent",
        borderWidth: isBar ? 0 : 2, borderDash: series.dashed ? [5, 4] : [], pointRadius: 0, pointHoverRadius: 4,
        tension: 0, spanGaps: false, maxBarThickness: 32,
        // The unfinished last point is dotted.
        segment: series.open ? { borderDash: (c) => (c.p1DataIndex === series.data.length - 1 ? [2, 3] : undefined) } : undefined,
      };
      if (!series.low) return [own];
      const edge = { ...own, label: "", borderWidth: 0, pointHoverRadius: 0, isEdge: true };
      return [
        { ...own, low: series.low, high: series.high }, { ...edge, data: series.high },
        { ...edge, data: series.low, fill: "-1", backgroundColor: `${colour}26` },
      ];
    });
    const round = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 2 });
    const range = ({ dataset, dataIndex: at }) => dataset.low && dataset.low[at] !== null
      ? ` (${say(spec, round.format(dataset.low[at]))} – ${say(spec, round.format(dataset.high[at]))})` : "";
    const number = (value) => say(spec, short.format(value));
    const ticks = { color: hint, font: { size: 12, family: css("--font-sans") } };
    // Things that are counted have no halves.
    const step = spec.series.every((one) => one.data.every((value) => value === null || Number.isInteger(value))) ? { precision: 0 } : {};
    const beside = {
      ...ticks, autoSkip: false,
      callback(value) {
        this.ctx.font = `12px ${css("--font-sans")}`;
        return folded(this.getLabelForValue(value), this.ctx, this.chart.width * 0.4);
      },
    };
    return {
      type: spec.type, data: { labels: spec.labels, datasets },
      options: {
        animation: false, responsive: true, layout: { padding: { right: 8 } }, maintainAspectRatio: false, interaction: { mode: "index", intersect: false },
        indexAxis: spec.horizontal ? "y" : "x", locale: document.documentElement.lang,
        onClick: (_event, items) => { if (spec.urls && items.length && spec.urls[items[0].index]) location.assign(spec.urls[items[0].index]); },
        scales: {
          x: { grid: { display: Boolean(spec.horizontal), color: line }, ticks: { ...ticks, maxRotation: 0, autoSkipPadding: 16, ...(spec.horizontal ? { ...step, callback: number } : {}) }, beginAtZero: true, border: { color: line } },
          y: { display: true, beginAtZero: isBar || spec.zero !== false, grid: { color: line, display: !spec.horizontal }, ticks: spec.horizontal ? beside : { ...ticks, ...step, maxTicksLimit: 6, callback: number }, border: { display: false } },
        },
        plugins: {
          legend: { display: spec.series.length > 1, position: "bottom", labels: { color: hint, boxWidth: 12, boxHeight: 2, filter: (item) => item.text } },
          tooltip: { filter: (item) => !item.dataset.isEdge, callbacks: { label: (item) => `${item.dataset.label}: ${say(spec, item.formattedValue)}${range(item)}` } },
        },
      },
    };
  }

  function walk(event) {
    const chart = charts.get(event.target), last = chart ? chart.data.labels.length - 1 : -1;
    const at = chart && chart.getActiveElements().length ? chart.getActiveElements()[0].index : -1;
    if (event.key === "Enter" && at >= 0) { chart.options.onClick(event, [{ index: at }]); return; }
    const next = { ArrowRight: Math.min(at + 1, last), ArrowLeft: at < 0 ? last : Math.max(at - 1, 0), Home: 0, End: last }[event.key];
    if (next === undefined || last < 0) return;
    event.preventDefault();
    const items = chart.data.datasets.map((_set, datasetIndex) => ({ datasetIndex, index: next }));
    chart.setActiveElements(items);
    chart.tooltip.setActiveElements(items, { x: 0, y: 0 });
    chart.update();
  }

  function draw() {
    for (const [canvas, chart] of charts) if (!canvas.isConnected) { chart.destroy(); charts.delete(canvas); }
    const found = document.querySelectorAll("canvas[data-chart]");
    if (!found.length) return;
    library().then(() => {
      for (const canvas of found) {
        if (charts.has(canvas)) charts.get(canvas).destroy();
        else canvas.addEventListener("keydown", walk);
        charts.set(canvas, new window.Chart(canvas, config(JSON.parse(canvas.dataset.chart))));
      }
    }, () => { for (const canvas of found) canvas.closest(".zg-chart").hidden = true; });
  }

  addEventListener("DOMContentLoaded", () => {
    draw();
    document.body.addEventListener("htmx:afterSwap", draw);
    let dark = document.documentElement.classList.contains("dark");
    new MutationObserver(() => {
      const now = document.documentElement.classList.contains("dark");
      if (now !== dark) { dark = now; draw(); }
    }).observe(document.documentElement, { attributes: true, attributeFilter: ["class"] });
  });
})();
