/** The project starter: also behind `agentcore init`. */
export { createProject, type Project, type ProjectOptions, ProjectRefused } from "./create-project.ts";
export { nextSteps } from "./next-steps.ts";
export { TEMPLATES, type Template } from "./templates.ts";
