// The settings of a process as code sees them. Each comes from the leaf of schemas/config.schema.json of the same
// name in snake_case; a test compares the two.
import type { LogLevel } from '../../ports/log.js';
import type { NamedEnvironment } from './claude-environment.js';

export type Role = 'ingress' | 'worker' | 'gateway';
export type RepoProtocol = 'https' | 'ssh' | 'http' | 'file';

export type ConversationPolicy = 'queue' | 'reject' | 'interrupt';
export type ScopeWord = 'jobs:read' | 'jobs:write' | 'agent:chat' | 'admin';
/** `text` is narration and final, `all` everything. */
export type VisibilityWord = 'text' | 'thinking' | 'tools' | 'narration' | 'final' | 'all';

/** The agent that this process is. What is undefined, the package says. */
export interface AgentSettings {
  /** Undefined: the usual place of an image, else the bundled one. */
  readonly packageDir?: string;
  readonly model?: string;
  readonly maxTurns?: number;
  /** Deadline of a turn, seconds. */
  readonly timeout?: number;
  readonly permissionMode?: string;
  /** False: the package's system prompt replaces Claude Code's own. */
  readonly appendSystemPrompt: boolean;
  /** Seconds. */
  readonly sessionTtl: number;
  readonly warmProcesses: number;
  readonly maxProcesses: number;
  readonly maxWaiting: number;
  readonly idleSeconds: number;
  /** Seconds. */
  readonly disconnectGrace: number;
  readonly conversationPolicy: ConversationPolicy;
  readonly defaultVisibility: readonly VisibilityWord[];
  readonly toolChannel: 'reasoning' | 'content';
}

export interface Settings {
  readonly agentMode: boolean;
  readonly home: string;
  readonly profilesDir?: string;
  readonly agentihooksPath?: string;
  readonly profilesRepo: {
    readonly url?: string;
    readonly branch?: string;
    /** Seconds; 0: only at the start. */
    readonly syncInterval: number;
  };
  readonly server: {
    readonly host: string;
    readonly port: number;
    readonly roles: readonly Role[];
    /** `sse` is HTTP with everything that is served there. */
    readonly transport: 'sse' | 'stdio';
    /** Each `key`, `name:key` or `name[scopes]:key`. */
    readonly apiKeys: readonly string[];
    readonly allowUnauthenticated: boolean;
    readonly allowQueryKey: boolean;
    readonly publicMetrics: boolean;
    /** Origins of the web pages that may call; `*` is any. */
    readonly corsOrigins: readonly string[];
    /** Names under which the server answers where nobody is asked for a key. */
    readonly allowedHosts: readonly string[];
    /** Requests of each caller; 0 is any number. */
    readonly rateLimitPerMinute: number;
    readonly maxBodyBytes: number;
    readonly maxQueued: number;
  };
  readonly client: { readonly url: string; readonly apiKey?: string };
  readonly claude: {
    /** Undefined: the one installed with the package, else `claude` on PATH. */
    readonly binary?: string;
    /** Seconds. */
    readonly timeout: number;
    readonly defaultProfile: string;
  };
  readonly repos: {
    readonly root: string;
    readonly worktreeRoot: string;
    readonly sharedFsRoot?: string;
    readonly jobsDir: string;
    readonly maxParallelJobs: number;
    /** 0: no limit. */
    readonly maxParallelPerRepo: number;
    readonly jobTtlSeconds: number;
    /** Undefined: as long as the record. */
    readonly feedTtlSeconds?: number;
    /** Undefined: no limit. */
    readonly cacheMaxBytes?: number;
    readonly podName: string;
    readonly mcpFileRoots: readonly string[];
    /** Undefined: any public host. */
    readonly allowedHosts?: readonly string[];
    readonly allowedProtocols: readonly RepoProtocol[];
  };
  readonly github: {
    readonly apiUrl: string;
    readonly token?: string;
    readonly appId?: number;
    /** Undefined: found for each repository. */
    readonly appInstallationId?: number;
    readonly app?: {
      readonly privateKeyPath?: string;
      readonly privateKey?: string;
      readonly privateKeyBase64?: string;
    };
  };
  readonly callbacks: {
    /** `whsec_<base64>` each. None: no `callback_url` is taken. */
    readonly secrets: readonly string[];
    /** Undefined: any public host. */
    readonly allowedHosts?: readonly string[];
  };
  /** Without `url` the bus is kept in files. */
  readonly redis: { readonly url?: string; readonly keyPrefix: string };
  readonly worker: {
    readonly leaseSeconds: number;
    readonly drainSeconds: number;
    readonly maxAttempts: number;
    readonly lane: string;
  };
  readonly agent: AgentSettings;
  readonly packageRepo: { readonly url?: string; readonly branch?: string };
  readonly agentihub: {
    readonly url?: string;
    readonly agent?: string;
    /** Seconds; 0: never. */
    readonly syncInterval: number;
  };
  /** Without `issuerUrl` there is no OAuth. */
  readonly oauth: {
    readonly issuerUrl?: string;
    readonly loginSecret?: string;
    readonly allowedScopes: readonly ScopeWord[];
    readonly allowedRedirectUris: readonly string[];
    readonly dynamicRegistration: boolean;
    readonly clientId?: string;
    readonly clientSecret?: string;
    readonly resourceUrl?: string;
  };
  readonly log: { readonly level: LogLevel | 'silent'; readonly pretty: boolean };
}

export interface Config extends Settings {
  readonly claude: Settings['claude'] & {
    /** Variables of this process that every claude gets: the ordinary ones and those of the model. */
    readonly passthrough: Readonly<Record<string, string>>;
    /** The values of the variables that a profile lists in `env`, and a sentence for each name it may not have. */
    readonly environmentOf: (names: readonly string[]) => NamedEnvironment;
  };
  /** The App's key (PEM), wherever it is kept. */
  readonly githubAppKey?: string;
  /** Every secret value that this process is given: what a redactor takes out of texts. */
  readonly secrets: readonly string[];
}
