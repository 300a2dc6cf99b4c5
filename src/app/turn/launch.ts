// How claude is started for a turn: what the package says, and what the caller chose for this one.

import type { TurnOptions, TurnRequest } from '../../domain/chat.js';
import { canonicalJson, type Hash } from '../../domain/evidence.js';
import type { AgentPackage } from '../../ports/packages.js';
import type { SystemPrompt, TurnLaunch } from '../../ports/turn-agent.js';
import type { TurnDeps, TurnStage } from './turn-deps.js';

/** What chat UIs ask on the side is not worth more. */
const AUXILIARY_MODEL = 'haiku';

/** The launch of the package with nothing chosen by a caller: what is kept warm. */
export const standardLaunch = (deps: TurnDeps, stage: TurnStage, agent: AgentPackage): Promise<TurnLaunch> =>
  launchOf(deps, stage, agent, { model: agent.model, options: {}, auxiliary: false });

/** What claude is started with for a request. Throws BROKEN_PACKAGE. */
export async function launchOf(
  { packages, hash }: Pick<TurnDeps, 'packages' | 'hash'>,
  stage: TurnStage,
  agent: AgentPackage,
  { model, options, auxiliary }: Pick<TurnRequest, 'model' | 'options' | 'auxiliary'>,
): Promise<TurnLaunch> {
  const mcpConfigPath = auxiliary
    ? undefined
    : await packages.mcpConfig(agent, options.disabledMcpServers ?? []);
  const flags = auxiliary
    ? { model: AUXILIARY_MODEL, tools: [], 'max-turns': 1 }
    : { ...agent.flags, model, ...flagsOf(options) };
  const launch = {
    cwd: agent.cwd,
    jobDir: agent.jobDir,
    flags,
    settingSources: auxiliary ? '' : agent.settingSources,
    ...(mcpConfigPath === undefined ? {} : { mcpConfigPath }),
    env: stage.environment(agent.env),
    commands: auxiliary ? [] : agent.commands,
  };
  return { key: keyOf(hash, agent, launch), ...launch };
}

const keyOf = (hash: Hash, { version }: AgentPackage, launch: Omit<TurnLaunch, 'key'>): string =>
  hash(canonicalJson({ version, ...launch }));

function flagsOf(options: TurnOptions): TurnLaunch['flags'] {
  const { effort, jsonSchema, maxTurns, maxBudgetUsd, permissionMode, fallbackModel } = options;
  const { allowedTools, disallowedTools } = options;
  return {
    ...(effort === undefined ? {} : { effort }),
    ...(jsonSchema === undefined ? {} : { 'json-schema': JSON.stringify(jsonSchema) }),
    ...(maxTurns === undefined ? {} : { 'max-turns': maxTurns }),
    ...(maxBudgetUsd === undefined ? {} : { 'max-budget-usd': maxBudgetUsd }),
    ...(permissionMode === undefined ? {} : { 'permission-mode': permissionMode }),
    ...(fallbackModel === undefined ? {} : { 'fallback-model': fallbackModel }),
    ...(allowedTools === undefined ? {} : { allowedTools }),
    ...(disallowedTools === undefined ? {} : { disallowedTools }),
  };
}

const AUXILIARY_PROMPT = 'Answer with what is asked for and nothing else.';

/** The package's own prompt, with what the caller's system messages add. */
export function systemPromptOf(agent: AgentPackage, request: TurnRequest): SystemPrompt {
  const { instructions, options, auxiliary } = request;
  const own: SystemPrompt = auxiliary ? { mode: 'replace', text: AUXILIARY_PROMPT } : agent.systemPrompt;
  const base: SystemPrompt =
    options.systemPrompt === undefined ? own : { mode: 'replace', text: options.systemPrompt };
  const texts = [base.text, instructions ?? ''].filter((text) => text !== '');
  return { mode: base.mode, text: texts.join('\n\n') };
}
