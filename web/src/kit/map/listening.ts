// The live stream of who is signed in, for as long as it is wanted.
import type { ReactiveController, ReactiveControllerHost } from "lit";

import { listen } from "./live";
import { loadSession } from "../session";

export class Listening implements ReactiveController {
  wanted = false;
  private stop: (() => void) | null = null;
  private readonly changed: () => void;

  constructor(host: ReactiveControllerHost, changed: () => void) {
    this.changed = changed;
    host.addController(this);
  }

  // A stream that was refused has ended with its session: who one is now is asked anew.
  hostUpdated(): void {
    if (this.wanted && !this.stop) this.stop = listen(this.changed, () => void loadSession());
    if (!this.wanted) this.hostDisconnected();
  }

  hostDisconnected(): void {
    this.stop?.();
    this.stop = null;
  }
}
