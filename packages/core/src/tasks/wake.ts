/** One bell: rings that come while nobody waits are kept as one. */
export interface Wake {
  ring(): void;
  rung(): Promise<void>;
}

export const createWake = (): Wake => {
  let pending = false;
  let waiter: (() => void) | null = null;
  return {
    ring(): void {
      if (waiter === null) pending = true;
      else {
        const resolve = waiter;
        waiter = null;
        resolve();
      }
    },
    rung(): Promise<void> {
      if (pending) {
        pending = false;
        return Promise.resolve();
      }
      return new Promise((resolve) => {
        waiter = resolve;
      });
    },
  };
};
