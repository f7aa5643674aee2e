/** Five hours at ten readings a second; older ones are no longer asked for. */
const mostPoints = 200_000;

/** Power over time, added up: the trapezoids between readings, J. */
export class PowerIntegral {
  private readonly points: { atMs: number; watts: number }[] = [];
  private readonly longestPauseMs: number;

  /** @param longestPauseMs between two readings; a longer pause says nothing of the power within */
  constructor(longestPauseMs: number) {
    this.longestPauseMs = longestPauseMs;
  }

  add(atMs: number, watts: number): void {
    this.points.push({ atMs, watts });
    if (this.points.length > mostPoints) this.points.splice(0, mostPoints / 2);
  }

  /**
   * Energy between two times, J: up to the first reading and from the last one on the power is taken to be what they say, so that a window does not lose what
   * lies between its ends and the readings nearest to them. Null where it touches a pause that is too long.
   */
  joules(fromMs: number, toMs: number): number | null {
    const first = this.points[0];
    const last = this.points.at(-1);
    if (first === undefined || last === undefined || toMs <= fromMs) return null;
    const held = [{ ...first, atMs: Math.min(first.atMs, fromMs) }, ...this.points, { ...last, atMs: Math.max(last.atMs, toMs) }];
    let sum = 0;
    for (let at = 1; at < held.length; at++) {
      const [one, other] = [held[at - 1]!, held[at]!];
      const [start, end] = [Math.max(fromMs, one.atMs), Math.min(toMs, other.atMs)];
      const gapMs = other.atMs - one.atMs;
      if (end <= start) continue;
      if (gapMs > this.longestPauseMs) return null;
      const wattsAt = (ms: number) => one.watts + ((other.watts - one.watts) * (ms - one.atMs)) / gapMs;
      sum += (((wattsAt(start) + wattsAt(end)) / 2) * (end - start)) / 1000;
    }
    return sum;
  }
}
