// What a whole page listens for while it is there: its keys, and the change from light to dark, which draws it again.
import type { ReactiveController, ReactiveControllerHost } from "lit";

export class PageKeys implements ReactiveController {
  private readonly host: ReactiveControllerHost;
  private readonly pressed: (event: KeyboardEvent) => void;

  constructor(host: ReactiveControllerHost, pressed: (event: KeyboardEvent) => void) {
    this.host = host;
    this.pressed = pressed;
    host.addController(this);
  }

  hostConnected(): void {
    addEventListener("themechange", this.draw);
    addEventListener("keydown", this.pressed);
  }

  hostDisconnected(): void {
    removeEventListener("themechange", this.draw);
    removeEventListener("keydown", this.pressed);
  }

  private readonly draw = (): void => this.host.requestUpdate();
}
