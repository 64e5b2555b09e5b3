// A question that is put before there is who needs its answer: whoever asks first has that answer, later ones ask anew.
export class Ahead<T> {
  private coming: Promise<T> | null = null;

  begin(coming: Promise<T>): Promise<T> {
    coming.catch(() => null); // told of by whoever takes it
    this.coming = coming;
    return coming;
  }

  take(): Promise<T> | null {
    const { coming } = this;
    this.coming = null;
    return coming;
  }
}
