import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { tmpdir } from "node:os";
import { DatabaseSync } from "node:sqlite";
import { openSqlite } from "./index.ts";
const N = 200, M = 200;
const payload = "x".repeat(1000);
const at = Date.now();
const ours = async () => {
  const dir = mkdtempSync(join("/var/tmp", "sqb-"));
  const s = await openSqlite({ directory: dir });
  const mk = await s.tasks.commit(Array.from({ length: N }, (_, i) => ({ tenantId: "t", create: [{ taskId: `task-${i}`, agent: "a", revision: "r", contextId: "c", caller: "u", priority: "normal" as const, deadline: null, parent: null, dueAt: at, createdAt: at, claimed: { state: "working" as const }, events: [{ type: "task.submitted" as const, at, data: { agent: "a", revision: "r", contextId: "c", caller: "u", input: 1, priority: "normal" as const } }] }] })));
  if (mk.some((o) => o.outcome !== "committed")) throw new Error(JSON.stringify(mk[0]));
  const t0 = performance.now(); const lat: number[] = [];
  await Promise.all(Array.from({ length: N }, async (_, i) => {
    for (let k = 0; k < M; k++) {
      const t = performance.now();
      const [o] = await s.tasks.commit([{ tenantId: "t", taskId: `task-${i}`, append: { expect: { seq: 1 + k, token: 1 }, state: "working", consume: [], requireEmptyMailbox: false, events: [{ type: "step.completed", at, data: { path: `step#${k}`, kind: "step", inputHash: "abc", result: payload } }] } }]);
      if (o?.outcome !== "committed") throw new Error(JSON.stringify(o));
      lat.push(performance.now() - t);
    }
  }));
  const ms = performance.now() - t0;
  const log = await s.tasks.readLog({ tenantId: "t", taskId: "task-7" });
  lat.sort((a, b) => a - b);
  console.log("ours", Math.round(N * M / ms * 1000), "units/s; p50", lat[lat.length >> 1]?.toFixed(2), "p99", lat[Math.floor(lat.length * .99)]?.toFixed(2), "log", log.length);
  await s.close(); rmSync(dir, { recursive: true });
};
const direct = (withHead: boolean) => {
  const dir = mkdtempSync(join("/var/tmp", "sqb-"));
  const d = new DatabaseSync(join(dir, "x.db"));
  d.exec("pragma locking_mode=exclusive; pragma journal_mode=wal; pragma synchronous=full; pragma wal_autocheckpoint=8192; pragma cache_size=-65536; create table heads(id integer primary key, tenant text, task text, seq integer, token integer, unique(tenant,task)) strict; create table events(position integer primary key, task integer not null, seq integer not null, type text not null, at integer not null, data text not null) strict; create unique index e on events(task, seq)");
  for (let i = 0; i < N; i++) d.prepare("insert into heads(tenant,task,seq,token) values('t',?,1,1)").run(`task-${i}`);
  const ins = d.prepare("insert into events(task,seq,type,at,data) values(?,?,?,?,?)");
  const upd = d.prepare("update heads set seq=seq+1 where tenant=? and task=? and seq=? and token=?");
  const t0 = performance.now();
  for (let k = 0; k < M; k++) {
    d.exec("begin immediate");
    for (let i = 0; i < N; i++) { if (withHead) upd.run("t", `task-${i}`, 1 + k, 1); ins.run(i, 2 + k, "step.completed", at, JSON.stringify({ path: `step#${k}`, kind: "step", inputHash: "abc", result: payload })); }
    d.exec("commit");
  }
  const ms = performance.now() - t0;
  console.log("direct", withHead ? "head+event" : "event only", Math.round(N * M / ms * 1000), "units/s");
  d.close(); rmSync(dir, { recursive: true });
};
for (let r = 0; r < 3; r++) { await ours(); direct(true); direct(false); }
