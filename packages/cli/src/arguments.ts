/** Arguments that several verbs share. */
export const TASK_ARGUMENT = {
  name: "TASK_ID",
  description: "Id of the task, as `agentcore get tasks` lists it",
} as const;
