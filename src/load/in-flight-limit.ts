/** How many requests of a schedule may be in flight at once, kept exactly by all threads of a machine that count in one word of shared memory. */
export class InFlightLimit {
  private readonly most: number;
  private readonly word: Int32Array;

  /** @param word its first element counts; left out: this thread is alone */
  constructor(most: number, word: Int32Array = new Int32Array(1)) {
    this.most = most;
    this.word = word;
  }

  /** Takes a place for a request; false: there is none, and nothing was taken. */
  enter(): boolean {
    for (;;) {
      const inFlight = Atomics.load(this.word, 0);
      if (inFlight >= this.most) return false;
      if (Atomics.compareExchange(this.word, 0, inFlight, inFlight + 1) === inFlight) return true;
    }
  }

  /** The request has ended. */
  leave(): void {
    Atomics.sub(this.word, 0, 1);
  }
}
