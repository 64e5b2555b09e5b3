// Tables as text: sorted for reading, and as CSV for spreadsheets.
export interface Column<Row> {
  name: string;
  of(row: Row): string | number | null;
  // How a value is shown; the file has the value itself.
  shown?(row: Row): string;
}

// Numbers as numbers, text as people of the language order it; what is missing comes last either way.
export function sorted<Row>(rows: readonly Row[], { of }: Column<Row>, falling: boolean, language: string): Row[] {
  const order = new Intl.Collator(language === "zh" ? "zh-CN" : "en", { numeric: true });
  return [...rows].sort((left, right) => {
    const [a, b] = [of(left), of(right)];
    if (a === null || b === null) return Number(a === null) - Number(b === null);
    const difference = typeof a === "number" && typeof b === "number" ? a - b : order.compare(String(a), String(b));
    return falling ? -difference : difference;
  });
}

// With the mark by which spreadsheets know UTF-8.
export function csv<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const lines = [columns.map(({ name }) => cell(name)), ...rows.map((row) => columns.map(({ of }) => cell(of(row))))];
  return `\ufeff${lines.map((cells) => cells.join(",")).join("\r\n")}\r\n`;
}

// A spreadsheet would take a text that begins so for a formula.
const FORMULA = /^[=+\-@\t\r]/;

function cell(value: string | number | null): string {
  if (value === null) return "";
  if (typeof value === "number") return String(value);
  const safe = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
