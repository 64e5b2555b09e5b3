// What a sheet and its drawings do in the page. Text becomes text nodes only, never markup.
const wangge = (() => {
  const SVG = "http://www.w3.org/2000/svg";
  // Panes from below to above; only "areas" (a canvas) and what is SVG or HTML take the mouse.
  const PANES = { land: 200, ground: 250, outlines: 420, routes: 430, points: 440, names: 610 };

  function make(tag, name, text) {
    const element = document.createElement(tag);
    if (name) element.className = name;
    if (text !== undefined) element.textContent = text;
    return element;
  }

  // ---- reading what Python wrote -------------------------------------------------------------------------------
  function latlngs(xy, sizes) {
    let at = 0,
      x = 0,
      y = 0;
    return sizes.map((size) =>
      Array.from({ length: size }, () => {
        x += xy[at++];
        y += xy[at++];
        return [y / 1e5, x / 1e5];
      }),
    );
  }
  function gather(items, sizes) {
    let at = 0;
    return sizes.map((size) => items.slice(at, (at += size)));
  }
  const lines = (shape) => gather(latlngs(shape.xy, shape.sizes), shape.groups);
  const areas = (shape) => gather(gather(latlngs(shape.xy, shape.sizes), shape.parts), shape.groups);
  const points = (xy) => latlngs(xy, [xy.length / 2])[0];
  const cell = (column, row) => (column.words ? column.words[column.at[row]] : column.values[row]);

  // ---- the page ------------------------------------------------------------------------------------------------
  function sheet(id, page) {
    const map = L.map(id, { preferCanvas: true, maxZoom: 19, minZoom: 4, zoomControl: false, zoomSnap: 0.25 });
    map.wangge = { page, panel: document.getElementById(id + "_panel"), renderers: {} };
    L.control.zoom({ zoomInTitle: page.words.zoom_in, zoomOutTitle: page.words.zoom_out }).addTo(map);
    L.control.scale({ position: "bottomright", imperial: false }).addTo(map);
    map.attributionControl.setPrefix("Leaflet");
    if (page.synthetic) map.attributionControl.addAttribution(page.words.synthetic);
    for (const [pane, height] of Object.entries(PANES)) map.createPane(pane).style.zIndex = height;
    for (const pane of ["land", "ground", "outlines", "names"]) map.getPane(pane).style.pointerEvents = "none";
    fit(map);
    keepFitted(map);
    map.wangge.panel.hidden = true;
    return map;
  }
  function fit(map) {
    map.fitBounds(map.wangge.page.corners, { paddingTopLeft: [16, 16], paddingBottomRight: [16, 32], animate: false });
  }
  // The legend below the map takes height while the page is built; until somebody moves the map, it stays fitted.
  function keepFitted(map) {
    let moved = false;
    for (const act of ["mousedown", "wheel", "touchstart", "keydown"]) {
      map.getContainer().addEventListener(act, () => (moved = true), { passive: true });
    }
    new ResizeObserver(() => {
      map.invalidateSize({ animate: false });
      if (!moved) fit(map);
    }).observe(map.getContainer());
  }
  function renderer(map, pane, kind) {
    return (map.wangge.renderers[pane] ||= kind({ pane, padding: 0.3 }));
  }
  function control(map, layer, name) {
    const own = map.wangge;
    if (!own.control) {
      own.control = L.control.layers(null, null, { collapsed: window.innerWidth <= 600 });
      own.layers = 0;
    }
    own.control.addOverlay(layer, name);
    if (++own.layers === 2) own.control.addTo(map);
  }
  function draw(map, how, what, name, legend) {
    if (Array.isArray(map)) {
      const layers = map.map((one) => draw(one, how, what, name, legend));
      return { addTo: () => layers.forEach((layer, i) => layer.addTo(map[i])) };
    }
    const layer = wangge.drawings[how](map, what);
    control(map, layer, name);
    if (legend) {
      const block = section(legend);
      if (layer.wanggeExtra) block.append(layer.wanggeExtra);
      const panel = map.wangge.panel;
      panel.append(block);
      layer.on("add remove", ({ type }) => {
        block.hidden = type === "remove";
        panel.hidden = !panel.querySelector("section:not([hidden])");
      });
    }
    return layer;
  }

  // ---- the legend ----------------------------------------------------------------------------------------------
  function section(legend) {
    const block = make("section");
    block.hidden = true;
    block.append(make("h2", "", legend.title));
    const rows = make("div", "wg-rows");
    rows.append(...legend.rows.map(legendRow));
    block.append(rows);
    if (legend.ramp) block.append(ramp(legend.ramp));
    for (const note of legend.notes || []) block.append(make("p", "", note));
    return block;
  }
  function legendRow(row) {
    const line = make("div", "wg-row");
    line.append(swatch(row), make("span", "", row.label));
    if (row.count !== undefined) line.append(make("b", "", row.count));
    return line;
  }
  function svg(tag, attributes) {
    const element = document.createElementNS(SVG, tag);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  }
  function swatch({ colour, shape, dash }) {
    const box = svg("svg", { width: 22, height: 14, "aria-hidden": "true" });
    if (shape === "line")
      box.append(svg("path", { d: "M1 7H21", stroke: colour, "stroke-width": 3, "stroke-dasharray": dash || "" }));
    else if (shape === "dot") box.append(svg("circle", { cx: 11, cy: 7, r: 5.5, fill: colour, stroke: "#fff" }));
    else box.append(svg("rect", { x: 0.5, y: 0.5, width: 21, height: 13, rx: 2, fill: colour, stroke: "#9aa5b1" }));
    return box;
  }
  function ramp({ colours, ends }) {
    const box = make("div");
    const bar = make("div", "wg-ramp");
    bar.style.background = `linear-gradient(to right, ${colours.join(",")})`;
    const names = make("div", "wg-ends");
    names.append(...ends.map((end) => make("span", "", end)));
    box.append(bar, names);
    return box;
  }
  function card(table, row) {
    const box = make("div", "wg-card");
    box.append(make("strong", "", cell(table.heading, row) ?? ""));
    const list = make("dl");
    for (const column of table.columns) {
      const value = cell(column, row);
      if (value !== null && value !== undefined) list.append(make("dt", "", column.title), make("dd", "", value));
    }
    if (list.children.length) box.append(list);
    return box;
  }
  function explain(group, table) {
    const told = (part) => card(table, part.wanggeRow);
    group.bindTooltip(told, { sticky: true, opacity: 1 }).bindPopup(told, { maxWidth: 280 });
    let row = null; // a path of tiles stands for many rows, and the mouse may go from one to the next within it
    group.on("mousemove", ({ layer }) => {
      if (layer.wanggeRow !== row) group.getTooltip().update();
      row = layer.wanggeRow;
    });
    return group.on("popupopen", () => group.closeTooltip());
  }

  return { sheet, draw, drawings: {}, tools: { areas, legendRow, cell, explain, lines, make, points, renderer, svg } };
})();
