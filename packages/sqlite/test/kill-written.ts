let calls = 0;

/** Ends the whole process at the twentieth batch, after COMMIT and before anyone is told. */
export const fault = (point: string): void => {
  if (point === "tasks.commit.written" && ++calls === 20) process.kill(process.pid, "SIGKILL");
};
