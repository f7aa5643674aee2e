/**
 * Hands out parts of large arrays. What thousands of streams hold a little of lies in few arrays then: every array is an object of its own that the
 * processor must fetch for each token before it gets to what is in it. A part is never given back; an array lives as long as one of its parts is held.
 */
export class Slab<T extends { readonly length: number }> {
  private readonly make: (length: number) => T;
  private readonly size: number;
  private array: T;
  private used = 0;

  /** @param make an array of so many elements @param size elements of one array */
  constructor(make: (length: number) => T, size: number) {
    this.make = make;
    this.size = size;
    this.array = make(0);
  }

  /** So many elements from `start` on; what was there before means nothing. */
  take(length: number): { array: T; start: number } {
    if (this.used + length > this.array.length) {
      this.array = this.make(Math.max(this.size, length));
      this.used = 0;
    }
    const start = this.used;
    this.used += length;
    return { array: this.array, start };
  }
}
