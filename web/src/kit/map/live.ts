// What happens, as it happens: listeners are told at most once a second that something of theirs has changed.
export const AT_MOST_MS = 1_000;

// Calls at once, and once more at the end of the pause if it was wished meanwhile.
export function atMost(every_ms: number, act: () => void): () => void {
  let resting = false;
  let wished = false;
  const run = (): void => {
    if (resting) {
      wished = true;
      return;
    }
    resting = true;
    wished = false;
    act();
    setTimeout(() => {
      resting = false;
      if (wished) run();
    }, every_ms);
  };
  return run;
}

// Streams begin again by themselves after a break of the network; one that is refused has ended for good.
export function listen(changed: () => void, ended: () => void): () => void {
  const stream = new EventSource("/v1/live");
  const tell = atMost(AT_MOST_MS, changed);
  // What happened before the stream began, or while it was broken, is told by its beginning.
  for (const kind of ["open", "incident.reported", "incident.changed", "incident.settled", "reset"]) stream.addEventListener(kind, tell);
  stream.addEventListener("error", () => {
    if (stream.readyState === EventSource.CLOSED) ended();
  });
  return () => stream.close();
}
