const stepMs = 100;

/** Brings the number of users to the one that is wanted, at once or so many per second. */
export class UserRamp {
  /** Users now. */
  users = 0;
  wanted = 0;
  /** Users per second; null: at once. */
  rate: number | null = null;
  private readonly set: (users: number) => void;
  private timer: NodeJS.Timeout | null = null;

  constructor(set: (users: number) => void) {
    this.set = set;
  }

  to(wanted: number, rate: number | null): void {
    this.stop();
    Object.assign(this, { wanted, rate });
    if (rate === null || wanted === this.users) {
      this.change(wanted);
      return;
    }
    const [from, beganMs, way] = [this.users, performance.now(), Math.sign(wanted - this.users)];
    const step = () => {
      const moved = 1 + Math.floor((rate * (performance.now() - beganMs)) / 1000);
      const users = way > 0 ? Math.min(wanted, from + moved) : Math.max(wanted, from - moved);
      this.change(users);
      if (users === wanted) this.stop();
    };
    this.timer = setInterval(step, stepMs);
    step();
  }

  /** Stays at the users there are. */
  stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
  }

  private change(users: number): void {
    if (users === this.users) return;
    this.users = users;
    this.set(users);
  }
}
