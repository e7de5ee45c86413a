/** What a caller may name at a door: models of the gateway, and agents. */
import type { CallerScope } from "@agentcore/core/tasks";
import type { ListedModel, ModelGateway } from "@agentcore/models";
import type { AgentDescription, AgentDirectory } from "../deps/agents.ts";
import { missingScopes } from "../http/required-scopes.ts";
import { mayUseModel } from "./model-scopes.ts";
import { AGENT_PREFIX } from "./question.ts";

/** Stands for all models of a provider. */
const ANY = "/…";

/** Those that the caller may name; of a provider as a whole those who may name any of its models. */
export const modelsOf = async (
  models: ModelGateway | undefined,
  scope: CallerScope,
): Promise<readonly ListedModel[]> =>
  models === undefined
    ? []
    : (await models.list(scope.tenantId)).filter(({ name }) => mayUseModel(scope, name.replace(/…$/, "")));

/** As OpenAI lists a model. When it was made nobody knows. */
export const listModels = async (
  { models, agents }: { readonly models: ModelGateway | undefined; readonly agents: AgentDirectory },
  scope: CallerScope,
) => [
  ...(await modelsOf(models, scope)).filter(({ name }) => !name.endsWith(ANY)).map((model) => toModel(model)),
  ...agents
    .list(scope.tenantId)
    .filter((agent) => missingScopes(scope.permissions, agent.scopes).length === 0)
    .map(toAgentModel),
];

/** Null when there is none, or the caller may not name it. */
export const findModel = async (
  { models, agents }: { readonly models: ModelGateway | undefined; readonly agents: AgentDirectory },
  scope: CallerScope,
  id: string,
) => {
  if (id.startsWith(AGENT_PREFIX)) {
    const agent = agents.get(scope.tenantId, id.slice(AGENT_PREFIX.length));
    return agent === null || missingScopes(scope.permissions, agent.scopes).length > 0 ? null : toAgentModel(agent);
  }
  if (models === undefined || !mayUseModel(scope, id)) return null;
  const listed = await models.list(scope.tenantId);
  const found =
    listed.find(({ name }) => name === id) ??
    listed.find(({ name }) => name.endsWith(ANY) && id.startsWith(name.slice(0, -1)));
  return found === undefined || id.endsWith(ANY) ? null : toModel(found, id);
};

const toModel = (model: ListedModel, id = model.name) => ({
  ...{ id, object: "model", created: 0, owned_by: model.provider ?? "agentcore" },
  agentcore: {
    kind: "model",
    trouble: model.trouble,
    ...(model.contextWindow === undefined ? {} : { contextWindow: model.contextWindow }),
    ...(model.maxOutputTokens === undefined ? {} : { maxOutputTokens: model.maxOutputTokens }),
  },
});

const toAgentModel = ({ name, description, state }: AgentDescription) => ({
  ...{ id: `${AGENT_PREFIX}${name}`, object: "model", created: 0, owned_by: "agentcore" },
  agentcore: { kind: "agent", description, state },
});
