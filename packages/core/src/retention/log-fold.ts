/** The head of a log as one event: what its events come to, and the submission. Pure. */
import { submissionOf, type TaskEvent, type TaskEventOf, type TaskState } from "@agentcore/contract";
import { stateAfter, TaskView } from "../tasks/view.ts";

export class LogFold {
  private readonly view: TaskView;
  private state: TaskState = "submitted";
  private submitted: TaskEventOf<"log.compacted">["data"]["submitted"] | null = null;
  private at = 0;

  constructor(taskId: string) {
    this.view = new TaskView(taskId);
  }

  /** In order from the first event, which in a folded log stands for many. */
  add(event: TaskEvent): void {
    if (this.submitted === null) {
      const first = submissionOf(event);
      if (first === null) throw new Error("a task's log begins with task.submitted or log.compacted");
      this.submitted = { at: first.at, data: first.data };
    }
    this.view.apply(event);
    this.state = event.type === "log.compacted" ? event.data.state : (stateAfter(event) ?? this.state);
    this.at = event.at;
  }

  /** The same whenever it is made: it says nothing of when that was. */
  event(): Omit<TaskEventOf<"log.compacted">, "seq"> {
    if (this.submitted === null) throw new Error("nothing was folded");
    const { submitted, state, at } = this;
    return { type: "log.compacted", at, data: { submitted, state, task: this.view.snapshot() } };
  }
}
