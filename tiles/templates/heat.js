// Heat, and heat over time with its clock.
(() => {
  const { make } = wangge.tools;

  // Cells are Web Mercator cells of one zoom, so that counts add up; all frames share one scale and can be compared.
  function heat(map, { zoom, frames, names, totals, gradient }) {
    const side = 2 ** zoom;
    const places = frames.map((frame) => cellPlaces(frame, side));
    const layer = L.heatLayer([], { minOpacity: 0, gradient });
    const looks = {};
    let at = 0;
    const look = () => {
      const { options, spots } = (looks[map.getZoom()] ||= heatLook(map, places, zoom));
      layer._latlngs = spots[at] || []; // what setLatLngs sets; off the map, that would fail when it redraws
      if (map.hasLayer(layer)) layer.setOptions(options);
    };
    map.on("zoomend", () => map.hasLayer(layer) && look());
    layer.on("add", look);
    const turnTo = (frame) => {
      at = frame;
      if (map.hasLayer(layer)) look();
    };
    if (names) layer.wanggeExtra = clock(map, names, totals, turnTo);
    return layer;
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
  // Spots wide enough to close the gaps between cells, and how dark each is, at this zoom.
  function heatLook(map, frames, zoom) {
    const radius = Math.min(90, Math.max(15, 256 * 2 ** (map.getZoom() - zoom)));
    const blur = 0.95 * radius;
    const pitch = (radius + blur) / 2; // Leaflet.heat sums in squares of this side: one spot in each
    const cell = (256 * 2 ** (map.getZoom() - zoom)) / pitch;
    const squares = frames.map((places) => squaresOf(map, places, pitch, cell));
    const top = Math.max(1e-9, ...squares.map(heavy));
    const faded = 2 ** -Math.min(12, Math.max(0, map.getMaxZoom() - map.getZoom())); // by Leaflet.heat, at each zoom
    return { options: { radius, blur, max: faded }, spots: squares.map((of) => spotsOf(map, of, pitch, top)) };
  }
  // Leaflet.heat paints discs that reach into the squares around.
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
  const SPAN = 2 ** 26;
  // A cell gives each square that it lies on the part that lies on it: by its middle alone some squares would have two
  // cells and their neighbours one, in stripes that nothing on the ground explains.
  function squaresOf(map, places, pitch, cell) {
    const squares = new Map();
    for (const place of places) {
      const { x, y } = map.project(place).divideBy(pitch);
      for (const [column, width] of partsOf(x - cell / 2, x + cell / 2))
        for (const [row, height] of partsOf(y - cell / 2, y + cell / 2)) {
          const key = column * SPAN + row;
          squares.set(key, (squares.get(key) || 0) + place.alt * width * height);
        }
    }
    return squares;
  }
  function partsOf(from, to) {
    const parts = [];
    for (let at = Math.floor(from); at < to; at++)
      parts.push([at, (Math.min(to, at + 1) - Math.max(from, at)) / (to - from)]);
    return parts;
  }
  // The few densest squares do not set the scale.
  function heavy(squares) {
    const sorted = [...squares.values()].sort((a, b) => a - b);
    return sorted[Math.floor(0.997 * (sorted.length - 1))] || 0;
  }
  // Two powers of ten from light to dark: on a plain scale one town would leave everything else without colour.
  const strength = (weight, top) => Math.min(0.98, Math.log1p((99 * weight) / top) / Math.log(100));
  function spotsOf(map, squares, pitch, top) {
    return [...squares].map(([key, weight]) => {
      const own = strength(weight, top);
      // Discs darken one another where they overlap: each gives what makes all of them together as dark as its own.
      let around = 0;
      for (const [right, down, share] of REACH)
        around += (share * strength(squares.get(key + right * SPAN + down) || 0, top)) / own;
      const x = Math.floor(key / SPAN),
        y = key - x * SPAN;
      const middle = map.unproject(L.point((x + 0.5) * pitch, (y + 0.5) * pitch));
      return L.latLng(middle.lat, middle.lng, 1 - (1 - own) ** (1 / around));
    });
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
