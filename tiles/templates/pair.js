// Two maps that move together, and the list below that leads to places on both.
(() => {
  const { legendRow, make } = wangge.tools;

  function pair(maps, id, listed, words) {
    const [left, right] = maps;
    left.sync(right);
    right.sync(left);
    const box = document.getElementById(id);
    const legend = make("div", "wg-legend");
    legend.append(...listed.legend.map(legendRow));
    box.append(legend);
    if (!listed.rows.length) box.append(make("p", "", words.no_changes));
    else box.append(table(listed, left));
    box.append(...listed.notes.map((note) => make("p", "", note)));
    return maps;
  }
  function table({ columns, rows }, map) {
    const whole = make("table");
    const head = make("tr");
    head.append(...columns.map((column) => make("th", "", column)));
    whole.createTHead().append(head);
    whole.createTBody().append(...rows.map((row) => line(row, columns, map)));
    return whole;
  }
  // The other map follows.
  function line({ colour, corners, cells }, columns, map) {
    const row = make("tr");
    const [name, ...others] = cells;
    const go = make("button", "", name);
    go.type = "button";
    go.style.borderLeftColor = colour;
    go.addEventListener("click", () => map.fitBounds(corners, { padding: [40, 40], maxZoom: 16, animate: false }));
    const first = make("td");
    first.append(go);
    row.append(first, ...others.map((cell) => make("td", "", cell)));
    [...row.children].forEach((cell, i) => (cell.dataset.label = columns[i]));
    return row;
  }
  wangge.pair = pair;
})();
