import { CancelledError } from "@agentcore/contract/errors";

/** A model that runs within the node. */
export interface RunningModel {
  close(): Promise<void>;
}

/** Each of them once, whatever targets name it: they take much memory, and nothing of a caller stays in them. */
export class RunningModels {
  readonly #models = new Map<string, RunningModel>();
  #isClosed = false;

  /** The one of that name, made by `start` where there is none. Throws CANCELED once it is closed. */
  of<Model extends RunningModel>(name: string, start: () => Model): Model {
    if (this.#isClosed) throw new CancelledError(`local/${name}: the node is closing`);
    const known = this.#models.get(name);
    // A name is always started by the same code.
    if (known !== undefined) return known as Model;
    const model = start();
    this.#models.set(name, model);
    return model;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#models.values()].map((model) => model.close()));
  }
}
