// Which model a caller means, and the refusal of one that the agent does not have.
import type { Turns } from '../../../app/turn/turns.js';
import { AgenticoreError } from '../../../domain/errors.js';

/** `resolved` is what claude is told; without a name it is the agent itself. Throws AGENT_MODEL_NOT_FOUND. */
export function modelOf(
  turns: Pick<Turns, 'models' | 'resolveModel'>,
  named: string | null | undefined,
): { readonly model: string; readonly resolved: string } {
  const model = named ?? turns.models()[0]?.id ?? '';
  const resolved = turns.resolveModel(model);
  if (resolved === undefined) throw unknownModel(model);
  return { model, resolved };
}

export function unknownModel(model: string): AgenticoreError {
  const message = `The agent has no model ${JSON.stringify(model.slice(0, 100))}; GET /v1/models lists them.`;
  return new AgenticoreError('AGENT_MODEL_NOT_FOUND', message, { details: [{ path: 'model', message }] });
}
