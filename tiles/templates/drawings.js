// The layers of shapes: areas, outlines, ground, water, dots, routes, clusters.
(() => {
  const { areas, cell, explain, lines, make, points, pyramid, renderer, svg, tiled } = wangge.tools;

  const EDGES_FROM = 9.5;
  function classedAreas(map, { shape, tiles, at, colours, table }) {
    if (tiles) return tiledAreas(tiles, at, colours, table);
    const group = L.featureGroup();
    areas(shape).forEach((area, row) => {
      const colour = colours[at[row]];
      const part = L.polygon(area, {
        color: colour,
        weight: 0.6,
        fillColor: colour,
        fillOpacity: 0.85,
        smoothFactor: 0,
      });
      part.wanggeRow = row;
      group.addLayer(part);
    });
    // Far out, white edges would drown the colours of small areas.
    const edge = () => {
      const near = map.getZoom() > EDGES_FROM;
      group.eachLayer((part) =>
        part.setStyle({ color: near ? "#fff" : part.options.fillColor, opacity: near ? 1 : 0.4 }),
      );
    };
    map.on("zoomend", () => map.hasLayer(group) && edge());
    group.on("add", edge);
    return explain(group, table);
  }
  function tiledAreas(tiles, at, colours, table) {
    const paint = (ctx, path, one, scale, zoom) => {
      const near = zoom > EDGES_FROM;
      Object.assign(ctx, { fillStyle: colours[one], strokeStyle: near ? "#fff" : colours[one], lineWidth: 0.6 / scale });
      ctx.globalAlpha = 0.85;
      ctx.fill(path);
      ctx.globalAlpha = near ? 1 : 0.4;
      ctx.stroke(path);
    };
    return explain(L.featureGroup([tiled(pyramid(tiles), (row) => at[row], paint)]), table);
  }
  // Outlines stand above everything and let the mouse through; the areas that answer it lie below all others.
  function outlines(map, what) {
    const { middles, table } = what;
    const group = L.featureGroup();
    const { answering, drawn } = (what.tiles ? tiledOutlines : shapedOutlines)(map, what);
    for (const part of [...answering, ...drawn]) group.addLayer(part);
    group.on("add", () => answering.forEach((part) => part.bringToBack()));
    points(middles).forEach((middle, row) => group.addLayer(nameAt(middle, cell(table.heading, row))));
    const clear = () => map.hasLayer(group) && clearNames(map, group);
    let coming = null;
    const soon = () => {
      clear();
      clearTimeout(coming);
      coming = setTimeout(clear, CLUSTERS_MOVE_MS);
    };
    if (middles.length) map.on("zoomend moveend resize", soon);
    group.on("add", () => setTimeout(soon, 0));
    return explain(group, table);
  }
  const LAND = "#f9faf9";
  function shapedOutlines(map, { shape, colour, weight, dash, land }) {
    const above = { renderer: renderer(map, "outlines", L.canvas), interactive: false };
    const below = { renderer: renderer(map, "land", L.canvas), interactive: false };
    const answering = [];
    const drawn = [];
    areas(shape).forEach((area, row) => {
      const part = L.polygon(area, { stroke: false, fillColor: "#fff", fillOpacity: 0.01 });
      part.wanggeRow = row;
      answering.push(part);
      if (land) drawn.push(L.polygon(area, { ...below, stroke: false, fillColor: LAND, fillOpacity: 1 }));
      drawn.push(L.polygon(area, { ...above, fill: false, color: colour, weight, dashArray: dash }));
    });
    return { answering, drawn };
  }
  function tiledOutlines(map, { tiles, colour, weight, dash, land }) {
    const carried = pyramid(tiles);
    const part = (paint, pane) =>
      tiled(carried, () => 0, paint, pane && { renderer: renderer(map, pane, L.canvas), interactive: false });
    const fill = (ctx, path) => {
      ctx.fillStyle = LAND;
      ctx.fill(path);
    };
    const stroke = (ctx, path, _, scale) => {
      Object.assign(ctx, { strokeStyle: colour, lineWidth: weight / scale });
      ctx.setLineDash(dash ? dash.split(" ").map((length) => length / scale) : []);
      ctx.stroke(path);
    };
    const drawn = land ? [part(fill, "land"), part(stroke, "outlines")] : [part(stroke, "outlines")];
    return { answering: [part(() => {})], drawn };
  }
  function nameAt(middle, name) {
    const content = make("span", "", name);
    return L.tooltip(middle, {
      pane: "names",
      permanent: true,
      direction: "center",
      className: "wg-name",
      content,
      interactive: false,
    });
  }
  // Names keep clear of one another and, by a step up or down where there is room, of clusters and marks.
  const STEPS_PX = [0, 16, -16, 32, -32, 48, -48];
  const CLUSTERS_MOVE_MS = 400;
  const meet = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  function clearNames(map, group) {
    const marks = [...map.getPane("markerPane").querySelectorAll(".wg-cluster, .wg-dot")].map((mark) =>
      mark.getBoundingClientRect(),
    );
    const kept = [];
    group.eachLayer((part) => {
      const element = part instanceof L.Tooltip && part.getElement();
      if (!element) return;
      element.style.marginTop = "";
      const { left, right, top, bottom } = element.getBoundingClientRect();
      const free = STEPS_PX.map((step) => ({ step, left, right, top: top + step, bottom: bottom + step })).filter(
        (box) => !kept.some((other) => meet(box, other)),
      );
      const crowd = free.map((box) => marks.filter((mark) => meet(box, mark)).length);
      const best = free[crowd.indexOf(Math.min(...crowd))];
      element.style.visibility = best ? "" : "hidden";
      if (!best) return;
      element.style.marginTop = best.step + "px";
      kept.push(best);
    });
  }
  function ground(map, { buildings, streets }) {
    const below = renderer(map, "ground", L.canvas);
    const group = L.layerGroup();
    for (const area of areas(buildings)) {
      group.addLayer(
        L.polygon(area, {
          renderer: below,
          interactive: false,
          color: "#d5d0c6",
          weight: 0.5,
          fillColor: "#e4e0d8",
          fillOpacity: 1,
        }),
      );
    }
    for (const line of lines(streets)) {
      group.addLayer(L.polyline(line, { renderer: below, interactive: false, color: "#c9ced3", weight: 1.6 }));
    }
    return group;
  }
  const WATER = "#9fc4de";
  function water(map, { areas: lakes, rivers, weights }) {
    const below = { renderer: renderer(map, "ground", L.canvas), interactive: false };
    const group = L.layerGroup();
    for (const area of areas(lakes)) {
      group.addLayer(L.polygon(area, { ...below, color: WATER, weight: 0.5, fillColor: WATER, fillOpacity: 1 }));
    }
    lines(rivers).forEach((line, row) => {
      group.addLayer(L.polyline(line, { ...below, color: WATER, weight: weights[row] }));
    });
    return group;
  }
  function dots(map, { xy, colours, at, table }) {
    const group = L.featureGroup();
    const above = renderer(map, "points", xy.length > 6000 ? L.canvas : L.svg);
    points(xy).forEach((point, row) => {
      const part = L.circleMarker(point, {
        renderer: above,
        radius: 4.5,
        color: "#fff",
        weight: 1.2,
        fillColor: colours[at[row]],
        fillOpacity: 1,
      });
      part.wanggeRow = row;
      group.addLayer(part);
    });
    // Far out, full dots would hide what they stand on.
    const size = () => {
      const radius = Math.min(5, Math.max(1.6, 0.8 * (map.getZoom() - 6)));
      group.eachLayer((part) => part.setStyle({ radius, weight: radius / 4 }));
    };
    map.on("zoomend", () => map.hasLayer(group) && size());
    group.on("add", size);
    return explain(group, table);
  }
  function routes(map, { shape, colours, dashes, at, table }) {
    const group = L.featureGroup();
    const above = renderer(map, "routes", L.svg);
    lines(shape).forEach((route, row) => {
      const colour = colours[at[row]];
      const casing = L.polyline(route, { renderer: above, interactive: false, color: "#fff", weight: 7, opacity: 0.9 });
      const part = L.polyline(route, {
        renderer: above,
        color: colour,
        weight: 4,
        opacity: 1,
        dashArray: dashes[at[row]],
      });
      part.wanggeRow = row;
      group.addLayer(casing).addLayer(part);
      for (const one of arrows(map, route, colour)) group.addLayer(one);
    });
    // Far out, the arrows would be a heap.
    const tidy = () =>
      group.eachLayer(
        (part) => part.wanggeLength && part.setOpacity(part.wanggeLength * 2 ** map.getZoom() < 120 ? 0 : 1),
      );
    map.on("zoomend", () => map.hasLayer(group) && tidy());
    group.on("add", tidy);
    return explain(group, table);
  }
  // Web Mercator keeps angles, so that an arrow made once is right at every zoom.
  function arrows(map, route, colour) {
    return route
      .filter((line) => line.length > 1)
      .flatMap((line) => {
        const flat = line.map((place) => map.project(place, 18));
        const along = [0];
        for (let i = 1; i < flat.length; i++) along.push(along[i - 1] + flat[i].distanceTo(flat[i - 1]));
        return [0.12, 0.37, 0.62, 0.87].map((share) => {
          const to = Math.max(
            1,
            along.findIndex((length) => length >= share * along[along.length - 1]),
          );
          const step = flat[to].subtract(flat[to - 1]);
          const ahead = (share * along[along.length - 1] - along[to - 1]) / (along[to] - along[to - 1] || 1);
          const place = map.unproject(flat[to - 1].add(step.multiplyBy(ahead)), 18);
          const one = arrow(place, (Math.atan2(step.y, step.x) * 180) / Math.PI, colour);
          return Object.assign(one, { wanggeLength: along[along.length - 1] / 2 ** 18 });
        });
      });
  }
  function arrow(place, degrees, colour) {
    const box = svg("svg", { width: 16, height: 16, viewBox: "-8 -8 16 16" });
    box.append(
      svg("path", {
        d: "M-5-5.5L6 0L-5 5.5Z",
        fill: colour,
        stroke: "#fff",
        "stroke-width": 1.5,
        transform: `rotate(${degrees})`,
      }),
    );
    const html = make("div");
    html.append(box);
    return L.marker(place, {
      interactive: false,
      keyboard: false,
      pane: "points",
      icon: L.divIcon({ className: "wg-arrow", html, iconSize: [16, 16] }),
    });
  }
  function clusters(map, { xy, colours, at, table }) {
    const group = L.markerClusterGroup({
      chunkedLoading: true,
      maxClusterRadius: 56,
      showCoverageOnHover: false,
      iconCreateFunction: clusterIcon,
    });
    const icons = colours.map(dotIcon);
    group.addLayers(
      points(xy).map((point, row) => {
        const part = L.marker(point, { icon: icons[at[row]], alt: cell(table.heading, row) ?? "" });
        part.wanggeRow = row;
        return part;
      }),
    );
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

  Object.assign(wangge.drawings, { areas: classedAreas, outlines, ground, water, dots, routes, clusters });
})();
