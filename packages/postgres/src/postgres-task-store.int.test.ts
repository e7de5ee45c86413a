import { postgresTaskSuite } from "../test/postgres-task-suite.ts";

postgresTaskSuite("PostgreSQL", ({ tasks }) => tasks);
