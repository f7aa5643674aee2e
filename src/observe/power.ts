/** Power over time, added up: the trapezoids between samples, J. A gap longer than `mostGapMs` is not bridged. */
export class PowerIntegral {
  private readonly points: { atMs: number; watts: number }[] = [];
  private readonly mostGapMs: number;

  constructor(mostGapMs: number) {
    this.mostGapMs = mostGapMs;
  }

  add(atMs: number, watts: number): void {
    this.points.push({ atMs, watts });
    // A sample a second: some hours. Older ones are no longer asked for.
    if (this.points.length > 20_000) this.points.splice(0, 10_000);
  }

  /** Energy between two times, J; null where less than two samples lie in or around them. */
  joules(fromMs: number, toMs: number): number | null {
    let [sum, pieces] = [0, 0];
    for (let at = 1; at < this.points.length; at++) {
      const [one, other] = [this.points[at - 1]!, this.points[at]!];
      const [start, end] = [Math.max(fromMs, one.atMs), Math.min(toMs, other.atMs)];
      const gapMs = other.atMs - one.atMs;
      if (end <= start || gapMs > this.mostGapMs) continue;
      const wattsAt = (ms: number) => one.watts + ((other.watts - one.watts) * (ms - one.atMs)) / gapMs;
      sum += (((wattsAt(start) + wattsAt(end)) / 2) * (end - start)) / 1000;
      pieces++;
    }
    return pieces === 0 ? null : sum;
  }
}
