/* Charts: <canvas data-chart='{"type":"line|bar","labels":[],"series":[{"label":"","data":[],"colour":"1","dashed":false}],"unit":""}'>.
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

  function config(spec) {
    const hint = css("--zg-hint"), line = css("--zg-line"), isBar = spec.type === "bar";
    const datasets = spec.series.map((series, index) => {
      const colour = css(`--chart-${series.colour || index + 1}`);
      return {
        label: series.label, data: series.data, borderColor: colour, backgroundColor: isBar ? colour : "transparent",
        borderWidth: isBar ? 0 : 2, borderDash: series.dashed ? [5, 4] : [], pointRadius: 0, pointHoverRadius: 4,
        tension: 0, spanGaps: false, maxBarThickness: 32,
        // The unfinished last point is dotted.
        segment: series.open ? { borderDash: (c) => (c.p1DataIndex === series.data.length - 1 ? [2, 3] : undefined) } : undefined,
      };
    });
    const ticks = { color: hint, font: { size: 12, family: css("--font-sans") } };
    return {
      type: spec.type, data: { labels: spec.labels, datasets },
      options: {
        animation: false, responsive: true, maintainAspectRatio: false, interaction: { mode: "index", intersect: false },
        indexAxis: spec.horizontal ? "y" : "x",
        scales: {
          x: { grid: { display: Boolean(spec.horizontal), color: line }, ticks: { ...ticks, maxRotation: 0, autoSkipPadding: 16 }, border: { color: line } },
          y: { display: true, beginAtZero: isBar || spec.zero !== false, grid: { color: line, display: !spec.horizontal }, ticks: { ...ticks, maxTicksLimit: 6 }, border: { display: false } },
        },
        plugins: {
          legend: { display: datasets.length > 1, position: "bottom", labels: { color: hint, boxWidth: 12, boxHeight: 2 } },
          tooltip: { callbacks: { label: (item) => `${item.dataset.label}: ${item.formattedValue}${spec.unit ? ` ${spec.unit}` : ""}` } },
        },
      },
    };
  }

  function draw() {
    for (const [canvas, chart] of charts) if (!canvas.isConnected) { chart.destroy(); charts.delete(canvas); }
    const found = document.querySelectorAll("canvas[data-chart]");
    if (!found.length) return;
    library().then(() => {
      for (const canvas of found) {
        if (charts.has(canvas)) charts.get(canvas).destroy();
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
