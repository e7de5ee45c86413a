import { TaskEvent } from "@agentcore/contract";
import type { TaskService } from "@agentcore/core/tasks";
import { z } from "zod";
import type { OpenCalls } from "../http/open-calls.ts";
import { OpenStream } from "../http/open-stream.ts";
import type { PendingAnswers } from "../http/pending-answers.ts";
import { jsonResponse } from "../http/responses.ts";
import { lastEventId, type SseFrame, sseResponse } from "../http/server-sent-events.ts";
import { StreamRoom } from "../http/stream-room.ts";
import { type ApiRoute, apiRoute } from "./api-route.ts";
import { EventFeed, type StreamedText } from "./event-feed.ts";

const DEFAULT_LIMIT = 1000;
// A page is held in memory, and once more as text.
export const MAX_PAGE_BYTES = 16 * 1024 * 1024;

export const EventsQuery = z.strictObject({
  /** Events after this number. @default 0 */
  after: z.coerce.number({ error: "expected 0 or more" }).int().min(0, { error: "expected 0 or more" }).optional(),
  limit: z.coerce
    .number({ error: "expected 1 to 10000" })
    .int()
    .min(1, { error: "expected 1 to 10000" })
    .max(10_000, { error: "expected 1 to 10000" })
    .optional(),
});

const EventsPage = z.object({
  /** As many as `limit`, or fewer when they hold 16 MiB; none at the end of the log. */
  events: z.array(TaskEvent),
  /** What to pass as `after` next time. */
  nextAfter: z.number(),
});

export const createEventRoutes = (
  tasks: TaskService,
  streams: OpenCalls,
  answers: PendingAnswers,
  heartbeatMs: number,
): readonly ApiRoute[] => [
  apiRoute({
    method: "GET",
    path: "/api/v1/tasks/{id}/events",
    operationId: "getTaskEvents",
    summary:
      "A task's log: a page of it, or as a stream, with what models say in between (Accept: text/event-stream; Last-Event-ID resumes)",
    tag: "tasks",
    query: EventsQuery,
    answer: {
      status: 200,
      schema: EventsPage,
      contentTypes: ["application/json", "text/event-stream"],
      description: "Events in order, without gaps: at most `limit`, at most 16 MiB; an empty page is the end for now",
    },
    async handle({ request, scope, path, query }) {
      const taskId = path.id ?? "";
      const after = lastEventId(request.headers)?.seq ?? query.after ?? 0;
      if (!wantsStream(request.headers.get("accept"))) {
        const events = await tasks.log(scope, taskId, {
          after: query.after ?? 0,
          limit: query.limit ?? DEFAULT_LIMIT,
          maxBytes: MAX_PAGE_BYTES,
        });
        return jsonResponse({ events, nextAfter: events.at(-1)?.seq ?? query.after ?? 0 });
      }
      answers.assertRoom(scope);
      const open = streams.begin(scope, request);
      try {
        const room = new StreamRoom(answers, scope);
        const log = await tasks.follow(scope, taskId, { after, hasRoom: room.hasRoom, live: true });
        return await sseResponse(new OpenStream(new EventFeed(log, after), open, room), toFrame, { heartbeatMs });
      } catch (error) {
        open.end();
        throw error;
      }
    },
  }),
];

const wantsStream = (accept: string | null): boolean => accept?.toLowerCase().includes("text/event-stream") === true;

/** A text has a number of its own kind, and no `seq`: it is no event of the log. */
const toFrame = (item: TaskEvent | StreamedText): SseFrame => {
  if ("seq" in item) return { data: JSON.stringify(item), event: item.type, id: item.seq };
  const { after, part, ...said } = item;
  return { data: JSON.stringify({ after, ...said }), event: "artifact.streamed", id: `${after}.${part}` };
};
