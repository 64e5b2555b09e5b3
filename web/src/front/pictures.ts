// Photographs that go with a report: made smaller in the browser, then sent one by one, again if need be.
import { tell } from "../kit/api";

export const MOST = 3;
const LONGEST_PX = 1600;
const QUALITY = 0.85;

// A phone's picture is several megabytes; what the browser cannot read is sent as it is, for the service to judge.
export async function smaller(file: Blob): Promise<Blob> {
  try {
    const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, LONGEST_PX / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(picture.width * scale));
    canvas.height = Math.max(1, Math.round(picture.height * scale));
    canvas.getContext("2d")!.drawImage(picture, 0, 0, canvas.width, canvas.height);
    picture.close();
    return await new Promise((give) => canvas.toBlob((made) => give(made ?? file), "image/jpeg", QUALITY));
  } catch {
    return file;
  }
}

export function sendPicture(incident: string, place: number, ticket: string, picture: Blob): Promise<void> {
  return tell(`/v1/incidents/${incident}/reported-photos/${place}`, {
    method: "PUT",
    headers: { "Photo-Ticket": ticket, "Content-Type": picture.type || "application/octet-stream" },
    body: picture,
  });
}
