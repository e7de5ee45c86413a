/** How schedules go. They are applied and deleted as manifests. */
import { ScheduleStatus } from "@agentcore/contract";
import { z } from "zod";
import type { ScheduleService } from "../deps/schedule-service.ts";
import { jsonResponse } from "../http/responses.ts";
import { type ApiRoute, apiRoute } from "./api-route.ts";

export const createScheduleRoutes = (schedules: ScheduleService): readonly ApiRoute[] => [
  apiRoute({
    method: "GET",
    path: "/api/v1/schedules",
    operationId: "listSchedules",
    summary: "The tenant's schedules: when they come round next, and what they have done",
    tag: "schedules",
    access: "operator",
    answer: {
      status: 200,
      schema: z.object({ schedules: z.array(ScheduleStatus) }),
      description: "All schedules, by name",
    },
    handle: async ({ scope }) => jsonResponse({ schedules: await schedules.list(scope.tenantId) }),
  }),
  apiRoute({
    method: "GET",
    path: "/api/v1/schedules/{name}",
    operationId: "getSchedule",
    summary: "One schedule",
    tag: "schedules",
    access: "operator",
    answer: { status: 200, schema: ScheduleStatus, description: "The schedule" },
    handle: async ({ scope, path }) => jsonResponse(await schedules.get(scope.tenantId, path.name ?? "")),
  }),
];
