// A tool as it is written down here, in the form in which clients are shown it.
import type { JsonRecord } from '../../domain/json-record.js';
import type { Tool } from './shelf.js';

interface Offer extends Pick<Tool, 'scope' | 'run'> {
  readonly description: string;
  readonly input: JsonRecord;
  readonly output: JsonRecord;
  readonly annotations: {
    readonly readOnlyHint: boolean;
    readonly destructiveHint: boolean;
    readonly idempotentHint: boolean;
    readonly openWorldHint: boolean;
  };
}

/** A tool with all that clients want to know of it. */
export function tool(name: string, title: string, { input, output, scope, run, ...offer }: Offer): Tool {
  // Every schema of ours is one of objects, which the protocol's type wants to see spelled out.
  const definition = { name, title, ...offer, inputSchema: input, outputSchema: output } as unknown;
  return { definition: definition as Tool['definition'], scope, run };
}
