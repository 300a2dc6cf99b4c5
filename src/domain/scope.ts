// What a caller may do, as API keys and access tokens say it.

export const SCOPES = ['jobs:read', 'jobs:write', 'agent:chat', 'admin'] as const;

export type Scope = (typeof SCOPES)[number];

export const isScope = (word: string): word is Scope => SCOPES.some((scope) => scope === word);
