"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  const every = (selector, within = document) => [...within.querySelectorAll(selector)];

  // Theme: as the system, light, dark.
  const themes = ["auto", "light", "dark"];
  const named = { auto: "as the system", light: "light", dark: "dark" };
  const button = document.getElementById("theme");
  const stored = () => { try { return localStorage.getItem("rayzc-theme"); } catch { return null; } };
  const setTheme = (theme) => {
    if (theme === "auto") delete root.dataset.theme; else root.dataset.theme = theme;
    button.textContent = theme[0].toUpperCase() + theme.slice(1);
    button.setAttribute("aria-label", `Colours: ${named[theme]}`);
    button.dataset.now = theme;
    try { localStorage.setItem("rayzc-theme", theme); } catch { /* not remembered */ }
  };
  setTheme(themes.includes(stored()) ? stored() : "auto");
  button.addEventListener("click", () => setTheme(themes[(themes.indexOf(button.dataset.now) + 1) % 3]));

  // Tabs: arrows, Home and End move; what is shown is drawn.
  const choose = (tabs, tab, focus) => {
    for (const other of tabs) {
      const own = other === tab;
      other.setAttribute("aria-selected", String(own));
      other.tabIndex = own ? 0 : -1;
      document.getElementById(other.getAttribute("aria-controls")).toggleAttribute("data-later", !own);
    }
    if (focus) tab.focus();
    drawSeen();
  };
  for (const group of every("[data-tabs]")) {
    const tabs = every(':scope > [role="tablist"] > [role="tab"]', group);
    tabs.forEach((tab, place) => {
      tab.addEventListener("click", () => choose(tabs, tab, false));
      tab.addEventListener("keydown", (event) => {
        const steps = { ArrowRight: place + 1, ArrowLeft: place - 1, Home: 0, End: tabs.length - 1 };
        if (!(event.key in steps)) return;
        event.preventDefault();
        choose(tabs, tabs[(steps[event.key] + tabs.length) % tabs.length], true);
      });
    });
  }
  // A link into a chapter that is not shown shows it.
  const follow = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const chapter = target && target.closest(".chapter");
    if (!chapter || !chapter.hasAttribute("data-later")) return;
    const tab = document.getElementById(chapter.getAttribute("aria-labelledby"));
    choose(every('.tabs [role="tab"]'), tab, false);
    target.scrollIntoView();
  };
  window.addEventListener("hashchange", follow);

  for (const copy of every("[data-copy]")) {
    copy.addEventListener("click", async () => {
      const source = document.getElementById(copy.dataset.copy);
      try {
        await navigator.clipboard.writeText(source.textContent);
        copy.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(source);
        copy.textContent = "Selected";
      }
      setTimeout(() => { copy.textContent = "Copy"; }, 1500);
    });
  }

  // Charts: those in sight at once, the others when there is time, so that all of them are there for paper.
  const specs = JSON.parse(document.getElementById("figures").textContent);
  const views = {};
  const ink = "var(--ink)", quiet = "var(--ink-2)", line = "var(--line)";
  const font = getComputedStyle(document.body).fontFamily;
  const look = {
    background: "transparent", font, padding: 2,
    view: { stroke: null },
    axis: {
      labelColor: quiet, titleColor: quiet, titleFontWeight: 500, gridColor: line, domainColor: "var(--line-2)",
      tickColor: "var(--line-2)", labelFontSize: 12, titleFontSize: 12, titlePadding: 8, labelLimit: 260,
    },
    legend: { labelColor: ink, labelFontSize: 12, symbolSize: 90, labelLimit: 220, rowPadding: 4, columnPadding: 18 },
  };
  const widthFor = (place) => {
    const column = place.closest(".sections") || document.getElementById("content");
    const seen = column.clientWidth || (every(".sections").find((each) => each.clientWidth) || {}).clientWidth || 640;
    return Math.max(260, Math.min(seen, place.closest(".panels") ? 620 : 860) - 4);
  };
  const fitted = (spec, width) => {
    const copy = structuredClone(spec);
    copy.width = width;
    copy.config = { axisX: { labelFlush: false, tickCount: width < 520 ? 4 : 8 } };
    copy.autosize = { type: "fit-x", contains: "padding" };
    if (width < 520) {
      for (const layer of copy.layer) {
        const y = layer.encoding && layer.encoding.y;
        if (y && y.type === "nominal") y.axis = { ...y.axis, labelExpr: "split(datum.label, '/')", labelFontSize: 10.5 };
        for (const channel of ["color", "strokeDash"]) {
          const own = layer.encoding && layer.encoding[channel];
          if (own && own.legend) own.legend = { ...own.legend, columns: 1 };
        }
      }
    }
    return copy;
  };
  const draw = async (place) => {
    const name = place.dataset.chart, width = widthFor(place);
    if (place.dataset.width === String(width)) return;
    place.dataset.width = String(width);
    const drawn = await vegaEmbed(place, fitted(specs[name], width), {
      ast: true, renderer: "svg", actions: false, config: look, defaultStyle: false,
      tooltip: { disableDefaultStyle: true },
    });
    if (views[name]) views[name].finalize();
    views[name] = drawn.view;
    place.classList.add("drawn");
    // The figure has a name and a description of its own, and the same as a table.
    for (const inner of every("[role], [aria-label]", place)) {
      inner.removeAttribute("role"); inner.removeAttribute("aria-label"); inner.removeAttribute("aria-roledescription");
    }
    const front = document.querySelector(`[data-front="${CSS.escape(name)}"]`);
    if (front) {
      drawn.view.addEventListener("click", (event, item) => {
        if (item && item.datum && Number.isInteger(item.datum.i)) pick(front, item.datum.i);
      });
      const checked = front.querySelector("input:checked");
      drawn.view.signal("chosen", Number(checked.value)).run();
    }
  };
  const pick = (front, number) => {
    every("input", front).forEach((input) => { input.checked = Number(input.value) === number; });
    every("[data-shown]", front).forEach((each) => { each.hidden = Number(each.dataset.shown) !== number; });
    const view = views[front.dataset.front];
    if (view) view.signal("chosen", number).run();
  };
  for (const front of every("[data-front]")) {
    front.addEventListener("change", (event) => pick(front, Number(event.target.value)));
  }
  const charts = every("[data-chart]");
  const near = (place) => {
    const box = place.getBoundingClientRect();
    return box.width > 0 && box.top < innerHeight * 1.5 && box.bottom > -innerHeight;
  };
  const later = window.requestIdleCallback || ((work) => setTimeout(work, 30));
  let waiting = charts;
  const drawSeen = () => { for (const place of charts) if (near(place)) draw(place); };
  const drawRest = () => later(async () => {
    const [next, ...rest] = waiting;
    if (!next) { root.dataset.ready = "all"; return; }
    waiting = rest;
    await draw(next);
    drawRest();
  });
  follow();
  drawSeen();
  requestAnimationFrame(() => setTimeout(() => { root.dataset.ready = "first"; drawRest(); }));
  let pause;
  addEventListener("resize", () => {
    clearTimeout(pause);
    pause = setTimeout(() => { drawSeen(); waiting = charts; drawRest(); }, 200);
  });
})();
