// What a sheet and its drawings do in the page. Text becomes text nodes only, never markup.
const wangge = (() => {
  const SVG = "http://www.w3.org/2000/svg";
  // Panes from below to above; only "areas" (a canvas) and what is SVG or HTML take the mouse.
  const PANES = { ground: 250, outlines: 420, names: 425, routes: 430, points: 440 };

  function make(tag, name, text) {
    const element = document.createElement(tag);
    if (name) element.className = name;
    if (text !== undefined) element.textContent = text;
    return element;
  }

  // ---- reading what Python wrote -------------------------------------------------------------------------------
  function latlngs(xy, sizes) {
    let at = 0, x = 0, y = 0;
    return sizes.map((size) => Array.from({ length: size }, () => {
      x += xy[at++];
      y += xy[at++];
      return [y / 1e5, x / 1e5];
    }));
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
    for (const pane of ["ground", "outlines", "names"]) map.getPane(pane).style.pointerEvents = "none";
    fit(map);
    keepFitted(map);
    narrowPanel(map);
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
  function narrowPanel(map) {
    map.wangge.panel.hidden = true;
    map.on("layeradd layerremove", () => {
      map.wangge.panel.hidden = !map.wangge.panel.querySelector("section:not([hidden])");
    });
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
    const layer = drawings[how](map, what);
    control(map, layer, name);
    if (legend) {
      const block = section(legend);
      if (layer.wanggeExtra) block.append(layer.wanggeExtra);
      map.wangge.panel.append(block);
      layer.on("add", () => (block.hidden = false)).on("remove", () => (block.hidden = true));
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
    if (shape === "line") box.append(svg("path", { d: "M1 7H21", stroke: colour, "stroke-width": 3, "stroke-dasharray": dash || "" }));
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
  function explain(group, table, popup) {
    group.bindTooltip((part) => card(table, part.wanggeRow), { sticky: true, opacity: 1 });
    if (popup !== false) group.bindPopup((part) => card(table, part.wanggeRow), { maxWidth: 280 });
    return group;
  }

  // ---- drawings ------------------------------------------------------------------------------------------------
  function classedAreas(map, { shape, at, colours, table }) {
    const group = L.featureGroup();
    areas(shape).forEach((area, row) => {
      const part = L.polygon(area, { color: "#fff", weight: 0.6, fillColor: colours[at[row]], fillOpacity: 0.85 });
      part.wanggeRow = row;
      group.addLayer(part);
    });
    // Far out, white edges would drown the colours of small areas.
    const edge = () => group.setStyle({ stroke: map.getZoom() > 9, weight: Math.min(1, (map.getZoom() - 9) / 4) });
    map.on("zoomend", () => map.hasLayer(group) && edge());
    group.on("add", edge);
    return explain(group, table);
  }
  // Outlines stand above everything and let the mouse through; the areas that answer it lie below all others.
  function outlines(map, { shape, colour, weight, dash, middles, table }) {
    const group = L.featureGroup();
    const above = renderer(map, "outlines", L.canvas);
    areas(shape).forEach((area, row) => {
      const part = L.polygon(area, { stroke: false, fillColor: "#fff", fillOpacity: 0.01 });
      part.wanggeRow = row;
      group.addLayer(part);
      group.addLayer(L.polygon(area, { renderer: above, interactive: false, fill: false, color: colour, weight, dashArray: dash }));
    });
    group.on("add", () => group.eachLayer((part) => part.wanggeRow !== undefined && part.bringToBack()));
    points(middles).forEach((middle, row) => group.addLayer(nameAt(middle, cell(table.heading, row))));
    map.on("zoomend resize", () => map.hasLayer(group) && clearNames(group));
    group.on("add", () => setTimeout(() => clearNames(group), 0));
    return explain(group, table);
  }
  function nameAt(middle, name) {
    const content = make("span", "", name);
    return L.tooltip(middle, { pane: "names", permanent: true, direction: "center", className: "wg-name", content, interactive: false });
  }
  function clearNames(group) {
    const kept = [];
    group.eachLayer((part) => {
      const element = part instanceof L.Tooltip && part.getElement();
      if (!element) return;
      const box = element.getBoundingClientRect();
      const hidden = kept.some((k) => box.left < k.right && k.left < box.right && box.top < k.bottom && k.top < box.bottom);
      element.style.visibility = hidden ? "hidden" : "";
      if (!hidden) kept.push(box);
    });
  }
  function ground(map, { buildings, streets }) {
    const below = renderer(map, "ground", L.canvas);
    const group = L.layerGroup();
    for (const area of areas(buildings)) {
      group.addLayer(L.polygon(area, { renderer: below, interactive: false, color: "#d5d0c6", weight: 0.5, fillColor: "#e4e0d8", fillOpacity: 1 }));
    }
    for (const line of lines(streets)) {
      group.addLayer(L.polyline(line, { renderer: below, interactive: false, color: "#c9ced3", weight: 1.6 }));
    }
    return group;
  }
  function dots(map, { xy, colours, at, table }) {
    const group = L.featureGroup();
    const above = renderer(map, "points", xy.length > 6000 ? L.canvas : L.svg);
    points(xy).forEach((point, row) => {
      const part = L.circleMarker(point, { renderer: above, radius: 4.5, color: "#fff", weight: 1.2, fillColor: colours[at[row]], fillOpacity: 1 });
      part.wanggeRow = row;
      group.addLayer(part);
    });
    return explain(group, table);
  }
  function routes(map, { shape, colours, dashes, at, table }) {
    const group = L.featureGroup();
    const above = renderer(map, "routes", L.svg);
    lines(shape).forEach((route, row) => {
      const colour = colours[at[row]];
      const casing = L.polyline(route, { renderer: above, interactive: false, color: "#fff", weight: 7, opacity: 0.9 });
      const part = L.polyline(route, { renderer: above, color: colour, weight: 4, opacity: 1, dashArray: dashes[at[row]] });
      part.wanggeRow = row;
      group.addLayer(casing).addLayer(part);
      for (const arrow of arrows(map, route, colour)) group.addLayer(arrow);
    });
    return explain(group, table);
  }
  // Web Mercator keeps angles, so that an arrow made once is right at every zoom.
  function arrows(map, route, colour) {
    return route.filter((line) => line.length > 1).flatMap((line) => {
      const flat = line.map((place) => map.project(place, 18));
      const along = [0];
      for (let i = 1; i < flat.length; i++) along.push(along[i - 1] + flat[i].distanceTo(flat[i - 1]));
      return [0.12, 0.37, 0.62, 0.87].map((share) => {
        const to = Math.max(1, along.findIndex((length) => length >= share * along[along.length - 1]));
        const step = flat[to].subtract(flat[to - 1]);
        const ahead = (share * along[along.length - 1] - along[to - 1]) / (along[to] - along[to - 1] || 1);
        return arrow(map.unproject(flat[to - 1].add(step.multiplyBy(ahead)), 18), (Math.atan2(step.y, step.x) * 180) / Math.PI, colour);
      });
    });
  }
  function arrow(place, degrees, colour) {
    const box = svg("svg", { width: 16, height: 16, viewBox: "-8 -8 16 16" });
    box.append(svg("path", { d: "M-5-5.5L6 0L-5 5.5Z", fill: colour, stroke: "#fff", "stroke-width": 1.5, transform: `rotate(${degrees})` }));
    const html = make("div");
    html.append(box);
    return L.marker(place, { interactive: false, keyboard: false, pane: "points", icon: L.divIcon({ className: "wg-arrow", html, iconSize: [16, 16] }) });
  }
  function clusters(map, { xy, colours, at, table }) {
    const group = L.markerClusterGroup({ chunkedLoading: true, maxClusterRadius: 56, showCoverageOnHover: false, iconCreateFunction: clusterIcon });
    const icons = colours.map(dotIcon);
    group.addLayers(points(xy).map((point, row) => {
      const part = L.marker(point, { icon: icons[at[row]], alt: cell(table.heading, row) ?? "" });
      part.wanggeRow = row;
      return part;
    }));
    return explain(group, table);
  }
  function dotIcon(colour) {
    const html = make("div", "wg-dot");
    Object.assign(html.style, { width: "14px", height: "14px", background: colour });
    return L.divIcon({ className: "", html: html.outerHTML, iconSize: [14, 14] });
  }
  function clusterIcon(cluster) {
    const count = cluster.getChildCount();
    const size = 30 + Math.min(24, Math.round(7 * Math.log10(count)));
    const html = make("div", "wg-cluster", count);
    const colour = count < 10 ? "#5b7fa6" : count < 100 ? "#3b6291" : count < 1000 ? "#234a7a" : "#12305c";
    Object.assign(html.style, { width: size + "px", height: size + "px", background: colour });
    return L.divIcon({ className: "", html, iconSize: [size, size] });
  }

  // ---- heat ----------------------------------------------------------------------------------------------------
  // Cells are Web Mercator cells of one zoom, so that counts add up; all frames share one scale and can be compared.
  function heat(map, { zoom, frames, names, totals, gradient }) {
    const side = 2 ** zoom;
    const places = frames.map((frame) => cellPlaces(frame, side));
    const layer = L.heatLayer(places[0] || [], { radius: 15, blur: 14, minOpacity: 0.08, gradient });
    const peaks = {};
    const scale = () => layer.setOptions({ max: (peaks[map.getZoom()] ||= peak(map, places)) });
    map.on("zoomend", () => map.hasLayer(layer) && scale());
    layer.on("add", scale);
    if (names) layer.wanggeExtra = clock(map, names, totals, (at) => show(map, layer, places[at]));
    return layer;
  }
  function show(map, layer, places) {
    if (map.hasLayer(layer)) layer.setLatLngs(places);
    else layer._latlngs = places; // what setLatLngs sets; off the map, it would fail when it redraws
  }
  function cellPlaces(frame, side) {
    const places = [];
    let x = 0, y = 0;
    for (let i = 0; i < frame.length; i += 3) {
      x += frame[i];
      y += frame[i + 1];
      const lat = (Math.atan(Math.sinh(Math.PI * (1 - (2 * (y + 0.5)) / side))) * 180) / Math.PI;
      places.push(L.latLng(lat, ((x + 0.5) / side) * 360 - 180, frame[i + 2]));
    }
    return places;
  }
  // The weight that is drawn in full colour at this zoom: nearly the heaviest spot of any frame.
  function peak(map, frames) {
    const heaviest = frames.map((places) => {
      const spots = new Map();
      for (const place of places) {
        const { x, y } = map.project(place).divideBy(24).floor();
        const key = x + ":" + y;
        spots.set(key, (spots.get(key) || 0) + place.alt);
      }
      const sorted = [...spots.values()].sort((a, b) => a - b);
      return sorted[Math.floor(0.98 * (sorted.length - 1))] || 0;
    });
    const faded = 2 ** -Math.min(12, Math.max(0, map.getMaxZoom() - map.getZoom())); // by Leaflet.heat, at each zoom
    return Math.max(1e-9, ...heaviest) * 1.2 * faded;
  }
  function clock(map, names, totals, turnTo) {
    const words = map.wangge.page.words;
    const box = make("div", "wg-time");
    const now = make("output");
    const bars = make("div", "wg-bars");
    const most = Math.max(1, ...totals);
    bars.append(...totals.map(() => make("i")));
    [...bars.children].forEach((bar, at) => (bar.style.height = (100 * totals[at]) / most + "%"));
    const row = make("div");
    const button = make("button", "", "▶");
    const slider = Object.assign(make("input"), { type: "range", min: 0, max: names.length - 1, value: 0 });
    slider.setAttribute("aria-label", words.time);
    row.append(button, slider);
    box.append(now, bars, row);
    const turn = (at) => {
      slider.value = at;
      now.textContent = names[at];
      [...bars.children].forEach((bar, i) => bar.classList.toggle("wg-now", i === at));
      turnTo(at);
    };
    let timer = null;
    const play = (on) => {
      clearInterval(timer);
      timer = on ? setInterval(() => turn((Number(slider.value) + 1) % names.length), 900) : null;
      button.textContent = on ? "❚❚" : "▶";
      button.setAttribute("aria-label", on ? words.pause : words.play);
    };
    slider.addEventListener("input", () => { play(false); turn(Number(slider.value)); });
    button.addEventListener("click", () => play(!timer));
    play(false);
    if (names.length) turn(0);
    return box;
  }

  const drawings = { areas: classedAreas, outlines, ground, dots, routes, clusters, heat };
  return { sheet, draw };
})();
