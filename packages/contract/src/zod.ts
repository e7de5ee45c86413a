/** The zod of all our packages: bundled, it is here once, and without the languages that nobody asked for. */
export { z } from "zod";
