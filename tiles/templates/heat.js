// Heat, and heat over time with its clock.
(() => {
  const { make } = wangge.tools;

  // Cells are Web Mercator cells of one zoom, so that counts add up; all frames share one scale and can be compared.
  function heat(map, { zoom, frames, names, totals, gradient }) {
    const side = 2 ** zoom;
    const places = frames.map((frame) => cellPlaces(frame, side));
    const layer = L.heatLayer(places[0] || [], { minOpacity: 0.05, gradient });
    const looks = {};
    const look = () => layer.setOptions((looks[map.getZoom()] ||= heatLook(map, places, zoom)));
    map.on("zoomend", () => map.hasLayer(layer) && look());
    layer.on("add", look);
    if (names) layer.wanggeExtra = clock(map, names, totals, (at) => show(map, layer, places[at]));
    return layer;
  }
  function show(map, layer, places) {
    if (map.hasLayer(layer)) layer.setLatLngs(places);
    else layer._latlngs = places; // what setLatLngs sets; off the map, it would fail when it redraws
  }
  function cellPlaces(frame, side) {
    const places = [];
    let x = 0,
      y = 0;
    for (let i = 0; i < frame.length; i += 3) {
      x += frame[i];
      y += frame[i + 1];
      const lat = (Math.atan(Math.sinh(Math.PI * (1 - (2 * (y + 0.5)) / side))) * 180) / Math.PI;
      places.push(L.latLng(lat, ((x + 0.5) / side) * 360 - 180, frame[i + 2]));
    }
    return places;
  }
  // Spots wide enough to close the gaps between cells, and the weight that is drawn in full colour, at this zoom.
  function heatLook(map, frames, zoom) {
    const radius = Math.min(90, Math.max(15, 256 * 2 ** (map.getZoom() - zoom)));
    const blur = 0.95 * radius;
    const faded = 2 ** -Math.min(12, Math.max(0, map.getMaxZoom() - map.getZoom())); // by Leaflet.heat, at each zoom
    return {
      radius,
      blur,
      max: faded * Math.max(1e-9, ...frames.map((places) => heavy(map, places, (radius + blur) / 2))),
    };
  }
  // Leaflet.heat sums in squares of this side and paints discs that reach into the squares around.
  const REACH = [
    [0, 0, 1],
    [1, 0, 0.5],
    [-1, 0, 0.5],
    [0, 1, 0.5],
    [0, -1, 0.5],
    [1, 1, 0.2],
    [1, -1, 0.2],
    [-1, 1, 0.2],
    [-1, -1, 0.2],
  ];
  function heavy(map, places, side) {
    const squares = new Map();
    const key = (x, y) => x * 2 ** 26 + y;
    for (const place of places) {
      const { x, y } = map.project(place).divideBy(side).floor();
      for (const [right, down, share] of REACH) {
        const at = key(x + right, y + down);
        squares.set(at, (squares.get(at) || 0) + share * place.alt);
      }
    }
    const sorted = [...squares.values()].sort((a, b) => a - b);
    return sorted[Math.floor(0.997 * (sorted.length - 1))] || 0;
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
    slider.addEventListener("input", () => {
      play(false);
      turn(Number(slider.value));
    });
    button.addEventListener("click", () => play(!timer));
    play(false);
    if (names.length) turn(0);
    return box;
  }

  wangge.drawings.heat = heat;
})();
