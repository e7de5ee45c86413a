import { API_VERSION, Manifest, type TenantManifest } from "@agentcore/contract";
import { expect, test } from "vitest";
import { TenantPolicies } from "./tenant-policies.ts";

const tenant = (spec: unknown): TenantManifest => {
  const manifest = Manifest.parse({ apiVersion: API_VERSION, kind: "Tenant", metadata: { name: "acme" }, spec });
  if (manifest.kind !== "Tenant") throw new Error("not a tenant");
  return manifest;
};

test("retention is read in milliseconds, and is nothing where a manifest says nothing", () => {
  const policies = new TenantPolicies();
  policies.set(tenant({ retention: { compactAfter: "12h", removeAfter: "30d" } }));
  expect(policies.all.get("acme")?.retention).toEqual({ compactAfterMs: 43_200_000, removeAfterMs: 2_592_000_000 });
  policies.set(tenant({ retention: { removeAfter: "90s" } }));
  expect(policies.all.get("acme")?.retention).toEqual({ compactAfterMs: undefined, removeAfterMs: 90_000 });
  policies.set(tenant({ retention: { removeUsageAfter: "1d" } }));
  expect(policies.all.get("acme")?.retention).toEqual({ removeUsageAfterMs: 86_400_000 });
  policies.set(tenant({ retention: { removeHomeFilesAfter: "2d", maxHomeBytes: 0 } }));
  expect(policies.all.get("acme")?.retention).toEqual({ removeHomeFilesAfterMs: 172_800_000, maxHomeBytes: 0 });
  policies.set(tenant({ weight: 2 }));
  expect(policies.all.get("acme")?.retention).toBeUndefined();
});

test("a retention that is no duration is refused: it must never be read as none, nor as at once", () => {
  for (const removeAfter of ["30", 30, "", "0d", "soon", null])
    expect(() => tenant({ retention: { removeAfter } })).toThrow("expected a whole number");
  expect(() => tenant({ retention: { deleteAfter: "30d" } })).toThrow("deleteAfter");
});
