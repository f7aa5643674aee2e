/** What is due when, the earliest first: a binary heap. */
export class DueHeap<T extends { dueMs: number }> {
  private readonly items: T[] = [];

  get size(): number {
    return this.items.length;
  }

  /** The earliest; undefined when there is none. */
  first(): T | undefined {
    return this.items[0];
  }

  add(item: T): void {
    this.items.push(item);
    this.rise(this.items.length - 1);
  }

  /** Takes the earliest out. */
  shift(): T | undefined {
    const { items } = this;
    const first = items[0];
    const last = items.pop();
    if (first === undefined || last === undefined || items.length === 0) return first;
    items[0] = last;
    this.sink();
    return first;
  }

  /** The earliest is due at another, later time. */
  firstPutOff(): void {
    this.sink();
  }

  private rise(from: number): void {
    const { items } = this;
    const item = items[from]!;
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (items[parent]!.dueMs <= item.dueMs) break;
      items[at] = items[parent]!;
      at = parent;
    }
    items[at] = item;
  }

  private sink(): void {
    const { items } = this;
    const item = items[0]!;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && items[child + 1]!.dueMs < items[child]!.dueMs) child++;
      if (items[child]!.dueMs >= item.dueMs) break;
      items[at] = items[child]!;
      at = child;
    }
    items[at] = item;
  }
}
