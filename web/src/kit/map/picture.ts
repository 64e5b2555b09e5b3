// A map as a picture for paper: drawn anew in the print style on a sheet of its own, whatever the window's size.
import { Map as Drawing, type StyleSpecification } from "maplibre-gl";

import type { Bounds } from "./ground";

export interface Legend {
  name: string;
  classes: { colour: string; range: string }[];
}

export interface Sheet {
  style: StyleSpecification;
  bounds: Bounds;
  title: string;
  // By the zoom that the sheet turns out to have.
  legend: (zoom: number) => Legend | null;
  // Date, sources and whose picture it is, at the foot.
  foot: string;
}

// A4 across at 96 dots an inch; drawn at twice that, so that print is sharp.
const WIDTH = 1123;
const HEIGHT = 794;
const DENSITY = 2;
const HEAD = 64;
const FOOT = 34;
const MARGIN = 24;
const FONT = '"Noto Sans SC Variable", "Noto Sans CJK SC", "Microsoft YaHei", sans-serif';
const PATIENCE_MS = 30_000;
const EQUATOR_M = 40_075_016.686;

export async function picture(sheet: Sheet): Promise<HTMLCanvasElement> {
  const place = document.createElement("div");
  place.style.cssText = `position:fixed;left:-9999px;width:${WIDTH - 2 * MARGIN}px;height:${HEIGHT - HEAD - FOOT}px`;
  document.body.append(place);
  try {
    const drawing = new Drawing({
      container: place,
      style: sheet.style,
      bounds: sheet.bounds,
      attributionControl: false,
      interactive: false,
      fadeDuration: 0,
      pixelRatio: DENSITY,
      canvasContextAttributes: { preserveDrawingBuffer: true },
    });
    try {
      await idle(drawing);
      return laidOut(sheet, drawing);
    } finally {
      drawing.remove();
    }
  } finally {
    place.remove();
  }
}

export const blobOf = (canvas: HTMLCanvasElement): Promise<Blob> =>
  new Promise((done, fail) => canvas.toBlob((made) => (made ? done(made) : fail(new Error("no picture"))), "image/png"));

function idle(drawing: Drawing): Promise<void> {
  return new Promise((done, fail) => {
    drawing.once("idle", () => done());
    setTimeout(() => fail(new Error("no picture in time")), PATIENCE_MS);
  });
}

function laidOut({ title, legend, foot }: Sheet, drawing: Drawing): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = WIDTH * DENSITY;
  canvas.height = HEIGHT * DENSITY;
  const pen = canvas.getContext("2d");
  if (!pen) throw new Error("no canvas");
  pen.scale(DENSITY, DENSITY);
  pen.fillStyle = "#ffffff";
  pen.fillRect(0, 0, WIDTH, HEIGHT);
  const [width, height] = [WIDTH - 2 * MARGIN, HEIGHT - HEAD - FOOT];
  pen.drawImage(drawing.getCanvas(), MARGIN, HEAD, width, height);
  pen.strokeStyle = "#000000";
  pen.strokeRect(MARGIN, HEAD, width, height);
  write(pen, title, MARGIN, HEAD - 22, `600 26px ${FONT}`, width);
  write(pen, foot, MARGIN, HEIGHT - 13, `12px ${FONT}`, width);
  const classes = legend(drawing.getZoom());
  if (classes) drawLegend(pen, classes, MARGIN + 12, HEIGHT - FOOT - 12);
  drawScale(pen, drawing, MARGIN + width - 12, HEIGHT - FOOT - 14);
  return canvas;
}

function drawLegend(pen: CanvasRenderingContext2D, { name, classes }: Legend, left: number, bottom: number): void {
  const row = 18;
  const height = 34 + classes.length * row;
  pen.font = `600 13px ${FONT}`;
  const width = Math.max(150, pen.measureText(name).width + 24);
  boxed(pen, left, bottom - height, width, height);
  write(pen, name, left + 12, bottom - height + 20, pen.font, width - 24);
  classes.forEach(({ colour, range }, i) => {
    const top = bottom - height + 30 + i * row;
    pen.fillStyle = colour;
    pen.fillRect(left + 12, top, 26, 12);
    pen.strokeRect(left + 12, top, 26, 12);
    write(pen, range, left + 48, top + 11, `12px ${FONT}`, width - 60);
  });
}

// A round length of some 130 pixels, true at the middle of the sheet.
function drawScale(pen: CanvasRenderingContext2D, drawing: Drawing, right: number, bottom: number): void {
  const across_m = (EQUATOR_M * Math.cos((drawing.getCenter().lat * Math.PI) / 180)) / (512 * 2 ** drawing.getZoom());
  const length_m = rounded(130 * across_m);
  const width = length_m / across_m;
  boxed(pen, right - width - 20, bottom - 30, width + 20, 36);
  pen.beginPath();
  pen.moveTo(right - width - 10, bottom - 8);
  pen.lineTo(right - width - 10, bottom);
  pen.lineTo(right - 10, bottom);
  pen.lineTo(right - 10, bottom - 8);
  pen.stroke();
  write(pen, length_m < 1_000 ? `${length_m} m` : `${length_m / 1_000} km`, right - width - 10, bottom - 13, `12px ${FONT}`, width);
}

// The greatest of 1, 2, 5, 10 … that is not above a length.
export function rounded(length: number): number {
  const power = 10 ** Math.floor(Math.log10(length));
  const first = length / power;
  return (first >= 5 ? 5 : first >= 2 ? 2 : 1) * power;
}

function boxed(pen: CanvasRenderingContext2D, left: number, top: number, width: number, height: number): void {
  pen.fillStyle = "rgb(255 255 255 / 92%)";
  pen.fillRect(left, top, width, height);
  pen.strokeStyle = "#000000";
  pen.lineWidth = 1;
  pen.strokeRect(left, top, width, height);
}

function write(pen: CanvasRenderingContext2D, words: string, left: number, base: number, font: string, most: number): void {
  pen.font = font;
  pen.fillStyle = "#000000";
  pen.fillText(words, left, base, most);
}
