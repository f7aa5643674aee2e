/** First in, first out; what was aborted while it waited is passed over. */
export class WaitingList<T extends { readonly over: boolean }> {
  private items: T[] = [];
  private from = 0;

  push(item: T): void {
    this.items.push(item);
  }

  /** The one that has waited longest, taken off; null when none waits. */
  next(): T | null {
    while (this.from < this.items.length) {
      const item = this.items[this.from++]!;
      // Moving the rest forward only when half is used up keeps each take at a constant cost.
      if (this.from >= 1024 && this.from * 2 >= this.items.length) {
        this.items.splice(0, this.from);
        this.from = 0;
      }
      if (!item.over) return item;
    }
    this.items.length = 0;
    this.from = 0;
    return null;
  }

  /** Everything that waits, taken off. */
  drain(): T[] {
    const rest = this.items.slice(this.from);
    this.items.length = 0;
    this.from = 0;
    return rest;
  }
}
