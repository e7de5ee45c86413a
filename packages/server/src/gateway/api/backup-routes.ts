import { PlatformError } from "@agentcore/contract";
import type { BackupService } from "../deps/backup-service.ts";
import { DEFAULT_TENANT } from "../deps/tenants.ts";
import { type ApiRoute, apiRoute } from "./api-route.ts";

export const createBackupRoutes = (backups: BackupService): readonly ApiRoute[] => [
  apiRoute({
    method: "GET",
    path: "/api/v1/backup",
    operationId: "takeBackup",
    summary: "All that the store holds, of all tenants, as of one moment; for operators of the tenant `default`",
    tag: "node",
    access: "operator",
    answer: {
      status: 200,
      contentTypes: ["application/gzip"],
      description: "A backup, to be restored by `agentcore restore`; one whose end is missing is no whole one",
    },
    handle({ request, scope }) {
      if (scope.tenantId !== DEFAULT_TENANT)
        throw new PlatformError(
          "PERMISSION_DENIED",
          `a backup holds all tenants: it is for operators of the tenant "${DEFAULT_TENANT}"`,
        );
      return new Response(backups.take(request.signal), {
        headers: {
          "content-type": "application/gzip",
          "cache-control": "no-store",
          "x-content-type-options": "nosniff",
        },
      });
    },
  }),
];
