// Whether the machine draws in software: then nothing fades or flies, and one pixel is one pixel.
import type { Map as Drawing } from "maplibre-gl";

const SOFTWARE = /swiftshader|llvmpipe|softpipe|software|basic render/i;
const known = new WeakMap<Drawing, boolean>();

export function weakOn(drawing: Drawing): boolean {
  const before = known.get(drawing);
  if (before !== undefined) return before;
  const weak = SOFTWARE.test(rendererOf(drawing.getCanvas()));
  known.set(drawing, weak);
  return weak;
}

function rendererOf(canvas: HTMLCanvasElement): string {
  const gl = canvas.getContext("webgl2");
  const names = gl?.getExtension("WEBGL_debug_renderer_info");
  return String((names && gl?.getParameter(names.UNMASKED_RENDERER_WEBGL)) ?? gl?.getParameter(gl.RENDERER) ?? "");
}
