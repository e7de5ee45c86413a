/** ListTasks (A2A 3.1.4). */
import { check, found, type ListedTraits, skip, type WireTarget } from "../check.ts";
import { type JsonObject, listAt, member, shown, textAt } from "../json-values.ts";
import { needed, resultOf, unknownId } from "../target.ts";

const listing = (traits: ListedTraits, body: (target: WireTarget) => Promise<void>) =>
  check({ ...traits, section: "1.8 ListTasks" }, body);

const list = async ({ channel }: WireTarget, params: JsonObject) =>
  resultOf(await channel.call("ListTasks", params), "a list of tasks");

const idsOf = (result: unknown) => listAt(result, "tasks").map((task) => textAt(task, "id"));

/** Each once, in any order. */
const sameOnes = (found: readonly (string | undefined)[], expected: readonly string[]): boolean =>
  found.length === expected.length && expected.every((id) => found.includes(id));

/** Three tasks of a context that nothing else is in. */
const threeTasks = async ({ tasks }: WireTarget) => {
  const first = await tasks.another();
  const { contextId } = first;
  if (contextId === undefined) return skip("tasks have no context");
  const second = await tasks.another({ message: { contextId } });
  const third = await tasks.another({ message: { contextId } });
  if (second.contextId !== contextId || third.contextId !== contextId) skip("a context cannot be gone on with");
  return { contextId, ids: [first.id, second.id, third.id] };
};

export const LIST_CHECKS = [
  listing(
    { id: "AC-1.8-context", severity: "must", title: "the filter by context gives its tasks, all and only" },
    async (target) => {
      const { contextId, ids } = await threeTasks(target);
      const result = await list(target, { contextId });
      if (!sameOnes(idsOf(result), ids)) found(`tasks ${shown(idsOf(result))}`, shown(ids));
      const none = await list(target, { contextId: unknownId() });
      if (idsOf(none).length > 0) found(`tasks ${shown(idsOf(none))} of a context that there is not`, "none");
    },
  ),
  listing(
    { id: "AC-1.8-status", severity: "must", title: "the filter by status gives the tasks in that state only" },
    async (target) => {
      const { id } = await target.tasks.completed();
      const completed = await list(target, { status: "TASK_STATE_COMPLETED", pageSize: 100 });
      const states = listAt(completed, "tasks").map((task) => textAt(task, "status", "state"));
      const other = states.find((state) => state !== "TASK_STATE_COMPLETED");
      if (other !== undefined) found(`a task in ${other}`, "TASK_STATE_COMPLETED only");
      const { contextId } = await target.tasks.completed();
      const own = await list(target, { status: "TASK_STATE_COMPLETED", contextId });
      if (!idsOf(own).includes(id)) found("a completed task is missing", id);
      const rejected = await list(target, { status: "TASK_STATE_REJECTED", contextId });
      if (idsOf(rejected).includes(id)) found("a completed task", "rejected ones only");
    },
  ),
  listing(
    { id: "AC-1.8-pages", severity: "must", title: "pages follow each other by nextPageToken until it is empty" },
    async (target) => {
      const { contextId, ids } = await threeTasks(target);
      const seen: (string | undefined)[] = [];
      let pageToken = "";
      for (let page = 0; page < 5; page += 1) {
        const result = await list(target, { contextId, pageSize: 1, ...(pageToken === "" ? {} : { pageToken }) });
        if (listAt(result, "tasks").length > 1) found(`${listAt(result, "tasks").length} tasks`, "a page of 1");
        seen.push(...idsOf(result));
        pageToken = textAt(result, "nextPageToken") ?? "";
        if (pageToken === "") break;
      }
      if (!sameOnes(seen, ids)) found(`tasks ${shown(seen)}`, `each once: ${shown(ids)}`);
      if (pageToken !== "") found("a token after the last task", "an empty nextPageToken");
    },
  ),
  listing(
    { id: "AC-1.8-sizes", severity: "must", title: "pageSize says the page's, totalSize all before paging" },
    async (target) => {
      const { contextId } = await threeTasks(target);
      const result = await list(target, { contextId, pageSize: 2 });
      if (member(result, "totalSize") !== 3) found(`totalSize ${shown(member(result, "totalSize"))}`, "3");
      if (member(result, "pageSize") !== 2) found(`pageSize ${shown(member(result, "pageSize"))}`, "2");
    },
  ),
  listing(
    { id: "AC-1.8-default-size", severity: "must", title: "a page has at most 50 tasks when no size is asked for" },
    async (target) => {
      await target.tasks.completed();
      const result = await list(target, {});
      const { length } = listAt(result, "tasks");
      if (length > 50) found(`${length} tasks`, "50 at most");
    },
  ),
  listing({ id: "AC-1.8-order", severity: "must", title: "the task that changed last comes first" }, async (target) => {
    await threeTasks(target);
    const times = listAt(await list(target, { pageSize: 50 }), "tasks").map((task) =>
      textAt(task, "status", "timestamp"),
    );
    if (times.some((at) => at === undefined)) skip("there are tasks without a timestamp");
    const wrong = times.findIndex(
      (at, index) => index > 0 && Date.parse(at ?? "") > Date.parse(times[index - 1] ?? ""),
    );
    if (wrong !== -1) found(`${times[wrong - 1]} before ${times[wrong]}`, "newest first");
  }),
  listing(
    { id: "CORE-LIST-005", severity: "must", title: "without includeArtifacts no task has the member artifacts" },
    async (target) => {
      const { contextId } = await target.tasks.completed();
      for (const params of [{ contextId }, { contextId, includeArtifacts: false }])
        for (const task of listAt(await list(target, params), "tasks"))
          if (member(task, "artifacts") !== undefined) found("the member artifacts", "none");
    },
  ),
  listing(
    { id: "AC-1.8-artifacts", severity: "must", title: "with includeArtifacts tasks have their artifacts" },
    async (target) => {
      const { id, contextId } = await target.tasks.completed();
      const task = needed(await target.channel.call("GetTask", { id }), "GetTask");
      if (listAt(task, "artifacts").length === 0) skip("the task has no artifact");
      const result = await list(target, { contextId, includeArtifacts: true });
      const own =
        listAt(result, "tasks").find((each) => textAt(each, "id") === id) ?? skip("the task is not in the list");
      if (listAt(own, "artifacts").length !== listAt(task, "artifacts").length)
        found(`${listAt(own, "artifacts").length} artifacts`, `${listAt(task, "artifacts").length}`);
    },
  ),
  listing(
    { id: "AC-1.8-after", severity: "must", title: "statusTimestampAfter gives what changed at that time or later" },
    async (target) => {
      const { id, contextId } = await target.tasks.completed();
      const task = needed(await target.channel.call("GetTask", { id }), "GetTask");
      const at = textAt(task, "status", "timestamp") ?? skip("the task has no timestamp");
      const same = await list(target, { contextId, statusTimestampAfter: at, pageSize: 100 });
      if (!idsOf(same).includes(id))
        found("the task of that very time is missing", "it is there: the bound is inclusive");
      const time = new Date(Date.parse(at) + 1);
      if (Number.isNaN(time.getTime())) skip(`the timestamp ${shown(at)} is no time (DM-SERIAL-003)`);
      const later = time.toISOString();
      if (idsOf(await list(target, { contextId, statusTimestampAfter: later, pageSize: 100 })).includes(id))
        found("a task from before that time", "later ones only");
    },
  ),
  listing(
    { id: "AC-1.8-history", severity: "must", title: "historyLength 0 leaves the history out of a list" },
    async (target) => {
      const { contextId } = await target.tasks.completed();
      for (const task of listAt(await list(target, { contextId, historyLength: 0 }), "tasks"))
        if (member(task, "history") !== undefined) found("the member history", "none");
    },
  ),
];
