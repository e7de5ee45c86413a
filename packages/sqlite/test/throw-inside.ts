let calls = 0;

/** Fails the second batch inside its transaction. */
export const fault = (point: string): void => {
  if (point === "tasks.commit.inside" && ++calls === 2) throw new Error("the disk is gone");
};
