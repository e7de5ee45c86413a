/** Runs `work` one at a time; asked for while it runs, it runs once more, so that what was asked last is always seen. */
export const singleFlight = (work: () => Promise<void>): (() => Promise<void>) => {
  let running: Promise<void> | null = null;
  let again = false;
  const run = async (): Promise<void> => {
    do {
      again = false;
      await work();
    } while (again);
  };
  return () => {
    if (running !== null) again = true;
    running ??= run().finally(() => {
      running = null;
    });
    return running;
  };
};
