// Areas in thousands, out of the vector tiles that the page carries (tiles/pyramid.py): one path of Leaflet's canvas
// draws them all and tells which of them is under the mouse.
(() => {
  const UNITS = 4096, // along a side of a tile
    SIDE_PX = 256, // of a tile at its own zoom
    STEP = 3; // zooms nearer than its own at which a tile is still right to half a pixel

  // ---- reading: Mapbox Vector Tile 2.1, of which a page needs ids and rings ------------------------------------
  function readTile(bytes) {
    return new Pbf.PbfReader(bytes).readFields((tag, found, pbf) => tag === 3 && pbf.readMessage(readLayer, found), []);
  }
  function readLayer(tag, found, pbf) {
    if (tag === 2) found.push(pbf.readMessage(readFeature, {}));
  }
  function readFeature(tag, feature, pbf) {
    if (tag === 1) feature.row = pbf.readVarint();
    if (tag === 4) Object.assign(feature, readRings(pbf));
  }
  function readRings(pbf) {
    const end = pbf.readVarint() + pbf.pos;
    const rings = [];
    const box = [Infinity, Infinity, -Infinity, -Infinity];
    let ring = null,
      x = 0,
      y = 0;
    while (pbf.pos < end) {
      const command = pbf.readVarint();
      if ((command & 7) === 7) continue; // ClosePath: a ring ends where the next begins
      if ((command & 7) === 1) rings.push((ring = []));
      for (let left = command >> 3; left; left--) {
        x += pbf.readSVarint();
        y += pbf.readSVarint();
        ring.push(x, y);
        if (x < box[0]) box[0] = x;
        if (y < box[1]) box[1] = y;
        if (x > box[2]) box[2] = x;
        if (y > box[3]) box[3] = y;
      }
    }
    return { rings, box };
  }
  function covers({ rings, box }, x, y) {
    if (x < box[0] || y < box[1] || x > box[2] || y > box[3]) return false;
    let inside = false;
    for (const ring of rings) {
      for (let i = 0, j = ring.length - 2; i < ring.length; j = i, i += 2) {
        const crosses = ring[i + 1] > y !== ring[j + 1] > y;
        if (crosses && x < ((ring[j] - ring[i]) * (y - ring[i + 1])) / (ring[j + 1] - ring[i + 1]) + ring[i])
          inside = !inside;
      }
    }
    return inside;
  }

  // ---- the tiles of a page, each read when it is first seen ------------------------------------------------------
  function pyramid({ zooms, bytes }) {
    const letters = atob(bytes);
    const content = new Uint8Array(letters.length);
    for (let i = 0; i < letters.length; i++) content[i] = letters.charCodeAt(i);
    const places = new Map();
    let at = 0;
    for (const [zoom, steps] of zooms) {
      for (let i = 0, x = 0, y = 0; i < steps.length; i += 3) {
        x += steps[i];
        y += steps[i + 1];
        places.set(`${zoom}/${x}/${y}`, { from: at, to: (at += steps[i + 2]), features: null });
      }
    }
    const known = zooms.map(([zoom]) => zoom);
    return {
      zoomFor: (zoom) => known.find((carried) => carried + STEP >= zoom) ?? known[known.length - 1],
      tile: (zoom, x, y) => {
        const place = places.get(`${zoom}/${x}/${y}`);
        if (place) place.features ||= readTile(content.subarray(place.from, place.to));
        return place;
      },
    };
  }

  // ---- drawing -------------------------------------------------------------------------------------------------
  // The shapes of a tile as one path for each class: adjoining areas of one colour then show no line between them.
  // As text, for a path that grows ring by ring costs Chromium time by the square of its rings.
  function pathsOf(tile, classOf) {
    const texts = new Map();
    for (const { row, rings } of tile.features) {
      const one = classOf(row);
      if (!texts.has(one)) texts.set(one, []);
      for (const ring of rings) texts.get(one).push("M" + ring.join(" ") + "Z");
    }
    return [...texts].map(([one, parts]) => [one, new Path2D(parts.join(""))]);
  }
  let Tiled = null;
  const kind = () =>
    (Tiled ||= L.Path.extend({
      initialize(tiles, classOf, paint, options) {
        L.setOptions(this, options);
        Object.assign(this, { tiles, classOf, paint, paths: new WeakMap() });
      },
      // What Leaflet asks of a path: nothing is kept from one view to the next but the tiles.
      _project() {},
      _update() {
        this._pxBounds = this._renderer._bounds;
      },
      _updatePath() {
        const { _bounds, _ctx, _drawing } = this._renderer;
        if (_drawing) this.eachTile(_bounds, (tile, place) => this.drawTile(_ctx, tile, place));
      },
      _containsPoint(point) {
        return this.rowAt(point) !== null;
      },
      // The tiles in a box of layer points, and where each lies; neighbours meet on whole pixels, so that no line shows.
      eachTile({ min, max }, act) {
        const zoom = this.tiles.zoomFor(this._map.getZoom());
        const side = SIDE_PX * 2 ** (this._map.getZoom() - zoom);
        const origin = this._map.getPixelOrigin();
        const [west, north] = [min.x + origin.x, min.y + origin.y].map((edge) => Math.floor(edge / side));
        const [east, south] = [max.x + origin.x, max.y + origin.y].map((edge) => Math.floor(edge / side));
        for (let x = west; x <= east; x++) {
          for (let y = north; y <= south; y++) {
            const tile = this.tiles.tile(zoom, x, y);
            if (tile) act(tile, { left: x * side - origin.x, top: y * side - origin.y, side });
          }
        }
      },
      drawTile(ctx, tile, { left, top, side }) {
        if (!this.paths.has(tile)) this.paths.set(tile, pathsOf(tile, this.classOf));
        const [x, y] = [Math.round(left), Math.round(top)];
        ctx.save();
        ctx.beginPath();
        ctx.rect(x, y, Math.round(left + side) - x, Math.round(top + side) - y);
        ctx.clip();
        ctx.translate(left, top);
        ctx.scale(side / UNITS, side / UNITS);
        ctx.lineJoin = "round";
        for (const [one, path] of this.paths.get(tile)) this.paint(ctx, path, one, side / UNITS, this._map.getZoom());
        ctx.restore();
      },
      rowAt(point) {
        let row = null;
        this.eachTile({ min: point, max: point }, ({ features }, { left, top, side }) => {
          const [x, y] = [((point.x - left) * UNITS) / side, ((point.y - top) * UNITS) / side];
          row = features.find((feature) => covers(feature, x, y))?.row ?? null;
        });
        return row;
      },
    }));

  /**
   * A path that draws what a pyramid holds. `classOf` gives the class of a row, and `paint(ctx, path, class, scale, zoom)`
   * draws the areas of one class in one tile: a line of `w / scale` is w pixels wide.
   */
  function tiled(tiles, classOf, paint, options) {
    const path = new (kind())(tiles, classOf, paint, options);
    // What it tells of is the area under the mouse; listeners of a path run before those of its group.
    path.on("mouseover mousemove click", ({ layerPoint }) => (path.wanggeRow = path.rowAt(layerPoint)));
    return path;
  }
  wangge.tools.pyramid = pyramid;
  wangge.tools.tiled = tiled;
})();
