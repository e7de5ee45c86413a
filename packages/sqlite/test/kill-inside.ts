let calls = 0;

/** Ends the whole process at the twentieth batch, inside its transaction. */
export const fault = (point: string): void => {
  if (point === "tasks.commit.inside" && ++calls === 20) process.kill(process.pid, "SIGKILL");
};
